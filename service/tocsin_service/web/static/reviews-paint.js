// A passage drawn anew from its spans, as the template draws it. Offsets are UTF-16 units of the text, half open.

export const LABELS = ["threat", "incitement", "glorification"];

// The weighed words as the template drew them: [{start, end, tip, step}].
export function weighed(passage) {
  const words = [];
  let at = 0;
  const walker = document.createTreeWalker(passage, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const word = walker.currentNode.parentElement.closest(".word");
    const end = at + walker.currentNode.length;
    if (word) words.push({ start: at, end, tip: word.dataset.tip, step: word.className });
    at = end;
  }
  return words;
}

// Where a boundary of a range lies in the text.
export function offset(passage, node, place) {
  const range = document.createRange();
  range.selectNodeContents(passage);
  range.setEnd(node, place);
  return range.toString().length;
}

export function paint(passage, text, spans, words) {
  const edges = new Set([0, text.length]);
  for (const one of [...spans, ...words]) edges.add(one.start).add(one.end);
  const cuts = [...edges].sort((a, b) => a - b);
  const waiting = [...spans].sort((a, b) => a.start - b.start);
  const parts = [];
  let over = []; // the spans open here, as in a sweep
  let mark = null;
  let look = "";
  let w = 0;
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [start, end] = [cuts[i], cuts[i + 1]];
    over = over.filter((span) => span.end > start);
    while (waiting.length && waiting[0].start < end) over.push(waiting.shift());
    while (w < words.length && words[w].end <= start) w++;
    const begin = over.filter((span) => span.start === start);
    const labels = LABELS.filter((label) => over.some((span) => span.label === label));
    const now = over.length ? `${labels.join(" ")} ${over[0].voice}` : "";
    if (!now) {
      mark = null;
    } else if (now !== look || begin.length) {
      mark = document.createElement("mark");
      mark.className = now;
      if (begin.length) mark.dataset.tag = tag(begin);
      parts.push(mark);
    }
    look = now;
    const piece = text.slice(start, end);
    if (!mark) parts.push(piece);
    else mark.append(words[w]?.start <= start ? weight(piece, words[w]) : piece);
  }
  passage.replaceChildren(...parts);
}

function weight(text, { tip, step }) {
  const word = document.createElement("span");
  word.className = step;
  word.dataset.tip = tip;
  word.textContent = text;
  return word;
}

function tag(spans) {
  const labels = LABELS.filter((label) => spans.some((span) => span.label === label)).join(" + ");
  const { voice } = spans[0];
  const speaker = spans.find((span) => span.speaker)?.speaker;
  if (voice === "author" && !speaker) return labels;
  return `${labels} · ${voice}${speaker ? `, ${speaker}` : ""}`;
}
