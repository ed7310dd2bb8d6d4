// Dropping a call on a free time, in a host's column to that host, asks before anything is sent. Everything works without this.
"use strict";
(() => {
  const form = document.getElementById("drop");
  let moving = null;
  for (const call of document.querySelectorAll("[data-move]")) {
    call.draggable = true;
    call.addEventListener("dragstart", (event) => {
      moving = call;
      event.dataTransfer.setData("text/plain", ""); // Firefox drags nothing without it
    });
    call.addEventListener("dragend", () => { moving = null; });
  }
  for (const slot of document.querySelectorAll("[data-start]")) {
    slot.addEventListener("dragover", (event) => {
      if (!moving) return;
      event.preventDefault();
      slot.classList.add("is-target");
    });
    slot.addEventListener("dragleave", () => slot.classList.remove("is-target"));
    slot.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!moving) return;
      form.action = moving.dataset.move;
      form.elements.start.value = slot.dataset.start;
      form.elements.host.value = slot.dataset.host ?? "";
      form.submit();
    });
  }
})();
