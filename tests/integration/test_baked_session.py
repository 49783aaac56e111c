"""A portrait baked without any model, by its landmarks alone, and shown by the whole server."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.scene import mira
from capsules.bake.baking import STAGES, BakeRequest, bake
from capsules.bake.errors import (
    CancelledBakeError,
    FaceShapeError,
    LandmarksError,
    ModelMissingError,
    SmallFaceError,
)
from capsules.bake.pose import STABLE_POINTS
from capsules.bake.publish import publish
from capsules.library import Library
from capsules.pack import load_pack
from compositor.backend import I420
from control_plane.cli import main
from control_plane.media import LiveMedia
from control_plane.responder.rules import RulesResponder
from control_plane.server import Server
from control_plane.sessions.options import SessionOptions
from control_plane.settings import Settings, load_settings
from engine.live import LiveBody
from engine.live_options import LiveCallbacks
from tests.drawn_portraits import drawn, in_skin, resized, saved
from tests.integration.running import Running
from tests.unit.fake_media import FakeMedia, FakeResponder

LANDMARKS = Path(__file__).parent / "data" / "mira_landmarks.json"
"""Of the drawn portrait of 1024 px, as the models find them."""
CONSENT = "not a real person"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a darker Mira as `photo.png`, and as the avatar ada, baked by the command."""
    folder = tmp_path_factory.mktemp("baked")
    photo = saved(in_skin(drawn(), (0.3, 0.24, 0.2)), folder / "photo.png")
    arguments = ["bake", str(photo), "--name", "ada", "--consent", CONSENT]
    arguments += ["--landmarks", str(LANDMARKS), "--avatars", str(folder / "avatars")]
    with pytest.MonkeyPatch.context() as patch:
        # Without any models, whatever this machine has.
        patch.setenv("CAPSULECAST_CACHE_DIR", str(folder / "cache"))
        assert main(arguments) == 0
    return folder


def request(folder: Path, **others: object) -> BakeRequest:
    made = BakeRequest(folder / "photo.png", "ada", CONSENT, landmarks=LANDMARKS)
    return replace(made, **others)  # type: ignore[arg-type] # fields by name


def test_the_pack_says_where_it_comes_from(folder: Path) -> None:
    provenance = load_pack(folder / "avatars" / "ada").provenance
    assert provenance.consent == CONSENT
    assert provenance.sha256 == hashlib.sha256((folder / "photo.png").read_bytes()).hexdigest()
    assert provenance.generator.startswith("capsulecast ")
    assert provenance.synthetic is True
    assert provenance.models == {}


def test_the_same_photo_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    again = bake(
        request(folder),
        None,
        tmp_path,
        progress=lambda stage, fraction: told.append((stage, fraction)),
    )
    first = folder / "avatars" / "ada"
    assert sorted(path.name for path in again.iterdir()) == sorted(p.name for p in first.iterdir())
    for path in first.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert (told[0], told[-1]) == (("reading the photo", 0.0), ("done", 1.0))
    building = [fraction for stage, fraction in told if stage == "building the rig"]
    assert len(set(building)) >= 6
    assert STAGES["building the rig"] == building[0]
    assert max(after - before for before, after in pairwise(building)) < 0.25


