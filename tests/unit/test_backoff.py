from engine.backoff import Backoff
from engine.clock import VirtualClock


def attempts(backoff: Backoff, clock: VirtualClock, until_ns: int) -> list[int]:
    """When attempts are made by who asks at every nanosecond."""
    made = []
    while clock.now_ns() < until_ns:
        if backoff.due:
            backoff.attempt()
            made.append(clock.now_ns())
        clock.advance(1)
    return made


def test_first_attempt_is_due_at_once_and_waits_double_up_to_the_longest() -> None:
    clock = VirtualClock()
    backoff = Backoff(clock, first_ns=10, longest_ns=35)
    assert attempts(backoff, clock, 150) == [0, 10, 30, 65, 100, 135]


def test_attempt_that_holds_starts_anew() -> None:
    clock = VirtualClock()
    backoff = Backoff(clock, first_ns=10, longest_ns=80)
    attempts(backoff, clock, 40)
    backoff.hold()
    assert attempts(backoff, clock, 60) == [40, 50]
