// Pointing at a note, reaching it with Tab or pressing it shows its source beside it. Without this file, or without
// popovers, a note is what the page says it is: a link into the list of sources.
const notes = "popover" in HTMLElement.prototype ? document.querySelectorAll("[role=doc-noteref]") : [];
const card = document.createElement("div");
let kept = false; // pressed, so it stays when the pointer or the keyboard moves on
let shown; // the note whose source it is
let timer;

function show(note, keep) {
  clearTimeout(timer);
  if (card.matches(":popover-open")) card.hidePopover();
  const text = document.querySelector(note.hash).cloneNode(true);
  // A quotation bears the anchor of its note.
  const use = text.querySelector(`a[href="#${note.closest("[id]").id}"]`).closest(".use");
  use.querySelectorAll("a").forEach((link) => link.remove());
  text.querySelector(".back").remove();
  text.prepend(use);
  const list = Object.assign(document.createElement("a"), { href: note.hash, textContent: "See this in the source list" });
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  list.onclick = close.onclick = () => card.hidePopover();
  const actions = Object.assign(document.createElement("p"), { className: "actions" });
  actions.append(list, close);
  card.replaceChildren(...text.childNodes, actions);
  card.ariaLabel = note.ariaLabel;
  [shown, kept] = [note, keep];
  // Only a kept card is next in the order of Tab: whoever tabs along the text is not led through every card.
  card.showPopover(keep ? { source: note } : {});
  const { left, top, bottom } = note.getBoundingClientRect();
  const room = document.documentElement.clientWidth - card.offsetWidth - 16;
  const above = bottom + card.offsetHeight + 8 > innerHeight && top > card.offsetHeight + 8;
  card.style.left = `${scrollX + Math.max(16, Math.min(left, room))}px`;
  card.style.top = `${scrollY + (above ? top - card.offsetHeight - 8 : bottom + 8)}px`;
  if (keep) card.focus();
}

function hide() {
  clearTimeout(timer);
  if (!kept && card.matches(":popover-open")) card.hidePopover();
}

function later(deed, milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(deed, milliseconds);
}

for (const note of notes) {
  note.ariaHasPopup = "dialog";
  note.onpointerenter = (event) => event.pointerType === "mouse" && !kept && later(() => show(note, false), 150);
  note.onpointerleave = () => later(hide, 300);
  note.onfocus = ({ relatedTarget }) => {
    const givenBack = note === shown && card.contains(relatedTarget); // by its card that was put away
    if (!givenBack && note.matches(":focus-visible")) show(note, false);
  };
  note.onblur = hide;
  note.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(note, true);
  };
}
if (notes.length) {
  Object.assign(card, { className: "note-card", popover: "auto", role: "dialog", tabIndex: -1 });
  card.onpointerenter = () => clearTimeout(timer);
  card.onpointerleave = () => later(hide, 300);
  card.onbeforetoggle = (event) => {
    if (event.newState === "closed") kept = false;
  };
  // Not at once: a card that is put away while the focus leaves it takes the focus back to its note.
  card.addEventListener("focusout", ({ relatedTarget }) => {
    if (!kept || !relatedTarget || card.contains(relatedTarget)) return;
    kept = false;
    later(hide, 0);
  });
  document.body.append(card);
}
