// Key for every page of the desk: / searches, in the list that is shown or else among all leads.
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.key !== "/") return;
  const box = document.getElementById("searchbar") ?? document.getElementById("desk-search");
  if (!box) return;
  event.preventDefault();
  box.focus();
});
