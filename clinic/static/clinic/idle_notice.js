// Says two minutes ahead that an idle session ends, in every open tab, and keeps it on request.
"use strict";
(() => {
  const notice = document.getElementById("idle");
  if (!notice) return;
  const channel = new BroadcastChannel("desk-activity");
  const wait = Math.max(Number(notice.dataset.minutes) - 2, 0.5) * 60000;
  let timer;
  const restart = () => {
    notice.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(() => { notice.hidden = false; }, wait);
  };
  channel.addEventListener("message", restart);
  notice.querySelector("button").addEventListener("click", async () => {
    const answer = await fetch(notice.dataset.stay, { redirect: "manual" }).catch(() => null);
    if (answer?.status !== 204) return location.reload();
    restart();
    channel.postMessage("used");
  });
  restart();
  channel.postMessage("used");
})();
