// Nothing here is needed: the Preview button shows the same. With it, findings and preview follow the typing.
// What was typed and not saved is not lost by a click.
addEventListener("DOMContentLoaded", () => {
  document.addEventListener("click", (event) => {
    const root = document.getElementById("preview")?.shadowRoot;
    const link = event.composedPath().find((node) => node.localName === "a");
    if (!link || link.getRootNode() !== root) return;
    event.preventDefault();
    if (link.hash) root.getElementById(link.hash.slice(1))?.scrollIntoView();
  });
  const form = document.getElementById("text");
  const button = form?.querySelector("[data-preview]");
  if (!button) return;
  let asked, waiting, unsaved = false;

  // Buttons beside what was found put its mark where the cursor is.
  const body = form.elements.body;
  const offer = () => {
    for (const insert of document.querySelectorAll("#found [data-insert]")) {
      insert.hidden = false;
      insert.onclick = () => {
        body.setRangeText(insert.dataset.insert, body.selectionStart, body.selectionEnd, "end");
        body.focus();
        body.dispatchEvent(new Event("input", { bubbles: true }));
      };
    }
  };
  offer();

  const show = (page) => {
    document.getElementById("findings").replaceWith(page.getElementById("findings"));
    document.getElementById("found").replaceWith(page.getElementById("found"));
    offer();
    const host = document.getElementById("preview");
    const template = page.querySelector("#preview > template");
    if (template && host.shadowRoot) {
      const top = scrollY;
      // The stylesheet stays, so that nothing flashes; what follows it is the page.
      host.shadowRoot.replaceChildren(host.shadowRoot.firstElementChild, ...[...template.content.childNodes].slice(1));
      scrollTo(scrollX, top);
    } else if (template) {
      const fresh = document.createElement("div");
      fresh.id = "preview";
      fresh.attachShadow({ mode: "open" }).append(template.content);
      host.replaceWith(fresh);
    } else host.replaceWith(page.getElementById("preview"));
    const count = document.querySelectorAll("#findings li").length;
    document.getElementById("said").textContent = count ? `${count} to mend` : "Nothing to mend";
  };

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(button.formAction, {
        method: "POST", body: new URLSearchParams(new FormData(form)), signal: asked.signal,
      });
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (error) {
      if (error.name !== "AbortError") document.getElementById("said").textContent = "The preview is out of date: no answer from the site.";
    }
  };

  form.elements.find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(waiting);
    ask();
  });
  form.addEventListener("submit", () => { unsaved = false; });
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  form.addEventListener("input", () => {
    unsaved = true;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 700);
  });
});
