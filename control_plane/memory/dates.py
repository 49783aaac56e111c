"""Days in what people write: "tomorrow", "on Friday", "in two weeks", "on the 25th"."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Day", "find_day"]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
    "a couple of": 2,
    "a few": 3,
}
_PATTERN = re.compile(
    r"\b(?:(?P<after>the day after tomorrow)|(?P<tomorrow>tomorrow(?: (?:morning|afternoon"
    r"|evening|night|at \S+))?)|(?P<today>tonight|today|this (?:afternoon|evening))"
    rf"|(?:(?P<which>on|this|next|this coming"
    rf"|coming) )(?P<weekday>{'|'.join(_DAYS)})(?: (?:morning|afternoon|evening|night))?"
    r"|(?P<weekend>(?:this|on the|at the|next) weekend)|next (?P<unit>week|month)"
    rf"|in (?P<count>\d{{1,2}}"
    rf"|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}) (?P<units>days?|weeks?"
    rf"|months?)"
    rf"|on (?:the )?(?P<first>\d{{1,2}})(?:st|nd|rd"
    rf"|th)?(?: of)? (?P<first_month>{'|'.join(_MONTHS)})"
    rf"|on (?P<month>{'|'.join(_MONTHS)}) (?:the )?(?P<second>\d{{1,2}})(?:st|nd|rd|th)?"
    r"|on the (?P<alone>\d{1,2})(?:st|nd|rd|th))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day that a sentence names, and where in it.

    Attributes:
        on: The day.
        start: Where the words begin.
        end: Where they end.
    """

    on: date
    start: int
    end: int


def find_day(sentence: str, today: date) -> Day | None:
    """The first day from today on that a sentence names; None: it names none."""
    for match in _PATTERN.finditer(sentence):
        on = _day(match, today)
        if on is not None:
            return Day(on, match.start(), match.end())
    return None


def _day(match: re.Match[str], today: date) -> date | None:
    found = {name: value.lower() for name, value in match.groupdict().items() if value}
    if "after" in found:
        return today + timedelta(days=2)
    if "tomorrow" in found:
        return today + timedelta(days=1)
    if "today" in found:
        return today
    if "weekday" in found:
        ahead = (_DAYS.index(found["weekday"]) - today.weekday()) % 7
        # "next Friday" is said of the one in the week to come.
        if found["which"] == "next" or not ahead:
            ahead = ahead or 7
        return today + timedelta(days=ahead)
    if "weekend" in found:
        ahead = (5 - today.weekday()) % 7 if today.weekday() < 5 else 0
        return today + timedelta(days=ahead + (7 if found["weekend"].startswith("next") else 0))
    if "unit" in found:
        return today + timedelta(days=7 if found["unit"] == "week" else 30)
    if "count" in found:
        number = int(found["count"]) if found["count"].isdigit() else _NUMBERS[found["count"]]
        each = {"d": 1, "w": 7, "m": 30}[found["units"][0]]
        return today + timedelta(days=number * each)
    return _date(found, today)


def _date(found: dict[str, str], today: date) -> date | None:
    """The next day of that number, and month where one is named."""
    number = int(found.get("first") or found.get("second") or found["alone"])
    named = found.get("first_month") or found.get("month")
    for ahead in range(13):
        month = (today.month - 1 + ahead) % 12
        if named and _MONTHS[month] != named:
            continue
        try:
            day = date(today.year + (today.month - 1 + ahead) // 12, month + 1, number)
        except ValueError:
            continue
        if day >= today:
            return day
    return None
