"""Pauses, saved states and waiting questions: approving a pause only lets the call go to the gate again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aegis.adapters.openai_agents import govern_function_tool
from aegis.runtime.approval import NobodyApprovalHandler
from aegis.testing import answer_waiting
from agents import Agent, RunState
from agents.exceptions import UserError
from governed_tools import KINDS
from scripted_openai import QUIET, WAYS, agent_of, model_of, outputs, run

kinds = pytest.mark.parametrize("make_tool", KINDS, ids=lambda kind: kind.__name__)
ways = pytest.mark.parametrize("way", WAYS)
LARGE = ("transfer", {"to": "ana", "amount": 500})
SMALL = ("transfer", {"to": "bo", "amount": 5})


def loaded(agent: Agent[Any], text: str) -> Any:
    return asyncio.run(RunState.from_string(agent, text))


def fresh(agent: Agent[Any], *turns: Any) -> Agent[Any]:
    """The same agent in another process: same tools, a model that goes on."""
    agent.model = model_of(*turns)
    return agent


@ways
@kinds
def test_approving_the_pause_is_not_an_approval(make_runtime, ran, make_tool, way) -> None:
    runtime = make_runtime(False)
    agent = agent_of([make_tool(runtime, ran, needs_approval=True)], [LARGE], "done")
    paused = run(agent, way)
    (item,) = paused.interruptions
    assert ran == []
    state = paused.to_state()
    state.approve(item)
    result = run(agent, way, state)
    assert ran == []
    assert "large_needs_a_human" in outputs(result)[0]
    assert [row["decision"] for row in runtime.audit.get_log()] == ["denied"]


@ways
@kinds
def test_a_saved_state_that_is_resumed_twice_runs_the_tool_once(make_runtime, ran, make_tool, way) -> None:
    runtime = make_runtime(True, False)
    agent = agent_of([make_tool(runtime, ran, needs_approval="policy")], [LARGE])
    paused = run(agent, way)
    state = paused.to_state()
    state.approve(paused.interruptions[0])
    saved = state.to_string()
    assert ran == []

    first = run(fresh(agent, "done"), way, loaded(agent, saved))
    assert ran == [("ana", 500)] and first.final_output == "done"
    second = run(fresh(agent, "done"), way, loaded(agent, saved))
    assert ran == [("ana", 500)], "one approval, one run"
    assert "large_needs_a_human" in outputs(second)[0]
    assert [row["decision"] for row in runtime.audit.get_log()] == ["approved", "denied"]


@kinds
def test_resuming_without_an_answer_pauses_again_and_rejecting_runs_nothing(make_runtime, ran, make_tool) -> None:
    runtime = make_runtime()
    agent = agent_of([make_tool(runtime, ran, needs_approval="policy")], [LARGE], "done")
    paused = run(agent)
    again = run(agent, "run", paused.to_state())
    (item,) = again.interruptions
    state = again.to_state()
    state.reject(item, rejection_message="the clerk said no")
    result = run(agent, "run", state)
    assert ran == []
    assert outputs(result) == ["the clerk said no"]


@kinds
def test_always_approve_does_not_cover_the_gate(make_runtime, ran, make_tool) -> None:
    runtime = make_runtime(True, False)
    larger = ("transfer", {"to": "eve", "amount": 50_000})
    agent = agent_of([make_tool(runtime, ran, needs_approval=True)], [LARGE], [larger], "done")
    paused = run(agent)
    state = paused.to_state()
    state.approve(paused.interruptions[0], always_approve=True)
    result = run(agent, "run", state)
    assert ran == [("ana", 500)]
    assert "large_needs_a_human" in outputs(result)[1]


@kinds
def test_the_policy_says_which_calls_pause_by_the_arguments_that_the_tool_would_get(
    make_runtime, ran, make_tool
) -> None:
    runtime = make_runtime(True)
    left_out = ("transfer", {"to": "cy"})
    agent = agent_of([make_tool(runtime, ran, needs_approval="policy")], [SMALL, left_out], "done")
    paused = run(agent)
    assert ran == [("bo", 5)]
    (item,) = paused.interruptions
    assert item.arguments == '{"to": "cy"}'
    state = paused.to_state()
    state.approve(item)
    run(agent, "run", state)
    assert ran == [("bo", 5), ("cy", 1000)]


@kinds
def test_a_predicate_is_asked_about_the_arguments_that_the_tool_would_get(make_runtime, ran, make_tool) -> None:
    asked: list[Any] = []

    def predicate(context: Any, params: dict[str, Any], call_id: str) -> bool:
        asked.append(params)
        return False

    runtime = make_runtime(False)
    agent = agent_of([make_tool(runtime, ran, needs_approval=predicate)], [("transfer", {"to": "ana"})], "done")
    result = run(agent)
    assert asked == [{"to": "ana", "amount": 1000}]
    assert ran == [], "a predicate that does not pause allows nothing"
    assert "large_needs_a_human" in outputs(result)[0]


@kinds
def test_a_predicate_that_fails_ends_the_run(make_runtime, ran, make_tool) -> None:
    async def predicate(*_: Any) -> bool:
        raise RuntimeError("broken")

    agent = agent_of([make_tool(make_runtime(), ran, needs_approval=predicate)], [SMALL], "done")
    with pytest.raises((RuntimeError, UserError), match="broken"):
        run(agent)
    assert ran == []


@ways
def test_a_waiting_question_is_named_and_its_answer_is_used_once(make_runtime, ran, log, way) -> None:
    runtime = make_runtime(handler=NobodyApprovalHandler())
    agent = agent_of([KINDS[0](runtime, ran)], [LARGE], "waiting")
    (text,) = outputs(run(agent, way))
    (row,) = runtime.audit.get_log()
    assert ran == [] and row["id"] in text

    answer_waiting(log, row["id"], approve=True)
    (text,) = outputs(run(fresh(agent, [LARGE], "done"), way))
    assert text == "moved 500 to ana" and ran == [("ana", 500)]
    run(fresh(agent, [LARGE], "waiting"), way)
    assert ran == [("ana", 500)], "one approval, one run"


@kinds
def test_a_saved_state_waits_for_an_answer_from_elsewhere(make_runtime, ran, make_tool, log) -> None:
    runtime = make_runtime(handler=NobodyApprovalHandler())
    agent = agent_of([make_tool(runtime, ran, needs_approval="policy")], [LARGE])
    paused = run(agent)
    state = paused.to_state()
    state.approve(paused.interruptions[0])
    saved = state.to_string()

    run(fresh(agent, "waiting"), "run", loaded(agent, saved))
    assert ran == []
    answer_waiting(log, runtime.audit.get_log()[0]["id"], approve=True)
    run(fresh(agent, "done"), "run", loaded(agent, saved))
    assert ran == [("ana", 500)]
    run(fresh(agent, "done"), "run", loaded(agent, saved))
    assert ran == [("ana", 500)], "one approval, one run"


@ways
@kinds
def test_a_pause_inside_a_sub_agent_comes_up_and_is_resumed(make_runtime, ran, make_tool, way) -> None:
    runtime = make_runtime(True, False)
    inner = agent_of([make_tool(runtime, ran, needs_approval="policy")], [LARGE], "inner done", name="inner")
    tool = inner.as_tool("other_agent", "Asks the inner agent.", run_config=QUIET)
    outer = agent_of([govern_function_tool(tool, runtime)], [("other_agent", {"input": "pay ana"})], "done")
    paused = run(outer, way)
    (item,) = paused.interruptions
    assert ran == []
    state = paused.to_state()
    state.approve(item)
    result = run(outer, way, state)
    assert ran == [("ana", 500)]
    assert outputs(result) == ["inner done"] and result.final_output == "done"
    decided = [(row["action_type"], row["decision"]) for row in runtime.audit.get_log()]
    assert ("other_agent", "auto") in decided and ("transfer", "approved") in decided


@ways
def test_a_sub_agent_that_is_blocked_is_not_started(make_runtime, ran, way) -> None:
    runtime = make_runtime()
    inner = agent_of([KINDS[0](runtime, ran)], [SMALL], "inner done", name="inner")
    tool = govern_function_tool(inner.as_tool("payer", "Pays."), runtime, action_type="wipe")
    result = run(agent_of([tool], [("payer", {"input": "pay"})], "done"), way)
    assert ran == [] and inner.model.calls == ()
    assert "wiping_is_blocked" in outputs(result)[0]
