"""How properties of the scheduler are tried: on 500 examples, however slow the machine."""

from hypothesis import HealthCheck, settings

__all__ = ["thorough"]

thorough = settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
