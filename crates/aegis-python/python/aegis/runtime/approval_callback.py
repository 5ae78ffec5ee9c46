"""A function that is asked."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from aegis.core.policy import PolicyDecision
from aegis.runtime.approval import ApprovalAnswer, ApprovalHandler

__all__ = ["CallbackApprovalHandler"]

Answer = bool | ApprovalAnswer | None


class CallbackApprovalHandler(ApprovalHandler):
    """Asks a function, or a coroutine function. Only `True` approves, not what is merely true."""

    def __init__(self, callback: Callable[[PolicyDecision], Answer | Awaitable[Answer]]) -> None:
        """Asks this one."""
        self.callback = callback

    async def request_approval(self, decision: PolicyDecision) -> Answer:
        """Calls it, and awaits what is awaitable."""
        answer = self.callback(decision)
        while inspect.isawaitable(answer):
            answer = await answer
        return answer
