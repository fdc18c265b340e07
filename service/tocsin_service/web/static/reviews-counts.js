// Keeps the numbers of the queue fresh, in their places; says what is new, and leaves the list as it is.

const EVERY = 15_000;

export function counts(queue) {
  if (!queue) return;
  const fresh = document.querySelector("[data-fresh]");
  const status = document.querySelector('.tabs [aria-current] [data-count^="status."]')?.dataset.count;
  let first = null;

  const look = async () => {
    if (document.visibilityState !== "visible") return;
    let found;
    try {
      const answer = await fetch(queue.dataset.counts, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      found = await answer.json();
    } catch {
      return; // the next try is soon
    }
    for (const place of queue.querySelectorAll("[data-count]")) {
      const [facet, value] = split(place.dataset.count);
      const text = (found[facet]?.[value] ?? 0).toLocaleString("en");
      if (place.textContent !== text) place.textContent = text;
    }
    if (!status) return;
    const total = found.status[split(status)[1]] ?? 0;
    first ??= total;
    const more = total - first;
    const words = more > 0 ? `${more} more since you looked.` : "";
    if ((fresh.dataset.fresh || "") === words) return;
    fresh.dataset.fresh = words;
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Show them";
    fresh.replaceChildren(...(words ? [`${words} `, link] : []));
  };

  setInterval(look, EVERY);
  look();
}

function split(key) {
  const dot = key.indexOf(".");
  return [key.slice(0, dot), key.slice(dot + 1)];
}
