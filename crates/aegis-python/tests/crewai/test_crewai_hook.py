"""The hook blocks what is not allowed, and on its own errors."""

from __future__ import annotations

from typing import Any

import pytest
from aegis.adapters.crewai import before_tool_call
from crewai.hooks import register_before_tool_call_hook
from crewai.tools import tool
from governed_crew_tools import functions, own_sync
from scripted_crewai import ScriptedLLM, crew_of, kick

calling = pytest.mark.parametrize("native", [True, False], ids=["native", "react"])
ways = pytest.mark.parametrize("way", ["kickoff", "kickoff_async", "akickoff"])


def plain(ran: list[Any], name: str = "transfer") -> Any:
    return tool(name)(functions(ran)[0])


@ways
@calling
def test_what_is_refused_is_not_run_and_what_is_allowed_is(make_runtime, ran, native, way) -> None:
    runtime = make_runtime(False)
    register_before_tool_call_hook(before_tool_call(runtime, action_target="bank"))
    turns = [
        [("wipe", {"to": "ana"})],
        [("transfer", {"to": "bo", "amount": 5})],
        [("transfer", {"to": "c", "amount": 500})],
    ]
    llm = ScriptedLLM.of(*turns, "done", native=native)
    kick(crew_of(llm, plain(ran), plain(ran, "wipe")), way)
    assert ran == [("bo", 5)]
    assert "blocked by hook" in llm.read()
    assert [row["decision"] for row in runtime.audit.get_log()] == ["block", "auto", "denied"]


@ways
@calling
def test_without_a_log_nothing_is_run(make_runtime, ran, native, way, no_log) -> None:
    register_before_tool_call_hook(before_tool_call(make_runtime(path=no_log)))
    llm = ScriptedLLM.of([("transfer", {"to": "ana", "amount": 5})], "done", native=native)
    kick(crew_of(llm, plain(ran)), way)
    assert ran == [] and "blocked by hook" in llm.read()


@calling
@pytest.mark.parametrize("error", [RuntimeError("x"), BaseException("x"), None])
def test_where_it_fails_itself_nothing_is_run(make_runtime, ran, native, monkeypatch, error) -> None:
    runtime = make_runtime()

    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(runtime, "call", broken if error else None)
    register_before_tool_call_hook(before_tool_call(runtime))
    llm = ScriptedLLM.of([("transfer", {"to": "ana", "amount": 5})], "done", native=native)
    kick(crew_of(llm, plain(ran)), "kickoff")
    assert ran == [] and "blocked by hook" in llm.read()


@calling
def test_before_a_governed_tool_it_asks_nobody_twice(make_runtime, ran, native) -> None:
    runtime = make_runtime(True)
    register_before_tool_call_hook(before_tool_call(runtime))
    turns = [[("transfer", {"to": "ana", "amount": 500})], [("wipe", {"to": "bo"})]]
    llm = ScriptedLLM.of(*turns, "done", native=native)
    kick(crew_of(llm, own_sync(runtime, ran), own_sync(runtime, ran, "wipe")), "kickoff")
    assert ran == [("ana", 500)]
    assert [row["decision"] for row in runtime.audit.get_log()] == ["approved", "block"]


@calling
def test_a_default_that_the_model_leaves_out_is_decided_on(make_runtime, ran, native) -> None:
    runtime = make_runtime(False)
    register_before_tool_call_hook(before_tool_call(runtime))
    llm = ScriptedLLM.of([("transfer", {"to": "ana"})], "done", native=native)
    kick(crew_of(llm, plain(ran)), "kickoff")
    assert ran == []
    assert runtime.audit.get_log()[0]["action_params"] == {"to": "ana", "amount": 1000}


@calling
def test_the_type_is_the_name_that_the_tool_was_given(make_runtime, ran, native) -> None:
    runtime = make_runtime()
    register_before_tool_call_hook(before_tool_call(runtime, targets={"other Tool": "bank"}))
    llm = ScriptedLLM.of([("other_tool", {"to": "ana", "amount": 5})], "done", native=native)
    kick(crew_of(llm, plain(ran, "other Tool")), "kickoff")
    assert ran == [("ana", 5)]
    (row,) = runtime.audit.get_log()
    assert (row["action_type"], row["action_target"]) == ("other Tool", "bank")
