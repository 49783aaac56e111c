"""A critically damped spring in closed form: what is heavy follows its goal and arrives gently.

x(t) = g + (c + (v + w c) t) exp(-w t) with c = x - g: place, speed and goal at the last change are
all there is to know, so any frame rate samples the same path.
"""

import math
from typing import NamedTuple

__all__ = ["Spring"]


# How many goals may lie ahead or wait to be passed; frames pass them by as they come.
_MOST_COURSES = 64


class _Course(NamedTuple):
    start_ms: float
    place: float
    speed: float  # a ms
    goal: float


class Spring:
    """Follows goals. Times are ms of the session and never go back.

    Args:
        settle_ms: How long it takes over 99 % of a way.
        place: Where it rests to begin with.
    """

    __slots__ = ("_courses", "_stiffness")

    def __init__(self, settle_ms: float, place: float = 0.0) -> None:
        self._stiffness = 6.64 / settle_ms  # (1 + x) exp(-x) is 0.01 there
        self._courses = [_Course(0.0, place, 0.0, place)]

    @property
    def goal(self) -> float:
        """Where it is bound for in the end."""
        return self._courses[-1].goal

    def aim(self, goal: float, at_ms: float) -> None:
        """Gives it another goal from `at_ms` on, which may lie ahead."""
        last = self._courses[-1]
        if goal == last.goal:
            return
        start_ms = max(at_ms, last.start_ms)
        self._courses.append(_Course(start_ms, *self._state(last, start_ms), goal))
        if len(self._courses) > _MOST_COURSES:  # nobody has asked for long
            del self._courses[0]

    def at(self, now_ms: float) -> float:
        """Where it is."""
        courses = self._courses
        while len(courses) > 1 and courses[1].start_ms <= now_ms:
            del courses[0]
        course = courses[0]
        if course.speed == 0.0 and course.place == course.goal:
            return course.goal
        return self._state(course, now_ms)[0]

    def _state(self, course: _Course, now_ms: float) -> tuple[float, float]:
        """Place and speed at a time."""
        age_ms = max(0.0, now_ms - course.start_ms)
        away = course.place - course.goal
        drive = course.speed + self._stiffness * away
        left = math.exp(-self._stiffness * age_ms)
        place = course.goal + (away + drive * age_ms) * left
        return place, (course.speed - self._stiffness * drive * age_ms) * left
