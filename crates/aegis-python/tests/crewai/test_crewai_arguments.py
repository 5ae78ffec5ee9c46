"""The gate sees what the tool gets, the tool gets what was recorded, and the model sees the tool as it was."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any, get_type_hints

import pytest
from aegis.adapters.crewai import AegisCrewAITool, govern_tool
from aegis.errors import UsageError
from aegis.runtime.approval import ApprovalHandler
from crewai.tools import BaseTool, ToolFailure, tool
from crewai.tools.structured_tool import CrewStructuredTool
from governed_crew_tools import KINDS, by_class, foreign_decorated, functions, own_sync
from pydantic import BaseModel, SecretStr
from scripted_crewai import ScriptedLLM, crew_of, kick

kinds = pytest.mark.parametrize("make_tool", KINDS, ids=lambda kind: kind.__name__)
calling = pytest.mark.parametrize("native", [True, False], ids=["native", "react"])


class Place(BaseModel):
    city: str
    lines: list[str] = []


def tool_of(runtime: Any, fn: Any, **options: Any) -> AegisCrewAITool:
    return AegisCrewAITool(runtime=runtime, name="other", description="Note it.", action_type="other", fn=fn, **options)


@calling
@kinds
def test_a_default_that_the_model_leaves_out_is_decided_on(make_runtime, ran, make_tool, native) -> None:
    runtime = make_runtime(False)
    llm = ScriptedLLM.of([("transfer", {"to": "ana"})], "done", native=native)
    kick(crew_of(llm, make_tool(runtime, ran)), "kickoff")
    assert ran == []
    assert runtime.audit.get_log()[0]["action_params"] == {"to": "ana", "amount": 1000}


@calling
@kinds
def test_a_number_that_comes_as_text_is_decided_on_as_the_number(make_runtime, ran, make_tool, native) -> None:
    runtime = make_runtime(False)
    llm = ScriptedLLM.of([("transfer", {"to": "ana", "amount": "500"})], "done", native=native)
    kick(crew_of(llm, make_tool(runtime, ran)), "kickoff")
    assert ran == []
    assert runtime.audit.get_log()[0]["action_params"] == {"to": "ana", "amount": 500}


@kinds
def test_what_an_approver_does_to_the_arguments_changes_nothing(make_runtime, ran, make_tool) -> None:
    class Meddler(ApprovalHandler):
        async def request_approval(self, decision: Any) -> bool:
            decision.action.params["amount"] = 1_000_000
            return True

    runtime = make_runtime(handler=Meddler())
    make_tool(runtime, ran).run(to="ana", amount=500)
    assert ran == [("ana", 500)]
    assert runtime.audit.get_log()[0]["action_params"] == {"to": "ana", "amount": 500}


@kinds
def test_the_tool_is_run_with_what_the_gate_hands_over(make_runtime, ran, make_tool, monkeypatch) -> None:
    runtime = make_runtime()

    async def another(action: Any, body: Any) -> Any:
        return await body({"to": "cy", "amount": 2})

    monkeypatch.setattr(runtime, "call", lambda action, body: body({"to": "bo", "amount": 1}))
    monkeypatch.setattr(runtime, "acall", another)
    made = make_tool(runtime, ran)
    made.run(to="ana", amount=5)
    asyncio.run(made.arun(to="ana", amount=5))
    assert ran == [("bo", 1), ("cy", 2)], "not with what the model wrote"


def test_values_that_are_not_json_reach_the_function_as_crewai_passes_them(make_runtime) -> None:
    seen: list[Any] = []

    def other(day: date, place: Place, tags: set[str], limit: int = None) -> str:
        seen.append((day, place, tags, limit))
        return "ok"

    runtime = make_runtime()
    call = {"day": "2026-11-28", "place": {"city": "Bern"}, "tags": ["a"]}
    assert tool_of(runtime, other).run(**call) == "ok"
    tool("plain")(_documented(other)).run(**call)
    assert seen[0] == seen[1] == (date(2026, 11, 28), {"city": "Bern", "lines": []}, {"a"}, None)
    assert runtime.audit.get_log()[0]["action_params"]["place"] == {"city": "Bern", "lines": []}


def _documented(function: Any) -> Any:
    function.__doc__ = "Note it."
    # CrewAI itself does not resolve annotations that are text.
    function.__annotations__ = get_type_hints(function)
    return function


@pytest.mark.parametrize(
    "call",
    [{"secret": "hunter2"}, {"secret": SecretStr("hunter2")}],
)
def test_a_value_that_json_would_change_is_refused(make_runtime, call, log) -> None:
    seen: list[Any] = []

    def other(secret: SecretStr) -> str:
        seen.append(secret)
        return "ok"

    failure = tool_of(make_runtime(), other).run(**call)
    assert isinstance(failure, ToolFailure) and failure.code == "aegis_invalid"
    assert seen == [] and not log.exists()


def test_what_has_no_json_form_is_refused(make_runtime, log) -> None:
    seen: list[Any] = []
    for value in (object(), float("nan"), {1, "a"}, b"\xff"):
        assert isinstance(tool_of(make_runtime(), lambda thing: seen.append(thing)).run(thing=value), ToolFailure)
    assert seen == [] and not log.exists()


def test_a_call_without_parameters_gets_none(make_runtime) -> None:
    runtime = make_runtime()
    assert tool_of(runtime, lambda: "ok").run(extra="dropped") == "ok"
    assert runtime.audit.get_log()[0]["action_params"] == {}


@calling
def test_the_model_sees_the_same_tool(make_runtime, native) -> None:
    runtime = make_runtime()
    for function in functions([]):
        plain = tool("transfer")(function)
        own = AegisCrewAITool(
            runtime=runtime, name="transfer", description=function.__doc__, action_type="transfer", fn=function
        )
        hand = by_class([], "transfer")
        for governed, ungoverned in (
            (own, plain),
            (govern_tool(plain, runtime), plain),
            (govern_tool(hand, runtime), hand),
        ):
            assert isinstance(governed, BaseTool)
            assert governed.args_schema.model_json_schema() == ungoverned.args_schema.model_json_schema()
            assert governed.formatted_description == ungoverned.formatted_description
            shown = []
            for each in (governed, ungoverned):
                llm = ScriptedLLM.of("done", native=native)
                kick(crew_of(llm, each), "kickoff")
                shown.append((llm._shown, llm._seen))
            assert shown[0] == shown[1]


def test_a_schema_of_ones_own_is_taken(make_runtime) -> None:
    class Schema(BaseModel):
        query: str
        limit: int = 7

    runtime = make_runtime()
    made = tool_of(runtime, lambda query, limit: f"{query} {limit}", args_schema=Schema)
    assert made.args_schema is Schema
    assert made.run(query="x") == "x 7"


def test_results_are_not_touched(make_runtime) -> None:
    result = {"rows": [1, 2]}
    assert tool_of(make_runtime(), lambda query: result).run(query="x") is result


@calling
@pytest.mark.parametrize("make_tool", [None, own_sync, foreign_decorated], ids=["control", "own", "foreign"])
def test_the_cache_of_crewai_does_not_answer_past_the_gate(make_runtime, ran, native, make_tool) -> None:
    runtime = make_runtime(True, False)
    made = make_tool(runtime, ran) if make_tool else tool("transfer")(functions(ran)[0])
    large, small = ("transfer", {"to": "ana", "amount": 500}), ("transfer", {"to": "bo", "amount": 5})
    llm = ScriptedLLM.of([large], [small], [large], "done", native=native)
    kick(crew_of(llm, made, cache=True), "kickoff")
    assert ran == [("ana", 500), ("bo", 5)]
    answered_from_cache = json.dumps(llm._seen[-1]).count("moved 500 to ana")
    assert answered_from_cache == (1 if make_tool else 2)
    if make_tool:
        assert [row["decision"] for row in runtime.audit.get_log()] == ["approved", "auto", "denied"]


def test_a_crew_that_is_copied_for_each_input_stays_governed(make_runtime, ran) -> None:
    runtime = make_runtime()
    wipe = [("wipe", {"to": "ana"})]
    llm = ScriptedLLM.of(wipe, "one", wipe, "two", native=True)
    crew = crew_of(llm, own_sync(runtime, ran, "wipe"))
    results = [str(result) for result in crew.kickoff_for_each([{"a": 1}, {"a": 2}])]
    assert results == ["one", "two"] and ran == []
    assert [row["decision"] for row in runtime.audit.get_log()] == ["block", "block"]


def test_a_tool_that_is_made_past_its_constructor_runs_nothing(make_runtime, ran) -> None:
    made = own_sync(make_runtime(), ran)
    bare = AegisCrewAITool.model_construct(**{name: getattr(made, name) for name in type(made).model_fields})
    with pytest.raises(UsageError, match="no gate"):
        bare.run(to="ana", amount=5)
    with pytest.raises(TypeError):
        AegisCrewAITool.model_validate({"name": "transfer", "description": "Move.", "action_type": "transfer"})
    assert ran == []


def test_what_cannot_be_governed_is_refused_at_once(make_runtime, ran) -> None:
    runtime = make_runtime()
    with pytest.raises(UsageError, match="not a BaseTool"):
        govern_tool(CrewStructuredTool(name="x", description="y"), runtime)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="governed already"):
        govern_tool(own_sync(runtime, ran), runtime)
    with pytest.raises(UsageError, match="pending"):
        own_sync(runtime, ran, pending="wat")
    with pytest.raises(UsageError, match="by position"):
        tool_of(runtime, lambda to, /: to)


def test_a_version_without_a_hook_is_refused_at_import(monkeypatch) -> None:
    import crewai.tools
    from aegis.adapters.crewai.hooks import check_hooks

    check_hooks()
    monkeypatch.delattr(crewai.tools, "ToolFailure")
    with pytest.raises(ImportError, match=r"crewai \d+\.\d+.* has no `crewai.tools.ToolFailure`"):
        check_hooks()
