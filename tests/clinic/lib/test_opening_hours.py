"""Opening hours in words."""

import pytest

from clinic.lib.opening_hours import describe_hours

NEW_YORK = "America/New_York"


def rows(*days, start="09:00", end="17:00"):
    return [{"weekday": day, "start": start, "end": end} for day in days]


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ([], ""),
        (rows(0, 1, 2, 3, 4), "Monday to Friday, 9:00 AM to 5:00 PM Eastern Time"),
        (rows(5, 6), "Saturday and Sunday, 9:00 AM to 5:00 PM Eastern Time"),
        (rows(0, 2), "Monday, 9:00 AM to 5:00 PM; Wednesday, 9:00 AM to 5:00 PM Eastern Time"),
        (
            rows(0, end="12:00") + rows(0, start="13:00") + rows(1, end="24:00"),
            "Monday, 9:00 AM to 12:00 PM and 1:00 PM to 5:00 PM; Tuesday, 9:00 AM to midnight Eastern Time",
        ),
    ],
)
def test_days_with_the_same_hours_are_joined(hours, words):
    assert describe_hours(hours, NEW_YORK) == words


def test_names_zones_as_people_do():
    assert describe_hours(rows(0), "America/Boise").endswith("Mountain Time")
    assert describe_hours(rows(0), "Europe/Berlin").endswith("Berlin time")
