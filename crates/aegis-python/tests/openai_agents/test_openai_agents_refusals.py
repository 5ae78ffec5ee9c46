"""No tool body runs after a refusal, or where the gate or the log fails."""

from __future__ import annotations

from typing import Any

import pytest
from aegis.errors import AuditError
from agents.exceptions import UserError
from governed_tools import KINDS, own_async
from scripted_openai import WAYS, agent_of, outputs, run

kinds = pytest.mark.parametrize("make_tool", KINDS, ids=lambda kind: kind.__name__)
ways = pytest.mark.parametrize("way", WAYS)


@ways
@kinds
def test_what_is_blocked_is_not_run_and_the_model_reads_why(make_runtime, ran, make_tool, way) -> None:
    runtime = make_runtime()
    result = run(agent_of([make_tool(runtime, ran, "wipe")], [("wipe", {"to": "ana"})], "done"), way)
    assert ran == []
    (text,) = outputs(result)
    assert "wiping_is_blocked" in text and "gone is gone" in text
    assert result.final_output == "done"
    (row,) = runtime.audit.get_log()
    assert (row["decision"], row["action_target"]) == ("block", "bank")


@ways
@kinds
@pytest.mark.parametrize(("answer", "decision"), [(False, "denied"), (None, "unanswered")])
def test_what_nobody_approves_is_not_run(make_runtime, ran, make_tool, way, answer, decision) -> None:
    runtime = make_runtime(answer)
    result = run(agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana", "amount": 500})], "done"), way)
    assert ran == []
    assert "large_needs_a_human" in outputs(result)[0]
    assert [row["decision"] for row in runtime.audit.get_log()] == [decision]


@ways
@kinds
def test_what_is_approved_is_run_once(make_runtime, ran, make_tool, way) -> None:
    runtime = make_runtime(True)
    result = run(agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana", "amount": 500})], "done"), way)
    assert ran == [("ana", 500)]
    assert outputs(result) == ["moved 500 to ana"]
    (row,) = runtime.audit.get_log()
    assert (row["decision"], row["result_status"]) == ("approved", "success")


@ways
@kinds
def test_without_a_log_nothing_is_run_and_the_run_ends(make_runtime, ran, make_tool, way, no_log) -> None:
    runtime = make_runtime(path=no_log)
    agent = agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana", "amount": 5})], "done")
    with pytest.raises((UserError, AuditError)) as caught:
        run(agent, way)
    assert isinstance(caught.value.__cause__ or caught.value, AuditError)
    assert ran == []
    assert agent.model.remaining_steps == 1, "the model must not be asked again"


@ways
@kinds
def test_where_the_gate_fails_nothing_is_run_and_the_run_ends(make_runtime, ran, make_tool, way, monkeypatch) -> None:
    runtime = make_runtime()

    async def broken(action: Any, body: Any) -> Any:
        raise RuntimeError("the gate is broken")

    monkeypatch.setattr(runtime, "acall", broken)
    agent = agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana", "amount": 5})], "done")
    with pytest.raises(UserError):
        run(agent, way)
    assert ran == []
    assert agent.model.remaining_steps == 1


@ways
@kinds
def test_calls_of_one_turn_are_decided_each_for_itself(make_runtime, ran, make_tool, way) -> None:
    runtime = make_runtime(False)
    tools = [make_tool(runtime, ran), make_tool(runtime, ran, "wipe")]
    calls = [("transfer", {"to": str(place), "amount": place}) for place in range(4)]
    turn = [*calls, ("wipe", {"to": "ana"}), ("transfer", {"to": "bo", "amount": 500})]
    result = run(agent_of(tools, turn, "done"), way)
    assert sorted(ran) == [(str(place), place) for place in range(4)]
    found = outputs(result)
    assert found[:4] == [f"moved {place} to {place}" for place in range(4)]
    assert "wiping_is_blocked" in found[4] and "large_needs_a_human" in found[5]
    assert len(runtime.audit.get_log()) == 6


def test_a_tool_that_fails_is_recorded_as_failed_and_tells_the_model_nothing(make_runtime) -> None:
    from aegis.adapters.openai_agents import govern_function_tool, governed_tool
    from agents import function_tool

    runtime = make_runtime()

    def other(to: str) -> str:
        raise OSError("the password is hunter2")

    own = governed_tool(runtime=runtime, action_type="other")(other)
    foreign = govern_function_tool(function_tool(other, name_override="other_foreign"), runtime)
    plain = function_tool(other, name_override="other_plain")
    names = ["other", "other_foreign", "other_plain"]
    result = run(agent_of([own, foreign, plain], [(name, {"to": "x"}) for name in names], "done"))
    assert len(set(outputs(result))) == 1, "a governed tool tells what an ungoverned one tells"
    assert "hunter2" not in outputs(result)[0]
    assert [row["result_status"] for row in runtime.audit.get_log()] == ["failed", "failed"]


def test_a_tool_may_explain_its_failures_itself_or_let_them_end_the_run(make_runtime) -> None:
    from aegis.adapters.openai_agents import governed_tool

    runtime = make_runtime()

    def other(to: str) -> str:
        raise OSError("no disk")

    def explain(context: Any, error: Exception) -> str:
        return f"explained: {error}"

    kind = {"runtime": runtime, "action_type": "other"}
    told = governed_tool(**kind, failure_error_function=explain)(other)
    assert outputs(run(agent_of([told], [("other", {"to": "x"})], "done"))) == ["explained: no disk"]
    ends = governed_tool(**kind, failure_error_function=None)(other)
    with pytest.raises(UserError, match="no disk"):
        run(agent_of([ends], [("other", {"to": "x"})], "done"))


def test_a_gate_inside_a_tool_that_fails_ends_the_run_too(make_runtime, ran, no_log) -> None:
    from aegis.adapters.openai_agents import governed_tool

    outer, inner = make_runtime(), own_async(make_runtime(path=no_log), ran)

    @governed_tool(runtime=outer, action_type="other")
    async def other(to: str) -> str:
        """Do it."""
        return str(await inner(to, 5))

    with pytest.raises(UserError) as caught:
        run(agent_of([other], [("other", {"to": "x"})], "done"))
    assert isinstance(caught.value.__cause__, AuditError)
    assert ran == []


def test_a_tool_that_takes_too_long_has_its_end_recorded(make_runtime) -> None:
    import asyncio

    from aegis.adapters.openai_agents import governed_tool

    runtime = make_runtime()

    @governed_tool(runtime=runtime, action_type="other", timeout=0.5)
    async def other(to: str) -> str:
        """Do it."""
        await asyncio.sleep(30)
        return "never"

    result = run(agent_of([other], [("other", {"to": "x"})], "done"))
    assert "timed out" in outputs(result)[0]
    assert [row["result_status"] for row in runtime.audit.get_log()] == ["failed"]
