"""Which capsules play when: packets in, weighted curves out.

Capsules that hold stay until a packet brings others that hold for the same layer; then the old
fade as the new come in, and one named again only moves to its new weight. The others play once.
Packets less than 50 ms apart are one event: a later one's entries take the place of the earlier
one's in the same layer.
"""

from collections.abc import Sequence

from capsules.library import Library
from capsules.model import Capsule, Layer
from compositor.drawlist import Overlay
from engine.motion.activity import Activity
from engine.motion.conflicts import Mixer, claim
from engine.motion.curves import sample, smoothstep
from engine.motion.firing import BlendReader, Firing
from engine.motion.leadlag import HAND_LEADS_MS, SPEECH_LEAD_MS
from engine.motion.overlays import OverlayMixer
from engine.motion.plans import CapsulePlan
from engine.motion.plays import HEAD_START_MS, MIN_WEIGHT, Play, soften
from engine.motion.roster import Roster
from engine.motion.strokes import landing
from engine.packet import IdPacket

__all__ = ["Scheduler"]

_MERGE_MS = 50.0
_REPLACED_MS = 150.0
_SEEN = frozenset({Layer.FACE, Layer.BODY})  # a hand may still be below the picture
_GESTURES = frozenset({Layer.HAND, Layer.BODY})
_SPOKEN = _GESTURES | {Layer.VOICE}


