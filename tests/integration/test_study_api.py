"""Studies over HTTP: for participants, who cannot tell variants apart, and for who runs them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from storage.database import Database
from tests.integration.running import Answer, Running, running
from tests.remembering.raters import definition, names_of, opened

TOKEN = "a-token-of-some-length-for-this-test"
RATING = {"naturalness": 4, "uncanny": 1, "distraction": 2, "emotion": "happy"}
STUDY = definition("which")
NAMES = names_of(STUDY)


@asynccontextmanager
async def with_study(folder: Path, **settings: object) -> AsyncIterator[Running]:
    """A server with one open study, whose films are text."""

    def prepare() -> None:
        database = Database(f"sqlite:///{folder / 'test.sqlite'}")
        database.upgrade()
        opened(database, folder, STUDY)
        database.close()

    await asyncio.to_thread(prepare)
    async with running(folder, media=folder / "media", **settings) as server:
        yield server


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self.cookie = ""
        self.got: list[str] = []

    async def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {"Content-Type": "application/json", "Cookie": self.cookie, **(headers or {})}
        answer = await self._server.request(method, path, body, sent)
        self.got.append(f"{path} {answer.headers} {answer.body.decode(errors='replace')}")
        if given := answer.headers.get("set-cookie"):
            (one,) = SimpleCookie(given).values()
            self.cookie = f"{one.key}={one.value}"
        return answer

    async def join(self) -> dict[str, Any]:
        answer = await self.ask("POST", "/api/studies/which/participants", {"consent": True})
        assert answer.status == 200
        trial: dict[str, Any] = answer.json["trial"]
        return trial

    async def rate(self, trial: dict[str, Any], **changes: object) -> Answer:
        answers = dict.fromkeys(trial["sides"], RATING)
        body = {**answers, "preferred": "left", "comment": "nice", **changes}
        return await self.ask("POST", f"/api/studies/which/trials/{trial['id']}", body)


async def everything(folder: Path) -> None:
    async with with_study(folder) as server:
        person = Person(server)
        invitation = (await person.ask("GET", "/api/studies/which")).json
        assert invitation == {
            "instructions": "Look and tell.",
            "trials": 3,
            "open": True,
            "takingPart": False,
        }
        trial = await person.join()
        assert (await person.ask("GET", "/api/studies/which")).json["takingPart"] is True
        seen = []
        for number in (1, 2, 3):
            assert trial["number"] == number
            again = (await person.ask("GET", "/api/studies/which/trial")).json["trial"]
            assert again == trial
            seen.append(trial["id"])
            answer = await person.rate(trial)
            assert answer.status == 200
            assert answer.json["count"] == 3
            trial = answer.json["trial"]
        assert trial is None
        assert len(set(seen)) == 3
        told = "\n".join(person.got)
        assert not any(name in told for name in NAMES)
        assert not re.search(r"single|paired|variant|scene|stimul", told.lower())
        results = await server.request("GET", "/api/studies/which/results")
        assert results.json["tally"] == {"participants": 1, "finished": 1, "answered": 3}
        assert results.json["variants"][0]["opinions"]["naturalness"]["value"] == 4.0
        table = await server.request("GET", "/api/studies/which/results.md")
        assert table.headers["content-type"].startswith("text/markdown")
        assert b"lively-one - plain-one" in table.body
        raw = await server.request("GET", "/api/studies/which/ratings.csv")
        assert raw.body.count(b"\r\n") == 7
        assert b"nice" not in raw.body
        code = person.cookie.partition("=")[2]
        assert code.encode() not in raw.body
        with_comments = await server.request("GET", "/api/studies/which/ratings.csv?comments=true")
        assert with_comments.body.count(b"nice") == 3


def test_somebody_takes_part_and_gets_nothing_that_tells_variants_apart(tmp_path: Path) -> None:
    asyncio.run(everything(tmp_path))


async def films(folder: Path) -> None:
    async with with_study(folder) as server:
        first, second = Person(server), Person(server)
        trial, other = await first.join(), await second.join()
        path = f"/api/studies/which/trials/{trial['id']}/left.mp4"
        whole = await first.ask("GET", path)
        assert whole.status == 200
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["accept-ranges"] == "bytes"
        assert "no-store" in whole.headers["cache-control"]
        part = await first.ask("GET", path, headers={"Range": "bytes=2-5"})
        assert part.status == 206
        assert part.body == whole.body[2:6]
        assert part.headers["content-range"] == f"bytes 2-5/{len(whole.body)}"
        # The same film is not to be known again by what comes with it.
        tags, dates = set(), set()
        for person, shown in ((first, trial), (second, other)):
            for side in ("left", "right"):
                film = f"/api/studies/which/trials/{shown['id']}/{side}.mp4"
                answer = await person.ask("GET", film)
                tags.add(answer.headers["etag"])
                dates.add(answer.headers["last-modified"])
                assert "content-disposition" not in answer.headers
        assert len(tags) == 4
        assert len(dates) == 1
        assert (await second.ask("GET", path)).status == 404
        stranger = Person(server)
        assert (await stranger.ask("GET", path)).status == 401
        assert (await stranger.ask("GET", "/api/studies/which/trial")).status == 401
        assert (await first.ask("GET", path.replace("left", "middle"))).status == 400


def test_films_come_in_ranges_to_their_own_participant_alone(tmp_path: Path) -> None:
    asyncio.run(films(tmp_path))


async def refusals(folder: Path) -> None:
    async with with_study(folder) as server:
        person = Person(server)
        answer = await person.ask("POST", "/api/studies/which/participants", {})
        assert answer.status == 400
        answer = await person.ask("POST", "/api/studies/which/participants", {"consent": False})
        assert answer.status == 400
        assert person.cookie == ""
        trial = await person.join()
        answer = await person.rate(trial, left={**RATING, "naturalness": 6})
        assert answer.status == 400
        assert answer.json["error"]["details"][0]["field"] == "naturalness"
        assert (await person.rate(trial, right=None)).status == 400
        assert (await person.rate(trial, left={**RATING, "emotion": "hungry"})).status == 400
        assert (await person.rate(trial, preferred="both")).status == 400
        assert (await person.rate(trial)).status == 200
        assert (await person.rate(trial)).status == 409
        assert (await person.ask("GET", "/api/studies/none-such")).status == 404
        assert (await server.request("POST", "/api/studies/which:close")).json["open"] is False
        late = Person(server)
        answer = await late.ask("POST", "/api/studies/which/participants", {"consent": True})
        assert answer.status == 409
        assert (await late.ask("GET", "/api/studies/which")).json["open"] is False
        # Who is in may go on, and leave the browser to somebody else.
        assert (await person.ask("GET", "/api/studies/which/trial")).json["trial"]["number"] == 2
        await person.ask("DELETE", "/api/studies/which/participants")
        assert (await person.ask("GET", "/api/studies/which/trial")).status == 401


def test_what_cannot_be_taken_is_refused(tmp_path: Path) -> None:
    asyncio.run(refusals(tmp_path))


async def the_door(folder: Path) -> None:
    async with with_study(folder, access_token=TOKEN) as server:
        person = Person(server)
        assert (await person.rate(await person.join())).status == 200
        with_token = {"Authorization": f"Bearer {TOKEN}"}
        study = definition("second", "single").model_dump(mode="json", by_alias=True)
        for method, path, body in (
            ("GET", "/api/studies", None),
            ("POST", "/api/studies", study),
            ("GET", "/api/studies/which/definition", None),
            ("GET", "/api/studies/which/results", None),
            ("GET", "/api/studies/which/results.md", None),
            ("GET", "/api/studies/which/ratings.csv", None),
            ("POST", "/api/studies/which:open", None),
            ("POST", "/api/studies/which:close", None),
        ):
            refused = await person.ask(method, path, body)
            assert refused.status == 401, path
            assert not any(name in refused.body.decode() for name in NAMES)
            assert (await server.request(method, path, body, with_token)).status == 200, path
        again = await server.request("POST", "/api/studies", study, with_token)
        assert again.status == 409
        unusable = {**study, "name": "third", "design": "triple"}
        refused = await server.request("POST", "/api/studies", unusable, with_token)
        assert refused.status == 400
        assert refused.json["error"]["details"][0]["field"] == "design"
        # Films are missing.
        refused = await server.request("POST", "/api/studies/second:open", None, with_token)
        assert refused.status == 409
        listed = await server.request("GET", "/api/studies", None, with_token)
        assert [(item["name"], item["missingFilms"]) for item in listed.json["studies"]] == [
            ("which", 0),
            ("second", 6),
        ]
        path = "/api/studies/second"
        assert (await person.ask("DELETE", path)).status == 401
        assert (await server.request("DELETE", path, None, with_token)).status == 200
        listed = await server.request("GET", "/api/studies", None, with_token)
        assert [item["name"] for item in listed.json["studies"]] == ["which"]


def test_participants_need_no_token_and_all_else_does(tmp_path: Path) -> None:
    asyncio.run(the_door(tmp_path))


async def described(folder: Path) -> None:
    async with running(folder) as server:
        document = (await server.request("GET", "/openapi.json")).json
        used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
        assert used <= set(document["components"]["schemas"])
        assert {"StudyDefinition", "TurnMessage", "AnswerMessage", "StudyMessage"} <= used
        rate = document["paths"]["/api/studies/{name}/trials/{id}"]["post"]
        assert "security" not in rate
        assert "security" in document["paths"]["/api/studies/{name}/results"]["get"]
        page = await server.request("GET", "/study/whatever")
        assert page.status == 200
        assert b"study.js" in page.body


def test_the_api_is_described_and_the_page_is_there(tmp_path: Path) -> None:
    asyncio.run(described(tmp_path))
