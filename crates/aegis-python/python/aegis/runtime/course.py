"""The way of one action through the gate: asked for, begun, done, ended; in this thread, or in a loop."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from aegis import _native
from aegis.core.action import unicode_text
from aegis.core.policy import Approval, decision_said
from aegis.errors import AegisError, AuditError, UsageError, of_refusal
from aegis.runtime.approval import ApprovalHandler, QueueApprovalHandler
from aegis.runtime.asking import Said, ask, ask_sync, decision_of_request, run_apart
from aegis.runtime.process_gate import ProcessGate

__all__ = ["Course"]

T = TypeVar("T")
# Told of everything that the gate answered: the answer, and whether it allows. What it raises is a refusal.
Witness = Callable[[dict[str, Any]], None]
Told = Callable[[Any, bool], Coroutine[Any, Any, None]]


class Course:
    """One action, from its canonical form to its end in the log."""

    def __init__(
        self,
        gate: ProcessGate,
        handler: ApprovalHandler,
        patience: float,
        canonical: str,
        preview: _native.Preview | None = None,
        answered: Witness | None = None,
        asked: Told | None = None,
    ) -> None:
        """Asks nothing yet."""
        self.gate = gate
        self.handler = handler
        self.patience = patience
        self.canonical = canonical
        self.preview = preview
        self.answered = answered
        self.asked = asked
        self.leave: _native.Leave | None = None
        self.decision: dict[str, Any] | None = None
        self._since = 0.0

    # In this thread.

    def begin_sync(self) -> None:
        """Has the action decided. Returns once the log has it that the action begins; raises a `Refused` otherwise."""
        ticket = self.gate.native.ask(self.canonical, self.preview)
        try:
            while isinstance(step := self._wait(ticket), _native.Question):
                decision = decision_of_request(step.request)
                said = ask_sync(self.handler, decision, self.patience)
                self._tell(ticket, said)
        except BaseException:
            ticket.abandon()
            raise
        if self.asked is not None:
            run_apart(self._told(step, self.asked))
        leave = self._leave_of(step)
        leave.begin()
        self._since = time.monotonic()

    def _wait(self, ticket: _native.Ticket) -> _native.Question | _native.Leave | _native.Refusal:
        """Waits for what comes next. Where that can be long, an interrupt (Ctrl-C) must be heard meanwhile, which no
        thread hears that is inside the gate. The prompt at a terminal hears it by itself."""
        if isinstance(self.handler, QueueApprovalHandler) and threading.current_thread() is threading.main_thread():
            return self.gate.waiting.submit(ticket.wait).result()
        return ticket.wait()

    def run_sync(self, body: Callable[[dict[str, Any]], T]) -> T:
        """Has the action decided, and does it if it is allowed."""
        self.begin_sync()
        try:
            value = body(self.params())
        except BaseException as error:
            self.end_failed(error)
            raise
        try:
            self.end("success")
        except AuditError as error:
            error.ran = True
            raise
        return value

    # In a loop.

    async def begin(self) -> None:
        """The same, without holding up the loop."""
        gate = self.gate
        await gate.open()
        native, waiting, recording = gate.native, gate.waiting, gate.recording
        ticket = await _in(recording, lambda: native.ask(self.canonical, self.preview), _abandon)
        try:
            while isinstance(step := await _in(waiting, ticket.wait, _unused), _native.Question):
                decision = decision_of_request(step.request)
                said = await ask(self.handler, decision, self.patience)
                self._tell(ticket, said)
        except BaseException:
            # An open question is none any more, and what is allowed meanwhile is given back.
            ticket.abandon()
            raise
        if self.asked is not None:
            await self._told(step, self.asked)
        leave = self._leave_of(step)
        await _in(recording, leave.begin, lambda _: _end_unbegun(leave))
        self._since = time.monotonic()

    async def run(self, body: Callable[[dict[str, Any]], T | Awaitable[T]]) -> T:
        """Has the action decided, and does it in this loop if it is allowed."""
        await self.begin()
        try:
            value = body(self.params())
            if inspect.isawaitable(value):
                value = await value
        except BaseException as error:
            self.end_failed(error)
            raise
        try:
            await self.end_in_loop("success")
        except AuditError as error:
            error.ran = True
            raise
        return value

    # Both.

    def params(self) -> dict[str, Any]:
        """The parameters, read back from what was recorded: the same for every reader, and nobody else's."""
        params: dict[str, Any] = json.loads(self.canonical).get("params", {})
        return params

    def end(self, status: str, error: str | None = None) -> None:
        """Records how it ended, in this thread."""
        self._owed().end(status, error, self._duration(), self.canonical)

    async def end_in_loop(self, status: str, error: str | None = None) -> None:
        """The same, without holding up the loop. Cancelling it does not keep it from being recorded."""
        leave, duration = self._owed(), self._duration()
        await _in(self.gate.recording, lambda: leave.end(status, error, duration, self.canonical), _nothing)

    def end_failed(self, error: BaseException) -> None:
        """Records that it failed. By a synchronous call: a second cancellation would lose any other."""
        try:
            self.end("failed", failure_of(error))
        except AegisError as unrecorded:
            if isinstance(unrecorded, AuditError):
                unrecorded.ran = True
            raise unrecorded from error

    async def verified(self, passed: bool, error: str | None) -> None:
        """Records how looking at what was done came out."""
        leave = self._owed()
        await _in(self.gate.recording, lambda: leave.verified(passed, error), _nothing)

    def _owed(self) -> _native.Leave:
        if self.leave is None:
            raise UsageError("the action is not being done")
        return self.leave

    def _duration(self) -> int:
        return max(0, int((time.monotonic() - self._since) * 1000))

    def _tell(self, ticket: _native.Ticket, said: Said) -> None:
        ticket.answer(said.approved, said.why, said.by)

    async def _told(self, step: _native.Leave | _native.Refusal, asked: Told) -> None:
        """Tells what came of asking a human, whichever way that was, once it is in the log."""
        said = json.loads(step.decision)
        if said["approval"] != Approval.APPROVE.value:
            return
        decision = decision_said(self.canonical, said)
        try:
            await asked(decision, said["decision"] == "approved")
        except BaseException:
            _unused(step)
            raise

    def _leave_of(self, step: _native.Leave | _native.Refusal) -> _native.Leave:
        self.decision = json.loads(step.decision)
        if self.answered is not None:
            try:
                self.answered(self.decision)
            except BaseException:
                if isinstance(step, _native.Leave):
                    step.give_back("a sink beside the log, or a hook, failed")
                raise
        if isinstance(step, _native.Refusal):
            raise of_refusal(step)
        self.leave = step
        return step


