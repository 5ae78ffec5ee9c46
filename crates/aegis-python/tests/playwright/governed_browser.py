"""What tests say of governed contexts: the types of the fixtures, the records, and waiting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from aegis import Runtime
from aegis.adapters.playwright import GovernedContext
from playwright.async_api import BrowserContext

Open = Callable[..., AbstractAsyncContextManager[tuple[BrowserContext, GovernedContext]]]
MakeRuntime = Callable[..., Runtime]


def rows(runtime: Runtime) -> list[dict[str, Any]]:
    """The records of the log, after a check of the chain."""
    runtime.audit.verify()
    return list(runtime.audit.get_log())


async def eventually(condition: Callable[[], bool], sleep: Callable[[float], Awaitable[None]]) -> None:
    """Wait until the condition holds, at most ten seconds."""
    for _ in range(500):
        if condition():
            return
        await sleep(0.02)
    raise AssertionError("it did not happen within ten seconds")
