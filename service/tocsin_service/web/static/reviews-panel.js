// The decision form: which marks and labels are saved with it, and how they follow what is decided.
import { LABELS, offset, paint, weighed } from "./reviews-paint.js";
import { selecting } from "./reviews-selecting.js";
import { list } from "./reviews-marks.js";

export function panel(form) {
  const passage = document.getElementById("passage");
  const field = form.elements.spans;
  const text = passage.textContent;
  const words = weighed(passage);
  const boxes = Object.fromEntries([...form.querySelectorAll("[name=labels]")].map((box) => [box.value, box]));
  const dropped = form.querySelector("[data-harmless-note]");
  let spans = JSON.parse(field.value);

  const correct = (next) => {
    spans = next.sort((a, b) => a.start - b.start || LABELS.indexOf(a.label) - LABELS.indexOf(b.label));
    field.value = JSON.stringify(spans);
    form.elements.corrected.value = "1";
    harmless();
    paint(passage, text, spans, words);
    show();
  };
  const label = (name, on) => {
    boxes[name].checked = on;
  };
  const edits = {
    add(span) {
      // One label's marks don't overlap: what was there gives way.
      const others = spans.filter((one) => one.label !== span.label || one.end <= span.start || one.start >= span.end);
      label(span.label, true);
      correct([...others, span]);
    },
    change(old, values) {
      const span = { ...old, ...values };
      correct(spans.filter((one) => one !== old && (one.label !== span.label || one.end <= span.start || one.start >= span.end)).concat(span));
      label(span.label, true);
      if (!spans.some((one) => one.label === old.label)) label(old.label, false);
    },
    remove(old) {
      correct(spans.filter((one) => one !== old));
      if (!spans.some((one) => one.label === old.label)) label(old.label, false);
    },
  };
  const show = list(form.querySelector("[data-marks]"), () => spans, text, passage, edits);

  for (const box of Object.values(boxes)) {
    box.addEventListener("change", () => correct(box.checked ? spans : spans.filter((span) => span.label !== box.value)));
  }

  const harmless = () => {
    const chosen = form.querySelector(".for-allowed :checked[data-harmless]") && form.querySelector("[value=allowed]:checked");
    const drops = Boolean(chosen) && form.elements.corrected.value !== "1" && (spans.length > 0 || Object.values(boxes).some((box) => box.checked));
    dropped.hidden = !drops;
    form.querySelector(".contains").classList.toggle("dropped", drops);
  };
  dropped.querySelector("[data-keep]").addEventListener("click", () => {
    form.elements.corrected.value = "1";
    harmless();
  });
  form.addEventListener("change", harmless);

  // A reason of another kind is not sent, one of this kind is asked for.
  const kinds = () => {
    const kind = form.querySelector(".segments :checked")?.value;
    for (const set of form.querySelectorAll(".reasons")) {
      set.disabled = !set.classList.contains(`for-${kind}`);
      set.querySelector("input").required = true;
    }
    form.elements.note.required = kind === "escalated";
  };
  form.addEventListener("change", kinds);
  kinds();
  harmless();

  // The path for imminent danger takes the corrections along.
  document.getElementById("danger").addEventListener("formdata", ({ formData }) => {
    formData.set("spans", field.value);
    formData.set("corrected", form.elements.corrected.value);
    for (const box of Object.values(boxes)) if (box.checked) formData.append("labels", box.value);
  });

  form.querySelector(".scripted").hidden = false;
  show();
  selecting(passage, (range) => offset(passage, range[0], range[1]), () => spans, edits.add);
}
