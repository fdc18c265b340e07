// The marks beside the passage: each can be seen, changed and removed.
import { LABELS } from "./reviews-paint.js";

const VOICES = ["author", "quoted", "reported"];

export function list(place, spans, text, passage, edits) {
  let open = null; // the start of the mark being changed
  const show = () => place.replaceChildren(...spans().map(row));

  const row = (span) => {
    const item = make("li");
    const swatch = make("span", `swatch ${span.label}`);
    const quote = make("q", "", shorten(text.slice(span.start, span.end)));
    const said = make("small", "", `${span.label}, ${span.voice}${span.speaker ? `: ${span.speaker}` : ""}`);
    const tools = make("span", "tools");
    const change = tool("Change", `Change the mark ${quote.textContent}`, () => {
      open = open === key(span) ? null : key(span);
      show();
      place.querySelector(".edit select, .edit ~ .tools button")?.focus();
    });
    change.setAttribute("aria-expanded", String(open === key(span)));
    tools.append(
      change,
      tool("×", `Remove the mark ${quote.textContent}`, () => {
        edits.remove(span);
        (place.querySelector("button") || passage).focus();
      }),
    );
    item.append(swatch, quote, tools, said);
    if (open === key(span)) item.append(editor(span));
    const here = (on) => {
      let at = 0;
      for (const part of passage.childNodes) {
        const end = at + part.textContent.length;
        part.classList?.toggle("here", on && at < span.end && end > span.start);
        at = end;
      }
    };
    item.addEventListener("pointerenter", () => here(true));
    item.addEventListener("pointerleave", () => here(false));
    return item;
  };

  const editor = (span) => {
    const box = make("div", "edit");
    const speaker = make("input");
    speaker.value = span.speaker || "";
    speaker.maxLength = 200;
    speaker.placeholder = "Who says it, as named in the passage";
    speaker.setAttribute("aria-label", "Speaker");
    speaker.hidden = span.voice === "author";
    const apply = (values) => {
      open = key({ ...span, ...values });
      edits.change(span, values);
    };
    speaker.addEventListener("change", () => apply({ speaker: speaker.value.trim() || null }));
    speaker.addEventListener("keydown", (event) => event.key === "Enter" && !event.ctrlKey && (event.preventDefault(), speaker.blur()));
    box.append(
      choice("Label", LABELS, span.label, (label) => apply({ label })),
      choice("Voice", VOICES, span.voice, (voice) => apply({ voice, speaker: voice === "author" ? null : span.speaker })),
      speaker,
    );
    return box;
  };

  return show;
}

function key(span) {
  return `${span.start}.${span.label}`;
}

function shorten(text) {
  return text.length > 70 ? `${text.slice(0, 69)}…` : text;
}

function make(name, look = "", text = "") {
  const made = document.createElement(name);
  if (look) made.className = look;
  if (text) made.textContent = text;
  return made;
}

function tool(text, label, act) {
  const button = make("button", "plain", text);
  button.type = "button";
  button.setAttribute("aria-label", label);
  button.addEventListener("click", act);
  return button;
}

function choice(name, values, value, chosen) {
  const select = make("select");
  select.setAttribute("aria-label", name);
  for (const one of values) select.append(new Option(one, one, one === value, one === value));
  select.addEventListener("change", () => chosen(select.value));
  return select;
}
