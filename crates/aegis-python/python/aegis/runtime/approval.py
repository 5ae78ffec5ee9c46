"""Whoever is asked whether an action may happen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from aegis.core.policy import PolicyDecision

__all__ = [
    "ApprovalAnswer",
    "ApprovalHandler",
    "AutoApprovalHandler",
    "CLIApprovalHandler",
    "NobodyApprovalHandler",
    "QueueApprovalHandler",
]


@dataclass(frozen=True)
class ApprovalAnswer:
    """An answer that says more than yes or no: who gave it, as far as the program knows, and why."""

    approved: bool | None
    why: str | None = None
    by: str | None = None


class ApprovalHandler(ABC):
    """Somebody who can be asked. An error, and whatever is no answer, is no approval."""

    @abstractmethod
    async def request_approval(self, decision: PolicyDecision) -> bool | ApprovalAnswer | None:
        """Asks. Only `True`, or an `ApprovalAnswer` that says so, approves; `False` denies; None is no answer.

        `decision.action` is a copy: what is done to it changes nothing."""


class CLIApprovalHandler(ApprovalHandler):
    """Asks at the controlling terminal of the process, never at its standard input. Without a terminal, the question
    waits in the log (`aegis approvals`)."""

    async def request_approval(self, decision: PolicyDecision) -> bool | ApprovalAnswer | None:
        """Nobody: the gate asks at the terminal itself, where nothing between can answer for a human."""
        return ApprovalAnswer(None, "the terminal is asked by the gate itself")


class QueueApprovalHandler(ApprovalHandler):
    """Leaves each question in the log, and waits for an answer that somebody gives elsewhere (`aegis approve ID`)."""

    def __init__(self, patience: float = 300.0) -> None:
        """Waits so many seconds. What is answered later, the next one who asks for the same action uses."""
        self.patience = patience

    async def request_approval(self, decision: PolicyDecision) -> bool | ApprovalAnswer | None:
        """Nobody: the gate waits itself."""
        return ApprovalAnswer(None, "the log is watched by the gate itself")


class NobodyApprovalHandler(ApprovalHandler):
    """Asks nobody and waits for nobody: each question waits in the log, and the action is unanswered for now."""

    async def request_approval(self, decision: PolicyDecision) -> bool | ApprovalAnswer | None:
        """Nobody."""
        return ApprovalAnswer(None, "there is nobody to ask")


class AutoApprovalHandler(ApprovalHandler):
    """Approves everything: for tests only."""

    async def request_approval(self, decision: PolicyDecision) -> bool | ApprovalAnswer | None:
        """Yes."""
        return ApprovalAnswer(True, by="nobody (AutoApprovalHandler)")