class Scheduler:
    """Plays capsules. Single-threaded; times are ms of the session and never go back.

    Args:
        library: Where capsules come from.
        seed: Of all chance.
        lead_ms: How long speech waits after its packet.
        varied: Whether chance has a say at all.
    """

    def __init__(
        self,
        library: Library,
        seed: int = 0,
        lead_ms: float = float(SPEECH_LEAD_MS),
        *,
        varied: bool = True,
    ) -> None:
        self._reader = BlendReader(library, seed, lead_ms, varied=varied)
        self._roster = Roster()
        self._batch = 0
        self._burst_batch = 0
        self._burst_ms = float("-inf")
        self._skew_ms = self._mixed_ms = 0.0
        self._tempo = 1.0
        self._voice_mixer = Mixer()
        self._clips = OverlayMixer()
        self.activity = Activity()
        """What capsules that play once take up; set by `mix`."""

    @property
    def plays(self) -> Sequence[Play]:
        """All that play or wait, the weakest claim first."""
        return tuple(self._roster.plays)

    @property
    def overlays(self) -> tuple[Overlay, ...]:
        """The clips that play; set by `mix`."""
        return self._clips.overlays

    def apply(self, packet: IdPacket, now_ms: float) -> float:
        """Fires a packet's blends.

        Returns:
            About how much of the face and the body moves at once: a sum of weights.
        """
        self._batch += 1
        if now_ms - self._burst_ms >= _MERGE_MS:
            self._burst_batch, self._burst_ms = self._batch, now_ms
        if packet.interrupt:
            self.drop_gestures(now_ms)
        firings = self._reader.firings(packet)
        if self._burst_batch != self._batch:
            self._roster.merge(firings, self._burst_batch, now_ms)
        for layer in {item.layer for item in firings if item.holds}:
            self._roster.replace_held(layer, firings, self._batch, now_ms)
        moved = sum(self._fire(item, packet, now_ms) for item in firings)
        self._roster.settle()
        return moved

    def learn(self, capsule: Capsule) -> None:
        """Takes a capsule that the library has not, or has otherwise; see `BlendReader.learn`."""
        self._reader.learn(capsule)

    def take(self, library: Library, dropped: frozenset[int], now_ms: float) -> None:
        """Goes on with another state of the library.

        What may not play in it is gone at once, and what stands in for it takes its place: what is
        shown moves from one to the other as fast as the rate limits let it. Pictures of clips have
        no such limit and are gone with the next frame.

        Args:
            library: The library.
            dropped: Sequences of packets of which nothing may play any more, and for which nothing
                stands in.
            now_ms: The time.
        """
        reader = self._reader
        reader.take(library)
        gone = [
            item
            for item in self._roster.plays
            if item.packet in dropped
            or not (reader.may_play(item.source) and reader.may_play(item.plan.cid))
        ]
        if not gone:
            return
        self._roster.strike(gone)
        for play in gone:
            if play.packet not in dropped and not play.leaving():
                self._stand_in(play, now_ms)
        self._roster.settle()

    def drop_gestures(self, now_ms: float) -> None:
        """Fades what plays once and what the hands and the body do; what waits never starts."""
        self._roster.drop([item for item in self._roster.plays if _is_gesture(item)], now_ms)

    def end_speech(self, now_ms: float) -> None:
        """Fades the gestures that belong to speech; what waits for it never starts."""
        self._roster.drop([item for item in self._roster.plays if item.with_speech], now_ms)

    def place_onset(
        self, sequence: int, onset_ms: float, now_ms: float, stresses: Sequence[float] = ()
    ) -> None:
        """Moves what waits for the speech of a packet.

        Args:
            sequence: Of the packet.
            onset_ms: When its first sound starts.
            now_ms: The time.
            stresses: When its stressed syllables are seen; strokes of gestures land on them.
        """
        for item in self._roster.plays:
            if item.speech == sequence:
                item.speech = 0
                if item.start_ms > now_ms:
                    item.start_ms = max(now_ms, onset_ms + item.after_onset_ms)
                self._land(item, onset_ms, now_ms, stresses)

    def mix(self, now_ms: float, skew_ms: float, mixer: Mixer) -> None:
        """Lays all that plays now over each other in `mixer`, and forgets what is over.

        Args:
            now_ms: The time.
            skew_ms: How far the tempo has moved the curves' time ahead of the clock.
            mixer: Begun by the caller, settled on return.
        """
        if now_ms > self._mixed_ms:
            self._tempo = 1.0 + (skew_ms - self._skew_ms) / (now_ms - self._mixed_ms)
        self._skew_ms, self._mixed_ms = skew_ms, now_ms
        self.activity.begin()
        finished = False
        self._clips.begin(now_ms)
        for play in self._roster.plays:
            if now_ms < play.start_ms:
                continue
            local_ms = play.local_ms(now_ms, skew_ms)
            if play.over(now_ms, local_ms):
                finished = True
                continue
            if play.plan.clip is not None:
                self._clips.lay(play, play.plan.clip, local_ms)
            level = soften(play.level(now_ms, local_ms))
            if level <= 0.0 or not play.plan.tracks:
                continue
            if not play.holds:
                self.activity.count(play, level, local_ms)
            time = local_ms % play.plan.duration_ms if play.plan.loops else local_ms
            mixer.lay(play, play.plan.tracks, time, level, play.attack(local_ms))
        mixer.settle()
        self._clips.settle()
        if finished:
            self._roster.strike([item for item in self._roster.plays if self._over(item, now_ms)])

    def voice(self, now_ms: float, coming: IdPacket | None = None) -> list[float]:
        """One value a target for speech made now: voice capsules at the strength they come to.

        What is to start with the speech counts already, for sound is made ahead of its time.

        Args:
            now_ms: The time.
            coming: The packet that the speech is of, where it has not been applied yet.
        """
        mixer = self._voice_mixer
        mixer.begin()
        for play in self._sounding(now_ms, coming):
            tracks = play.plan.voice_tracks
            length_ms = play.plan.duration_ms
            time = length_ms if play.holds else 0.5 * length_ms
            if now_ms >= play.start_ms:
                time = max(time, play.local_ms(now_ms, self._skew_ms))
            mixer.lay(play, tracks, time, play.goal * play.strength, 1.0)
        mixer.settle()
        return mixer.values

    def active(self, now_ms: float) -> tuple[tuple[str, float], ...]:
        """What plays now: capsule ids with their weights, the strongest first."""
        found: dict[str, float] = {}
        for play in self._roster.plays:
            if now_ms < play.start_ms:
                continue
            local_ms = play.local_ms(now_ms, self._skew_ms)
            if play.over(now_ms, local_ms):
                continue
            weight = min(1.0, play.level(now_ms, local_ms) * play.attack(local_ms))
            if weight >= MIN_WEIGHT:
                found[play.source] = max(weight, found.get(play.source, 0.0))
        return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def _sounding(self, now_ms: float, coming: IdPacket | None) -> list[Play]:
        """What colours the voice now, or will once `coming` is applied; the weakest claim first."""
        firings = [] if coming is None else self._reader.firings(coming)
        replaced = {item.layer for item in firings if item.holds}
        found = [
            play
            for play in self._roster.plays
            if play.plan.voice_tracks
            and not play.leaving()
            and not self._over(play, now_ms)
            and not (play.holds and play.plan.layer in replaced)
        ]
        found += [
            self._play(firing, part, now_ms)
            for firing in firings
            for part in firing.parts
            if part[0].voice_tracks
        ]
        return sorted(found, key=claim)

    def _fire(self, firing: Firing, packet: IdPacket, now_ms: float) -> float:
        """Plays it, or moves what plays already; returns about how much of the face moves."""
        cid = firing.cid
        running = [item for item in self._roster.plays if item.source == cid]
        plans = [part for part, _ in firing.parts]
        # One that has been learned anew meanwhile begins again; made ready anew it is the same.
        current = all(play.plan in plans for play in running)
        if running and current and (firing.holds or running[0].batch >= self._burst_batch):
            for play in running:
                asked = (weight for part, weight in firing.parts if part == play.plan)
                play.retarget(next(asked), now_ms)
                play.packet = packet.sequence
            return 0.0
        for play in running:
            play.fade_out(now_ms, _REPLACED_MS)
        fresh = [self._play(firing, part, now_ms) for part in firing.parts]
        for play in fresh:
            play.packet = packet.sequence
            play.with_speech = (
                bool(packet.speak_text) and not play.holds and play.plan.layer in _SPOKEN
            )
            if firing.start.after_onset_ms is not None:
                play.speech, play.after_onset_ms = packet.sequence, firing.start.after_onset_ms
        if firing.layer is Layer.HAND and not firing.holds:
            self._roster.free_hands(fresh, self._batch)
        self._roster.plays += fresh
        seen = firing.layer in _SEEN and firing.start.offset_ms == 0.0
        return sum(_movement(item) for item in fresh) if seen else 0.0

    def _play(self, firing: Firing, part: tuple[CapsulePlan, float], now_ms: float) -> Play:
        plan, weight = part
        play = Play(plan, firing.cid, self._batch, weight)
        play.holds = firing.holds
        play.pace, play.strength = firing.pace, firing.strength
        play.start_ms = now_ms + firing.start.offset_ms
        if firing.start.offset_ms == 0.0:
            play.head_start_ms = plan.quiet_ms + HEAD_START_MS
            play.fade_in = plan.reaction_fade_in
        return play

    def _stand_in(self, gone: Play, now_ms: float) -> None:
        """Plays what takes the place of a capsule that may not play, unless that plays already."""
        asked = gone.plan.cid if self._reader.may_play(gone.source) else gone.source
        found = self._reader.stand_in(asked)
        if found is None or any(item.source == found[0] for item in self._roster.plays):
            return
        source, parts = found
        for plan, share in parts:
            play = Play(plan, source, gone.batch, share * gone.goal)
            play.packet, play.order = gone.packet, gone.order
            play.pace, play.strength = gone.pace, gone.strength
            play.with_speech, play.speech = gone.with_speech, gone.speech
            play.after_onset_ms = gone.after_onset_ms
            play.start_ms = max(now_ms, gone.start_ms)
            if play.holds and gone.start_ms <= now_ms:
                # The rate limits lead from one to the other: a fade would dip to rest between.
                play.head_start_ms = plan.fade_in_ms
            self._roster.plays.append(play)

    def _land(self, play: Play, onset_ms: float, now_ms: float, stresses: Sequence[float]) -> None:
        """Brings a gesture's stroke to a stressed syllable, if one is near enough."""
        left_ms = play.preparation_ms(now_ms, self._skew_ms, self._tempo)
        if left_ms is None or not stresses:
            return
        shifts = (0.0, 0.0)
        if play.start_ms > now_ms and play.start_ms < onset_ms:
            least, most = HAND_LEADS_MS
            earliest_ms = max(now_ms, min(play.start_ms, onset_ms - most))
            latest_ms = max(play.start_ms, onset_ms - least)
            shifts = (earliest_ms - play.start_ms, latest_ms - play.start_ms)
        begins_ms = max(now_ms, play.start_ms)
        found = landing(begins_ms + left_ms, left_ms, shifts, stresses)
        if found is not None:
            play.start_ms += found.shift_ms
            play.stretch(found.stretch, now_ms, self._skew_ms)

    def _over(self, play: Play, now_ms: float) -> bool:
        if now_ms < play.start_ms:
            return False
        return play.over(now_ms, play.local_ms(now_ms, self._skew_ms))


def _movement(play: Play) -> float:
    """How much it moves in its first frame, summed over its curves; or how much its clip covers."""
    time = play.head_start_ms
    attack = play.attack(time)
    moved = 0.0
    for track in play.plan.tracks:
        change = abs(sample(track.times, track.values, time) - track.rest)
        moved += change * (attack if track.fades_in else 1.0)
    if play.plan.clip is not None:
        moved += smoothstep(attack)
    return moved * play.goal


def _is_gesture(play: Play) -> bool:
    return not play.holds or play.plan.layer in _GESTURES
