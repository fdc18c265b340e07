// Sends what the reader wrote and shows the answer as it came.
for (const form of document.querySelectorAll("form.try")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const out = form.querySelector("pre");
    const body = form.querySelector("textarea")?.value;
    const path = form.dataset.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(form.elements[name].value));
    out.hidden = false;
    try {
      const answer = await fetch(path, {
        method: form.dataset.method,
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        body,
      });
      const text = await answer.text();
      let shown = text;
      if ((answer.headers.get("Content-Type") || "").includes("json")) shown = JSON.stringify(JSON.parse(text), null, 2);
      out.textContent = `${answer.status} ${answer.statusText}\n\n${shown}`;
    } catch (error) {
      out.textContent = `No answer: ${error.message}`;
    }
  });
}
