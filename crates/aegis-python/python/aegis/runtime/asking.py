"""Putting a question of the gate to a handler, without taking anything but an answer for one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from aegis.core.action import Action, unicode_text
from aegis.core.policy import Approval, PolicyDecision
from aegis.core.risk import RiskLevel
from aegis.runtime.approval import ApprovalAnswer

__all__ = ["Said", "ask", "ask_sync", "decision_of_request", "run_apart"]

T = TypeVar("T")


@dataclass(frozen=True)
class Said:
    """What the gate is told."""

    approved: bool | None
    why: str | None = None
    by: str | None = None


def decision_of_request(request: str) -> PolicyDecision:
    """The question as a handler gets it, with a fresh copy of the action."""
    asked = json.loads(request)
    action = Action(asked["type"], asked["target"], asked["params"], asked["description"], agent=asked["agent"])
    return PolicyDecision(
        action=action,
        risk_level=RiskLevel[asked["risk_level"].upper()],
        approval=Approval.APPROVE,
        matched_rule=asked["matched_rule"],
        reason=asked["reason"],
    )


def _said(answer: Any) -> Said:
    if answer is True or answer is False:
        return Said(answer)
    if answer is None:
        return Said(None, "nobody answered")
    if type(answer) is ApprovalAnswer and answer.approved in (True, False, None):
        approved = answer.approved if type(answer.approved) is bool else None
        return Said(approved, _text(answer.why), _text(answer.by))
    return Said(None, f"the approver answered with a value of type {type(answer).__name__}, which is no answer")


def _text(value: object) -> str | None:
    return unicode_text(value) if type(value) is str else None


async def ask(handler: Any, decision: PolicyDecision, patience: float) -> Said:
    """Asks, in this loop. An exception is no answer; cancellation goes through."""
    try:
        asked = asyncio.ensure_future(handler.request_approval(decision))
    except Exception as error:
        return Said(None, f"the approver failed: {type(error).__name__}")
    try:
        await asyncio.wait({asked}, timeout=patience)
    finally:
        # What it says from here on is too late, also where it does not mind being cancelled.
        in_time = asked.done()
        asked.cancel()
    if not in_time:
        return Said(None, "nobody answered in time")
    if asked.cancelled():
        return Said(None, "the approver was cancelled")
    failure = asked.exception()
    if failure is None:
        return _said(asked.result())
    if not isinstance(failure, Exception):
        raise failure
    return Said(None, f"the approver failed: {type(failure).__name__}")


def ask_sync(handler: Any, decision: PolicyDecision, patience: float) -> Said:
    """The same where no loop can be used: in a loop of a thread of its own."""
    said: list[Said] = []

    def run() -> None:
        try:
            said.append(asyncio.run(ask(handler, decision, patience)))
        except BaseException as error:
            said.append(Said(None, f"the approver failed: {type(error).__name__}"))

    thread = threading.Thread(target=run, name="aegis-approver", daemon=True)
    thread.start()
    # A callback that blocks its loop cannot be ended; it is not waited for any longer.
    thread.join(patience + 1)
    return said[0] if said else Said(None, "nobody answered in time")


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end where no loop can be used, or one is running already: in a loop of a thread of its
    own. What it raises goes through."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(asyncio.run(coroutine))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="aegis-apart")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
