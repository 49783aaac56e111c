import asyncio
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from compositor.background import parse_background
from compositor.drawlist import FrameSize
from compositor.light import Surroundings
from control_plane.cli import main
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Interrupt,
    Light,
    PlayExpression,
    Pose,
    SetFeatures,
    SetQuality,
    Speak,
)
from control_plane.replay.film import open_replay, replayed_pictures
from control_plane.sessions.options import SessionOptions
from engine.offline.render import OfflineRenderer
from engine.packet import Mood
from engine.quality import Quality
from engine.recording.journal import SUFFIX
from engine.recording.replay import Report
from engine.voice.open import open_tts
from tests.integration.recording import Playing, Watched, playing, settings_in

SIZE = FrameSize(128, 128)
RED = (255, 0, 0)


async def converse(watched: Watched, playing: Playing) -> None:
    """A little over two seconds in which everything happens that can happen to a body."""
    watched.handle(Chat(ChatRole.USER, "Really? That is wonderful!"))
    await asyncio.sleep(0.25)
    watched.handle(Speak("I am so glad. Tell me all about it, please."))
    watched.handle(Light(Surroundings(RED, RED, RED, RED, 1.0)))
    await asyncio.sleep(0.5)
    watched.handle(Pose((("browInnerUp", 0.7),)))
    watched.handle(SetQuality(Quality.HALF))
    await asyncio.sleep(0.2)
    watched.handle(Interrupt())
    watched.handle(Pose(()))
    watched.handle(PlayExpression("VF_WINK_LEFT"))
    await asyncio.sleep(0.2)
    await playing.governance.revoke(["VF_WINK_LEFT"], "a test", "")
    watched.handle(SetFeatures((("visemes", False), ("light_probe", False))))
    watched.handle(Speak("Oh no."))
    await asyncio.sleep(0.4)
    watched.handle(Emotion(Mood(-0.6, 0.5, -0.3)))
    watched.body.active_capsules()
    await asyncio.sleep(0.5)


async def recorded(
    folder: Path, background: str = "studio", *, brief: bool = False
) -> tuple[Watched, Path]:
    async with playing(folder) as server:
        options = SessionOptions(
            "mira", SIZE, 30, seed=5, probe=True, background=parse_background(background)
        )
        watched = await server.watched(options)
        if brief:
            watched.handle(Chat(ChatRole.USER, "Hello!"))
            await asyncio.sleep(0.4)
        else:
            await converse(watched, server)
        await server.end(watched)
        return watched, server.settings.journals / f"{watched.session.id}{SUFFIX}"


async def replayed(folder: Path, journal: Path) -> tuple[list[tuple[int, str]], Report]:
    settings = settings_in(folder)
    replay, library, avatar = await open_replay(settings, journal)
    voice = await open_tts(settings.tts)
    try:
        await replay.speak(voice)
    finally:
        await voice.aclose()
    with OfflineRenderer(avatar, library) as renderer:
        shown = [
            (frame.pts, hashlib.sha256(draw().tobytes()).hexdigest())
            for frame, draw in replayed_pictures(replay, renderer, None)
        ]
    return shown, replay.report


@dataclass(frozen=True)
class Recording:
    """A session that was recorded, with the folder that its server kept everything in."""

    folder: Path
    frames: list[tuple[int, str]]
    journal: Path

    def replay(self, film: Path, *more: str) -> int:
        """Runs the command; later flags win."""
        settings = settings_in(self.folder)
        where = ("database", "journals", "capsules", "avatars")
        flags = [word for name in where for word in (f"--{name}", str(getattr(settings, name)))]
        command = ["replay", self.journal.stem, "--video", str(film), "--tts", "silent"]
        return main([*command, *flags, *more])


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("recording")
    write_own(folder / "capsules")
    watched, journal = asyncio.run(recorded(folder))
    return Recording(folder, watched.frames, journal)


def write_own(folder: Path, duration_ms: int = 300) -> None:
    capsule = {
        "cid": "VF_MINE",
        "layer": "face",
        "description": "of a test",
        "duration_ms": duration_ms,
        "tracks": [{"target": "jawOpen", "curve": [[0, 0.0], [100, 0.4], [300, 0.0]]}],
    }
    folder.mkdir()
    (folder / "mine.json").write_text(json.dumps({"capsules": [capsule]}))


