"""The dashboards, the figures for monitoring and judgements, over HTTP."""

import asyncio
import base64
import re
from html.parser import HTMLParser
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from control_plane.sessions.paging import write_token
from engine.faults import Fault
from tests.integration.running import UNKNOWN, Answer, Running, run

HOSTILE = "<script>alert('x')</script> wonderful \"roses\" & <b>tulips</b>"
PAGES = ["", "/conversations", "/latency", "/faults", "/training"]
_VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """A page that has been read: its tags nest, its parts can be asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        self.feed(answer.body.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [found["href"] for tag, found in self.tags if tag == "a"]

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _ in self.tags)


async def shown(server: Running, path: str) -> Page:
    answer = await server.request("GET", f"/dashboard{path}")
    assert answer.status == 200, answer.body
    return Page(answer)


async def talked(server: Running, text: str) -> str:
    """A session in which that was said and answered."""
    made = await server.request("POST", "/api/sessions", {})
    session = str(made.json["id"])
    event = {"sequence": 1, "chat": {"role": "CHAT_ROLE_USER", "text": text}}
    assert (await server.request("POST", f"/api/sessions/{session}/events", event)).status == 200
    while len(server.body(session).applied) < 2:  # noqa: ASYNC110 - a fake raises no event
        await asyncio.sleep(0.01)
    return session


def test_every_page_is_whole_before_anything_is_stored(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        for path in PAGES:
            page = await shown(server, path)
            assert page.count("h1") == 1, path
            assert page.count("script") == 0
            for tag, found in page.tags:
                assert not [name for name in found if name.startswith("on")], tag
        answer = await server.request("GET", "/dashboard/")
        assert (answer.status, answer.headers["location"]) == (307, "../dashboard")
        styles = await server.request("GET", "/dashboards.css")
        assert styles.status == 200

    run(tmp_path, test)


def test_hostile_text_is_shown_as_text_and_nothing_else(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        session = await talked(server, HOSTILE)
        assert server.media.on_fault is not None
        server.media.on_fault(Fault("<i>bad</i>", HOSTILE, session))
        judgement = {"score": -0.5, "comment": HOSTILE}
        path = f"/api/sessions/{session}/judgements"
        assert (await server.request("POST", path, judgement)).status == 201
        for where in (f"/conversations/{session}", "/faults", ""):
            answer = await server.request("GET", f"/dashboard{where}")
            page = Page(answer)
            assert page.count("script") + page.count("i") == 0
            assert b"<script" not in answer.body
            assert b"<b>tulips" not in answer.body
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
        page = await shown(server, f"/conversations/{session}")
        assert page.text.count(HOSTILE) == 3  # said, judged, a fault
        assert "-0.50" in page.text
        assert f"capsulecast replay {session}" not in page.text  # it was not recorded
        search = f"?q={HOSTILE.replace('&', '%26').replace(' ', '+')}"
        found = await shown(server, f"/conversations{search}")
        typed = [
            attributes["value"] for _, attributes in found.tags if attributes.get("name") == "q"
        ]
        assert typed == [HOSTILE]
        assert found.count("tbody") == 1

    run(tmp_path, test)


def test_conversation_is_found_and_tells_its_emotion_over_time(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        session = await talked(server, "My roses are wonderful!")
        await talked(server, "Nothing here.")
        assert (await shown(server, "/conversations")).count("tr") == 3
        found = await shown(server, "/conversations?q=ROSES&quality=0.1&state=active")
        assert found.count("tr") == 2
        assert (await shown(server, "/conversations?q=tulips")).count("table") == 0
        link = next(one for one in found.links() if "conversations/" in one)
        page = await shown(server, "/conversations/" + link.rpartition("/")[2])
        assert "My roses are wonderful!" in page.text
        trail = next(one for one in page.links() if one.endswith("/packets"))
        packets = await shown(server, trail.removeprefix("../../dashboard"))
        assert packets.count("tr") >= 3
        assert "chat" in packets.text
        assert (await shown(server, f"/conversations/{session}/packets?after=9999")).count(
            "tr"
        ) == 0
        missing = await server.request("GET", f"/dashboard/conversations/{UNKNOWN}/packets")
        assert missing.status == 404
        assert page.count("polyline") == 3
        legend = [found for tag, found in page.tags if tag == "svg"]
        assert legend[0]["aria-label"].startswith("Emotion over time:")
        for name in ("valence", "arousal", "dominance"):
            assert name in page.text

    run(tmp_path, test)


def test_what_cannot_be_shown_is_a_page_that_says_so(tmp_path: Path) -> None:
    refused = {
        f"/conversations/{UNKNOWN}": 404,
        "/conversations/nonsense": 404,
        "/conversations?page=nonsense": 400,
        "/faults?page=YWZ0ZXI6eA==": 400,
        f"/faults?page={write_token(f'0001-01-01T00:00:00+14:00/{UNKNOWN}')}": 400,
    }

    async def test(server: Running) -> None:
        for path, status in refused.items():
            answer = await server.request("GET", f"/dashboard{path}")
            assert answer.status == status, path
            assert Page(answer).count("h1") == 1

    run(tmp_path, test)


def test_pages_and_figures_need_the_access_token_where_there_is_one(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        for path in (*(f"/dashboard{one}" for one in PAGES), "/metrics"):
            refused = await server.request("GET", path)
            assert refused.status == 401, path
            assert b"Sessions" not in refused.body
            for given in ("Bearer s3cret-t0ken-0123456789", basic("s3cret-t0ken-0123456789")):
                answer = await server.request("GET", path, headers={"Authorization": given})
                assert answer.status == 200, path
            for given in (basic("wrong"), "Basic !", "Bearer x"):
                answer = await server.request("GET", path, headers={"Authorization": given})
                assert answer.status == 401, given
        refused = await server.request("GET", "/dashboard")
        assert refused.headers["www-authenticate"].startswith("Basic realm=")
        # Viewers judge without it: they know their session's id.
        session = await talked(server, "hello")
        path = f"/api/sessions/{session}/judgements"
        assert (await server.request("POST", path, {"score": 1})).status == 201

    run(tmp_path, test, access_token="s3cret-t0ken-0123456789")


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def test_last_reply_is_judged_and_judged_again(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        session = await talked(server, "hello")
        path = f"/api/sessions/{session}/judgements"
        first = await server.request("POST", path, {"score": 1.0})
        assert first.status == 201
        assert first.json["rating"] == 5.0
        again = {"score": -1, "comment": " too loud ", "replaces": first.json["id"]}
        second = await server.request("POST", path, again)
        assert second.json["comment"] == "too loud"
        assert second.json["messageId"] == first.json["messageId"]
        page = await shown(server, f"/conversations/{session}")
        assert "no longer counts" in page.text
        assert "rated 1.0 of 5" in page.text

    run(tmp_path, test)


def test_judgement_that_is_none_or_of_nothing_is_refused(tmp_path: Path) -> None:
    refused: list[tuple[object, str]] = [
        ({}, "score"),
        ({"score": 1.5}, "score"),
        ({"score": "1"}, "score"),
        ({"score": 0, "comment": "x" * 2001}, "comment"),
        ({"score": 0, "rating": 6}, "rating"),
        ({"score": 0, "colour": 1}, "colour"),
        ([], "judgement"),
    ]

    async def test(server: Running) -> None:
        session = await talked(server, "hello")
        path = f"/api/sessions/{session}/judgements"
        for given, field in refused:
            answer = await server.request("POST", path, given)
            assert answer.status == 400
            assert [one["field"] for one in answer.json["error"]["details"]] == [field]
        other = {"score": 1, "replaces": UNKNOWN}
        assert (await server.request("POST", path, other)).status == 404
        for unknown in (UNKNOWN, "nonsense"):
            path = f"/api/sessions/{unknown}/judgements"
            assert (await server.request("POST", path, {"score": 1})).status == 404

    run(tmp_path, test)


def test_metrics_tell_what_sessions_did(tmp_path: Path) -> None:
    async def test(server: Running) -> None:
        session = await talked(server, "hello")
        server.body(session).viewers = 2
        assert server.media.on_fault is not None
        server.media.on_fault(Fault("device_lost", "unplugged"))
        answer = await server.request("GET", "/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        text = answer.body.decode()
        found = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert found["capsulecast_sessions",] == 1
        assert found["capsulecast_viewers",] == 2
        assert found["capsulecast_events_total", "chat"] == 1
        assert found["capsulecast_packets_total", "chat"] == 1
        assert found["capsulecast_packets_total", "reply"] == 1
        assert found["capsulecast_faults_total", "device_lost"] == 1
        assert found["capsulecast_event_to_packet_seconds_count",] == 1
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text), "no session is named"

    run(tmp_path, test)