def test_it_can_be_cancelled_at_every_stage(folder: Path, tmp_path: Path) -> None:
    for last in ("reading the photo", "finding the person", "building the rig"):
        cancelled = threading.Event()

        def stop(
            stage: str, _: float, last: str = last, event: threading.Event = cancelled
        ) -> None:
            if stage == last:
                event.set()

        with pytest.raises(CancelledBakeError):
            bake(request(folder), None, tmp_path / "new", progress=stop, cancelled=cancelled)
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_ended_leaves_no_avatar(
    folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    # A shell lets what it starts in the background ignore it, and children ignore what we do.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "control_plane.cli", "bake", str(folder / "photo.png")]
    command += ["--name", "ada", "--consent", CONSENT, "--landmarks", str(LANDMARKS)]
    command += ["--avatars", str(tmp_path / "avatars")]
    environment = {**os.environ, "CAPSULECAST_CACHE_DIR": str(folder / "cache")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "building the rig" in line:
                break
        process.send_signal(number)
        rest = process.stderr.read()
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130
        assert rest.splitlines()[-1] == "capsulecast: cancelled; nothing was written"
    assert not (tmp_path / "avatars" / "ada").exists()


def test_landmarks_of_another_photo_are_refused(folder: Path, tmp_path: Path) -> None:
    small = saved(resized(drawn(), 300), tmp_path / "small.png")
    with pytest.raises(LandmarksError, match="within the photo of 300 x 300"):
        bake(request(folder, photo=small), None, tmp_path / "avatars")


def test_without_models_and_landmarks_there_is_no_face(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="models pull`, or give --landmarks"):
        bake(request(folder, landmarks=None), None, tmp_path)


def test_a_small_face_is_refused_and_can_be_allowed(folder: Path, tmp_path: Path) -> None:
    points = json.loads(LANDMARKS.read_text())
    third = {name: (np.array(value) / 3).tolist() for name, value in points.items()}
    (tmp_path / "small.json").write_text(json.dumps(third))
    photo = saved(resized(drawn(), 341), tmp_path / "small.jpg")
    small = request(folder, photo=photo, landmarks=tmp_path / "small.json", hands=False)
    with pytest.raises(SmallFaceError, match=r"has to be 160.*--allow-small bakes it"):
        bake(small, None, tmp_path / "avatars")
    pack = bake(replace(small, allow_small=True), None, tmp_path / "avatars")
    assert "handLeft" not in {part.name for part in load_pack(pack).parts}


def test_points_in_a_muddle_are_refused(folder: Path, tmp_path: Path) -> None:
    points = json.loads(LANDMARKS.read_text())
    landmarks = np.array(points["landmarks"])
    others = np.setdiff1d(np.arange(468), [*STABLE_POINTS, 152])  # what the checks do not look at
    landmarks[others] = landmarks[np.random.default_rng(2).permutation(others)]
    points["landmarks"] = landmarks.tolist()
    (tmp_path / "muddle.json").write_text(json.dumps(points))
    with pytest.raises(FaceShapeError, match=r"no rig can be made .* into the camera$"):
        bake(request(folder, landmarks=tmp_path / "muddle.json"), None, tmp_path / "avatars")
    assert not (tmp_path / "avatars").exists()


class WatchedMedia(LiveMedia):
    """The real media, which keeps the bodies that it makes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.bodies: dict[str, LiveBody] = {}

    async def make(
        self, library: Library, session_id: str, options: SessionOptions, callbacks: LiveCallbacks
    ) -> LiveBody:
        body = self.bodies[session_id] = await super().make(library, session_id, options, callbacks)
        return body


@asynccontextmanager
async def serving(folder: Path, avatars: Path) -> AsyncIterator[tuple[Running, WatchedMedia]]:
    settings = load_settings(
        {
            "avatar": "ada",
            "avatars": avatars,
            "backend": "cpu",
            "tts": "silent",
            "port": 0,
            "grpc_port": 0,
            "size": "200x200",
            "seed": 1,
            "database": "sqlite://",
            "cache_dir": folder / "cache",
        }
    )
    media = WatchedMedia(settings)
    server = Server(settings, media, lambda _library: RulesResponder(()))
    ready = await server.start()
    try:
        yield Running(server, ready, FakeMedia(), FakeResponder()), media
    finally:
        await server.aclose()


async def pictures(media: WatchedMedia, session_id: str, count: int) -> list[I420]:
    watched = media.bodies[session_id]._frames.feed.subscribe()
    return [(await watched.next()).image.copy() for _ in range(count)]


def brightness(picture: I420) -> float:
    """Of the face in a frame of 200 x 200."""
    return float(picture[60:100, 85:115].mean())


def test_sessions_show_it_and_move_it(folder: Path) -> None:
    async def scene() -> None:
        async with serving(folder, folder / "avatars") as (server, media):
            made = {}
            for name in ("", "ada", "mira"):
                answer = await server.request(
                    "POST", "/api/sessions", {"avatar": name} if name else {}
                )
                assert answer.status == 201, answer.body
                made[name] = answer.json["id"]
            seen = {name: await pictures(media, made[name], 12) for name in made}
            mean = {name: brightness(seen[name][0]) for name in seen}
            assert abs(mean[""] - mean["ada"]) < 2
            assert mean["ada"] < mean["mira"] - 30
            assert any((picture != seen["ada"][0]).any() for picture in seen["ada"][1:])
            answer = await server.request("POST", "/api/sessions", {"avatar": "eve"})
            assert answer.status == 400
            assert b"expected one of ada, mira" in answer.body

    asyncio.run(scene())


def test_one_that_is_baked_again_is_taken_by_new_sessions_alone(
    folder: Path, tmp_path: Path
) -> None:
    avatars = tmp_path / "avatars"
    publish(load_pack(folder / "avatars" / "ada"), avatars, replaces=False)

    async def scene() -> None:
        async with serving(folder, avatars) as (server, media):
            before = (await server.request("POST", "/api/sessions", {})).json["id"]
            publish(replace(mira(), name="ada"), avatars, replaces=True)
            after = (await server.request("POST", "/api/sessions", {})).json["id"]
            old = [brightness(picture) for picture in await pictures(media, before, 4)]
            new = [brightness(picture) for picture in await pictures(media, after, 4)]
            assert max(old) < min(new) - 30

    asyncio.run(scene())


def test_a_broken_pack_is_said_to_be_one(folder: Path, tmp_path: Path) -> None:
    avatars = tmp_path / "avatars"
    pack = publish(load_pack(folder / "avatars" / "ada"), avatars, replaces=False)
    publish(replace(load_pack(pack), name="eve"), avatars, replaces=False)
    (avatars / "eve" / "face.safetensors").write_bytes(b"junk")

    async def scene() -> None:
        async with serving(folder, avatars) as (server, _):
            answer = await server.request("POST", "/api/sessions", {"avatar": "eve"})
            assert answer.status == 409
            assert b"face.safetensors" in answer.body
            assert (await server.request("POST", "/api/sessions", {})).status == 201

    asyncio.run(scene())
