"""The law of records in a loop: whoever is cancelled, whenever, leaves a record, and no body runs that has none."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aegis import Action, Policy, PolicyDecision, Result, RuntimeHooks
from aegis.errors import AuditError, Blocked, Denied, Unanswered, UsageError
from aegis.runtime.approval import ApprovalHandler, NobodyApprovalHandler, QueueApprovalHandler
from aegis.runtime.approval_callback import CallbackApprovalHandler
from aegis.testing import ScriptedApprover
from governed_place import POLICY, READ, WRITE, Bodies, Place, Recorder

SOON = 5.0


class Waits(ApprovalHandler):
    """Is asked, and answers when it is told to."""

    def __init__(self, answer: bool | None = True) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.answer = answer
        self.open = 0
        self.cancelled = 0

    async def request_approval(self, decision: PolicyDecision) -> bool | None:
        self.open += 1
        self.asked.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.answer


async def settled(place: Place, count: int, until: Callable[[list[Any]], bool]) -> list[tuple[str, str | None]]:
    """The records, once what goes on in other threads is in them."""
    for _ in range(200):
        outcomes = await asyncio.to_thread(place.outcomes)
        if len(outcomes) == count and until(outcomes):
            return outcomes
        await asyncio.sleep(0.02)
    return await asyncio.to_thread(place.outcomes)


async def cancelled(task: asyncio.Task[Any], times: int = 1) -> None:
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, SOON)


# Cancelled at each step.


def test_cancelled_while_a_human_is_asked_nothing_runs_and_it_is_recorded(place: Place) -> None:
    async def main() -> None:
        approver = Waits()
        bodies = Bodies()
        runtime = place.runtime(approver=approver)
        task = asyncio.ensure_future(runtime.acall(WRITE, bodies))
        await asyncio.wait_for(approver.asked.wait(), SOON)
        await cancelled(task)
        approver.may_answer.set()
        outcomes = await settled(place, 1, lambda it: it[0][0] == "unanswered")
        assert approver.cancelled == 1 and bodies.ran == []
        assert [decision for decision, _ in outcomes] == ["unanswered"]

    asyncio.run(main())


def test_cancelled_while_the_log_is_watched_nothing_runs(place: Place) -> None:
    async def main() -> None:
        bodies = Bodies()
        runtime = place.runtime(approver=QueueApprovalHandler(1))
        task = asyncio.ensure_future(runtime.acall(WRITE, bodies))
        await asyncio.sleep(0.3)
        await cancelled(task, times=2)
        await settled(place, 1, lambda it: it[0][0] == "unanswered")
        await asyncio.sleep(1.0)
        assert bodies.ran == [] and [decision for decision, _ in place.outcomes()] == ["unanswered"]

    asyncio.run(main())


def test_a_question_behind_one_that_was_given_up_is_asked_at_once(place: Place) -> None:
    async def main() -> None:
        runtime = place.runtime(approver=QueueApprovalHandler(4))
        first = asyncio.ensure_future(runtime.acall(WRITE, Bodies()))
        await settled(place, 1, lambda it: True)
        await cancelled(first)
        second = asyncio.ensure_future(runtime.acall(Action("write", "other"), Bodies()))
        try:
            outcomes = await settled(place, 2, lambda it: True)
            assert len(outcomes) == 2, "it is in the log, where somebody could answer it"
        finally:
            await cancelled(second)

    asyncio.run(main())


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("step", ["ask", "wait", "begin"])
def test_cancelled_while_the_gate_works_nothing_runs_and_it_is_skipped(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str, times: int
) -> None:
    import aegis.runtime.course as course_module
    from aegis.core.action import action_json

    async def main() -> None:
        reached, go = threading.Event(), threading.Event()
        bodies = Bodies()
        course = place.runtime()._course(action_json(READ))
        slow_down(reached, go)
        task = asyncio.ensure_future(course.run(bodies))
        await asyncio.to_thread(reached.wait, SOON)
        await cancelled(task, times)
        go.set()
        outcomes = await settled(place, 1, lambda it: it[0][1] is not None)
        assert bodies.ran == [] and outcomes == [("auto", "skipped")]

    def slow_down(reached: threading.Event, go: threading.Event) -> None:
        real = course_module._in

        async def slow(pool: Any, work: Callable[[], Any], unheard: Callable[[Any], None]) -> Any:
            name = getattr(work, "__name__", "")
            current = {"<lambda>": "ask", "wait": "wait", "begin": "begin"}[name]
            if current != step:
                return await real(pool, work, unheard)

            def slowly() -> Any:
                if step == "wait":
                    done = work()
                reached.set()
                assert go.wait(SOON)
                return done if step == "wait" else work()

            return await real(pool, slowly, unheard)

        monkeypatch.setattr(course_module, "_in", slow)

    asyncio.run(main())


@pytest.mark.parametrize("times", [1, 2, 3])
def test_cancelled_in_the_body_it_has_failed_and_the_record_is_there_at_once(place: Place, times: int) -> None:
    async def main() -> None:
        async def body(params: dict[str, Any]) -> None:
            reached.set()
            await asyncio.sleep(60)

        reached = asyncio.Event()
        runtime = place.runtime()
        task = asyncio.ensure_future(runtime.acall(READ, body))
        await asyncio.wait_for(reached.wait(), SOON)
        await cancelled(task, times)
        assert place.outcomes() == [("auto", "failed")]
        assert "how far it got is not known" in place.records()[0]["result_error"]

    asyncio.run(main())


def test_cancelled_again_while_the_body_cleans_up_the_record_is_there(place: Place) -> None:
    async def main() -> None:
        async def body(params: dict[str, Any]) -> None:
            reached.set()
            try:
                await asyncio.sleep(60)
            finally:
                cleaning.set()
                await asyncio.sleep(60)

        reached, cleaning = asyncio.Event(), asyncio.Event()
        task = asyncio.ensure_future(place.runtime().acall(READ, body))
        await asyncio.wait_for(reached.wait(), SOON)
        task.cancel()
        await asyncio.wait_for(cleaning.wait(), SOON)
        await cancelled(task)
        assert place.outcomes() == [("auto", "failed")]

    asyncio.run(main())


def test_a_body_that_swallows_its_cancellation_ends_as_what_it_returned(place: Place) -> None:
    async def main() -> None:
        async def body(params: dict[str, Any]) -> str:
            reached.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                return "kept"
            return "never"

        reached = asyncio.Event()
        task = asyncio.ensure_future(place.runtime().acall(READ, body))
        await asyncio.wait_for(reached.wait(), SOON)
        task.cancel()
        assert await asyncio.wait_for(task, SOON) == "kept"
        assert place.outcomes() == [("auto", "success")]

    asyncio.run(main())


def test_cancelled_while_the_end_is_recorded_the_end_is_recorded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import aegis.runtime.course as course_module

    async def main() -> None:
        bodies = Bodies()
        runtime = place.runtime()
        real = course_module._in
        reached, go = threading.Event(), threading.Event()

        async def slow(pool: Any, work: Callable[[], Any], unheard: Callable[[Any], None]) -> Any:
            if unheard is not course_module._nothing:
                return await real(pool, work, unheard)

            def slowly() -> Any:
                reached.set()
                assert go.wait(SOON)
                return work()

            return await real(pool, slowly, unheard)

        monkeypatch.setattr(course_module, "_in", slow)
        task = asyncio.ensure_future(runtime.acall(READ, bodies))
        await asyncio.to_thread(reached.wait, SOON)
        await cancelled(task, 2)
        go.set()
        assert await settled(place, 1, lambda it: it[0][1] is not None) == [("auto", "success")]
        assert len(bodies.ran) == 1

    asyncio.run(main())


def test_a_loop_that_ends_while_the_gate_works_leaves_nothing_that_runs(place: Place) -> None:
    bodies = Bodies()
    runtime = place.runtime(approver=ScriptedApprover(*[True] * 40))

    async def main() -> None:
        for n in range(40):
            asyncio.ensure_future(runtime.acall(Action("write", "crm", {"n": n}), bodies))
            await asyncio.sleep(0.002)

    asyncio.run(main())
    ran = len(bodies.ran)
    deadline = time.monotonic() + SOON
    while any(status is None for decision, status in place.outcomes() if decision == "approved"):
        assert time.monotonic() < deadline, place.outcomes()
        time.sleep(0.05)
    successes = [outcome for outcome in place.outcomes() if outcome == ("approved", "success")]
    assert len(bodies.ran) == ran == len(successes)


# Time.


def test_a_timeout_around_a_question_refuses_and_is_recorded(place: Place) -> None:
    async def main() -> None:
        bodies = Bodies()
        runtime = place.runtime(approver=Waits())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(runtime.acall(WRITE, bodies), 0.2)
        outcomes = await settled(place, 1, lambda it: it[0][0] == "unanswered")
        assert bodies.ran == [] and outcomes[0][0] == "unanswered"

    asyncio.run(main())


@pytest.mark.parametrize("is_async", [True, False])
def test_whoever_is_asked_and_does_not_answer_in_time_has_not_approved(place: Place, is_async: bool) -> None:
    class Late(ApprovalHandler):
        async def request_approval(self, decision: PolicyDecision) -> bool:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
            return True

    bodies = Bodies()
    runtime = place.runtime(approver=Late(), approval_timeout=0.2)
    began = time.monotonic()
    with pytest.raises(Unanswered):
        if is_async:
            asyncio.run(runtime.acall(WRITE, bodies))
        else:
            runtime.call(WRITE, bodies)
    assert time.monotonic() - began < SOON and bodies.ran == [] and place.outcomes()[0][0] == "unanswered"


def test_what_an_approver_says_after_the_time_is_no_answer() -> None:
    from aegis.runtime.asking import ask

    class Late(ApprovalHandler):
        async def request_approval(self, decision: PolicyDecision) -> bool:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
            return True

    class Gone(ApprovalHandler):
        async def request_approval(self, decision: PolicyDecision) -> bool:
            raise asyncio.CancelledError

    decision = Policy.from_dict(POLICY).evaluate(WRITE)
    assert asyncio.run(ask(Late(), decision, 0.02)).approved is None
    assert asyncio.run(ask(Gone(), decision, 5)).approved is None


def test_an_approver_that_blocks_its_thread_is_not_waited_for_for_ever(place: Place) -> None:
    bodies = Bodies()
    go = threading.Event()
    runtime = place.runtime(approver=CallbackApprovalHandler(lambda decision: go.wait(30)), approval_timeout=0.2)
    try:
        with pytest.raises(Unanswered):
            runtime.call(WRITE, bodies)
    finally:
        go.set()
    assert bodies.ran == []


# The loop stays free.


def test_twenty_questions_wait_and_the_loop_is_free(place: Place) -> None:
    async def main() -> None:
        bodies = Bodies()
        approver = Waits()
        runtime = place.runtime(approver=approver)
        tasks = [asyncio.ensure_future(runtime.acall(Action("write", "crm", {"n": n}), bodies)) for n in range(20)]
        longest, last = 0.0, time.monotonic()
        deadline = last + 2 * SOON
        while approver.open < 20:
            assert time.monotonic() < deadline, f"{approver.open} of 20 asked"
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert longest < 0.3, f"the loop stood still for {longest} s"
        # What needs nobody is not held up by those who wait.
        assert await asyncio.wait_for(runtime.acall(READ, bodies), SOON) == "done"
        assert bodies.ran == [READ.params]
        approver.may_answer.set()
        assert await asyncio.wait_for(asyncio.gather(*tasks), 2 * SOON) == ["done"] * 20
        assert sorted(ran["n"] for ran in bodies.ran[1:]) == list(range(20))

    asyncio.run(main())
    assert sorted(place.outcomes()) == sorted([("auto", "success")] + [("approved", "success")] * 20)


def test_the_loop_is_free_while_another_process_holds_the_log(place: Place) -> None:
    """The first call opens the log, which waits for whoever has it."""
    import fcntl

    place.runtime().call(READ, Bodies())
    place.close()
    locks = [path for path in place.directory.iterdir() if "lock" in path.name]
    if not locks:
        pytest.fail(f"no lock beside the log: {[path.name for path in place.directory.iterdir()]}")

    async def main() -> None:
        bodies = Bodies()
        with open(locks[0], "rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            task = asyncio.ensure_future(place.runtime().acall(READ, bodies))
            longest, last = 0.0, time.monotonic()
            for _ in range(50):
                await asyncio.sleep(0.01)
                longest, last = max(longest, time.monotonic() - last), time.monotonic()
            assert not bodies.ran and not task.done() and longest < 0.3
            fcntl.flock(lock, fcntl.LOCK_UN)
        assert await asyncio.wait_for(task, SOON) == "done"

    asyncio.run(main())


# Together.


def test_parallel_calls_each_run_once_with_their_own_params(place: Place) -> None:
    async def main() -> None:
        async def body(params: dict[str, Any]) -> int:
            await asyncio.sleep(0)
            ran.append(params["n"])
            return int(params["n"])

        ran: list[int] = []
        answers = {n: [True, False, None][n % 3] for n in range(30)}
        runtime = place.runtime(approver=CallbackApprovalHandler(lambda it: answers[it.action.params["n"]]))
        calls = [runtime.acall(Action("write", "crm", {"n": n}), body) for n in range(30)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        for n, result in enumerate(results):
            assert result == n if answers[n] else isinstance(result, Denied if answers[n] is False else Unanswered)
        assert sorted(ran) == [n for n in range(30) if answers[n]]

    asyncio.run(main())
    by_n = {record["action_params"]["n"]: record["decision"] for record in place.records()}
    assert by_n == {n: ["approved", "denied", "unanswered"][n % 3] for n in range(30)}


def test_one_runtime_serves_loops_in_several_threads(place: Place) -> None:
    bodies = Bodies()
    runtime = place.runtime(approver=CallbackApprovalHandler(lambda it: True))

    async def several(thread: int) -> None:
        await asyncio.gather(*(runtime.acall(Action("write", "crm", {"n": [thread, n]}), bodies) for n in range(5)))

    threads = [threading.Thread(target=lambda n=n: asyncio.run(several(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ran["n"] for ran in bodies.ran) == [[thread, n] for thread in range(4) for n in range(5)]
    assert place.outcomes() == [("approved", "success")] * 20


def test_the_body_runs_in_the_caller_s_loop_and_context(place: Place) -> None:
    import contextvars

    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    async def main() -> None:
        async def body(params: dict[str, Any]) -> tuple[Any, str]:
            return asyncio.get_running_loop(), variable.get()

        variable.set("mine")
        assert await place.runtime().acall(READ, body) == (asyncio.get_running_loop(), "mine")

    asyncio.run(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), ValueError("x"), MemoryError()])
def test_what_a_body_raises_goes_through_unchanged_and_is_recorded(place: Place, error: BaseException) -> None:
    def body(params: dict[str, Any]) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        place.runtime().call(READ, body)
    assert raised.value is error
    assert place.outcomes() == [("auto", "failed")]
    assert place.records()[0]["result_error"].startswith(type(error).__name__)


def test_an_error_whose_text_is_no_unicode_or_cannot_be_told_goes_through_unchanged(place: Place) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    for error in (OSError("file \udcff is not there"), Mute(), ValueError("x" * 3_000_000), ValueError("\0\x1b[2J")):

        async def body(params: dict[str, Any], error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)) as raised:
            asyncio.run(place.runtime().acall(READ, body))
        assert raised.value is error
    assert place.outcomes() == [("auto", "failed")] * 4
    assert max(len(record["result_error"]) for record in place.records()) < 100_000


# Policies that change, hooks, and who is told.


def test_a_policy_that_changes_while_a_human_is_asked_holds(place: Place) -> None:
    async def main() -> None:
        approver = Waits()
        bodies = Bodies()
        runtime = place.runtime(approver=approver)
        task = asyncio.ensure_future(runtime.acall(WRITE, bodies))
        await asyncio.wait_for(approver.asked.wait(), SOON)
        blocking = {**POLICY, "rules": [{"name": "no_more", "match": {"type": "write"}, "approval": "block"}]}
        await asyncio.to_thread(runtime.update_policy, Policy.from_dict(blocking))
        approver.may_answer.set()
        with pytest.raises(Blocked) as refused:
            await asyncio.wait_for(task, SOON)
        assert refused.value.rule == "no_more" and bodies.ran == []

    asyncio.run(main())


def test_a_policy_that_changes_while_the_gate_is_opened_holds(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    import aegis.runtime.process_gate as process_gate
    from aegis import _native

    opening, go = threading.Event(), threading.Event()

    def slow(policy: Any, *arguments: Any, **named: Any) -> Any:
        opening.set()
        assert go.wait(SOON)
        return _native.Gate(policy, *arguments, **named)

    monkeypatch.setattr(process_gate, "_native", types.SimpleNamespace(Gate=slow, escape=_native.escape))
    bodies = Bodies()
    runtime = place.runtime()
    refused: list[Exception] = []

    def call() -> None:
        try:
            runtime.call(READ, bodies)
        except Blocked as error:
            refused.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert opening.wait(SOON)
    stricter = threading.Thread(
        target=lambda: runtime.update_policy(
            Policy.from_dict({"version": "1", "rules": [{"match": {"type": "*"}, "approval": "block"}]})
        )
    )
    stricter.start()
    time.sleep(0.1)
    go.set()
    stricter.join(SOON)
    caller.join(SOON)
    with pytest.raises(Blocked):
        runtime.call(READ, bodies)


@pytest.mark.parametrize("is_async", [True, False])
def test_the_approval_hook_is_told_what_the_gate_said(place: Place, is_async: bool) -> None:
    told: list[bool] = []

    async def on_approval(decision: PolicyDecision, approved: bool) -> None:
        told.append(approved)
        assert place.outcomes()[-1][0] == ["approved", "denied", "unanswered"][len(told) - 1]

    bodies = Bodies()
    approver = ScriptedApprover(True, False, None)
    runtime = place.runtime(approver=approver, hooks=RuntimeHooks(on_approval=on_approval))
    for _ in range(3):
        try:
            asyncio.run(runtime.acall(WRITE, bodies)) if is_async else runtime.call(WRITE, bodies)
        except (Denied, Unanswered):
            pass
    assert told == [True, False, False] and len(bodies.ran) == 1


def test_the_approval_hook_is_told_where_the_gate_asks_by_itself(place: Place) -> None:
    async def on_approval(decision: PolicyDecision, approved: bool) -> None:
        told.append((decision.action.type, approved))

    told: list[Any] = []
    runtime = place.runtime(approver=NobodyApprovalHandler(), hooks=RuntimeHooks(on_approval=on_approval))
    with pytest.raises(Unanswered):
        asyncio.run(runtime.acall(WRITE, Bodies()))
    asyncio.run(runtime.acall(READ, Bodies()))
    assert told == [("write", False)]


class Sink:
    """A log beside the log."""

    def __init__(self, fails_at: int = 0) -> None:
        self.entries: list[tuple[Any, Any]] = []
        self.fails_at = fails_at

    def log(self, session_id: str, decision: Any, *, result: Any = None, human_decision: Any = None) -> int:
        self.entries.append((None if result is None else str(result.status), human_decision))
        if len(self.entries) == self.fails_at:
            raise OSError("the sink is full")
        return len(self.entries)


@pytest.mark.parametrize("way", ["call", "acall", "run_one"])
def test_a_sink_that_fails_before_the_run_refuses(place: Place, way: str) -> None:
    bodies, executor, sink = Bodies(), Recorder(), Sink(1)
    runtime = place.runtime(approver=ScriptedApprover(True), executor=executor, audit_logger=sink)
    with pytest.raises(AuditError, match="sink"):
        if way == "call":
            runtime.call(WRITE, bodies)
        elif way == "acall":
            asyncio.run(runtime.acall(WRITE, bodies))
        else:
            asyncio.run(runtime.run_one(WRITE))
    assert (bodies.ran, executor.did) == ([], [])
    assert place.outcomes() == [("approved", "skipped")]


@pytest.mark.parametrize("way", ["call", "acall"])
def test_a_sink_is_told_of_the_answer_and_of_the_end_failures_included(place: Place, way: str) -> None:
    def fail(params: dict[str, Any]) -> None:
        raise ValueError("no")

    sink = Sink()
    runtime = place.runtime(approver=ScriptedApprover(True), audit_logger=sink)
    with pytest.raises(ValueError):
        runtime.call(WRITE, fail) if way == "call" else asyncio.run(runtime.acall(WRITE, fail))
    assert sink.entries == [(None, "approved"), ("failed", "approved")]


def test_a_sink_that_fails_behind_the_run_is_a_warning(place: Place) -> None:
    bodies, sink = Bodies(), Sink(2)
    runtime = place.runtime(audit_logger=sink)
    with pytest.warns(RuntimeWarning, match="sink"):
        assert runtime.call(READ, bodies) == "done"
    assert len(bodies.ran) == 1 and place.outcomes() == [("auto", "success")]


def test_a_call_within_a_running_loop_asks_in_a_thread_of_its_own(place: Place) -> None:
    async def main() -> Any:
        return runtime.call(WRITE, bodies), runtime.run_one_sync(WRITE)

    bodies, executor = Bodies(), Recorder()
    runtime = place.runtime(approver=ScriptedApprover(True, True), executor=executor)
    value, result = asyncio.run(main())
    assert value == "done" and isinstance(result, Result) and result.ok and len(executor.did) == 1


def test_closing_while_others_wait_lets_nothing_run_ungoverned(place: Place) -> None:
    async def main() -> None:
        approver, bodies = Waits(), Bodies()
        runtime = place.runtime(approver=approver)
        task: Awaitable[Any] = asyncio.ensure_future(runtime.acall(WRITE, bodies))
        await asyncio.wait_for(approver.asked.wait(), SOON)
        runtime.close()
        approver.may_answer.set()
        (outcome,) = await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), SOON)
        records = await settled(place, 1, lambda it: it[0][0] != "approved" or it[0][1] is not None)
        if bodies.ran:
            assert outcome == "done" and records == [("approved", "success")]
        else:
            assert isinstance(outcome, Exception) and records[0][1] != "success"

    asyncio.run(main())


def test_what_cannot_work_is_said(place: Place) -> None:
    with pytest.raises(UsageError):
        place.runtime(Policy.from_dict(POLICY), audit_logger=None).update_policy(POLICY)  # type: ignore[arg-type]
