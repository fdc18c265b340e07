// Imminent danger is shown on every page while it lasts, also on those that were opened before, and in the titles of those behind others.

const EVERY = 10_000;

export function alarm(place) {
  if (!place) return;
  const title = document.title;
  const show = (words) => {
    if (place.textContent.trim() !== words.textContent.trim()) place.replaceChildren(...words.childNodes);
    document.title = place.textContent.trim() ? `(!) ${title}` : title;
  };
  const look = async () => {
    try {
      const answer = await fetch(place.dataset.alarm);
      if (!answer.ok || answer.redirected) return; // signed out
      show(new DOMParser().parseFromString(await answer.text(), "text/html").body);
    } catch {
      return; // the next try is soon
    }
  };
  show(place.cloneNode(true));
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look()); // timers sleep behind other pages
}
