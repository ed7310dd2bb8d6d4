// Nothing here is needed: without it the form works the same.
addEventListener("DOMContentLoaded", () => {
  const zone = document.querySelector("select[data-guess]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || !here) return;
  if (![...zone.options].some((option) => option.value === here)) {
    zone.add(new Option(here.split("/").pop().replaceAll("_", " "), here), zone.options.length - 1);
  }
  zone.value = here;
});