def test_every_frame_that_was_shown_is_shown_again(recording: Recording) -> None:
    shown, report = asyncio.run(replayed(recording.folder, recording.journal))
    assert len(recording.frames) > 40
    assert len({digest for _, digest in recording.frames}) > 30
    assert shown == recording.frames
    assert (report.coarse, report.repeated, report.differing) == (0, 0, 0)
    assert report.checked > 3
    assert report.sentences >= 2
    assert report.late_frames is not None
    assert report.late_frames < len(recording.frames)


def test_frames_over_another_background_are_shown_again(tmp_path: Path) -> None:
    watched, journal = asyncio.run(recorded(tmp_path, "color:#204060", brief=True))
    shown, _ = asyncio.run(replayed(tmp_path, journal))
    assert len(shown) > 5
    assert shown == watched.frames


def test_command_writes_a_film_with_the_times_of_the_frames(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "film.mp4"
    assert recording.replay(path) == 0
    assert f"{len(recording.frames)} frames, " in capsys.readouterr().out
    with av.open(str(path)) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert (video.width, video.height, audio.rate) == (128, 128, 48_000)
        assert film.metadata["comment"] == "AI-generated"
        sound_s = float((audio.duration or 0) * (audio.time_base or 0))
        ticks = [float((frame.pts or 0) * (video.time_base or 0)) for frame in film.decode(video)]
    began = recording.frames[0][0]
    wanted = [(pts - began) / 90_000 for pts, _ in recording.frames]
    assert len(ticks) == len(wanted)
    assert max(abs(a - b) for a, b in zip(ticks, wanted, strict=True)) < 1e-4
    assert abs(sound_s - wanted[-1]) < 0.1

    assert recording.replay(path) == 1
    assert "--force replaces it" in capsys.readouterr().err
    assert recording.replay(path, "--force", "--from", "0.5", "--to", "1.0", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["written"] == sum(0.5 <= second < 1.0 for second in wanted)


def test_journal_that_was_changed_or_is_gone_is_refused(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = ("--journals", str(tmp_path))
    changed = tmp_path / recording.journal.name
    changed.write_bytes(recording.journal.read_bytes() + b"more")
    assert recording.replay(tmp_path / "a.mp4", *elsewhere) == 1
    assert "is not what was recorded" in capsys.readouterr().err
    changed.unlink()
    assert recording.replay(tmp_path / "a.mp4", *elsewhere) == 1
    assert "--journals-days" in capsys.readouterr().err
    assert main(["replay", "no-id", "--video", "a.mp4"]) == 2
    assert "expected a session's id" in capsys.readouterr().err


def test_recording_of_another_library_names_what_changed(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_own(tmp_path / "other", duration_ms=400)
    other = ("--capsules", str(tmp_path / "other"))
    assert recording.replay(tmp_path / "a.mp4", *other) == 1
    told = capsys.readouterr().err
    assert "another version of the library" in told
    assert "changed or missing: VF_MINE" in told


def test_session_that_is_not_recorded_is_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def unrecorded() -> str:
        async with playing(tmp_path, record=False) as server:
            watched = await server.watched(SessionOptions("mira", SIZE, 30, seed=1))
            await server.end(watched)
            return watched.session.id

    session_id = asyncio.run(unrecorded())
    assert not (tmp_path / "journals").exists()
    assert Recording(tmp_path, [], Path(session_id)).replay(tmp_path / "a.mp4") == 1
    assert "was not recorded" in capsys.readouterr().err
    unknown = "00000000-0000-4000-8000-000000000000"
    assert Recording(tmp_path, [], Path(unknown)).replay(tmp_path / "a.mp4") == 1
    assert "no session" in capsys.readouterr().err


def test_trail_of_a_session_tells_why_each_packet_was_sent(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    database = settings_in(recording.folder).database
    assert main(["audit", recording.journal.stem, "--database", database, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    causes = [line["cause"] for line in lines]
    for cause in ("chat", "speak", "interrupt", "expression", "emotion"):
        assert cause in causes
    wink = next(line for line in lines if line["cause"] == "expression")
    assert [cid for cid, _ in wink["capsules"]] == ["VF_WINK_LEFT"]
    assert main(["audit", recording.journal.stem, "--database", database]) == 0
    assert "VF_WINK_LEFT 1.00" in capsys.readouterr().out
