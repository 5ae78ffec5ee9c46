"""The gate sees what the tool gets, the tool gets what was recorded, and the model sees the tool as it was."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

import pytest
from aegis.adapters.openai_agents import GovernedTool, govern_function_tool, governed_tool
from aegis.errors import UsageError
from aegis.runtime.approval import ApprovalHandler
from agents import FunctionTool, RunContextWrapper, ToolOutputText, function_tool
from governed_tools import KINDS, by_hand, foreign_decorated, own_async, own_sync
from pydantic import BaseModel, Field, SecretStr
from scripted_openai import agent_of, outputs, run


class Place(BaseModel):
    city: str
    lines: list[str] = []


kinds = pytest.mark.parametrize("make_tool", KINDS, ids=lambda kind: kind.__name__)


@kinds
def test_a_default_that_the_model_leaves_out_is_decided_on(make_runtime, ran, make_tool) -> None:
    runtime = make_runtime(False)
    run(agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana"})], "done"))
    assert ran == []
    (row,) = runtime.audit.get_log()
    assert row["action_params"] == {"to": "ana", "amount": 1000}


@pytest.mark.parametrize("make_tool", [own_async, foreign_decorated])
def test_a_number_that_comes_as_text_is_decided_on_as_the_number(make_runtime, ran, make_tool) -> None:
    runtime = make_runtime(False)
    run(agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana", "amount": "500"})], "done"))
    assert ran == []
    assert runtime.audit.get_log()[0]["action_params"] == {"to": "ana", "amount": 500}


@kinds
@pytest.mark.parametrize(
    "text",
    [
        '{"to": "ana", "amount": 5, "amount": 7}',
        '{"to": "ana", "amount": 5, "\\u0061mount": 7}',
        '{"to": "ana", "amount": NaN}',
        '["ana"]',
        "{",
        '{"to": "ana", "amount": 5} {}',
        '{"to": "ana", "amount": 1e999}',
    ],
)
def test_what_cannot_be_read_strictly_is_not_run(make_runtime, ran, make_tool, text, log) -> None:
    runtime = make_runtime()
    result = run(agent_of([make_tool(runtime, ran)], [("transfer", text)], "done"))
    assert ran == []
    assert "not run" in outputs(result)[0]
    assert not log.exists(), "there was no action to record"


@kinds
def test_what_an_approver_does_to_the_arguments_changes_nothing(make_runtime, ran, make_tool) -> None:
    class Meddler(ApprovalHandler):
        async def request_approval(self, decision: Any) -> bool:
            decision.action.params["amount"] = 1_000_000
            return True

    runtime = make_runtime(handler=Meddler())
    run(agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana", "amount": 500})], "done"))
    assert ran == [("ana", 500)]
    assert runtime.audit.get_log()[0]["action_params"] == {"to": "ana", "amount": 500}


@kinds
def test_the_tool_is_run_with_what_the_gate_hands_over(make_runtime, ran, make_tool, monkeypatch) -> None:
    runtime = make_runtime()

    async def another(action: Any, body: Any) -> Any:
        return await body({"to": "bo", "amount": 1})

    monkeypatch.setattr(runtime, "acall", another)
    run(agent_of([make_tool(runtime, ran)], [("transfer", {"to": "ana", "amount": 5})], "done"))
    assert ran == [("bo", 1)], "not with what the model wrote"


def test_people_too_get_it_run_with_what_the_gate_hands_over(make_runtime, ran, monkeypatch) -> None:
    runtime = make_runtime()

    async def another(action: Any, body: Any) -> Any:
        return await body({"to": "bo", "amount": 1})

    monkeypatch.setattr(runtime, "acall", another)
    for make in (own_async, own_sync):
        asyncio.run(make(runtime, ran)("ana", 5))
    assert ran == [("bo", 1), ("bo", 1)]


def test_a_tool_built_by_hand_gets_our_text_and_not_the_models(make_runtime) -> None:
    texts: list[tuple[str, str]] = []

    async def invoke(context: Any, text: str) -> str:
        texts.append((text, context.tool_arguments))
        return "ok"

    tool = by_hand("other", [])
    tool.on_invoke_tool = invoke
    governed = govern_function_tool(tool, make_runtime())
    run(agent_of([governed], [("other", '{ "to":"\\u0061na",\n"amount":5.0 }')], "done"))
    ((text, in_context),) = texts
    assert text == in_context
    assert "\\u0061" not in text and "\n" not in text


def test_values_that_are_not_json_reach_the_function_as_it_declares_them(make_runtime) -> None:
    seen: list[Any] = []

    def other(
        day: date, place: Place, tags: set[str], sender: Annotated[str, Field(alias="from")], limit: int = None
    ) -> str:
        """Note it."""
        seen.append((day, place, tags, sender, limit))
        return "ok"

    runtime = make_runtime()
    tool = governed_tool(runtime=runtime, action_type="other", strict_mode=False)(other)
    call = {"day": "2026-11-28", "place": {"city": "Bern"}, "tags": ["a"], "from": "ana"}
    result = run(agent_of([tool], [("other", call)], "done"))
    assert outputs(result) == ["ok"]
    assert seen == [(date(2026, 11, 28), Place(city="Bern"), {"a"}, "ana", None)]
    assert runtime.audit.get_log()[0]["action_params"]["place"] == {"city": "Bern", "lines": []}


def test_a_value_that_json_would_change_is_refused(make_runtime) -> None:
    seen: list[Any] = []

    def other(secret: SecretStr) -> str:
        """Use it."""
        seen.append(secret)
        return "ok"

    runtime = make_runtime()
    tool = governed_tool(runtime=runtime, action_type="other", strict_mode=False)(other)
    result = run(agent_of([tool], [("other", {"secret": "hunter2"})], "done"))
    assert seen == [] and "not run" in outputs(result)[0]


def test_the_context_is_passed_on_and_is_in_no_record(make_runtime) -> None:
    seen: list[Any] = []

    def other(context: RunContextWrapper[Any], to: str) -> str:
        """Use it."""
        seen.append((type(context).__name__, to))
        return "ok"

    runtime = make_runtime()
    tool = governed_tool(runtime=runtime, action_type="other")(other)
    run(agent_of([tool], [("other", {"to": "ana"})], "done"))
    assert seen == [("ToolContext", "ana")]
    assert runtime.audit.get_log()[0]["action_params"] == {"to": "ana"}


def test_the_model_sees_the_same_tool(make_runtime) -> None:
    from governed_tools import functions

    runtime = make_runtime()
    for strict in (True, False):
        for function in functions("transfer", []):
            plain = function_tool(function, strict_mode=strict)
            own = governed_tool(runtime=runtime, action_type="transfer", strict_mode=strict)(function)
            foreign = govern_function_tool(plain, runtime)
            for governed in (own, foreign):
                assert isinstance(governed, FunctionTool)
                for name in ("name", "description", "params_json_schema", "strict_json_schema"):
                    assert getattr(governed, name) == getattr(plain, name)
    hand = by_hand("transfer", [])
    assert govern_function_tool(hand, runtime).params_json_schema == hand.params_json_schema


def test_results_are_not_touched(make_runtime) -> None:
    @governed_tool(runtime=make_runtime(), action_type="other")
    def other(to: str) -> ToolOutputText:
        """Do it."""
        return ToolOutputText(text=to)

    assert outputs(run(agent_of([other], [("other", {"to": "x"})], "done"))) == [ToolOutputText(text="x")]


def test_people_can_call_it_through_the_same_gate(make_runtime, ran) -> None:
    runtime = make_runtime(False, True)
    tool = own_async(runtime, ran)
    assert isinstance(tool, GovernedTool) and tool.__name__ == "transfer"
    assert asyncio.run(tool("ana", amount=5)) == "moved 5 to ana"
    assert "large_needs_a_human" in asyncio.run(tool("ana"))
    assert asyncio.run(tool("ana")) == "moved 1000 to ana"
    assert ran == [("ana", 5), ("ana", 1000)]
    assert [row["decision"] for row in runtime.audit.get_log()] == ["auto", "denied", "approved"]


def test_the_tool_that_was_governed_stays_as_it_was(make_runtime, ran) -> None:
    tool = by_hand("wipe", ran)
    govern_function_tool(tool, make_runtime())
    run(agent_of([tool], [("wipe", {"to": "ana", "amount": 1})], "done"))
    assert ran == [("ana", 1)]


def test_what_cannot_be_governed_is_refused_at_once(make_runtime, ran) -> None:
    from agents import WebSearchTool

    runtime = make_runtime()
    with pytest.raises(UsageError, match="not a FunctionTool"):
        govern_function_tool(WebSearchTool(), runtime)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="governed already"):
        govern_function_tool(own_async(runtime, ran), runtime)
    with pytest.raises(UsageError, match="needs_approval"):
        own_async(runtime, ran, needs_approval="polcy")


def test_a_version_without_a_hook_is_refused_at_import(monkeypatch) -> None:
    import agents.tool
    from aegis.adapters.openai_agents.sdk import check_hooks

    check_hooks()
    monkeypatch.delattr(agents.tool, "set_function_tool_failure_error_function")
    with pytest.raises(ImportError, match=r"openai-agents \d+\.\d+.* has no `agents.tool.set_function_tool"):
        check_hooks()
