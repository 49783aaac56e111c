"""Capsules made ready to play: what a frame needs of them, as plain tuples."""

from dataclasses import dataclass
from functools import cache

from capsules.clip import Clip
from capsules.model import BlendMode, Capsule, Easing, Layer
from capsules.targets import Target, TargetKind, targets
from engine.motion.chance import text_counter
from engine.motion.curves import Ease, ease, ease_out
from engine.motion.habits import Habits, habits_of

__all__ = ["CapsulePlan", "ClipPlan", "TrackPlan", "plan", "target_index", "target_table"]

_FADE_IN_MS = (60.0, 250.0)
_FADE_OUT_MS = (80.0, 300.0)
_CLIP_FADE_MS = (150.0, 300.0)  # a picture that comes in faster than that snaps


@cache
def target_table() -> tuple[Target, ...]:
    """All targets; everything in the body that has one value a target keeps this order."""
    return tuple(targets().values())


@cache
def target_index() -> dict[str, int]:
    """Position of each target in `target_table`."""
    return {item.name: index for index, item in enumerate(target_table())}


@dataclass(frozen=True, slots=True)
class TrackPlan:
    """One curve.

    Attributes:
        index: The target's position in `target_table`.
        minimum: The target's smallest value.
        maximum: The target's largest value.
        times: Ascending, ms.
        values: As many.
        rest: The value that changes nothing.
        fades_in: Whether it begins away from rest, so that the capsule's fade must bring it in.
    """

    index: int
    minimum: float
    maximum: float
    times: tuple[float, ...]
    values: tuple[float, ...]
    rest: float
    fades_in: bool


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """Pictures.

    Attributes:
        cid: Id of the capsule whose clip it is.
        after: The part after which it is drawn.
        fps: Frames a second at pace 1.
        frame_count: How many there are.
    """

    cid: str
    after: str
    fps: float
    frame_count: int


@dataclass(frozen=True, slots=True)
class CapsulePlan:
    """One plain capsule.

    Attributes:
        cid: Its id.
        counter: The id as a number, for `engine.motion.chance`.
        layer: Its layer.
        priority: [0, 10].
        mode: How it meets others.
        holds: Whether it stays until replaced; so do those that loop.
        loops: Whether it repeats.
        duration_ms: Length at pace 1.
        fade_in_ms: Length of the fade in.
        fade_out_ms: Length of the fade at its end; 0 where all its curves end at rest.
        fade_in: Shape of the fade in.
        reaction_fade_in: Its shape where the capsule is the first reaction to an event.
        quiet_ms: How long after its start nothing moves yet.
        stroke_ms: When the gesture's stroke peaks; None: it has none.
        tracks: What shows: everything but the voice.
        voice_tracks: The rest.
        moved: Targets of `tracks`.
        clip: Its pictures, of a capsule that has them instead of curves.
        habits: What it makes of manners while it is held.
    """

    cid: str
    counter: int
    layer: Layer
    priority: int
    mode: BlendMode
    holds: bool
    loops: bool
    duration_ms: float
    fade_in_ms: float
    fade_out_ms: float
    fade_in: Ease
    reaction_fade_in: Ease
    quiet_ms: float
    stroke_ms: float | None
    tracks: tuple[TrackPlan, ...]
    voice_tracks: tuple[TrackPlan, ...]
    moved: frozenset[int]
    clip: ClipPlan | None = None
    habits: Habits | None = None


