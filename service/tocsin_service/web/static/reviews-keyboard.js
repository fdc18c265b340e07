// Everything by keyboard. Single letters can be switched off (WCAG 2.1.4), and never act while somebody types.

const OFF = "tocsin.keys";
const CHORD = 1_200; // milliseconds between the two keys of "g q"
const KINDS = { v: "violates", a: "allowed", e: "escalated" };

export const singles = () => localStorage.getItem(OFF) !== "off";

export function keyboard() {
  const dialog = document.getElementById("keys");
  if (!dialog) return;
  const box = dialog.querySelector("[data-single-keys]");
  box.closest("label").hidden = false;
  box.checked = singles();
  box.addEventListener("change", () => localStorage.setItem(OFF, box.checked ? "on" : "off"));
  for (const link of document.querySelectorAll("[data-opens=keys]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      link.closest("details").open = false;
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  let before = { key: "", at: 0 };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return submit(event);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !singles() || dialog.open || typing(event.target)) return;
    const chord = before.key === "g" && Date.now() - before.at < CHORD;
    before = { key: event.key, at: Date.now() };
    const act = chord ? goes(event.key) : acts(event, dialog);
    if (!act) return;
    event.preventDefault();
    before.key = "";
    act();
  });
}

function goes(key) {
  const place = { q: "/reviews", i: "/reviews/insight" }[key];
  const link = place && document.querySelector(`.top nav a[href="${place}"]`);
  return link && (() => link.click());
}

function acts(event, dialog) {
  const { key } = event;
  if (key === "?") return () => dialog.showModal();
  if (key === "u") return press("form[data-key=u] button");
  if (key === "n") return press("form[data-key=n] button");
  if (key === "s") return press("button[data-key=s]");
  if (key === "r") return press("[data-reveal]");
  if (key === "h") return press("[data-mask]");
  if (key === "/") return focus(".search [type=search]");
  if (key === "m") return focus("#note");
  if (key === "!") return danger();
  if (key in KINDS) return choose(`.segments [value=${KINDS[key]}]`);
  if (key >= "1" && key <= "9") return reason(Number(key));
  if (key === "j" || key === "ArrowDown") return step(1, event);
  if (key === "k" || key === "ArrowUp") return step(-1, event);
  return null;
}

function press(selector) {
  const button = document.querySelector(selector);
  return button && !button.disabled && (() => button.click());
}

function focus(selector) {
  const field = document.querySelector(selector);
  return field && (() => field.focus());
}

function choose(selector) {
  const radio = document.querySelector(selector);
  return (
    radio &&
    !radio.disabled &&
    (() => {
      radio.click();
      radio.focus({ preventScroll: true });
      const shown = document.querySelector(`.for-${radio.value}`);
      shown?.scrollIntoView({ block: "nearest" });
    })
  );
}

function reason(number) {
  const kind = document.querySelector(".segments :checked");
  const radio = kind && document.querySelectorAll(`.for-${kind.value} input`)[number - 1];
  return (
    radio &&
    (() => {
      radio.click();
      radio.focus({ preventScroll: true });
    })
  );
}

function danger() {
  const path = document.querySelector(".danger-path");
  return (
    path &&
    (() => {
      path.open = true;
      path.scrollIntoView({ block: "nearest" });
      path.querySelector("textarea").focus();
    })
  );
}

// j and k walk the list from wherever one is; the arrows only when the list has the focus, so that the page still scrolls.
function step(by, event) {
  const links = [...document.querySelectorAll(".rows .open")];
  const at = links.indexOf(document.activeElement);
  if (!links.length || (event.key.startsWith("Arrow") && at < 0)) return null;
  const next = links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  return () => {
    next.focus({ preventScroll: true });
    next.closest(".row").scrollIntoView({ block: "nearest" });
  };
}

function submit(event) {
  const form = document.activeElement?.closest("#danger") || document.getElementById("decide");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  if (!button.disabled) form.requestSubmit(button); // disabled: the item was lost, and the note would be
}

export function typing(target) {
  return target.closest?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");
}
