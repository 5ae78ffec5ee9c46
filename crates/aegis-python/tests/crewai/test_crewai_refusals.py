"""No tool body runs after a refusal, or where the gate or the log fails: in both ways of calling, and each kickoff."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aegis.adapters.crewai import AegisCrewAITool, GateFailed
from aegis.adapters.guard import guard
from aegis.errors import AuditError
from crewai.tools import ToolFailure
from governed_crew_tools import KINDS, own_async, own_sync
from scripted_crewai import ScriptedLLM, crew_of, kick

kinds = pytest.mark.parametrize("make_tool", KINDS, ids=lambda kind: kind.__name__)
calling = pytest.mark.parametrize("native", [True, False], ids=["native", "react"])
ways = pytest.mark.parametrize("way", ["kickoff", "kickoff_async", "akickoff"])
LARGE = [("transfer", {"to": "ana", "amount": 500})]
SMALL = [("transfer", {"to": "ana", "amount": 5})]


@ways
@calling
@kinds
def test_what_is_blocked_is_not_run_and_the_model_reads_why(make_runtime, ran, make_tool, native, way) -> None:
    runtime = make_runtime()
    llm = ScriptedLLM.of([("wipe", {"to": "ana"})], "done", native=native)
    assert kick(crew_of(llm, make_tool(runtime, ran, "wipe")), way) == "done"
    assert ran == []
    assert "wiping_is_blocked" in llm.read() and "gone is gone" in llm.read()
    (row,) = runtime.audit.get_log()
    assert (row["decision"], row["action_target"]) == ("block", "bank")


@calling
@kinds
@pytest.mark.parametrize(("answer", "decision"), [(False, "denied"), (None, "unanswered")])
def test_what_nobody_approves_is_not_run(make_runtime, ran, make_tool, native, answer, decision) -> None:
    runtime = make_runtime(answer)
    llm = ScriptedLLM.of(LARGE, "done", native=native)
    kick(crew_of(llm, make_tool(runtime, ran)), "kickoff")
    assert ran == []
    assert "large_needs_a_human" in llm.read()
    assert [row["decision"] for row in runtime.audit.get_log()] == [decision]


@ways
@calling
@kinds
def test_what_is_approved_is_run_once(make_runtime, ran, make_tool, native, way) -> None:
    runtime = make_runtime(True)
    llm = ScriptedLLM.of(LARGE, "done", native=native)
    assert kick(crew_of(llm, make_tool(runtime, ran)), way) == "done"
    assert ran == [("ana", 500)]
    assert "moved 500 to ana" in llm.read()
    (row,) = runtime.audit.get_log()
    assert (row["decision"], row["result_status"]) == ("approved", "success")


@ways
@calling
@kinds
def test_without_a_log_nothing_is_run_and_the_crew_ends(make_runtime, ran, make_tool, native, way, no_log) -> None:
    llm = ScriptedLLM.of(SMALL, "done", native=native)
    with pytest.raises(GateFailed) as caught:
        kick(crew_of(llm, make_tool(make_runtime(path=no_log), ran)), way)
    assert isinstance(caught.value.__cause__, AuditError)
    assert ran == []
    assert llm._turns == ["done"], "the model must not be asked again"


@ways
@calling
@kinds
def test_where_the_gate_fails_nothing_is_run_and_the_crew_ends(
    make_runtime, ran, make_tool, native, way, monkeypatch
) -> None:
    runtime = make_runtime()
    asked: list[Any] = []

    def broken(action: Any, body: Any) -> Any:
        asked.append(action)
        raise RuntimeError("the gate is broken")

    monkeypatch.setattr(runtime, "call", broken)
    monkeypatch.setattr(runtime, "acall", broken)
    llm = ScriptedLLM.of(SMALL, "done", native=native)
    with pytest.raises(GateFailed):
        kick(crew_of(llm, make_tool(runtime, ran)), way)
    assert ran == [] and len(asked) == 1, "not tried again"
    assert llm._turns == ["done"] and "the gate is broken" not in llm.read()


@ways
@kinds
def test_calls_of_one_turn_are_decided_each_for_itself(make_runtime, ran, make_tool, way) -> None:
    runtime = make_runtime(False)
    turn = [("transfer", {"to": str(place), "amount": place}) for place in range(4)]
    llm = ScriptedLLM.of([*turn, ("wipe", {"to": "ana"}), *LARGE], "done", native=True)
    kick(crew_of(llm, make_tool(runtime, ran), make_tool(runtime, ran, "wipe")), way)
    assert sorted(ran) == [(str(place), place) for place in range(4)]
    assert "wiping_is_blocked" in llm.read() and "large_needs_a_human" in llm.read()
    decisions = sorted(row["decision"] for row in runtime.audit.get_log())
    assert decisions == ["auto"] * 4 + ["block", "denied"]


@pytest.mark.parametrize("make_tool", [own_sync, own_async])
def test_a_log_that_fails_among_calls_of_one_turn_ends_the_crew(make_runtime, ran, make_tool, no_log) -> None:
    good, bad = make_runtime(), make_runtime(path=no_log)
    turn = [("transfer", {"to": "ana", "amount": 5}), ("other", {"to": "bo", "amount": 6})]
    llm = ScriptedLLM.of(turn, "done", native=True)
    with pytest.raises(GateFailed):
        kick(crew_of(llm, make_tool(good, ran), make_tool(bad, ran, "other")), "kickoff")
    assert ("bo", 6) not in ran and llm._turns == ["done"]


@calling
def test_a_tool_that_fails_passes_the_gate_each_time_crewai_tries_it(make_runtime, native) -> None:
    runtime = make_runtime()
    tried: list[str] = []

    def other(to: str) -> str:
        tried.append(to)
        raise OSError("no disk")

    tool = AegisCrewAITool(runtime=runtime, name="other", description="Try.", action_type="other", fn=other)
    llm = ScriptedLLM.of([("other", {"to": "x"})], "done", native=native)
    kick(crew_of(llm, tool), "kickoff")
    rows = runtime.audit.get_log()
    assert tried and len(rows) == len(tried)
    assert {row["result_status"] for row in rows} == {"failed"}


@kinds
def test_people_can_call_it_with_and_without_a_loop(make_runtime, ran, make_tool) -> None:
    runtime = make_runtime(False, False, False, True)
    tool = make_tool(runtime, ran)

    async def within_a_loop() -> list[Any]:
        return [
            tool.run(to="bo", amount=5),
            tool.run(to="ana"),
            await tool.arun(to="cy", amount=6),
            await tool.arun(to="ana"),
        ]

    first = asyncio.run(within_a_loop())
    assert [first[0], first[2]] == ["moved 5 to bo", "moved 6 to cy"]
    assert isinstance(first[1], ToolFailure) and isinstance(first[3], ToolFailure)
    assert isinstance(tool("ana"), ToolFailure)
    assert tool("ana", 500) == "moved 500 to ana"
    assert ran == [("bo", 5), ("cy", 6), ("ana", 500)]


def test_a_refusal_is_a_failure_that_says_what_it_is(make_runtime, ran) -> None:
    runtime = make_runtime(False, None)
    blocked = own_sync(runtime, ran, "wipe").run(to="ana")
    denied = own_sync(runtime, ran).run(to="ana")
    unanswered = own_sync(runtime, ran).run(to="ana")
    codes = [failure.code for failure in (blocked, denied, unanswered)]
    assert codes == ["aegis_blocked", "aegis_denied", "aegis_unanswered"]
    assert not any(failure.retryable for failure in (blocked, denied, unanswered))
    rows = runtime.audit.get_log()
    assert {failure.details["action_id"] for failure in (blocked, denied, unanswered)} == {row["id"] for row in rows}


@calling
def test_a_refusal_is_never_the_final_answer(make_runtime, ran, native) -> None:
    tool = own_sync(make_runtime(), ran, "wipe", result_as_answer=True)
    llm = ScriptedLLM.of([("wipe", {"to": "ana"})], "done", native=native)
    assert kick(crew_of(llm, tool), "kickoff") == "done"


def test_a_gate_inside_a_tool_that_fails_ends_the_crew_too(make_runtime, ran, no_log) -> None:
    inner = own_sync(make_runtime(path=no_log), ran)
    tool = AegisCrewAITool(
        runtime=make_runtime(),
        name="other",
        description="Pay.",
        action_type="other",
        fn=lambda to: inner.run(to=to, amount=5),
    )
    llm = ScriptedLLM.of([("other", {"to": "x"})], "done", native=True)
    with pytest.raises(GateFailed):
        kick(crew_of(llm, tool), "kickoff")
    assert ran == []


@calling
def test_a_guard_inside_a_tool_that_fails_ends_the_crew_too(make_runtime, ran, no_log, native) -> None:
    inner = guard(make_runtime(path=no_log), action_type="other")(ran.append)
    tool = AegisCrewAITool(
        runtime=make_runtime(), name="other", description="Pay.", action_type="other", fn=lambda to: inner(to)
    )
    llm = ScriptedLLM.of([("other", {"to": "x"})], "done", native=native)
    with pytest.raises(GateFailed) as caught:
        kick(crew_of(llm, tool), "kickoff")
    assert isinstance(caught.value.__cause__, AuditError)
    assert ran == [] and llm._turns == ["done"]
