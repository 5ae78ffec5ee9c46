"""How much harm an action could do."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["RiskLevel"]


class RiskLevel(IntEnum):
    """How much harm an action could do. Levels compare: `risk <= RiskLevel.MEDIUM`."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The level as policies and records write it."""
        return self.name.lower()
