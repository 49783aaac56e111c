"""What a live body is made of, loaded: its capsules and avatar, its background, its journal."""

import asyncio
from dataclasses import dataclass

from capsules.avatar import Avatar
from capsules.library import Library
from compositor.output import Output, open_output
from engine.body import Body, BodyOptions
from engine.clock import NS_PER_MS, Clock
from engine.framing import framing
from engine.live_options import LiveOptions, OpenJournal
from engine.prefetch import Prefetch
from engine.recording.body import RecordedBody
from engine.renderer import Renderer
from engine.residency import core_bases, warm
from engine.rtc.audio import LIP_DELAY_NS

__all__ = ["LoadedBody", "load_body"]


@dataclass(frozen=True, slots=True)
class LoadedBody:
    """What a live body is made of.

    Attributes:
        body: What it plays with; a recorded one where a journal has been begun.
        prefetch: Has textures fetched ahead of it.
        output: How its frames are finished.
    """

    body: Body | RecordedBody
    prefetch: Prefetch
    output: Output


async def load_body(
    options: LiveOptions,
    library: Library,
    avatar: Avatar,
    renderer: Renderer,
    clock: Clock,
    open_journal: OpenJournal | None,
) -> LoadedBody:
    """Loads it; see `engine.live.LiveBody.start`."""
    core = await asyncio.to_thread(_core, library)
    await renderer.load(avatar, core)
    await renderer.load_clips(library.clips.values())
    output = await asyncio.to_thread(
        open_output, options.output, avatar, framing(options.size), options.size
    )
    made = BodyOptions(
        avatar=avatar.name,
        size=options.size,
        seed=options.seed,
        probe=options.probe,
        has_basis=frozenset(avatar.basis_names),
        av_offset_ms=LIP_DELAY_NS / NS_PER_MS,
        coverage=options.output.coverage,
        quality=options.quality,
        features=options.features,
    )
    plain = Body(library, made)
    journal = None if open_journal is None else await open_journal(made)
    body = plain if journal is None else RecordedBody(plain, journal, clock)
    prefetch = Prefetch(library, renderer, avatar.name, lambda: body.quality)
    return LoadedBody(body, prefetch, output)


def _core(library: Library) -> tuple[str, ...]:
    """Names of the bases that stay resident; what prefetching looks up is made on the way."""
    warm(library)
    return core_bases(library)
