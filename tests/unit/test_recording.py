import asyncio
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.recording.errors import ReplayError
from engine.recording.fingerprint import library_print
from engine.recording.journal import read_journal
from engine.recording.journals import Journals
from engine.recording.manifests import read_manifest
from engine.recording.replay import PACKET_SAMPLES, Replay, check_made_with
from engine.voice.port import SAMPLE_RATE_HZ
from tests.unit import bodies
from tests.unit.bodies import AVATAR, MS, capsule
from tests.unit.recordings import LIBRARY, Scene, Voice, header, pictures, replayed, written


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    found = Scene(tmp_path_factory.mktemp("journals"))
    asyncio.run(found.play())
    return found


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


@pytest.mark.skipif(os.name != "posix", reason="other systems have other modes")
def test_journals_are_their_owners_alone(scene: Scene) -> None:
    assert scene.path.stat().st_mode & 0o777 == 0o600


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


def test_session_that_nobody_watched_has_nothing_to_show(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    path = written(journals, "s", 3)
    journals.close()
    replay = replayed(path)
    assert pictures(replay) == []
    with pytest.raises(ReplayError, match="nobody watched"):
        _ = replay.start_ns
