"""What to do besides feeling: nods, looks and hands for each situation, as tags of the library.

A capsule answers to a tag when the tag begins its id's name (`VF_NOD_SLOW` answers to "nod"), is
its `subtype`, or is among its `context`.
"""

from dataclasses import dataclass
from enum import StrEnum

from control_plane.events import TaskState, UiContext
from engine.packet import Attention, Mood

__all__ = ["BESIDE_PROFILE", "GESTURES", "TASK_SITUATIONS", "UI_SITUATIONS", "Gesture", "Situation"]


class Situation(StrEnum):
    """What happens, as far as gestures go."""

    TOLD = "told"
    STIRRED = "stirred"
    TROUBLED = "troubled"
    ASKED = "asked"
    GREETED = "greeted"
    SPEAKING = "speaking"
    NOTED = "noted"
    SET = "set"
    INTERRUPTED = "interrupted"
    IDLE = "idle"
    TYPING = "typing"
    READING = "reading"
    LISTENING = "listening"
    AWAY = "away"
    TASK_STARTED = "task_started"
    TASK_PROGRESS = "task_progress"
    TASK_SUCCEEDED = "task_succeeded"
    TASK_FAILED = "task_failed"
    TASK_WAITING = "task_waiting"


@dataclass(frozen=True, slots=True)
class Gesture:
    """What a situation calls for.

    Attributes:
        accent: Tags of a short move of the face or head; one of all that answer is drawn.
        pose: Tags of a face that is held while the situation lasts; the first answer is taken.
        hand: Tags of the hands' gesture; one of the answers to the first answered tag is drawn.
        body: Tags of the body's gesture, drawn likewise; empty: as the emotion suggests.
        accent_weight: [0, 1].
        pose_weight: [0, 1].
        hand_weight: [0, 1].
        pose_s: How long the pose is held at most.
        overrides_hand: Whether the gesture comes before what the emotion would do with the hands.
        feels: What it makes the avatar feel; None: nothing.
        intensity: How strongly, [0, 1].
        attention: What the avatar attends to from then on; None: as before.
        curious: Whether curiosity leans towards it and strengthens the accent.
    """

    accent: tuple[str, ...] = ()
    pose: tuple[str, ...] = ()
    hand: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    accent_weight: float = 0.8
    pose_weight: float = 0.8
    hand_weight: float = 0.9
    pose_s: float = 30.0
    overrides_hand: bool = True
    feels: Mood | None = None
    intensity: float = 0.0
    attention: Attention | None = None
    curious: bool = False


_NODS = ("nod", "tilt_left", "tilt_right", "brow_flash")

