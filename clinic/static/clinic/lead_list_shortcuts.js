// Keys for the list of leads: j and k go down and up, o opens. Everything works without them.
"use strict";
(() => {
  const links = [...document.querySelectorAll("#result_list th[scope=row] a")];
  const go = (step) => {
    const at = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + step))]?.focus();
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    o: () => links.includes(document.activeElement) && document.activeElement.click(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
