from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from compositor.pages import CacheOptions, Page
from tests.unit.modelled_cache import BROKEN, PAGES, World

OPERATIONS = 10_000


class Operations:
    """How many there have been."""

    def __init__(self) -> None:
        self.done = 0


ONE = st.sampled_from(PAGES)
SOME = st.lists(ONE, min_size=1, max_size=6)


def machine(operations: Operations) -> type[RuleBasedStateMachine]:
    """Sessions that draw, wish, come and go at random over one cache."""

    class Sessions(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.world = World(CacheOptions())
            self.sets: list[list[Page]] = [[], [], []]

        @initialize(
            budget=st.integers(50, 4_000),
            allowance=st.integers(1, 1_000),
            slots=st.sampled_from([3, 8, 1_000]),
            frames=st.integers(1, 8),
            background=st.booleans(),
            has_pools=st.booleans(),
        )
        def begin(
            self,
            budget: int,
            allowance: int,
            slots: int,
            frames: int,
            *,
            background: bool,
            has_pools: bool,
        ) -> None:
            options = CacheOptions(budget, allowance, background, frames)
            self.world = World(options, slots, has_pools=has_pools)

        @rule(pages=SOME, session=st.integers(0, 2))
        def move(self, pages: list[Page], session: int) -> None:
            self.sets[session] = pages

        @rule(fetched=st.integers(0, 12))
        def draw(self, fetched: int) -> None:
            self.world.work(fetched)
            self.world.tick()
            for pages in self.sets:
                for page in pages:
                    before = self.world.fetches[page]
                    found = self.world.get(page)
                    operations.done += 1
                    if found is None and not self.world.options.background and before == 0:
                        assert page in BROKEN or self.world.cache.stats().refused

        @rule(fetched=st.integers(0, 12))
        def draw_each_in_a_tick_of_its_own(self, fetched: int) -> None:
            self.world.work(fetched)
            for pages in self.sets:
                self.world.tick()
                for page in pages:
                    self.world.get(page)
                    operations.done += 1

        @rule(page=ONE)
        def miss(self, page: Page) -> None:
            self.world.get(page)
            operations.done += 1

        @rule(page=ONE)
        def look(self, page: Page) -> None:
            self.world.instead(page)
            operations.done += 1

        @rule(pages=SOME)
        def wish(self, pages: list[Page]) -> None:
            self.world.prefetch(pages)
            operations.done += 1

        @rule(pages=st.lists(ONE, max_size=2))
        def pin(self, pages: list[Page]) -> None:
            self.world.pin(pages)
            operations.done += 1

        @rule(gone=st.integers(1, 4))
        def replace(self, gone: int) -> None:
            self.world.forget(gone)
            operations.done += 1

        @invariant()
        def holds(self) -> None:
            self.world.check()

        def teardown(self) -> None:
            self.world.check_every_page_comes()
            self.world.check()

    return Sessions


def test_whatever_sessions_do_the_cache_keeps_its_promises() -> None:
    operations = Operations()
    run_state_machine_as_test(
        machine(operations),
        settings=settings(max_examples=120, stateful_step_count=200, deadline=None, database=None),
    )
    assert operations.done >= OPERATIONS
