import asyncio
import errno
import hashlib
import io
import os
import time
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis
from capsules.clip import Clip
from capsules.library import Library
from compositor.backend import I420, Wanted
from compositor.background import STUDIO
from compositor.drawlist import DrawList, FrameSize
from compositor.light import Surroundings
from compositor.pages import CacheStats
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS, VirtualClock
from engine.errors import VoiceError
from engine.features import Features
from engine.live import LiveBody, LiveCallbacks, LiveOptions
from engine.quality import Quality
from engine.recording import journal
from engine.recording.body import RecordedBody
from engine.recording.entries import (
    Applied,
    Asked,
    Barred,
    Cut,
    End,
    Entry,
    Header,
    Learned,
    Lit,
    Posed,
    Shown,
    Switched,
    Voiced,
)
from engine.recording.errors import JournalError, ReplayError
from engine.recording.fingerprint import avatar_digest, library_print
from engine.recording.journal import (
    JournalLimits,
    Journals,
    JournalWriter,
    read_journal,
    read_manifest,
    sha256_of_journal,
)
from engine.recording.replay import PACKET_SAMPLES, Replay, check_made_with
from engine.recording.wire import (
    entry_from_bytes,
    entry_to_bytes,
    header_from_bytes,
    header_to_bytes,
)
from engine.renderer import Finish, Renderer
from engine.rtc.audio import SoundTrack
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme, VoiceDelta
from tests.unit import bodies
from tests.unit.avatars import PROVENANCE, plain_part, solid
from tests.unit.bodies import capsule, packet
from tests.unit.virtual_time import VirtualTimer

MS = NS_PER_MS
SIZE = FrameSize(16, 16)
_FACE = plain_part("face", (0, 0, 64, 64), solid((200, 150, 120, 255)))
_BASES = {name: Basis(np.zeros(_FACE.vertices.shape, np.float16)) for name in bodies.BASES}
AVATAR = Avatar("synthetic", 64, (replace(_FACE, bases=_BASES),), PROVENANCE)
LIBRARY = bodies.library()
RED = (255, 0, 0)


def header(session_id: str = "s", library: Library = LIBRARY, **fields: object) -> Header:
    plain = Header(
        session_id=session_id,
        program_version="1",
        began_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        avatar="synthetic",
        avatar_sha256=avatar_digest(AVATAR),
        library_sha256=library_print(library).sha256,
        micro_count=0,
        barred=(),
        size=SIZE,
        fps=30,
        seed=2**64 - 1,
        probe=True,
        quality=Quality.FULL,
        features=Features(),
        background=STUDIO,
        label=False,
        watermark="",
        av_offset_ms=80.0,
        speech_lead_ms=180,
        backend="fake",
    )
    return replace(plain, **fields)  # type: ignore[arg-type] # any field


class Drawer:
    """Stands for the renderer: a picture of its own for every draw list."""

    backend = "fake"

    def __init__(self) -> None:
        self.missing = False
        self.failing = False
        self.last: I420 | None = None

    async def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None: ...

    async def load_clips(self, clips: Iterable[Clip]) -> None: ...

    def prefetch(self, wanted: Wanted) -> None: ...

    def cache_stats(self) -> CacheStats:
        return CacheStats()

    def coarse(self, session_id: str) -> bool:
        return self.missing

    async def render(
        self, draw_list: DrawList, session_id: str, finish: Finish | None = None
    ) -> I420 | None:
        if self.failing:
            return self.last
        digest = hashlib.sha256(draw_list.to_bytes()).digest()
        self.last = np.frombuffer(digest, np.uint8)
        return self.last

    async def forget(self, session_id: str) -> None: ...


