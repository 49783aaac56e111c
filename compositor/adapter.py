"""A graphics adapter, as people see it."""

from dataclasses import dataclass

__all__ = ["Adapter"]


@dataclass(frozen=True, slots=True)
class Adapter:
    """A graphics adapter that a GPU backend could open.

    Attributes:
        index: Its number among those that were found; it selects the adapter.
        name: What its driver calls it; a part of it selects the adapter too.
        kind: "DiscreteGPU", "IntegratedGPU", "VirtualGPU", "CPU" (software) or "Unknown".
        backend: The interface it is reached by, such as "Vulkan" or "Metal".
    """

    index: int
    name: str
    kind: str
    backend: str
