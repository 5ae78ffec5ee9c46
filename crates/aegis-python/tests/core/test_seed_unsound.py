"""What agent-aegis 0.1.3 got wrong, one test for each: what was allowed is what was recorded before it ran."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import io
import json
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from aegis import Action, Approval, ExecutionPlan, Policy, PolicyDecision, Result, ResultStatus, RiskLevel, RuntimeHooks
from aegis.adapters.base import BaseExecutor
from aegis.core.conditions import evaluate_conditions
from aegis.errors import ActionError, AuditError, Blocked, Denied, PolicyError, Unanswered, UsageError
from aegis.runtime.approval import ApprovalHandler, CLIApprovalHandler
from aegis.runtime.approval_callback import CallbackApprovalHandler
from aegis.testing import ScriptedApprover, command
from governed_place import ALLOW_ALL, ASK_ALL, BLOCK_ALL, DELETE, POLICY, READ, WRITE, Bodies, Place, Recorder


def run_one(runtime: Any, action: Action, **settings: Any) -> Result:
    return asyncio.run(runtime.run_one(action, **settings))


# "Disk full, closed log, other thread, unserialisable params or result: the action ran, then logging raised; no row."


def test_the_row_is_synced_before_the_executor_is_called(place: Place) -> None:
    executor = Recorder(place)
    assert run_one(place.runtime(executor=executor), READ).ok
    assert executor.log_had == [[("auto", None)]], "decided, and not ended"
    assert place.outcomes() == [("auto", "success")]


def test_an_unserialisable_action_is_refused_and_neither_recorded_nor_run(place: Place) -> None:
    executor, bodies = Recorder(), Bodies()
    runtime = place.runtime(ALLOW_ALL, executor=executor)
    for params in ({"at": datetime.now(timezone.utc)}, {"x": float("nan")}, {"x": {1, 2}}, {"x": b"bytes"}):
        with pytest.raises(ActionError):
            runtime.plan([Action("read", "crm", params)])
        with pytest.raises(ActionError):
            run_one(runtime, Action("read", "crm", params))
        with pytest.raises(ActionError):
            runtime.call(Action("read", "crm", params), bodies)
    assert (executor.did, bodies.ran, place.records()) == ([], [], [])


def test_an_unserialisable_result_is_recorded_as_such_and_does_not_undo_the_record(place: Place) -> None:
    class Answers(BaseExecutor):
        async def execute(self, action: Action) -> Result:
            return Result(action, ResultStatus.SUCCESS, {"at": datetime.now(timezone.utc), "what": {1, 2}})

    result = run_one(place.runtime(executor=Answers()), READ)
    assert result.ok and result.data["what"] == {1, 2}
    record = place.records()[0]
    assert (record["decision"], record["result_status"]) == ("auto", "success")
    assert "cannot be written as JSON" in record["result_error"]


def test_another_thread_than_the_one_that_made_the_runtime_records_as_well(place: Place) -> None:
    runtime, bodies = place.runtime(), Bodies()
    runtime.call(READ, bodies)
    thread = threading.Thread(target=lambda: runtime.call(READ, bodies))
    thread.start()
    thread.join()
    assert len(bodies.ran) == 2 and place.outcomes() == [("auto", "success")] * 2


def test_a_closed_runtime_opens_its_log_again_and_loses_no_row(place: Place) -> None:
    runtime, bodies = place.runtime(), Bodies()
    runtime.call(READ, bodies)
    runtime.close()
    runtime.audit.close()
    runtime.call(READ, bodies)
    assert len(bodies.ran) == 2 and place.outcomes() == [("auto", "success")] * 2


# "Process dies, task cancelled, executor raises: ran, no row at all; the rest neither skipped nor recorded."


class Raises(BaseExecutor):
    """Raises at the action of a type."""

    def __init__(self, error: BaseException, at: str = "read_b") -> None:
        self.error, self.at = error, at

    async def execute(self, action: Action) -> Result:
        if action.type == self.at:
            raise self.error
        return Result(action, ResultStatus.SUCCESS)


THREE = [Action("read_a", "crm"), Action("read_b", "crm"), Action("read_c", "crm")]


def test_an_executor_that_raises_has_failed_and_the_rest_is_skipped_and_recorded(place: Place) -> None:
    runtime = place.runtime(executor=Raises(ValueError("no")))
    results = asyncio.run(runtime.execute(runtime.plan(THREE)))
    assert [str(result.status) for result in results] == ["success", "failed", "skipped"]
    assert place.outcomes() == [("auto", "success"), ("auto", "failed"), ("auto", "skipped")]
    assert place.records()[1]["result_error"] == "ValueError: no"


def test_a_cancelled_task_leaves_a_row_and_the_rest_is_skipped_and_recorded(place: Place) -> None:
    class Hangs(Recorder):
        async def execute(self, action: Action) -> Result:
            if action.type == "read_b":
                reached.set()
                await asyncio.sleep(60)
            return await super().execute(action)

    async def cancelled() -> None:
        task = asyncio.ensure_future(runtime.execute(runtime.plan(THREE)))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    reached = asyncio.Event()
    executor = Hangs()
    runtime = place.runtime(executor=executor)
    asyncio.run(cancelled())
    assert [action.type for action in executor.did] == ["read_a"]
    assert place.outcomes() == [("auto", "success"), ("auto", "failed"), ("auto", "skipped")]
    assert "CancelledError" in place.records()[1]["result_error"]


def test_a_process_that_dies_leaves_the_row(place: Place) -> None:
    died = place.program(
        """
        import os
        from governed_place import POLICY, READ
        from aegis import Policy, Runtime
        Runtime(policy=Policy.from_dict(POLICY)).call(READ, lambda params: os._exit(9))
        """
    )
    assert died.returncode == 9, died.stderr
    assert place.outcomes() == [("auto", None)]


# "Params mutated after plan, by an on_decision hook, or by the approver while approving: the mutated values ran."


def test_params_that_change_after_the_plan_do_not_change_what_runs(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(executor=executor)
    params = {"ids": [1], "deep": {"x": 1}}
    action = Action("read", "crm", params)
    plan = runtime.plan([action])
    params["ids"].append(2)
    action.params["all"] = True
    plan[0].action.params["deep"]["x"] = "planted"
    plan[0].action.__dict__["type"] = "read_everything"
    asyncio.run(runtime.execute(plan))
    assert [(did.type, did.params) for did in executor.did] == [("read", {"ids": [1], "deep": {"x": 1}})]
    assert place.records()[0]["action_params"] == executor.did[0].params


def test_a_hook_that_changes_the_params_changes_nothing(place: Place) -> None:
    async def change(decision: Any, *_: Any) -> None:
        told.append(decision.action.params.get("count"))
        decision.action.params["count"] = 10**6
        decision.action.__dict__["target"] = "elsewhere"

    told: list[Any] = []
    executor = Recorder()
    hooks = RuntimeHooks(on_decision=change, on_approval=change)
    runtime = place.runtime(approver=ScriptedApprover(True), executor=executor, hooks=hooks)
    result = run_one(runtime, WRITE)
    assert told == [3, 3]
    assert [(did.target, did.params) for did in executor.did] == [("crm", {"count": 3})]
    assert result.action.params == {"count": 3} == place.records()[0]["action_params"]


def test_an_approver_that_changes_the_params_changes_nothing(place: Place) -> None:
    class Planter(ApprovalHandler):
        async def request_approval(self, decision: PolicyDecision) -> bool:
            seen.append(dict(decision.action.params))
            decision.action.params["count"] = 10**6
            mine["count"] = 10**6
            return True

    seen: list[Any] = []
    mine = {"count": 3}
    executor, bodies = Recorder(), Bodies()
    runtime = place.runtime(approver=Planter(), executor=executor)
    run_one(runtime, Action("write", "crm", mine))
    mine["count"] = 4
    runtime.call(Action("write", "crm", mine), bodies)
    assert seen == [{"count": 3}, {"count": 4}]
    assert [did.params for did in executor.did] == [{"count": 3}] and bodies.ran == [{"count": 4}]
    assert [record["action_params"] for record in place.records()] == seen


def test_what_an_executor_does_to_its_action_does_not_reach_the_result_or_the_hook(place: Place) -> None:
    class Changes(BaseExecutor):
        async def execute(self, action: Action) -> Result:
            action.params["id"] = "changed"
            return Result(Action("delete", "everything"), ResultStatus.SUCCESS)

        async def verify(self, action: Action, result: Result) -> bool:
            looked.append(action.params["id"])
            action.params["id"] = result.action.params["id"] = "changed"
            return True

    async def told(result: Result) -> None:
        looked.append(result.action.params["id"])

    looked: list[Any] = []
    run_one(place.runtime(executor=Changes(), hooks=RuntimeHooks(on_execute=told)), READ)
    assert looked[0] == 7
    assert place.records()[0]["action_params"] == {"id": 7}


# "Hand-made PolicyDecision/ExecutionPlan with AUTO is executed under a policy that blocks all."


def test_a_decision_that_no_policy_made_allows_nothing(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(BLOCK_ALL, executor=executor)
    forged = PolicyDecision(READ, RiskLevel.LOW, Approval.AUTO, "forged")
    results = asyncio.run(runtime.execute(ExecutionPlan([forged])))
    assert [str(result.status) for result in results] == ["blocked"] and executor.did == []
    assert place.outcomes() == [("block", "blocked")]


def test_a_decision_of_another_policy_allows_nothing(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(BLOCK_ALL, executor=executor)
    lenient = Policy.from_dict(ALLOW_ALL).evaluate(READ)
    results = asyncio.run(runtime.execute(ExecutionPlan([lenient])))
    assert [str(result.status) for result in results] == ["blocked"] and executor.did == []


def test_a_decision_that_is_changed_by_hand_can_only_be_stricter(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(ALLOW_ALL, executor=executor)
    planned = runtime.plan([READ])[0]
    for changed in (
        dataclasses.replace(planned, approval=Approval.BLOCK),
        PolicyDecision(READ, RiskLevel.LOW, Approval.BLOCK),
    ):
        assert [str(it.status) for it in asyncio.run(runtime.execute(ExecutionPlan([changed])))] == ["blocked"]
    runtime.update_policy(Policy.from_dict(BLOCK_ALL))
    looser = dataclasses.replace(runtime.plan([READ])[0], approval=Approval.AUTO)
    assert [str(it.status) for it in asyncio.run(runtime.execute(ExecutionPlan([looser])))] == ["blocked"]
    assert executor.did == []


def test_copies_of_a_decision_are_no_looser_and_lose_nothing_that_people_read(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(executor=executor)
    blocked = runtime.plan([DELETE])[0]
    runtime.update_policy(Policy.from_dict(ALLOW_ALL))
    for copied in (copy.copy(blocked), copy.deepcopy(blocked), pickle.loads(pickle.dumps(blocked))):
        assert copied == blocked
        assert [str(it.status) for it in asyncio.run(runtime.execute(ExecutionPlan([copied])))] == ["blocked"]
    assert dataclasses.asdict(blocked)["matched_rule"] == "deletes" and executor.did == []


# "Plan from before update_policy runs under the old decision; same plan runs twice on one approval."


def test_a_plan_from_before_a_new_policy_is_decided_again_and_the_stricter_holds(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(ALLOW_ALL, executor=executor)
    lenient = runtime.plan([READ])
    runtime.update_policy(Policy.from_dict(BLOCK_ALL))
    strict = runtime.plan([READ])
    assert asyncio.run(runtime.execute(lenient))[0].status is ResultStatus.BLOCKED
    runtime.update_policy(Policy.from_dict(ALLOW_ALL))
    assert asyncio.run(runtime.execute(strict))[0].status is ResultStatus.BLOCKED
    assert executor.did == []


def test_a_plan_that_is_executed_twice_is_asked_about_twice(place: Place) -> None:
    executor, approver = Recorder(), ScriptedApprover(True, False)
    runtime = place.runtime(executor=executor, approver=approver)
    plan = runtime.plan([WRITE])
    first = asyncio.run(runtime.execute(plan))[0]
    second = asyncio.run(runtime.execute(plan))[0]
    assert (first.status, second.status) == (ResultStatus.SUCCESS, ResultStatus.DENIED)
    assert first.action_id != second.action_id and len(executor.did) == 1 and len(approver.questions) == 2


# "Callback returns "no", or an awaitable that is not a coroutine and yields False: approved."


class Later:
    """An awaitable that is no coroutine."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self.answer


