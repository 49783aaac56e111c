"""Ten seconds of a conversation under a virtual clock; prints one hash of draw lists and frames.

Run as a program of its own, so that two runs share nothing, not even the order of sets.
"""

import asyncio
import hashlib
import sys
from pathlib import Path

from capsules.library import load_library
from capsules.pack import builtin_avatar
from compositor.drawlist import FrameSize
from compositor.numba_backend import NumbaCompositor
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import personality_named
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    EventKind,
    Interrupt,
    Speak,
    Ui,
    UiContext,
)
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.packet import Mood
from engine.voice.silent import SilentTts

FPS = 30
SECONDS = 10
SIZE = FrameSize(256, 256)
SCRIPT: dict[int, EventKind] = {
    10: Chat(ChatRole.USER, "Really? That is wonderful!"),
    45: Speak("I am so glad. Tell me everything!"),
    120: Ui(UiContext.TYPING),
    150: Emotion(Mood(-0.6, 0.7, -0.4)),
    200: Chat(ChatRole.USER, "My cat is ill and I am worried."),
    210: Speak("Oh no, I am sorry to hear that."),
    225: Interrupt(),
}


def main(cache: Path) -> str:
    clock = VirtualClock(5 * NS_PER_S)
    library = load_library()
    avatar = builtin_avatar("mira", cache)
    brain = Brain(library, "a-session", personality_named("friendly"), clock, seed=11)
    body = Body(library, BodyOptions("mira", SIZE, seed=11, has_basis=avatar.basis_names))
    compositor = NumbaCompositor()
    compositor.load(avatar)
    digest = hashlib.sha256()
    for index in range(FPS * SECONDS):
        now = clock.now_ns()
        event = SCRIPT.get(index)
        packets = brain.handle(Event(index, event)) if event else ()
        drift = brain.tick(now) if index % 6 == 0 else None
        for packet in (*packets, *((drift,) if drift else ())):
            body.apply(packet, now)
            if packet.interrupt:
                body.end_speech(now)
            if packet.speak_text:
                speech = asyncio.run(
                    SilentTts().synthesize(packet.speak_text, body.voice_delta(now))
                )
                onset = now + body.speech_lead_ms(packet) * NS_PER_MS
                body.begin_speech(speech, onset, packet.sequence)
        draw_list = body.frame(now)
        digest.update(draw_list.to_bytes())
        digest.update(compositor.render([draw_list])[0].tobytes())
        clock.advance(NS_PER_S * (index + 1) // FPS - NS_PER_S * index // FPS)
    return digest.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1])))
