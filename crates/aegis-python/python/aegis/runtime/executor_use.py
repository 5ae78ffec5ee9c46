"""When an executor is set up, and when it is put away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aegis.adapters.base import BaseExecutor

__all__ = ["ExecutorUse"]


@dataclass
class Turn:
    """Who wants the executor in a loop: those who have it or wait for it, and those who have it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
    used: int = 0


class ExecutorUse:
    """Sets an executor up for the first who uses it and puts it away behind the last, however many do at once."""

    def __init__(self, executor: BaseExecutor | None) -> None:
        """Nobody uses it yet."""
        self._executor = executor
        self._turns: dict[asyncio.AbstractEventLoop, Turn] = {}

    async def enter(self) -> None:
        """One more uses it. What setting up raises goes through, and nobody uses it then."""
        loop = asyncio.get_running_loop()
        turn = self._turns.setdefault(loop, Turn())
        turn.wanted += 1
        try:
            async with turn.lock:
                if turn.used == 0 and self._executor is not None:
                    await self._executor.setup()
                turn.used += 1
        except BaseException:
            self._unwant(loop, turn)
            raise

    async def leave(self) -> None:
        """One less does. Whoever comes while it is put away waits, and has it set up again."""
        loop = asyncio.get_running_loop()
        turn = self._turns[loop]
        try:
            async with turn.lock:
                turn.used -= 1
                if turn.used == 0 and self._executor is not None:
                    await self._executor.teardown()
        finally:
            self._unwant(loop, turn)

    def _unwant(self, loop: asyncio.AbstractEventLoop, turn: Turn) -> None:
        turn.wanted -= 1
        if turn.wanted == 0:
            del self._turns[loop]

    async def __aenter__(self) -> None:
        """As `enter`."""
        await self.enter()

    async def __aexit__(self, *_: object) -> None:
        """As `leave`."""
        await self.leave()
