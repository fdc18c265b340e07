// What spares the reader: the veil over passages, the worst words hidden, a reminder to pause, toasts that go away.

const PAUSE = "tocsin.active"; // {since, last}: milliseconds, over all tabs
const BREAK = 5 * 60_000; // away for so long is a pause
const TOAST = 12_000;

export function care() {
  reveal();
  mask();
  pause(Number(document.body.dataset.pause || 0) * 60_000);
  for (const toast of document.querySelectorAll(".toast")) settle(toast);
  document.addEventListener("click", closeMenus);
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenus(event));
}

function reveal() {
  const veil = document.querySelector("[data-veil]");
  for (const button of document.querySelectorAll("[data-reveal]")) {
    button.hidden = false;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      const shown = veil ? !veil.classList.toggle("veiled") : document.body.classList.toggle("revealed");
      if (!veil) {
        button.setAttribute("aria-pressed", String(shown));
        return;
      }
      for (const part of document.querySelectorAll("[data-veiled]")) part.inert = !shown; // their words are read aloud, too
      if (shown) veil.querySelector(".passage").focus({ preventScroll: true });
    });
  }
}

function mask() {
  const button = document.querySelector("[data-mask]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(document.body.classList.toggle("care-mask")));
  });
}

function pause(every) {
  if (!every) return;
  const read = () => JSON.parse(localStorage.getItem(PAUSE) || "null");
  const write = (since, last) => localStorage.setItem(PAUSE, JSON.stringify({ since, last }));
  const active = () => {
    const now = Date.now();
    const held = read();
    if (held && now - held.last < 5_000) return;
    const since = held && now - held.last < BREAK ? held.since : now;
    write(since, now);
    if (now - since >= every && !document.querySelector(".pause")) propose(Math.floor((now - since) / 60_000), () => write(Date.now(), Date.now()));
  };
  for (const kind of ["keydown", "pointerdown", "scroll"]) addEventListener(kind, active, { passive: true });
  active();
}

function propose(minutes, dismissed) {
  const bar = document.createElement("aside");
  bar.className = "pause";
  bar.setAttribute("role", "status");
  const words = document.createElement("p");
  words.textContent = `You have been reading for ${minutes} minutes. A few minutes away from it do good.`;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "All right";
  button.addEventListener("click", () => {
    dismissed();
    bar.remove();
  });
  bar.append(words, button);
  document.getElementById("main").before(bar);
}

// A toast leaves the screen, but its undo stays within reach of the key; not while somebody is on it.
function settle(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) settle(toast);
    else toast.classList.add("gone");
  }, TOAST);
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (event.type === "click" && menu.contains(event.target)) continue;
    menu.open = false;
    if (event.type === "keydown") menu.querySelector("summary").focus();
  }
}