class Voice:
    """Noise that depends on the text and the voice alone."""

    def __init__(self, other: str = "") -> None:
        self.other = other

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        if self.other == "broken":
            raise VoiceError("hoarse")
        seed = int.from_bytes(hashlib.sha256(f"{text}{delta}{self.other}".encode()).digest()[:8])
        noise = np.random.default_rng(seed).uniform(-0.5, 0.5, SAMPLE_RATE_HZ // 2)
        samples = noise.astype(np.float32)
        shapes = (SpeechViseme(10, 0.0, 250.0), SpeechViseme(1, 250.0, 250.0))
        return Speech(text, samples, shapes, (20.0, 260.0))

    async def aclose(self) -> None: ...


class Scene:
    """A live body in virtual time that is recorded, with what its viewers saw and heard."""

    def __init__(self, folder: Path) -> None:
        self.journals = Journals(folder)
        self.drawer = Drawer()
        self.clock = VirtualClock(7 * MS)
        self.timer = VirtualTimer(self.clock)
        self.shown: list[tuple[int, bytes]] = []
        self.heard: list[NDArray[np.int16]] = []
        self.path = Path()

    async def play(self) -> None:
        writers: list[JournalWriter] = []

        async def begin(made: BodyOptions) -> JournalWriter:
            found = library_print(LIBRARY)
            made_of = header(seed=made.seed, av_offset_ms=made.av_offset_ms)
            made_of = replace(made_of, speech_lead_ms=made.speech_lead_ms)
            writers.append(self.journals.open(made_of, self.clock.now_ns(), found))
            return writers[-1]

        live = await LiveBody.start(
            options=LiveOptions("s", SIZE, seed=3, probe=True),
            library=LIBRARY,
            avatar=AVATAR,
            renderer=cast("Renderer", self.drawer),
            tts=Voice(),
            clock=self.clock,
            callbacks=LiveCallbacks(
                on_message=lambda _: None,
                on_speech=lambda _: None,
                on_fault=lambda fault: pytest.fail(repr(fault)),
                on_viewers=lambda _: None,
                on_drawn=lambda _sequence, _timestamp: "",
            ),
            timer=self.timer,
            open_journal=begin,
        )
        self.path = writers[0].path
        publish = live._frames.feed.publish
        watching = live._frames.feed.subscribe()

        def kept(frame: object) -> None:
            self.shown.append((frame.pts, frame.image.tobytes()))  # type: ignore[attr-defined]
            publish(frame)  # type: ignore[arg-type]

        live._frames.feed.publish = kept  # type: ignore[method-assign]
        track = SoundTrack(
            live._timeline, live._frames.start_ns, clock=self.clock, timer=self.timer
        )
        listening = asyncio.create_task(self._listen(track))
        await self._act(live)
        track.stop()
        await live.aclose()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert watching.skipped >= 0
        await asyncio.to_thread(self.journals.close)
        assert live.journal_sha256 == sha256_of_journal(self.path)
        assert live.journal == self.path.name

    async def _listen(self, track: SoundTrack) -> None:
        while True:
            frame = await track.recv()
            self.heard.append(np.asarray(frame.to_ndarray()[0], np.int16))

    async def _act(self, live: LiveBody) -> None:
        async def passes(ms: float) -> None:
            await self.timer.advance(round(ms * MS))

        await passes(100)
        live.apply(packet("VF_SMILE", "HF_BEAT", sequence=1, speak_text="Hello there. And you?"))
        await passes(333)
        live.surround(Surroundings(RED, RED, RED, RED, 1.0))
        live.pose((("browInnerUp", 0.6),))
        live.active_capsules()
        await passes(301)
        self.drawer.missing = True
        await passes(100)
        self.drawer.missing, self.drawer.failing = False, True
        await passes(100)
        self.drawer.failing = False
        live.apply(packet("VF_WINK", sequence=2, interrupt=True))
        live.pose(())
        await passes(200)
        live.learn(capsule("VF_MINE", {"jawOpen": [(0, 0.4)]}, hold=True))
        live.apply(packet("VF_MINE", sequence=3))
        live.set_features(Features(visemes=False, light_probe=False))
        live.set_quality(Quality.HALF)
        live.apply(packet("VF_SAD", sequence=4, speak_text="Oh no.", audio_first=True))
        await passes(150)
        live.take(LIBRARY.bar({"VF_SAD", "HF_LIFT"}), (3,))
        await passes(600)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    found = Scene(tmp_path_factory.mktemp("journals"))
    asyncio.run(found.play())
    return found


def replayed(path: Path, voice: Voice | None = None) -> Replay:
    found, entries = read_journal(path)
    replay = Replay(found, list(entries), LIBRARY, AVATAR)
    asyncio.run(replay.speak(voice or Voice()))
    return replay


def pictures(replay: Replay) -> list[tuple[int, bytes]]:
    shown: list[tuple[int, bytes]] = []
    for frame in replay.frames():
        if frame.draw_list is None:
            shown.append((frame.pts, shown[-1][1]))
        else:
            shown.append((frame.pts, hashlib.sha256(frame.draw_list.to_bytes()).digest()))
    return shown


def test_every_draw_list_comes_out_as_it_was(scene: Scene) -> None:
    replay = replayed(scene.path)
    assert len(scene.shown) > 50
    assert pictures(replay) == scene.shown
    report = replay.report
    assert (report.frames, report.differing) == (len(scene.shown), 0)
    assert report.checked >= 5
    assert report.coarse == 3
    assert report.repeated == 3
    assert report.late_frames == 0


def test_sound_comes_out_sample_for_sample(scene: Scene) -> None:
    replay = replayed(scene.path)
    length_ns = len(scene.heard) * 20 * MS
    again = list(replay.sound(replay.start_ns, replay.start_ns + length_ns))
    whole = np.clip(np.concatenate(again) * 32767.0, -32768.0, 32767.0).astype(np.int16)
    heard = np.concatenate(scene.heard)
    assert len(again[0]) == PACKET_SAMPLES
    assert np.count_nonzero(heard) > SAMPLE_RATE_HZ // 2
    assert np.array_equal(whole, heard)
    assert (replay.report.sentences, replay.report.other_sound) == (3, 0)


def test_another_voice_is_counted_and_pictures_stay(scene: Scene) -> None:
    for other in ("other", "broken"):
        replay = replayed(scene.path, Voice(other))
        assert replay.report.other_sound == 3
        shown = pictures(replay)
        before = [frame for frame in scene.shown if frame in shown]
        # All but those in which the jaw follows the loudness of the other voice.
        assert len(before) > 0.7 * len(scene.shown)
        assert [pts for pts, _ in shown] == [pts for pts, _ in scene.shown]


def test_body_that_goes_astray_is_noticed(scene: Scene) -> None:
    found, entries = read_journal(scene.path)
    other = replace(found, seed=found.seed + 1)
    replay = Replay(other, list(entries), LIBRARY, AVATAR)
    asyncio.run(replay.speak(Voice()))
    assert pictures(replay) != scene.shown
    assert replay.report.differing > 0


def test_journal_that_breaks_off_is_read_up_to_its_last_whole_record(
    scene: Scene, tmp_path: Path
) -> None:
    content = scene.path.read_bytes()
    _, entries = read_journal(scene.path)
    whole = list(entries)
    for cut in (1, 3, 9, 40, 500, len(content) // 2):
        broken = tmp_path / f"{cut}.journal"
        broken.write_bytes(content[:-cut])
        _, left = read_journal(broken)
        found = list(left)
        assert 0 < len(found) < len(whole)
        assert found == whole[: len(found)]
    replay = replayed(broken)
    assert pictures(replay) == scene.shown[: replay.report.frames]
    assert replay.report.late_frames is None


def test_damaged_record_ends_a_journal(scene: Scene, tmp_path: Path) -> None:
    content = bytearray(scene.path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged = tmp_path / "damaged.journal"
    damaged.write_bytes(content)
    _, entries = read_journal(damaged)
    assert 0 < len(list(entries)) < len(list(read_journal(scene.path)[1]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "expected b'CAPSJRN1'"),
        (b"CAPSJRN2....", "expected b'CAPSJRN1'"),
        (b"CAPSJRN1", "before its first record"),
        (b"CAPSJRN1\x02\0\0\0\0\0\0\0ab", "before its first record"),
    ],
)
def test_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=told):
        read_journal(path)
    with pytest.raises(JournalError, match="there is no journal"):
        read_journal(tmp_path / "none.journal")


@pytest.mark.skipif(os.name != "posix", reason="other systems have other modes")
def test_journals_are_their_owners_alone(scene: Scene) -> None:
    assert scene.path.stat().st_mode & 0o777 == 0o600


KINDS = [
    Applied(packet("VF_SMILE", sequence=4, speak_text="hi"), True),
    Cut(),
    Voiced(7),
    Asked(),
    Lit(Surroundings(RED, (0, 255, 1), (1, 2, 3), (9, 9, 9), 0.35)),
    Posed((("jawOpen", 0.1), ("camera.zoom", 1.25))),
    Learned("{}"),
    Switched(Quality.HALF),
    Switched(Features(context=False)),
    Barred(("VF_A", "VF_B"), None, (3, 4)),
    Barred((), ("VF_A",), ()),
    Barred(("VF_A",), (), ()),
    Shown(900, coarse=True, repeated=False, start_ns=-5),
    Shown(901),
    End(5, 1, 2, "why"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
def test_entry_is_read_as_it_was_written(kind: object) -> None:
    entry = Entry(123_456_789_012, kind)  # type: ignore[arg-type]
    assert entry_from_bytes(entry_to_bytes(entry)) == entry


def test_everything_that_a_body_is_told_is_recorded() -> None:
    """Who gives a body more to go by has to record it too."""
    said = {"text", "samples", "visemes", "stresses_ms"}
    assert {item.name for item in fields(Speech)} == said
    calls = {name for name in vars(Body) if not name.startswith("_")} - {"event_sequence"}
    assert calls <= set(vars(RecordedBody))


def test_header_is_read_as_it_was_written() -> None:
    given = header(barred=("VF_A",), features=Features(visemes=False), watermark="demo", label=True)
    assert header_from_bytes(header_to_bytes(given)) == given
    with pytest.raises(JournalError):
        header_from_bytes(b"\xff\xff")
    with pytest.raises(JournalError, match="kind"):
        entry_from_bytes(b"")


def test_other_library_or_avatar_is_told_with_what_changed() -> None:
    found = library_print(LIBRARY)
    check_made_with(header(), LIBRARY, AVATAR, found.items)
    check_made_with(header(), LIBRARY.bar({"VF_SMILE"}), AVATAR, found.items)
    changed = bodies.library(capsule("VF_NEW", {"jawOpen": [(0, 0.1)]}))
    check_made_with(header(), changed, AVATAR, found.items)
    made = header(library=changed)
    with pytest.raises(ReplayError, match="changed or missing: VF_NEW"):
        check_made_with(made, LIBRARY, AVATAR, library_print(changed).items)
    with pytest.raises(ReplayError, match="what has changed is not known"):
        check_made_with(made, LIBRARY, AVATAR, {})
    other = replace(AVATAR, parts=(replace(AVATAR.parts[0], pivot=(1.0, 0.0)),))
    with pytest.raises(ReplayError, match="version of the avatar 'synthetic'"):
        check_made_with(header(), LIBRARY, other, found.items)


def test_digests_of_the_library_are_kept_beside_the_journals(scene: Scene) -> None:
    found = library_print(LIBRARY)
    assert read_manifest(scene.path.parent, found.sha256) == found.items
    assert read_manifest(scene.path.parent, "0" * 64) == {}


def written(journals: Journals, name: str, count: int) -> Path:
    """A closed journal with so many entries."""

    async def write() -> Path:
        writer = journals.open(header(name), 0, library_print(LIBRARY))
        for number in range(count):
            writer.put(number, Posed((("jawOpen", 0.5),)))
        await writer.aclose(count, End(0, 0, 0))
        return writer.path

    return asyncio.run(write())


def test_journal_that_outgrows_its_limit_ends_and_says_so(tmp_path: Path) -> None:
    journals = Journals(tmp_path, JournalLimits(file_bytes=2_000))
    path = written(journals, "s", 500)
    journals.close()
    entries = list(read_journal(path)[1])
    assert 10 < len(entries) < 200
    end = entries[-1].kind
    assert isinstance(end, End)
    assert "2,000 bytes" in end.truncated
    assert path.stat().st_size < 3_000


def test_entries_that_come_too_fast_end_a_journal(tmp_path: Path) -> None:
    journals = Journals(tmp_path, JournalLimits(waiting=10))
    path = written(journals, "s", 5_000)
    journals.close()
    ends = [entry.kind for entry in read_journal(path)[1] if isinstance(entry.kind, End)]
    assert any("faster than they could be written" in end.truncated for end in ends)


def test_oldest_journals_go_first_and_none_that_lives(tmp_path: Path) -> None:
    journals = Journals(tmp_path, JournalLimits(days=1.0))
    old, young = written(journals, "old", 5), written(journals, "young", 5)
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    living = journals.open(header("living"), 0, library_print(LIBRARY))
    os.utime(living.path, (two_days_ago, two_days_ago))
    journals.sweep()
    assert not old.exists()
    assert young.exists()
    assert living.path.exists()
    small = Journals(tmp_path, JournalLimits(total_bytes=1))
    small.sweep()
    assert not young.exists()
    journals.close()


class FullDisk(io.RawIOBase):
    """Takes a few bytes at a time, and then no more."""

    def __init__(self, room_bytes: int) -> None:
        self.left_bytes = room_bytes
        self.kept = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        if not self.left_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = bytes(cast("bytes", data))[: min(7, self.left_bytes)]
        self.left_bytes -= len(taken)
        self.kept += taken
        return len(taken)


def test_disk_that_takes_a_part_gets_the_rest_and_a_full_one_ends_the_journal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = FullDisk(100)
    file = journal._File(cast("BinaryIO", disk), hashlib.sha256(), 0)
    journal._append(file, b"a" * 60)
    assert disk.kept == b"a" * 60
    assert not file.truncated
    journal._append(file, b"b" * 60)
    assert file.truncated
    assert "No space left" in caplog.text
    assert file.digest.hexdigest() == hashlib.sha256(disk.kept).hexdigest()


def test_journal_that_another_sweep_deletes_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals = Journals(tmp_path, JournalLimits(total_bytes=1))
    gone, left = written(journals, "gone", 5), written(journals, "left", 5)
    look = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path == gone:
            path.unlink(missing_ok=True)
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)
    journals.sweep()
    assert not left.exists()
    journals.close()


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        Journals(tmp_path / "file").open(header(), 0, library_print(LIBRARY))


def test_session_that_nobody_watched_has_nothing_to_show(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    path = written(journals, "s", 3)
    journals.close()
    replay = replayed(path)
    assert pictures(replay) == []
    with pytest.raises(ReplayError, match="nobody watched"):
        _ = replay.start_ns