@pytest.mark.parametrize(
    "answer", ["no", "yes", 1, 0, "", [], object(), Later, Later("yes"), Later(Later(1)), True.__class__]
)
def test_only_the_object_true_approves(place: Place, answer: Any) -> None:
    bodies = Bodies()
    runtime = place.runtime(approver=CallbackApprovalHandler(lambda decision: answer))
    with pytest.raises(Unanswered):
        runtime.call(WRITE, bodies)
    with pytest.raises(Unanswered):
        asyncio.run(runtime.acall(WRITE, bodies))
    assert bodies.ran == [] and [decision for decision, _ in place.outcomes()] == ["unanswered"] * 2


def test_an_awaitable_that_is_no_coroutine_is_awaited(place: Place) -> None:
    bodies = Bodies()
    answers: list[Any] = [Later(False), Later(True), Later(Later(False))]
    runtime = place.runtime(approver=CallbackApprovalHandler(lambda decision: answers.pop(0)))
    with pytest.raises(Denied):
        runtime.call(WRITE, bodies)
    assert runtime.call(WRITE, bodies) == "done"
    with pytest.raises(Denied):
        asyncio.run(runtime.acall(WRITE, bodies))
    assert len(bodies.ran) == 1


# "Callback raises: exception out of execute, no row."


