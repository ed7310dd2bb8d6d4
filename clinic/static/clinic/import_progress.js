// Looks again every few seconds while an import goes on. Without it there is a link that does.
"use strict";
(() => {
  const seconds = Number(document.getElementById("progress")?.dataset.again);
  if (!seconds) return;
  const look = async () => {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return setTimeout(look, 5000 * seconds);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("progress");
    if (!fresh?.dataset.again) return location.reload();
    document.getElementById("progress").replaceChildren(...fresh.children);
    setTimeout(look, 1000 * seconds);
  };
  setTimeout(look, 1000 * seconds);
})();
