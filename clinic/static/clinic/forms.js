// Nothing here is needed: without it the form works the same.
addEventListener("DOMContentLoaded", () => {
  document.getElementById("errors")?.focus();
  const zone = document.querySelector("select[data-guess]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && [...zone.options].some((option) => option.value === here)) zone.value = here;
});