def plan(capsule: Capsule, clip: Clip | None = None) -> CapsulePlan:
    """Makes a plain capsule ready; its components, if any, are left out.

    Args:
        capsule: The capsule.
        clip: What is known of its clip's file; without it the capsule shows nothing.
    """
    tracks = tuple(_track(capsule, position) for position in range(len(capsule.tracks)))
    table = target_table()
    voice = tuple(item for item in tracks if table[item.index].kind is TargetKind.VOICE)
    shown = tuple(item for item in tracks if table[item.index].kind is not TargetKind.VOICE)
    ends_at_rest = all(_ends_at_rest(capsule, item) for item in tracks)
    return CapsulePlan(
        cid=capsule.cid,
        counter=text_counter(capsule.cid),
        layer=capsule.layer,
        priority=capsule.priority,
        mode=capsule.blend_mode,
        # A neutral is what a layer returns to: it takes the place of whatever is held.
        holds=capsule.hold or capsule.loop or capsule.cid.endswith("_NEUTRAL"),
        loops=capsule.loop,
        duration_ms=float(capsule.duration_ms),
        fade_in_ms=_fade_in_ms(capsule),
        fade_out_ms=0.0 if ends_at_rest and not capsule.clip else _fade_out_ms(capsule),
        # Pictures fade by smoothstep, whatever the easing; see `engine.motion.overlays`.
        fade_in=ease(Easing.LINEAR if capsule.clip else capsule.easing),
        reaction_fade_in=ease_out(Easing.LINEAR if capsule.clip else capsule.easing),
        quiet_ms=_quiet_ms(tracks),
        stroke_ms=None if capsule.phases is None else float(capsule.phases.stroke),
        tracks=shown,
        voice_tracks=voice,
        moved=frozenset(item.index for item in shown),
        clip=ClipPlan(clip.cid, clip.after, clip.fps, clip.frame_count) if clip else None,
        habits=habits_of(capsule.params),
    )


def _track(capsule: Capsule, position: int) -> TrackPlan:
    track = capsule.tracks[position]
    index = target_index()[track.target]
    target = target_table()[index]
    values = tuple(value for _, value in track.curve)
    return TrackPlan(
        index=index,
        minimum=target.minimum,
        maximum=target.maximum,
        times=tuple(float(time) for time, _ in track.curve),
        values=values,
        rest=_rest(capsule, target),
        # An override hides what lies under it, wherever its curve begins.
        fades_in=capsule.blend_mode is BlendMode.OVERRIDE or values[0] != _rest(capsule, target),
    )


def _rest(capsule: Capsule, target: Target) -> float:
    if capsule.blend_mode is BlendMode.OVERRIDE:
        return target.rest
    return 0.0 if capsule.blend_mode is BlendMode.ADDITIVE else 1.0


def _ends_at_rest(capsule: Capsule, track: TrackPlan) -> bool:
    return capsule.blend_mode is not BlendMode.OVERRIDE and track.values[-1] == track.rest


def _quiet_ms(tracks: tuple[TrackPlan, ...]) -> float:
    """When the first of its curves leaves rest."""
    leaves = (_leaves_rest_ms(item) for item in tracks)
    return min((time for time in leaves if time is not None), default=0.0)


def _leaves_rest_ms(track: TrackPlan) -> float | None:
    for position, value in enumerate(track.values):
        if value != track.rest:
            return track.times[position - 1] if position else 0.0
    return None


def _fade_in_ms(capsule: Capsule) -> float:
    if capsule.phases is not None and capsule.phases.ready > 0:
        return _asked(capsule, capsule.phases.ready)
    limits = _CLIP_FADE_MS if capsule.clip else _FADE_IN_MS
    return _within(0.25 * capsule.duration_ms, limits)


def _fade_out_ms(capsule: Capsule) -> float:
    if capsule.phases is not None and capsule.phases.end > capsule.phases.relax:
        return _asked(capsule, capsule.phases.end - capsule.phases.relax)
    limits = _CLIP_FADE_MS if capsule.clip else _FADE_OUT_MS
    return _within(0.3 * capsule.duration_ms, limits)


def _asked(capsule: Capsule, fade_ms: int) -> float:
    """A fade that the capsule asks for, but for what would snap."""
    return max(_CLIP_FADE_MS[0] if capsule.clip else 0.0, float(fade_ms))


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(limits[1], max(limits[0], value))
