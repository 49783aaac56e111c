from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from control_plane.dashboards.charts import MAX_SERIES, Series, bars, lines

HOSTILE = "<script>alert('&\"')</script>"
TOP, BOTTOM = 14.0, 192.0  # where the highest and the lowest value of a chart lie


class Tags(HTMLParser):
    """Checks that tags nest, and keeps them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def drawn(chart: str) -> ElementTree.Element:
    return ElementTree.fromstring(chart)


def rows(chart: str) -> list[list[str]]:
    """Cells of the table, the head's too."""
    found = drawn(chart).iter("tr")
    return [["".join(cell.itertext()) for cell in row] for row in found]


def test_bars_are_as_high_as_their_values_and_stack() -> None:
    chart = bars("Said", ["a", "b"], [Series("one", [5, 10]), Series("two", [5, 0])])
    found = [
        (float(one.attrib["y"]), float(one.attrib["height"])) for one in drawn(chart).iter("rect")
    ]
    full = BOTTOM - TOP
    # The lower half and the whole of the first series, then the upper half of the second.
    assert found == [
        pytest.approx((TOP + full / 2, full / 2)),
        pytest.approx((TOP, full)),
        pytest.approx((TOP, full / 2)),
    ]
    assert rows(chart) == [["", "one", "two"], ["a", "5", "5"], ["b", "10", "0"]]


def test_line_is_broken_where_nothing_was_measured() -> None:
    chart = lines("Speed", list("abcde"), [Series("x", [1, 2, None, 4, 5])], unit="ms")
    found = [one.attrib["points"].count(",") for one in drawn(chart).iter("polyline")]
    assert found == [2, 2]
    assert rows(chart)[3] == ["c", "\N{EN DASH}"]
    assert rows(chart)[0] == ["", "x, ms"]


def test_line_stays_within_its_span() -> None:
    chart = lines("Mood", ["a", "b", "c"], [Series("valence", [-1, 0, 7])], span=(-1.0, 1.0))
    heights = [float(one.attrib["cy"]) for one in drawn(chart).iter("circle")]
    assert heights == [BOTTOM, (TOP + BOTTOM) / 2, TOP]


@pytest.mark.parametrize("draw", [bars, lines])
def test_chart_says_in_words_what_it_shows(draw: object) -> None:
    assert draw in (bars, lines)
    chart = (bars if draw is bars else lines)("Speed", ["Mon", "Tue"], [Series("render", [2, 4])])
    picture = drawn(chart).find(".//svg")
    assert picture is not None
    assert picture.attrib["role"] == "img"
    assert picture.attrib["aria-label"] == "Speed: Mon to Tue; render from 2 to 4"
    tips = [one.text for one in drawn(chart).iter("title")]
    assert tips == ["Mon: render 2", "Tue: render 4"]


def test_nothing_to_draw_is_said() -> None:
    chart = bars("Faults", [], [])
    assert "Nothing yet." in chart
    assert drawn(chart).find(".//svg") is None
    assert drawn(lines("One", ["a"], [Series("x", [3])])).find(".//circle") is not None


def test_hostile_names_are_text() -> None:
    for chart in (
        bars(HOSTILE, [HOSTILE], [Series(HOSTILE, [1])], unit=HOSTILE),
        lines(HOSTILE, [HOSTILE], [Series(HOSTILE, [1])], unit=HOSTILE),
    ):
        assert "script" not in Tags(chart).seen
        assert "&lt;script&gt;" in chart


values = st.none() | st.floats(0, 1e9, allow_nan=False)


@given(st.lists(st.lists(values, min_size=4, max_size=4), max_size=8))
@example([[None, None, None, 5e-324]])
def test_any_values_make_a_whole_chart(given_values: list[list[float | None]]) -> None:
    series = [Series(f"s{at}", row) for at, row in enumerate(given_values)]
    for chart in (bars("x", list("abcd"), series), lines("x", list("abcd"), series)):
        tree = drawn(chart)
        for one in tree.iter("rect"):
            assert float(one.attrib["y"]) >= TOP - 0.2
        classes = {one.attrib["class"] for one in tree.iter("circle")}
        assert classes <= {f"series-{at}" for at in range(MAX_SERIES)}
