from hypothesis import given, settings
from hypothesis import strategies as st

from capsules.targets import targets
from compositor.drawlist import DrawList
from engine.body import BLINK_RATE, LIP_RATE
from engine.motion.lips import MOUTH_TARGETS
from tests.unit.bodies import MS, TALK, body, capsule, packet

EASE = 2e-4  # two roundings to four digits

LIMITS = {
    name: (
        BLINK_RATE
        if name.startswith(("eyeBlink", "eyeWide"))
        else LIP_RATE
        if name in MOUTH_TARGETS
        else item.max_rate
    )
    for name, item in targets().items()
}
# fmt: off
CIDS = (
    "VF_SMILE", "VF_SAD", "VF_AGAPE", "VF_WIDE", "VF_WINK", "VF_SNAP", "VF_404", "HF_LIFT",
    "HF_WAVE", "HF_BEAT", "HF_TYPING", "HF_NEUTRAL", "BK_LEAN", "CS_CLOSE", "LD_KEY", "TR_FAST",
)
# fmt: on
SNAP = capsule(
    "VF_SNAP",
    {"jawOpen": [(0, 1.0)], "headYaw": [(0, -1.0), (20, 1.0)]},
    duration_ms=60,
    easing="none",
    blend_mode="override",
    priority=9,
)
Storm = tuple[int, list[tuple[str, float]], str, bool]
events = st.tuples(
    st.integers(0, 180),
    st.lists(st.tuples(st.sampled_from(CIDS), st.floats(0.05, 1.0)), max_size=4),
    st.sampled_from(["", "", "Hello."]),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(events, min_size=1, max_size=25), st.sampled_from([24.0, 30.0, 60.0, 144.0]))
def test_no_storm_makes_anything_snap(storm: list[Storm], fps: float) -> None:
    one = body(SNAP)
    before = _numbers(one.frame(0))
    time, step = 0.0, 1000.0 / fps
    for sequence, (wait, blends, text, interrupt) in enumerate(storm, 1):
        now = round(time * MS)
        one.apply(packet(*blends, sequence=sequence, speak_text=text, interrupt=interrupt), now)
        if text:
            one.begin_speech(TALK, now + 130 * MS)
        for _ in range(1 + int(wait / step)):
            time += step
            shown = _numbers(one.frame(round(time * MS)))
            for name in shown | before:
                rest = targets()[name].rest
                moved = abs(shown.get(name, rest) - before.get(name, rest))
                # Weights under a thousandth are not drawn.
                assert moved <= LIMITS[name] * step / 1000.0 + EASE + 1e-3, name
            before = shown


def _numbers(frame: DrawList) -> dict[str, float]:
    found = dict(frame.weights)
    for move in frame.transforms:
        for axis in ("x", "y", "rotate", "scale"):
            found[f"{move.part}.{axis}"] = getattr(move, axis)
    for axis in ("x", "y", "zoom", "roll"):
        found[f"camera.{axis}"] = getattr(frame.camera, axis)
    for name in ("exposure", "temperature", "contrast"):
        found[f"light.{name}"] = getattr(frame.light, name)
    return found