@pytest.mark.parametrize("error", [RuntimeError("secret-7"), KeyError("secret-7"), AssertionError(), TimeoutError()])
def test_a_callback_that_raises_is_a_result_and_recorded_as_unanswered_with_why(place: Place, error: Exception) -> None:
    def ask(decision: PolicyDecision) -> bool:
        raise error

    executor = Recorder()
    runtime = place.runtime(executor=executor, approver=CallbackApprovalHandler(ask))
    result = run_one(runtime, WRITE)
    assert result.status is ResultStatus.UNANSWERED and not result.ok and executor.did == []
    assert place.outcomes()[0][0] == "unanswered"
    assert result.error and ("failed" in result.error or "in time" in result.error) and "secret-7" not in result.error


# "CLI approval reads stdin (a pipe can answer) and prints ESC and CR raw; end of input raises EOFError."


def test_standard_input_answers_nothing(place: Place) -> None:
    code = """
        import sys
        from governed_place import POLICY, WRITE
        from aegis import Action, Policy, Runtime
        from aegis.errors import Unanswered
        runtime = Runtime(policy=Policy.from_dict(POLICY))
        try:
            runtime.call(Action("write", "crm", {"x": "\\x1b[2J\\rfake"}), lambda params: print("RAN"))
        except Unanswered as refused:
            print("unanswered", refused.request is not None)
        """
    for answer in ("y\n" * 10, "yes\nyes\n", ""):
        done = place.program(code, input=answer, start_new_session=True)
        assert done.stdout == "unanswered True\n", done.stderr
        assert "\x1b" not in done.stdout + done.stderr and "\r" not in done.stderr
    assert {decision for decision, _ in place.outcomes()} == {"unanswered"}


