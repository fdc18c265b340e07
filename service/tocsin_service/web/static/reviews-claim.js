// Keeps an item while it is open, lets it go when the page is left, says so when it was lost.

const EVERY = 60_000;

export function claim(form) {
  const token = form.elements.csrf_token.value;
  let held = true;
  let submitted = false;

  const renew = async () => {
    if (!held) return;
    let answer;
    try {
      answer = await fetch(form.dataset.renew, { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" } });
    } catch {
      return; // no network: the claim lasts for a few more tries
    }
    if (answer.ok) form.elements.until.value = (await answer.json()).until;
    else if (answer.status < 500) lose(answer.status === 409 ? (await answer.json()).detail : "You are no longer signed in.");
  };

  const lose = (why) => {
    held = false;
    const notice = document.querySelector("[data-lost]");
    const words = document.createElement("p");
    const lead = document.createElement("b");
    lead.textContent = "This item is no longer open with you.";
    const again = document.createElement("a");
    again.href = form.dataset.item + location.search;
    again.textContent = "Open it again";
    words.append(lead, ` ${why} `, again);
    notice.replaceChildren(words);
    notice.hidden = false;
    for (const one of [form, document.getElementById("danger")]) for (const control of one.elements) control.disabled = control.name !== "note";
  };

  setInterval(renew, EVERY);
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // back again: open it anew
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && renew());
  for (const one of [form, document.getElementById("danger")]) one.addEventListener("submit", () => (submitted = true));
  addEventListener("pagehide", () => {
    if (!held || submitted) return;
    const body = new FormData();
    body.set("csrf_token", token);
    body.set("until", form.elements.until.value); // so that a page left late never lets go of what a newer one holds
    navigator.sendBeacon(form.dataset.release, body);
  });
}