def failure_of(error: BaseException) -> str:
    """What the log has of an exception. What of it repeats a secret of the action is taken out before that."""
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        return f"{type(error).__name__}: it was given up while it was being done; how far it got is not known"
    try:
        said = str(error.message if isinstance(error, AegisError) else error)
    except Exception:
        said = "its text cannot be told"
    return unicode_text(f"{type(error).__name__}: {said}" if said else type(error).__name__)


async def _in(pool: ThreadPoolExecutor, work: Callable[[], T], unheard: Callable[[T], None]) -> T:
    """Works in another thread. Where whoever waits is cancelled, the work goes on all the same, and what comes of it is
    undone when it is there: in that thread, since there may be no loop any more by then."""
    future = pool.submit(work)
    try:
        return await asyncio.shield(asyncio.wrap_future(future))
    except BaseException:

        def undo(done: Future[T]) -> None:
            if not done.cancelled() and done.exception() is None:
                unheard(done.result())

        future.add_done_callback(undo)
        raise


def _abandon(ticket: _native.Ticket) -> None:
    ticket.abandon()


def _unused(step: object) -> None:
    if isinstance(step, _native.Leave):
        step.give_back("whoever asked for it was cancelled")


def _end_unbegun(leave: _native.Leave) -> None:
    leave.end("skipped", "whoever asked for it was cancelled")


def _nothing(_: object) -> None:
    return None