def test_the_handler_for_the_terminal_never_reads_python_s_standard_input(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("read"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\ny\n"))
    decision = Policy.from_dict(POLICY).evaluate(WRITE)
    assert asyncio.run(CLIApprovalHandler().request_approval(decision)).approved is None  # type: ignore[union-attr]


# "Unknown condition key ignored; misspelt match key matches everything; duplicate YAML key; version 99; empty file."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: '1'\nrules:\n- {match: {type: a}, conditions: {param_gtt: {n: 1}}, approval: auto}\n", "param_gtt"),
        ("version: '1'\nrules:\n- {match: {tpye: read}, approval: auto}\n", "tpye"),
        ("version: '1'\nrules:\n- {match: {type: a}, approval: block, approval: auto}\n", "approval"),
        ("version: '99'\nrules: []\n", "99"),
        ("", "version"),
        ("rules: []\n", "version"),
        ("- 1\n", ""),
    ],
)
def test_a_policy_that_does_not_say_what_it_seems_to_is_refused(place: Place, text: str, said: str) -> None:
    path = place.directory / "policy.yaml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(PolicyError) as refused:
        Policy.from_yaml(path)
    assert said in str(refused.value) and refused.value.diagnostics


# ""150" > 100, contains on a number: TypeError; True > 0 counts; window over midnight never holds."


