"""Every public page on a small screen, magnified, by keyboard, without scripts, and while it loads."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from .conftest import AXE, new_page, press
from .test_validity import ARTICLES, PAGES

EVERY_PAGE = [*PAGES, "/start/ refused"]
PHONE = {"width": 320, "height": 568}
MAGNIFIED = {"width": 320, "height": 256}  # what is left of 1280 × 1024 at 400 % (WCAG 2.2 SC 1.4.10)

# Controls that are no part of running text with their sizes in CSS px. A label belongs to its box or circle. Links in
# the list of sources may be 24 px, as WCAG 2.2 SC 2.5.8 asks; the others have the 44 px of SC 2.5.5.
TOO_SMALL = """() => {
  const inLine = (style) => style.display === "inline";
  const inText = (element) => {
    if (!inLine(getComputedStyle(element))) return false;
    let block = element.parentElement;
    while (inLine(getComputedStyle(block))) block = block.parentElement;
    return block.textContent.trim() !== element.textContent.trim();
  };
  const box = (element) => {
    const boxes = [element, ...(element.matches("[type=checkbox], [type=radio]") ? element.labels : [])]
      .map((each) => each.getBoundingClientRect());
    const edge = (name, pick) => pick(...boxes.map((each) => each[name]));
    return [edge("right", Math.max) - edge("left", Math.min), edge("bottom", Math.max) - edge("top", Math.min)];
  };
  return [...document.querySelectorAll("a[href], button:not([aria-hidden]), input, select, textarea, summary")]
    .filter((element) => element.checkVisibility() && !inText(element))
    .map((element) => [element, Math.min(...box(element)), box(element)])
    .filter(([element, least]) => least < (element.matches(".back a") ? 24 : 44))
    .map(([element, least, sizes]) => `${(element.labels?.[0] ?? element).textContent.trim()}: ` +
      `${sizes.map((size) => size.toFixed(1)).join(" × ")} (${element.localName}.${element.className})`);
}"""

# Chromium keeps what happened before, and hands it over at the next frame at the latest.
SHIFTS = """() => new Promise((resolve) => {
  const shifts = [];
  const note = (entries) => shifts.push(...entries.filter((shift) => !shift.hadRecentInput)
    .map((shift) => [shift.value, shift.sources.map((source) => source.node?.nodeName)]));
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => { note(observer.takeRecords()); resolve(shifts); }));
})"""

# Numbers what Tab reaches, in the order of the page: of a group of circles the chosen one, else the first. The answer
# is the first of them after the place where the keyboard is, and how many there are.
NUMBER_CONTROLS = """() => {
  const first = (name) =>
    document.querySelector(`[name="${name}"]:checked`) ?? document.querySelector(`[name="${name}"]`);
  const controls = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((element) => element.checkVisibility() && (element.type !== "radio" || element === first(element.name)));
  controls.forEach((element, number) => { element.dataset.number = number; });
  const follows = (element) =>
    document.activeElement.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
  return [controls.findIndex(follows), controls.length];
}"""
FOCUSED = """() => {
  const element = document.activeElement;
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const onScreen = left < innerWidth && right > 0 && top < innerHeight && bottom > 0;
  const style = getComputedStyle(element);
  const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return [Number(element.dataset.number ?? -1), onScreen, marked];
}"""


def show(page: Page, name: str) -> None:
    path, _, refused = name.partition(" ")
    page.goto(path)
    if refused:
        press(page, "Start my free trial")


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_nothing_scrolls_sideways(page: Page, name: str) -> None:
    page.set_viewport_size(PHONE)
    show(page, name)
    for size in (PHONE, MAGNIFIED):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_controls_are_as_large_as_a_finger(page: Page, name: str) -> None:
    show(page, name)
    small = page.evaluate(TOO_SMALL)
    assert small == [], "\n".join(small)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", EVERY_PAGE)
def test_text_stands_out_seven_to_one(page: Page, name: str, scheme: str) -> None:
    """WCAG 2.2 SC 1.4.6, which axe checks only when asked."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    show(page, name)
    found = Axe().run(page, options={**AXE, "runOnly": ["color-contrast-enhanced"]})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_tab_reaches_every_control_in_order_and_shows_where_it_is(page: Page, name: str) -> None:
    page.set_viewport_size(MAGNIFIED)
    page.emulate_media(reduced_motion="reduce")  # else the page still scrolls when it is asked
    show(page, name)
    numbers = range(*page.evaluate(NUMBER_CONTROLS))
    reached = []
    for _ in numbers:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert reached == [[number, True, True] for number in numbers]


@pytest.mark.parametrize("name", ["/", *ARTICLES, "/start/"])
def test_nothing_shifts_while_loading(page: Page, name: str) -> None:
    page.goto(name, wait_until="networkidle")
    assert page.evaluate(SHIFTS) == []


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_text_is_the_same_without_scripts(page: Page, browser: Browser, browser_context_args: dict, name: str) -> None:
    plain = new_page(browser, **browser_context_args, java_script_enabled=False)
    texts = []
    for each in (page, plain):
        show(each, name)
        texts.append(each.locator("main").inner_text())
    plain.close()
    assert len(texts[0]) > 50
    assert texts[0] == texts[1]
