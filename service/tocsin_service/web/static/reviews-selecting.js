// Selecting words in the passage, by pointer or keyboard, brings up a small toolbar that marks them.
import { singles, typing } from "./reviews-keyboard.js";

export function selecting(passage, offset, spans, add) {
  const bar = document.querySelector("[data-marker]");
  const voice = bar.querySelector("[data-voice]");
  const sheet = bar.parentElement;
  let found = null;
  let dragging = false; // the bar would come up under the pointer, and the selection run into it

  const look = () => {
    if (dragging || bar.contains(document.activeElement)) return; // the latter: choosing the voice
    found = chosen();
    bar.hidden = !found;
    if (!found) return;
    const near = spans().find((span) => span.start < found.end && span.end > found.start);
    voice.value = near ? near.voice : "author";
    found.speaker = near?.speaker ?? null;
    const [from, to] = [getSelection().getRangeAt(0).getBoundingClientRect(), sheet.getBoundingClientRect()];
    bar.style.setProperty("left", `${Math.max(0, Math.min(from.left - to.left, to.width - bar.offsetWidth))}px`);
    bar.style.setProperty("top", `${from.bottom - to.top + 6}px`);
  };

  const chosen = () => {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!passage.contains(range.startContainer) || !passage.contains(range.endContainer)) return null;
    const text = range.toString();
    const start = offset([range.startContainer, range.startOffset]) + (text.length - text.trimStart().length);
    const end = start + text.trim().length;
    return end > start ? { start, end } : null;
  };

  const mark = (label) => {
    if (!found) return;
    const speaker = voice.value === "author" ? null : found.speaker;
    add({ start: found.start, end: found.end, label, voice: voice.value, speaker });
    getSelection().removeAllRanges();
    bar.hidden = true;
    found = null;
    passage.focus({ preventScroll: true });
  };

  document.addEventListener("selectionchange", look);
  passage.addEventListener("pointerdown", () => {
    dragging = true;
    bar.hidden = true;
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    document.addEventListener(kind, () => {
      if (!dragging) return;
      dragging = false;
      look();
    });
  }
  for (const button of bar.querySelectorAll("[data-label]")) {
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
    button.addEventListener("click", () => mark(button.dataset.label));
  }
  const key = (event) => {
    if (bar.hidden || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "Escape") getSelection().removeAllRanges();
    const button = singles() && bar.querySelectorAll("[data-label]")[Number(event.key) - 1];
    if (!button) return;
    event.preventDefault();
    mark(button.dataset.label);
  };
  document.addEventListener("keydown", key, true); // before the digits choose a reason
  passage.addEventListener("keydown", (event) => walk(event, passage));
}

// The arrows go from weighed word to weighed word; with Shift they select by words, from where one is.
function walk(event, passage) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const words = [...passage.querySelectorAll(".word")];
  const at = words.indexOf(document.activeElement);
  if (!event.shiftKey) {
    visit(words[Math.min(words.length - 1, Math.max(0, at < 0 ? 0 : at + by))]);
    return;
  }
  const selection = getSelection();
  if (selection.isCollapsed || !passage.contains(selection.anchorNode)) {
    const range = document.createRange();
    if (at >= 0) range.selectNodeContents(words[at]);
    else range.setStart(passage, 0);
    selection.removeAllRanges();
    selection.addRange(range);
    if (at >= 0) return;
  }
  selection.modify("extend", by > 0 ? "forward" : "backward", "word");
}

// A word takes the focus only while it is visited: Chromium lets no selection begin at the edge of one that always can.
function visit(word) {
  if (!word) return;
  word.tabIndex = -1;
  word.addEventListener("blur", () => word.removeAttribute("tabindex"), { once: true });
  word.focus();
}