@pytest.mark.parametrize(
    ("conditions", "value"),
    [
        ({"param_gt": {"n": 100}}, "150"),
        ({"param_gt": {"n": 0}}, True),
        ({"param_lte": {"n": 0}}, [1]),
        ({"param_lt": {"n": 0}}, {"a": 1}),
        ({"param_contains": {"n": "1"}}, 12),
        ({"param_contains": {"n": "1"}}, True),
        ({"param_matches": {"n": "1"}}, ["1"]),
    ],
)
def test_types_that_do_not_fit_are_undecidable_and_the_stricter_holds(
    place: Place, conditions: dict[str, Any], value: Any
) -> None:
    rule = {"name": "many", "match": {"type": "*"}, "conditions": conditions, "approval": "block"}
    policy = {**ALLOW_ALL, "rules": [rule]}
    bodies = Bodies()
    runtime = place.runtime(policy)
    decision = runtime.policy.evaluate(Action("bulk", "crm", {"n": value}))
    assert decision.approval is Approval.BLOCK and decision.undecidable[0]["rule"] == "many"
    with pytest.raises(Blocked):
        runtime.call(Action("bulk", "crm", {"n": value}), bodies)
    assert bodies.ran == [] and place.outcomes() == [("block", "blocked")]
    assert evaluate_conditions(conditions, {"n": value}) is False


def test_a_window_over_midnight_holds_on_both_sides_of_it() -> None:
    night = {"time_after": "22:00", "time_before": "06:00"}
    holds = {
        hour: evaluate_conditions(night, {}, datetime(2026, 11, 23, hour, 30)) for hour in (21, 22, 23, 0, 5, 6, 12)
    }
    assert holds == {21: False, 22: True, 23: True, 0: True, 5: True, 6: False, 12: False}


# "Delete passes delete* rules; NaN, empty type accepted."


def test_case_is_only_ignored_where_a_rule_says_so() -> None:
    blind = {"match": {"type": "delete*", "ignore_case": True}, "approval": "block"}
    assert Policy.from_dict({**ALLOW_ALL, "rules": [blind]}).evaluate(Action("Delete", "x")).approval is Approval.BLOCK


