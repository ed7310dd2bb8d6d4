"""docs/security.md: every requirement once, with what shows it; what is not met stands in SECURITY.md."""

import re
from collections import Counter

from . import ROOT

DOCUMENT = (ROOT / "docs/security.md").read_text()
ROWS = re.findall(r"^\| ([^|]+) \| (met|not applicable|not met) \| ([^|]+) \|$", DOCUMENT, re.MULTILINE)


def numbers(cell):
    """6.6.1–6.6.3, 6.8.1 → each of them."""
    for part in cell.split(", "):
        first, _, last = part.partition("–")
        section, _, begin = first.rpartition(".")
        assert not last or last.startswith(f"{section}."), part
        for number in range(int(begin), int(last.rpartition(".")[2] or begin) + 1):
            yield f"{section}.{number}"


ASVS = [(list(numbers(cell)), state, shown) for cell, state, shown in ROWS if re.match(r"\d+\.\d+\.\d+", cell)]
HIPAA = [(cell, state, shown) for cell, state, shown in ROWS if cell.startswith("164.")]


def test_every_requirement_of_levels_1_and_2_stands_there_once():
    wanted = [line.split()[0] for line in (ROOT / "tests/repository/asvs_5_0.txt").read_text().splitlines()]
    assert len(wanted) == 253
    assert Counter(number for group, _, _ in ASVS for number in group) == Counter(wanted)


def test_every_technical_safeguard_stands_there():
    wanted = ["(a)(1)", "(a)(2)(i)", "(a)(2)(ii)", "(a)(2)(iii)", "(a)(2)(iv)", "(b)", "(c)(1)", "(d)", "(e)(1)"]
    standards = [cell.split()[0].rstrip(",") for cell, _, _ in HIPAA]
    assert [f"164.312{part}" for part in wanted] == [name for name in standards if name.startswith("164.312")]


def test_what_is_met_is_shown_by_a_file_or_a_test_that_exists():
    for what, state, shown in [*ASVS, *HIPAA]:
        evidence = re.findall(r"`(\w[\w./-]+\.\w+|\w[\w/]+/)(?:::(\w+))?`", shown)
        documented = re.findall(r"“([^”]+)”", shown)
        assert state != "met" or evidence or documented or "`make " in shown, f"{what} names nothing"
        for path, test in evidence:
            assert (ROOT / path).exists(), f"{what}: {path}"
            assert not test or re.search(rf"^def {test}\(", (ROOT / path).read_text(), re.MULTILINE), f"{what}: {test}"


def test_a_section_that_is_named_is_there():
    documents = DOCUMENT + (ROOT / "docs/operating.md").read_text()
    headings = {heading.strip() for heading in re.findall(r"^## (.+)$", documents, re.MULTILINE)}
    cells = "\n".join(shown for _, _, shown in [*ASVS, *HIPAA])
    named = {*re.findall(r"“([^”]+)” above", cells), *re.findall(r"`docs/operating.md`, “([^”]+)”", cells)}
    assert len(named) > 5
    assert named - {"What is connected to"} <= headings
    assert "\nWhat is connected to:" in DOCUMENT


def test_what_is_not_met_stands_in_the_security_policy():
    policy = (ROOT / "SECURITY.md").read_text()
    missing = [number for group, state, _ in ASVS if state == "not met" for number in group]
    missing += [cell.split()[0] for cell, state, _ in HIPAA if state == "not met"]
    assert len(missing) > 5
    assert [number for number in missing if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", policy)] == []