GESTURES: dict[Situation, Gesture] = {
    Situation.TOLD: Gesture(
        accent=_NODS,
        hand=("acknowledge", "listening"),
        hand_weight=0.8,
        overrides_hand=False,
        attention=Attention.LISTENING,
    ),
    Situation.STIRRED: Gesture(
        accent=("brow_flash",),
        hand=("acknowledge", "listening"),
        overrides_hand=False,
        attention=Attention.LISTENING,
    ),
    Situation.TROUBLED: Gesture(
        # Nothing quick, and no brow flash: it ends in a smile.
        accent=("nod_slow", "tilt_left", "tilt_right"),
        hand=("listening",),
        hand_weight=0.8,
        overrides_hand=False,
        attention=Attention.LISTENING,
    ),
    Situation.ASKED: Gesture(
        # No glance aside: the pose looks away already.
        accent=("tilt_left", "tilt_right", "brow_flash"),
        pose=("thinking",),
        pose_s=2.5,
        hand=("thinking",),
        hand_weight=0.8,
        overrides_hand=False,
        attention=Attention.THINKING,
        curious=True,
    ),
    Situation.GREETED: Gesture(
        accent=("brow_flash", "nod"),
        hand=("greeting", "wave"),
        attention=Attention.LISTENING,
    ),
    Situation.SPEAKING: Gesture(
        accent=("brow_flash", "nod", "tilt_left", "tilt_right"),
        hand=("speaking", "explaining", "emphasis"),
        accent_weight=0.5,
        hand_weight=0.9,
        overrides_hand=False,
        attention=Attention.LISTENING,
    ),
    Situation.NOTED: Gesture(accent=("glance_aside", "brow_flash"), accent_weight=0.5),
    Situation.SET: Gesture(),
    Situation.INTERRUPTED: Gesture(
        accent=("brow_flash",),
        accent_weight=0.6,
        pose=("attention", "listening"),
        pose_s=6.0,
        hand=("interrupt", "listening"),
        hand_weight=0.8,
        attention=Attention.LISTENING,
    ),
    Situation.IDLE: Gesture(
        accent=("glance_aside",), accent_weight=0.5, hand=("idle",), attention=Attention.IDLE
    ),
    Situation.TYPING: Gesture(
        pose=("watching_typing", "typing", "attention"),
        pose_s=8.0,
        hand=("typing",),
        body=("lean_in",),
        attention=Attention.TYPING,
    ),
    Situation.READING: Gesture(
        pose=("reading",), pose_s=60.0, hand=("reading",), attention=Attention.READING
    ),
    Situation.LISTENING: Gesture(
        accent=("tilt_left", "tilt_right", "nod"),
        accent_weight=0.6,
        pose=("listening", "attention"),
        hand=("listening",),
        body=("lean_in",),
        attention=Attention.LISTENING,
    ),
    Situation.AWAY: Gesture(
        accent=("glance_aside",),
        accent_weight=0.6,
        hand=("away", "idle", "waiting"),
        attention=Attention.AWAY,
    ),
    Situation.TASK_STARTED: Gesture(
        accent=("nod",),
        pose=("focused", "task_running"),
        pose_weight=0.6,
        hand=("task_started", "task_running"),
        feels=Mood(0.15, 0.25, 0.30),
        intensity=0.6,
        attention=Attention.TASK_RUNNING,
    ),
    Situation.TASK_PROGRESS: Gesture(
        accent=("glance_aside", "nod"),
        accent_weight=0.5,
        pose=("focused", "task_running"),
        pose_weight=0.6,
        hand=("task_progress", "task_running"),
        hand_weight=0.7,
        feels=Mood(0.15, 0.10, 0.15),
        intensity=0.3,
        attention=Attention.TASK_RUNNING,
    ),
    Situation.TASK_SUCCEEDED: Gesture(
        accent=("nod_double", "brow_flash"),
        hand=("task_succeeded", "task_done"),
        body=("bounce", "task_done"),
        feels=Mood(0.75, 0.45, 0.45),
        intensity=0.9,
        attention=Attention.TASK_DONE,
    ),
    Situation.TASK_FAILED: Gesture(
        accent=("shake", "lip_press"),
        hand=("task_failed",),
        body=("sigh", "shrug"),
        feels=Mood(-0.50, 0.15, -0.25),
        intensity=0.9,
        attention=Attention.TASK_FAILED,
    ),
    Situation.TASK_WAITING: Gesture(
        accent=("glance_aside", "lip_press"),
        accent_weight=0.6,
        hand=("task_waiting", "waiting"),
        feels=Mood(-0.05, -0.25, -0.05),
        intensity=0.4,
        attention=Attention.WAITING,
    ),
}

BESIDE_PROFILE = frozenset(
    {
        Situation.SPEAKING,
        Situation.NOTED,
        Situation.IDLE,
        Situation.TYPING,
        Situation.READING,
        Situation.LISTENING,
        Situation.AWAY,
    }
)
"""Situations that leave a profile that is held as it is: only the hands answer them."""

TASK_SITUATIONS: dict[TaskState, Situation] = {
    TaskState.STARTED: Situation.TASK_STARTED,
    TaskState.PROGRESS: Situation.TASK_PROGRESS,
    TaskState.SUCCEEDED: Situation.TASK_SUCCEEDED,
    TaskState.FAILED: Situation.TASK_FAILED,
    TaskState.WAITING: Situation.TASK_WAITING,
}

UI_SITUATIONS: dict[UiContext, Situation] = {
    UiContext.IDLE: Situation.IDLE,
    UiContext.TYPING: Situation.TYPING,
    UiContext.READING: Situation.READING,
    UiContext.SPEAKING: Situation.LISTENING,
    UiContext.AWAY: Situation.AWAY,
}