@pytest.mark.parametrize(
    "action",
    [
        Action("", "crm"),
        Action("a\0b", "crm"),
        Action("a", "b\0"),
        Action("a", "b", {"x": float("inf")}),
        Action("a", "b", agent="x\0"),
        Action(None, "crm"),  # type: ignore[arg-type]
        Action("a", 7),  # type: ignore[arg-type]
        Action("a", "b", [1]),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_action_is_refused_before_any_rule_is_read(place: Place, action: Action) -> None:
    runtime, bodies = place.runtime(ALLOW_ALL), Bodies()
    with pytest.raises(ActionError):
        runtime.policy.evaluate(action)
    with pytest.raises(ActionError):
        runtime.call(action, bodies)
    with pytest.raises(ActionError):
        asyncio.run(runtime.acall(action, bodies))
    assert bodies.ran == [] and place.records() == []


# "setup/teardown ran 3 times for a context with two run_one; concurrent run_one tears the executor down."


def test_a_context_sets_its_executor_up_once(place: Place) -> None:
    async def two() -> None:
        async with place.runtime(executor=executor) as runtime:
            await runtime.run_one(READ)
            await runtime.run_one(READ)

    executor = Recorder()
    asyncio.run(two())
    assert executor.steps == ["setup", "execute", "execute", "teardown"]


def test_without_a_context_each_call_sets_the_executor_up_and_puts_it_away(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(executor=executor)
    run_one(runtime, READ)
    run_one(runtime, READ)
    assert executor.steps == ["setup", "execute", "teardown"] * 2


def test_concurrent_calls_do_not_put_the_executor_away_under_one_another(place: Place) -> None:
    class Fragile(Recorder):
        up = 0

        async def setup(self) -> None:
            await asyncio.sleep(0.01)
            type(self).up += 1

        async def teardown(self) -> None:
            type(self).up -= 1
            await asyncio.sleep(0.02)

        async def execute(self, action: Action) -> Result:
            for _ in range(3):
                assert type(self).up == 1
                await asyncio.sleep(0.005 * (1 + action.params["n"] % 4))
            return await super().execute(action)

    async def many() -> list[Result]:
        async def one(n: int) -> Result:
            # Some come while others have just gone, so that it is put away at that moment.
            await asyncio.sleep(0.015 * n)
            return await runtime.run_one(Action("read", "crm", {"n": n}))

        return list(await asyncio.gather(*(one(n) for n in range(12))))

    executor = Fragile()
    runtime = place.runtime(executor=executor)
    assert [result.error for result in asyncio.run(many()) if not result.ok] == []
    assert Fragile.up == 0 and len(executor.did) == 12


def test_an_executor_that_is_being_put_away_is_set_up_anew_for_whoever_comes_then(place: Place) -> None:
    class Slow(Recorder):
        async def teardown(self) -> None:
            self.steps.append("closing")
            going.set()
            await asyncio.sleep(0.1)
            self.steps.append("closed")

    async def overlap() -> None:
        first = asyncio.ensure_future(runtime.run_one(READ))
        await going.wait()
        await asyncio.gather(first, runtime.run_one(READ))

    going = asyncio.Event()
    executor = Slow()
    runtime = place.runtime(executor=executor)
    asyncio.run(overlap())
    assert executor.steps == ["setup", "execute", "closing", "closed"] * 2


# "Hook raises after the run: caller gets an exception instead of the result."


def test_a_hook_that_raises_after_the_run_is_a_warning_and_hides_no_result(place: Place) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("hook")

    executor = Recorder()
    hooks = RuntimeHooks(on_approval=fail, on_execute=fail)
    runtime = place.runtime(executor=executor, approver=ScriptedApprover(True), hooks=hooks)
    with pytest.warns(RuntimeWarning, match="a hook of the runtime failed: RuntimeError"):
        result = run_one(runtime, WRITE)
    assert result.ok and len(executor.did) == 1 and place.outcomes() == [("approved", "success")]


@pytest.mark.parametrize("way", ["run_one", "call", "acall", "run_one_sync"])
def test_a_hook_that_raises_before_the_run_refuses(place: Place, way: str) -> None:
    async def fail(decision: PolicyDecision) -> None:
        raise RuntimeError("hook")

    executor, bodies = Recorder(), Bodies()
    runtime = place.runtime(executor=executor, hooks=RuntimeHooks(on_decision=fail))
    if way == "run_one":
        assert not run_one(runtime, READ).ok
    elif way == "run_one_sync":
        assert not runtime.run_one_sync(READ).ok
    elif way == "call":
        with pytest.raises(Exception, match="hook"):
            runtime.call(READ, bodies)
    else:
        with pytest.raises(Exception, match="hook"):
            asyncio.run(runtime.acall(READ, bodies))
    assert executor.did == [] and bodies.ran == []
    assert place.outcomes() == [("auto", "skipped")]


# "dry run reports success."


def test_a_dry_run_is_skipped_and_says_what_would_be(place: Place) -> None:
    executor = Recorder()
    runtime = place.runtime(executor=executor)
    results = asyncio.run(runtime.execute(runtime.plan([READ, WRITE, DELETE]), dry_run=True))
    assert [(str(result.status), result.ok, result.data) for result in results] == [
        ("skipped", False, {"dry_run": True, "would_execute": True}),
        ("skipped", False, {"dry_run": True, "approval_required": True}),
        ("blocked", False, None),
    ]
    assert executor.steps == [] and place.records() == []


# "Any row can be deleted or edited; rollback journal; log file 0644; limit goes into SQL as text."


@pytest.mark.parametrize("statement", ["delete", "update"])
def test_a_row_that_is_deleted_or_edited_is_found(place: Place, statement: str) -> None:
    runtime, bodies = place.runtime(), Bodies()
    for _ in range(3):
        runtime.call(READ, bodies)
    runtime.close()
    place.must_be_sound = False
    with sqlite3.connect(place.log) as connection:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_master where type='table'")
            if "sqlite" not in name
        ]
        for (name,) in list(connection.execute("select name from sqlite_master where type='trigger'")):
            connection.execute(f"drop trigger {name}")
        changed = 0
        for table in tables:
            columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
            if "seq" not in columns:
                continue
            if statement == "delete":
                changed += connection.execute(f"delete from {table} where seq = 2").rowcount
            else:
                assert "at" in columns
                changed += connection.execute(f"update {table} set at = at + 1 where seq = 2").rowcount
        assert changed
    connection.close()
    with pytest.raises(AuditError):
        runtime.audit.verify()


def test_the_log_is_nobody_else_s_to_read_and_limit_is_a_number(place: Place) -> None:
    runtime, bodies = place.runtime(), Bodies()
    runtime.call(READ, bodies)
    assert stat.S_IMODE(os.stat(place.log).st_mode) & 0o077 == 0
    for limit in ("1", "1; drop table events", -1, 1.5):
        with pytest.raises((UsageError, AuditError)):
            runtime.audit.get_log(limit=limit)  # type: ignore[arg-type]
    assert len(runtime.audit.get_log(limit=1)) == 1


# "aegis audit --db missing creates the file."


def test_reading_a_log_that_is_not_there_fails_and_makes_none(place: Place) -> None:
    for read in (place.audit.get_log, place.audit.count, place.audit.verify):
        with pytest.raises(AuditError):
            read()
    with pytest.raises(AuditError):
        place.audit.export_jsonl(place.directory / "out.jsonl")
    assert list(place.directory.iterdir()) == []


def test_the_command_exits_with_4_where_there_is_no_log(place: Place) -> None:
    if not Path(command()).is_file():
        pytest.skip("the aegis command is not there: set AEGIS_COMMAND")
    done = subprocess.run([command(), "audit", "--db", "missing.db"], cwd=place.directory, capture_output=True)
    assert done.returncode == 4 and list(place.directory.iterdir()) == []


# 1.0.0: "approve goes through with an info line; @guard writes no record; a policy-changing tool for the agent."


def test_what_needs_approval_never_runs_without_one(place: Place) -> None:
    executor, bodies = Recorder(), Bodies()
    runtime = place.runtime(ASK_ALL, executor=executor)
    assert run_one(runtime, READ).status is ResultStatus.UNANSWERED
    with pytest.raises(Unanswered):
        runtime.call(READ, bodies)
    assert (executor.did, bodies.ran) == ([], [])
    assert json.dumps(place.outcomes()).count("unanswered") == 2
