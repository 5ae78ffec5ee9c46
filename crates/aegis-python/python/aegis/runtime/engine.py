"""Governs actions: each is decided, asked about where the policy says so, done by an executor, verified, and the log
has every step before the next one is taken."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import warnings
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeVar

from aegis.adapters.base import BaseExecutor
from aegis.core.action import Action, action_json, read_action, unicode_text
from aegis.core.plan import ExecutionPlan
from aegis.core.policy import Approval, Policy, PolicyDecision, decision_of, decision_said
from aegis.core.result import Result, ResultStatus
from aegis.errors import AegisError, AuditError, Blocked, Denied, Refused, Unanswered, UsageError
from aegis.runtime.approval import ApprovalHandler, CLIApprovalHandler
from aegis.runtime.approval_callback import CallbackApprovalHandler
from aegis.runtime.asking import run_apart
from aegis.runtime.audit import AuditLogger
from aegis.runtime.course import Course, failure_of
from aegis.runtime.executor_use import ExecutorUse
from aegis.runtime.process_gate import ProcessGate

__all__ = ["Runtime", "RuntimeHooks"]

T = TypeVar("T")
STATUS: list[tuple[type[Refused], ResultStatus]] = [
    (Blocked, ResultStatus.BLOCKED),
    (Denied, ResultStatus.DENIED),
    (Unanswered, ResultStatus.UNANSWERED),
]
PRIOR_FAILURE = "skipped, because an action before it was not done"


@dataclass
class RuntimeHooks:
    """Told what happens. Each gets a copy: what it does to it changes nothing. An `on_decision` that raises refuses the
    action; whatever the others raise becomes a warning, and hides no result."""

    on_decision: Callable[[PolicyDecision], Awaitable[None]] | None = None
    on_approval: Callable[[PolicyDecision, bool], Awaitable[None]] | None = None
    on_execute: Callable[[Result], Awaitable[None]] | None = None


class Runtime:
    """Governs actions by one policy and over one log. It may be shared by threads, tasks, and processes that are forked
    from this one."""

    def __init__(
        self,
        *,
        executor: BaseExecutor | None = None,
        policy: Policy,
        approval_handler: ApprovalHandler | Callable[[PolicyDecision], Any] | None = None,
        audit_logger: Any = None,
        session_id: str | None = None,
        hooks: RuntimeHooks | None = None,
        sink: Any = None,
        approval_timeout: float = 300.0,
    ) -> None:
        """Opens nothing yet.

        `approval_handler` is asked where the policy wants a human: the terminal, if none is given; a function is asked
        as by a `CallbackApprovalHandler`. `audit_logger` is an `AuditLogger` or the path of a log. `sink` has a `log`
        method, and stands beside the log: it is told when an action is answered and when it has ended, and where it
        fails before, the action is refused. A sink that is given as `audit_logger` stands beside the log
        `aegis_audit.db`. `approval_timeout` is in seconds."""
        if not isinstance(policy, Policy):
            raise UsageError(f"the policy is a {type(policy).__name__}", "Policy.from_yaml reads one")
        self.executor = executor
        self.approval = _handler(approval_handler)
        self.hooks = hooks or RuntimeHooks()
        self._sink: Any = sink
        if audit_logger is None or isinstance(audit_logger, (str, os.PathLike)):
            self.audit = AuditLogger(audit_logger or "aegis_audit.db")
        elif isinstance(audit_logger, AuditLogger):
            self.audit = audit_logger
        else:
            if sink is not None:
                raise UsageError("a sink is given twice", "`audit_logger` names the log, `sink` what stands beside it")
            self.audit = AuditLogger()
            self._sink = audit_logger
        if self._sink is not None and not callable(getattr(self._sink, "log", None)):
            raise UsageError(f"a {type(self._sink).__name__} is no sink: it has no method `log`")
        self._policy = policy
        self._patience = float(approval_timeout)
        self._gate = ProcessGate(policy._native, self.audit.path, self.approval, session_id, self._patience)
        self._use = ExecutorUse(executor)

    @property
    def policy(self) -> Policy:
        """The policy that holds."""
        return self._policy

    @property
    def session_id(self) -> str:
        """The id of the session that records name."""
        return self._gate.native.session_id

    async def __aenter__(self) -> Runtime:
        """Sets the executor up, and opens the log."""
        await self._gate.open()
        await self._use.enter()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Puts the executor away."""
        try:
            await self._use.leave()
        finally:
            self.close()

    def __enter__(self) -> Runtime:
        """Opens the log. The executor is set up for each plan that is executed."""
        _ = self._gate.native
        return self

    def __exit__(self, *_: object) -> None:
        """As `close`."""
        self.close()

    def close(self) -> None:
        """Lets threads and connections go. The next action opens them again."""
        self._gate.close()

    def update_policy(self, policy: Policy) -> None:
        """Goes by another policy from now on. What waits for a human is decided by both, and the stricter holds."""
        if not isinstance(policy, Policy):
            raise UsageError(f"the policy is a {type(policy).__name__}", "Policy.from_yaml reads one")
        self._gate.replace_policy(policy._native)
        self._policy = policy

    def plan(self, actions: Iterable[Action]) -> ExecutionPlan:
        """What the policy says of actions now. It allows nothing, and nothing is recorded."""
        return ExecutionPlan([self._policy.evaluate(action) for action in actions])

    # Plans, and what an executor does.

    async def execute(self, plan: ExecutionPlan, *, dry_run: bool = False) -> list[Result]:
        """Executes a plan, one action after another. Each is decided again, and the stricter of the plan and of what
        the policy says by then holds.

        A block does not keep the next action from being done. One that fails, is denied or unanswered does: those
        behind it are recorded as skipped.

        Raises `AuditError` where the log cannot be written, and nothing is done then."""
        decisions = list(plan)
        floors = [decision.floor() for decision in decisions]
        snapshots = [floor.action for floor in floors]
        if dry_run:
            return [self._preview(decision, json_) for decision, json_ in zip(decisions, snapshots, strict=True)]
        results: list[Result] = []
        async with self._use:
            for place, (floor, canonical) in enumerate(zip(floors, snapshots, strict=True)):
                try:
                    result = await self._carry_out(canonical, floor)
                except AegisError:
                    raise
                except BaseException:
                    # By a synchronous call: a second cancellation would lose any other.
                    self._gate.native.skip_all(snapshots[place + 1 :], PRIOR_FAILURE)
                    raise
                results.append(result)
                if result.status not in (ResultStatus.SUCCESS, ResultStatus.BLOCKED):
                    results += await self._skip(snapshots[place + 1 :], PRIOR_FAILURE)
                    break
        return results

    def execute_sync(self, plan: ExecutionPlan, *, dry_run: bool = False) -> list[Result]:
        """The same without a loop, or within one that is running: the executor works in a loop of its own."""
        return run_apart(self.execute(plan, dry_run=dry_run))

    async def run_one(self, action: Action, *, dry_run: bool = False) -> Result:
        """Has one action decided, and its executor do it if it is allowed."""
        return (await self.execute(self.plan([action]), dry_run=dry_run))[0]

    def run_one_sync(self, action: Action, *, dry_run: bool = False) -> Result:
        """The same without a loop, as `execute_sync`."""
        return run_apart(self.run_one(action, dry_run=dry_run))

    # Calls, and what a function does.

    def call(self, action: Action, body: Callable[[dict[str, Any]], T]) -> T:
        """Has an action decided and calls `body` once if it is allowed, with the parameters as they were recorded.

        Raises `Blocked`, `Denied` or `Unanswered` where it is not, `ActionError` where the action cannot be read, and
        `AuditError` where it cannot be recorded; the body is not called then. What the body raises goes through."""
        canonical = action_json(action)
        if self.hooks.on_decision is not None:
            run_apart(self._told_decision(canonical))
        course = self._course(canonical)
        try:
            value = course.run_sync(body)
        except BaseException as error:
            self._told_call(canonical, course, _failed(canonical, error))
            raise
        self._told_call(canonical, course, Result(read_action(canonical), ResultStatus.SUCCESS, value))
        return value

    async def acall(self, action: Action, body: Callable[[dict[str, Any]], Awaitable[T] | T]) -> T:
        """The same in a loop, which goes on while the gate waits. The body may be a coroutine function, or not."""
        canonical = action_json(action)
        await self._told_decision(canonical)
        course = self._course(canonical)
        try:
            value = await course.run(body)
        except Exception as error:
            await self._ended(_failed(canonical, error), course.decision)
            raise
        except BaseException as error:
            # Whoever cancels waits for nobody; the sink is told all the same.
            self._told_sink(canonical, course.decision, _failed(canonical, error))
            raise
        await self._ended(Result(read_action(canonical), ResultStatus.SUCCESS, value), course.decision)
        return value

    def observe(self, actions: Iterable[Action]) -> list[str]:
        """Records what was done without asking, such as what a provider runs itself: as observed, never as allowed. The
        ids of the records."""
        return self._gate.native.observe([action_json(action) for action in actions])

    # Parts of these.

    def _course(self, canonical: str, preview: Any = None) -> Course:
        async def asked(decision: PolicyDecision, approved: bool) -> None:
            await self._tell(self.hooks.on_approval, decision, approved)

        def answered(decision: dict[str, Any]) -> None:
            self._told_answer(canonical, decision)

        return Course(
            self._gate,
            self.approval,
            self._patience,
            canonical,
            preview,
            answered if self._sink is not None else None,
            asked if self.hooks.on_approval is not None else None,
        )

    async def _told_decision(self, canonical: str) -> None:
        """Tells the hook what the policy says. Where that raises, the action is refused, and recorded as skipped."""
        hook = self.hooks.on_decision
        if hook is None:
            return
        preview = self._policy._native.preview(canonical)
        try:
            told = hook(decision_of(preview))
            if inspect.isawaitable(told):
                await told
        except BaseException:
            self._gate.native.skip_all([canonical], "the on_decision hook failed")
            raise

    async def _carry_out(self, canonical: str, preview: Any) -> Result:
        started = _now()
        try:
            await self._told_decision(canonical)
        except Exception as error:
            why = f"the on_decision hook failed: {type(error).__name__}"
            return await self._ended(Result(read_action(canonical), ResultStatus.FAILED, None, why, started))
        course = self._course(canonical, preview)
        try:
            await course.begin()
        except Refused as refused:
            status = next(status for kind, status in STATUS if isinstance(refused, kind))
            result = Result(read_action(canonical), status, None, refused.reason, started)
            return await self._ended(result, refused.decision)
        try:
            result = await self._do(canonical, course, started)
        except BaseException as error:
            course.end_failed(error)
            raise
        outcome = "success" if result.ok else "failed"
        await course.end_in_loop(outcome, result.error or _no_json(result.data))
        return await self._ended(result, course.decision)

    async def _do(self, canonical: str, course: Course, started: datetime) -> Result:
        """Has the executor do it, and looks at what it did. Only cancellation and its like go through."""
        if self.executor is None:
            return Result(read_action(canonical), ResultStatus.FAILED, None, "the runtime has no executor", started)
        try:
            done = await self.executor.execute(read_action(canonical))
            if not isinstance(done, Result):
                raise TypeError(f"the executor returned a {type(done).__name__}, not a Result")
            said = None if done.ok else unicode_text(str(done.error or f"the executor said {done.status}"))
            result = Result(
                read_action(canonical), done.status if done.ok else ResultStatus.FAILED, done.data, said, started
            )
        except AuditError:
            # The log of another action failed, of one that the executor asked for: that is nobody's result.
            raise
        except Exception as error:
            return Result(read_action(canonical), ResultStatus.FAILED, None, failure_of(error), started)
        try:
            passed = await self.executor.verify(read_action(canonical), result)
            why = None if passed is True else "the check of what was done did not pass"
        except Exception as error:
            passed, why = False, f"the check of what was done failed: {failure_of(error)}"
        if result.ok:
            await course.verified(passed is True, why)
            if passed is not True:
                result.status, result.error = ResultStatus.FAILED, why
        return result

    def _preview(self, decision: PolicyDecision, canonical: str) -> Result:
        """What would come of an action: the stricter of what the plan says and of what the policy says now."""
        now = decision_of(self._policy._native.preview(canonical))
        order = list(Approval)
        approval = max(now.approval, decision.approval, key=order.index)
        status, error, data = ResultStatus.SKIPPED, None, None
        if approval is Approval.BLOCK:
            status, error = ResultStatus.BLOCKED, now.reason
        elif approval is Approval.APPROVE:
            data = {"dry_run": True, "approval_required": True}
        else:
            data = {"dry_run": True, "would_execute": True}
        return Result(read_action(canonical), status, data, error, completed_at=_now())

    async def _skip(self, actions: list[str], why: str) -> list[Result]:
        if not actions:
            return []
        native = self._gate.native
        answers = await asyncio.get_running_loop().run_in_executor(self._gate.recording, native.skip_all, actions, why)
        results = []
        for canonical, answer in zip(actions, answers, strict=True):
            decision = json.loads(answer)
            # What the policy blocks would not have been done in any case.
            is_blocked = decision["decision"] == "block"
            status = ResultStatus.BLOCKED if is_blocked else ResultStatus.SKIPPED
            result = Result(read_action(canonical), status, None, decision["reason"] if is_blocked else why)
            results.append(await self._ended(result, decision))
        return results

    async def _ended(self, result: Result, decision: dict[str, Any] | None = None) -> Result:
        """The result as it is handed out, once sinks and hooks have been told."""
        result.completed_at = _now()
        if decision is not None:
            result.decision = decision
            result.action_id = decision["action_id"]
            result.receipt = decision["receipt"]
            result.request = decision.get("request")
        canonical = action_json(result.action)
        self._told_sink(canonical, result.decision, result)
        copy = Result(**{**vars(result), "action": read_action(canonical)})
        await self._tell(self.hooks.on_execute, copy)
        return result

    def _told_call(self, canonical: str, course: Course, result: Result) -> None:
        """Tells sink and hook how a call ended, where there is no loop."""
        if self.hooks.on_execute is not None:
            run_apart(self._ended(result, course.decision))
        elif self._sink is not None:
            self._told_sink(canonical, course.decision, result)

    def _told_answer(self, canonical: str, decision: dict[str, Any]) -> None:
        """Tells the sink what was answered, before anything happens. Where it fails, nothing does."""
        try:
            self._log_beside(canonical, decision, None)
        except Exception as error:
            raise AuditError(f"the sink beside the audit log failed: {type(error).__name__}") from error

    def _told_sink(self, canonical: str, decision: dict[str, Any] | None, result: Result) -> None:
        """Tells the sink how an action ended. It has happened, so that a failure is a warning."""
        if self._sink is None:
            return
        try:
            self._log_beside(canonical, decision, result)
        except Exception as error:
            warnings.warn(
                f"the sink beside the audit log did not take the end of an action: {type(error).__name__}",
                RuntimeWarning,
                stacklevel=2,
            )

    def _log_beside(self, canonical: str, decision: dict[str, Any] | None, result: Result | None) -> None:
        said = decision or json.loads(self._policy._native.preview(canonical).decision())
        policy_said = decision_said(canonical, said)
        answer = said["decision"] if said["decision"] in ("approved", "denied") else None
        self._sink.log(self.session_id, policy_said, result=result, human_decision=answer)

    async def _tell(self, hook: Callable[..., Awaitable[None]] | None, *what: object) -> None:
        if hook is None:
            return
        try:
            told = hook(*what)
            if inspect.isawaitable(told):
                await told
        except Exception as error:
            warnings.warn(f"a hook of the runtime failed: {type(error).__name__}", RuntimeWarning, stacklevel=2)


def _handler(given: Any) -> ApprovalHandler:
    """Whoever is asked."""
    if given is None:
        return CLIApprovalHandler()
    if callable(getattr(given, "request_approval", None)):
        handler: ApprovalHandler = given
        return handler
    if callable(given) and not isinstance(given, type):
        return CallbackApprovalHandler(given)
    raise UsageError(
        f"nobody can be asked by way of a {getattr(given, '__name__', type(given).__name__)}",
        "give an ApprovalHandler, or a function that gets the decision and returns True or False",
    )


def _failed(canonical: str, error: BaseException) -> Result:
    """What came of a call that was refused, or whose body raised."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), ResultStatus.FAILED)
    return Result(read_action(canonical), status, None, failure_of(error))


def _no_json(data: Any) -> str | None:
    """What is said of a result that cannot be written down."""
    try:
        json.dumps(data, allow_nan=False)
    except Exception:
        return f"the result cannot be written as JSON: it is a {type(data).__name__}"
    return None


def _now() -> datetime:
    return datetime.now(timezone.utc)
