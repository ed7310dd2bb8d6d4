"""The restore journal shows whatever was altered in it or taken out, wherever it was."""

import datetime as dt
import json

import pytest

from signups.ops import restore_journal
from tests.signups.conftest import NOW

LINES = 6


@pytest.fixture
def journal(settings):
    """Six lines, written in three goes."""
    for number in range(0, LINES, 2):
        restore_journal.append([sent(number), sent(number + 1)])
    assert restore_journal.read() == ([sent(number) for number in range(LINES)], 0, 0)
    return settings.RESTORE_JOURNAL_FILE


def sent(number, at=NOW):
    return {"at": (at + dt.timedelta(seconds=number)).isoformat(), "act": "sent", "message": f"0:{number}"}


def without(*numbers):
    return lambda lines: [line for number, line in enumerate(lines) if number not in numbers]


def altered(lines):
    return [lines[0].replace("0:0", "0:9"), *lines[1:]]


def with_a_hash_of_ones_own(lines):
    entry = json.loads(lines[2]) | {"message": "0:9"}
    return [*lines[:2], json.dumps(entry) + "\n", *lines[3:]]


@pytest.mark.parametrize(
    ("harm", "damaged", "missing"),
    [
        (without(0), 0, 1),
        (without(2), 0, 1),
        (without(1, 2, 4), 0, 2),
        (without(LINES - 1), 0, 1),
        (without(*range(LINES)), 0, 1),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 0, 3),
        (lambda lines: [*lines[:3], *lines[2:]], 0, 1),
        (altered, 1, 0),
        (with_a_hash_of_ones_own, 1, 0),
        (lambda lines: [*lines[:2], "[" * 50_000 + "\n", *lines[2:]], 1, 0),
        (lambda lines: ["\ufffd\0\n", "null\n", *lines], 2, 0),
    ],
)
def test_what_was_taken_out_or_altered_shows_also_once_more_was_written(journal, harm, damaged, missing):
    journal.write_text("".join(harm(journal.read_text().splitlines(keepends=True))))
    assert restore_journal.read()[1:] == (damaged, missing)
    restore_journal.append([sent(LINES)])
    found = restore_journal.read()
    assert (found.damaged, found.missing) == (damaged, missing)
    assert found.entries[-1] == sent(LINES)
    assert not found.is_intact
    assert restore_journal.drop_old(NOW + dt.timedelta(days=200)) == 0  # a person looks at it first


def test_a_lost_file_shows_by_the_end_noted_beside_it(journal):
    journal.unlink()
    assert restore_journal.read().missing == 1


def test_an_end_that_was_noted_late_is_no_loss(journal):
    """A process killed between the line and the note of it."""
    end = journal.with_name(f"{journal.name}.end")
    noted = end.read_text()
    restore_journal.append([sent(LINES)])
    end.write_text(noted)
    assert restore_journal.read().is_intact
    restore_journal.append([sent(LINES + 1)])
    end.unlink()
    restore_journal.append([sent(LINES + 2)])
    assert (len(restore_journal.read().entries), restore_journal.read().is_intact) == (LINES + 3, True)


def test_what_is_old_is_dropped_and_the_rest_stays_whole(journal):
    later = NOW + restore_journal.KEEP_SENT
    places = [{"at": (later + dt.timedelta(hours=hour)).isoformat(), "act": "reached"} for hour in (0, 1, 24)]
    restore_journal.append([{"at": NOW.isoformat(), "act": "erased"}, *places])
    assert restore_journal.drop_old(later + dt.timedelta(seconds=3)) == 3
    found = restore_journal.read()
    assert [entry["act"] for entry in found.entries] == ["sent", "sent", "sent", "erased", "reached", "reached"]
    assert found.is_intact
    restore_journal.append([sent(9)])
    assert restore_journal.read().is_intact


def test_hashes_of_a_former_key_still_count(journal, settings):
    settings.PRIVACY_KEYS = ["n" * 64, *settings.PRIVACY_KEYS]
    restore_journal.append([sent(LINES)])
    assert restore_journal.read().is_intact
    settings.PRIVACY_KEYS = ["x" * 64]
    assert restore_journal.read().damaged == LINES + 1
