"""The guardrail refuses without a tripwire, and lets nothing through on its own errors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aegis.adapters.openai_agents import guardrail
from aegis.errors import AuditError
from agents import RunConfig, Runner, ToolExecutionConfig, function_tool
from agents.exceptions import UserError
from governed_tools import by_hand, functions, own_async
from scripted_openai import WAYS, agent_of, outputs, run

ways = pytest.mark.parametrize("way", WAYS)


def guarded(runtime: Any, ran: list[Any], name: str = "transfer", kind: str = "decorated") -> Any:
    tool = by_hand(name, ran)
    if kind == "decorated":
        tool = function_tool(functions(name, ran)[0], strict_mode=False)
    tool.tool_input_guardrails = [guardrail(runtime, action_target="bank")]
    return tool


@ways
@pytest.mark.parametrize("kind", ["decorated", "by hand"])
def test_what_is_refused_is_not_run_and_its_siblings_are(make_runtime, ran, way, kind) -> None:
    runtime = make_runtime(False)
    tools = [guarded(runtime, ran, kind=kind), guarded(runtime, ran, "wipe", kind)]
    turn = [("wipe", {"to": "ana"}), ("transfer", {"to": "bo", "amount": 5}), ("transfer", {"to": "cy"})]
    result = run(agent_of(tools, turn, "done"), way)
    assert ran == [("bo", 5)]
    found = outputs(result)
    assert "wiping_is_blocked" in found[0] and found[1] == "moved 5 to bo" and "large_needs" in found[2]
    decisions = {(row["action_params"]["to"], row["decision"]) for row in runtime.audit.get_log()}
    assert decisions == {("ana", "block"), ("bo", "auto"), ("cy", "denied")}


@ways
@pytest.mark.parametrize("kind", ["decorated", "by hand"])
def test_a_key_that_comes_twice_is_refused(make_runtime, ran, way, kind, log) -> None:
    runtime = make_runtime()
    text = '{"to": "ana", "amount": 500, "amount": 5}'
    result = run(agent_of([guarded(runtime, ran, kind=kind)], [("transfer", text)], "done"), way)
    assert ran == [] and "not run" in outputs(result)[0]
    assert not log.exists()


@ways
def test_without_a_log_nothing_is_run_and_the_run_ends(make_runtime, ran, way, no_log) -> None:
    agent = agent_of([guarded(make_runtime(path=no_log), ran)], [("transfer", {"to": "a", "amount": 5})], "done")
    with pytest.raises((UserError, AuditError)):
        run(agent, way)
    assert ran == [] and agent.model.remaining_steps == 1


def test_where_it_fails_itself_nothing_is_run_and_the_run_ends(make_runtime, ran, monkeypatch) -> None:
    runtime = make_runtime()
    monkeypatch.setattr(runtime, "acall", None)
    agent = agent_of([guarded(runtime, ran)], [("transfer", {"to": "a", "amount": 5})], "done")
    with pytest.raises(UserError):
        run(agent)
    assert ran == []


def test_before_a_governed_tool_it_asks_nobody_twice(make_runtime, ran) -> None:
    runtime = make_runtime(True)
    options = {"tool_input_guardrails": [guardrail(runtime)]}
    tools = [own_async(runtime, ran, **options), own_async(runtime, ran, "wipe", **options)]
    turn = [("transfer", {"to": "ana", "amount": 500}), ("wipe", {"to": "bo"})]
    result = run(agent_of(tools, turn, "done"))
    assert ran == [("ana", 500)]
    assert "wiping_is_blocked" in outputs(result)[1]
    assert sorted(row["decision"] for row in runtime.audit.get_log()) == ["approved", "block"]


def test_before_a_pause_it_refuses_what_the_policy_blocks(make_runtime, ran) -> None:
    runtime = make_runtime()
    tool = own_async(runtime, ran, "wipe", tool_input_guardrails=[guardrail(runtime)], needs_approval=True)
    config = RunConfig(
        tracing_disabled=True,
        tool_execution=ToolExecutionConfig(pre_approval_tool_input_guardrails=True),
    )
    result = asyncio.run(Runner.run(agent_of([tool], [("wipe", {"to": "bo"})], "done"), "go", run_config=config))
    assert ran == [] and result.interruptions == []
    assert "wiping_is_blocked" in outputs(result)[0]
