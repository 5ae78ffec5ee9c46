"""Whoever does what is allowed."""

from __future__ import annotations

from abc import ABC, abstractmethod

from aegis.core.action import Action
from aegis.core.result import Result

__all__ = ["BaseExecutor"]


class BaseExecutor(ABC):
    """Does actions. Each call gets a copy of the action as it was recorded."""

    @abstractmethod
    async def execute(self, action: Action) -> Result:
        """Does it, once. An exception is a failure."""

    async def verify(self, action: Action, result: Result) -> bool:
        """Whether what was done is what was wanted. Only `True` is; otherwise the action has failed."""
        return result.ok

    async def setup(self) -> None:  # noqa: B027
        """Called before the first action."""

    async def teardown(self) -> None:  # noqa: B027
        """Called behind the last one."""
