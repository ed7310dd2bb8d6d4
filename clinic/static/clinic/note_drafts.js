// Keeps what is typed as a draft on the server, also when another button is pressed or the page is left.
// Without it, notes are saved by their own buttons only.
"use strict";
(() => {
  const boxes = [...document.querySelectorAll("textarea[data-draft]")];
  const url = document.querySelector("[data-draft-url]")?.dataset.draftUrl;
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  const author = document.querySelector("[name=typed_by]")?.value ?? "";
  if (!boxes.length || !url || !token) return;
  const typed = (among = boxes) => among.map((box) => box.value.trim()).filter(Boolean).join("\n\n");
  const body = (text) => new URLSearchParams({ csrfmiddlewaretoken: token, typed_by: author, text });
  let kept = typed(), timer, leaving = false;
  const keep = async (text = typed()) => {
    clearTimeout(timer);
    if (text === kept) return;
    const sent = { method: "POST", body: body(text), keepalive: true, redirect: "manual" };
    const answer = await fetch(url, sent).catch(() => null);
    if (answer?.status === 204) kept = text;
  };
  for (const box of boxes) {
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(keep, 700);
    });
  }
  document.addEventListener("submit", (event) => {
    const rest = typed(boxes.filter((box) => !event.target.contains(box))); // what this form does not send
    if (leaving) return;
    leaving = true;
    clearTimeout(timer);
    if (!rest || rest === kept) return;
    event.preventDefault();
    keep(rest).finally(() => event.target.requestSubmit(event.submitter));
  });
  addEventListener("pagehide", () => {
    if (!leaving && typed() !== kept) navigator.sendBeacon(url, body(typed()));
  });
  addEventListener("pageshow", () => { leaving = false; });
})();
