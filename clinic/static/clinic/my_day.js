// Keeps My day fresh: asks every half minute, marks new rows, and notifies where that was allowed. Without it, reload.
"use strict";
(() => {
  const day = document.getElementById("my-day");
  if (!day) return;
  const offer = document.getElementById("notify");
  const keys = () => [...day.querySelectorAll("[data-task]")].map((row) => row.dataset.task);
  const title = document.title;
  let known = new Set(keys());
  let fresh = new Set();
  let tag = "";

  const keepTime = () => {
    for (const cell of day.querySelectorAll("[data-zone]")) {
      const time = { timeZone: cell.dataset.zone, hour: "numeric", minute: "2-digit" };
      cell.textContent = new Date().toLocaleTimeString("en-US", time);
    }
  };
  const mark = () => {
    for (const row of day.querySelectorAll("[data-task]")) {
      if (!fresh.has(row.dataset.task)) continue;
      row.classList.add("is-new");
      const badge = Object.assign(document.createElement("span"), { className: "tag", textContent: "New" });
      row.querySelector("th").append(" ", badge);
    }
    document.title = fresh.size ? `(${fresh.size}) ${title}` : title;
  };
  const notify = (count) => {
    if (!count || !document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
    new Notification("Care desk", { body: `${count} new on My day`, tag: "my-day" });
  };
  const look = async () => {
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch(day.dataset.refresh, { headers, cache: "no-store", redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect" || answer?.status === 403) return;
    if (answer?.status === 200) {
      const first = !tag;
      tag = answer.headers.get("ETag") ?? "";
      if (!day.contains(document.activeElement) || !first) {
        const at = document.activeElement?.closest?.("[data-task]")?.dataset.task;
        day.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.children);
        if (at) day.querySelector(`[data-task="${at}"] a`)?.focus();
        const added = keys().filter((key) => !known.has(key));
        fresh = new Set([...keys().filter((key) => fresh.has(key)), ...added]);
        known = new Set(keys());
        mark();
        notify(added.length);
      }
    }
    keepTime();
    setTimeout(look, 30000);
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.title = title;
  });
  if ("Notification" in window && Notification.permission === "default") {
    offer.hidden = false;
    offer.querySelector("button").addEventListener("click", async () => {
      await Notification.requestPermission();
      offer.hidden = true;
    });
  }
  setTimeout(look, 30000);
})();
