"""A governed tool looks to a model, and behaves to a program, as the tool inside it does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Optional

import pytest
from aegis import Runtime
from aegis.adapters.langchain import AegisMiddleware, GovernedTool, govern_tool, tool_node
from aegis.runtime.audit import AuditLogger
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import (
    BaseTool,
    InjectedToolArg,
    InjectedToolCallId,
    StructuredTool,
    Tool,
    ToolException,
    tool,
)
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.prebuilt import InjectedState, ToolRuntime
from langgraph.types import Command
from pydantic import BaseModel, Field
from scripted_langchain import RUNS, WAYS, ScriptedModel, agent, calls, graph_of, tool_messages


class Where(BaseModel):
    """A place."""

    city: str = Field(description="its name")
    zip: Optional[str] = None  # noqa: UP045 (models write it so)


class Search(BaseModel):
    """What to look for."""

    query: str = Field(description="words", min_length=1)
    limit: int = Field(default=10, ge=1, le=50)
    where: Where = Where(city="Bern")
    source: str = Field(default="web", alias="from")


class Plain(BaseTool):
    """A tool as a class without a schema."""

    name: str = "read_plain"
    description: str = "Reads."

    def _run(self, path: str, lines: int = 5, run_manager: Any = None) -> str:
        return f"{path} {lines}"


def _search(**arguments: Any) -> str:
    return repr(sorted(arguments.items()))


@tool("other_injected")
def _injected(
    x: int,
    state: Annotated[dict[str, Any], InjectedState],
    call_id: Annotated[str, InjectedToolCallId],
    runtime: ToolRuntime,
    secret: Annotated[str, InjectedToolArg] = "s",
) -> str:
    """Use what the graph gives.

    Args:
        x: a number
    """
    return f"{x} {sorted(state)} {call_id} {type(runtime).__name__} {runtime.tool_call_id} {secret}"


JSON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Look",
    "properties": {"path": {"type": "string"}, "callbacks": {"type": "integer"}},
    "required": ["path"],
}


def all_kinds() -> list[BaseTool]:
    """Return a tool of each kind that LangChain has."""
    return [
        StructuredTool.from_function(_search, name="search", description="Searches.", args_schema=Search),
        StructuredTool.from_function(_search, name="look", description="Looks.", args_schema=JSON_SCHEMA),
        Tool(name="simple", func=str.upper, description="Shouts."),
        Tool(name="custom", func=str.upper, description="Shouts.", metadata={"type": "custom_tool"}),
        Plain(),
        _injected,
    ]


@pytest.mark.parametrize("inner", all_kinds(), ids=lambda inner: inner.name)
def test_the_schema_is_that_of_the_tool_inside(inner: BaseTool, make_runtime: Any) -> None:
    outer = govern_tool(inner, make_runtime())
    assert convert_to_openai_tool(outer) == convert_to_openai_tool(inner)
    assert outer.args == inner.args
    assert outer.get_input_schema().model_fields.keys() == inner.get_input_schema().model_fields.keys()
    assert outer.get_output_schema().model_json_schema() == inner.get_output_schema().model_json_schema()
    for field in BaseTool.model_fields:
        assert getattr(outer, field) == getattr(inner, field), field


def test_a_schema_that_a_tool_makes_by_itself_is_kept(make_runtime: Any) -> None:
    class Narrow(Plain):
        @property
        def tool_call_schema(self) -> Any:
            return {"type": "object", "title": "narrow", "properties": {"path": {"type": "string"}}}

    assert convert_to_openai_tool(govern_tool(Narrow(), make_runtime())) == convert_to_openai_tool(Narrow())


def test_a_tool_can_be_governed_by_two_runtimes(make_runtime: Any, tmp_path: Path, records: Any) -> None:
    def other(path: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
        """Do something."""
        return f"{path} {sorted(state)}"

    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    inner = StructuredTool.from_function(other, args_schema=schema)
    first = make_runtime()
    second = Runtime(policy=first.policy, audit_logger=AuditLogger(tmp_path / "second.db"))
    node = tool_node([govern_tool(inner, first)], second)
    result = graph_of(node).invoke({"messages": [calls(("other", {"path": "a"}))]})
    assert [message.content for message in tool_messages(result["messages"])] == ["a ['messages']"]
    assert records(first) == records(second) == [("other", {"path": "a"}, "success")]


def test_a_model_is_shown_the_same_tools_by_an_agent(make_runtime: Any) -> None:
    shown = []
    kinds = all_kinds()
    governed = [govern_tool(each, make_runtime()) for each in kinds]
    for tools, middleware in ((kinds, []), (kinds, [AegisMiddleware(make_runtime())]), (governed, [])):
        model = ScriptedModel(replies=[AIMessage("done")])
        create_agent(model, tools, middleware=middleware).invoke({"messages": [("user", "go")]})
        shown.append(model.shown)
    assert shown[0] == shown[1] == shown[2]
    assert len(shown[0]) == len(kinds)


CASES: list[tuple[str, Any]] = [
    ("search", {"query": "q", "limit": "3", "from": "here"}),
    ("search", {"query": "q"}),
    ("search", {"query": "q", "where": {"city": "Rome"}}),
    ("look", {"path": "a", "callbacks": 3, "more": [1]}),
    ("simple", {"__arg1": "a"}),
    ("read_plain", {"path": "a"}),
    ("read_plain", {"path": "a", "lines": 2}),
]


@pytest.mark.parametrize(("name", "args"), CASES)
def test_the_result_is_that_of_the_tool_inside(name: str, args: dict[str, Any], make_runtime: Any) -> None:
    inner = next(each for each in all_kinds() if each.name == name)
    outer = govern_tool(inner, make_runtime(), action_type="other")
    call = {"name": name, "args": args, "id": "1", "type": "tool_call"}
    assert outer.invoke(dict(call)) == inner.invoke(dict(call))
    assert asyncio.run(outer.ainvoke(dict(call))) == asyncio.run(inner.ainvoke(dict(call)))
    assert outer.invoke(dict(args)) == inner.invoke(dict(args))
    assert outer.run(dict(args)) == inner.run(dict(args))
    assert outer.run(dict(args), tool_call_id="1") == inner.run(dict(args), tool_call_id="1")
    assert asyncio.run(outer.arun(dict(args))) == asyncio.run(inner.arun(dict(args)))


@pytest.mark.parametrize("name", ["simple", "custom", "read_plain"])
def test_one_text_is_taken_as_before(name: str, make_runtime: Any) -> None:
    inner = next(each for each in all_kinds() if each.name == name)
    outer = govern_tool(inner, make_runtime(), action_type="other")
    assert outer.invoke("words") == inner.invoke("words")
    assert outer.run("words") == inner.run("words")


@pytest.mark.parametrize("run", list(RUNS))
@pytest.mark.parametrize("by", ["middleware", "node", "governed tools in an agent"])
def test_injected_arguments_reach_the_tool_and_not_the_record(
    run: str, by: str, make_runtime: Any, records: Any
) -> None:
    runtime = make_runtime()
    reply = calls(("other_injected", {"x": "4", "secret": "forged", "call_id": "forged", "runtime": "forged"}))
    state: dict[str, Any] = {"messages": [("user", "go")]}
    if by == "middleware":
        made = agent([_injected], [AegisMiddleware(runtime)], reply)
    elif by == "node":
        state = {"messages": [reply]}
        made = graph_of(tool_node([_injected], runtime))
    else:
        made = agent([govern_tool(_injected, runtime)], [], reply)
    answers = RUNS[run](made, state)
    assert [answer.content for answer in answers] == ["4 ['messages'] call-1 ToolRuntime call-1 s"]
    assert records(runtime) == [("other_injected", {"x": 4}, "success")]


def test_arguments_that_do_not_fit_are_answered_as_without_a_gate(
    make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    reply = calls(("transfer", {"amount": "much"}))
    runtime = make_runtime()
    ours = agent(tools, [AegisMiddleware(runtime)], reply).invoke({"messages": [("user", "go")]})
    theirs = agent(tools, [], reply).invoke({"messages": [("user", "go")]})
    contents = [[m.content for m in tool_messages(each["messages"])] for each in (ours, theirs)]
    assert contents[0] == contents[1]
    assert "amount" in contents[0][0]
    assert ran == []
    assert records(runtime) == []


@pytest.mark.parametrize("handling", [True, "wrong", lambda error: f"{error.error_count()} wrong"])
def test_a_tools_own_handling_of_wrong_arguments_is_kept(
    handling: Any, make_runtime: Any, tools: list[BaseTool], ran: list[Any]
) -> None:
    inner = tools[0].model_copy(update={"handle_validation_error": handling})
    outer = govern_tool(inner, make_runtime())
    call = {"name": "transfer", "args": {"amount": "much"}, "id": "1", "type": "tool_call"}
    assert outer.invoke(dict(call)) == inner.invoke(dict(call))
    assert outer.invoke(dict(call)).status == "error"
    assert ran == []


@pytest.mark.parametrize("graph", [name for name in WAYS if name != "govern_tool alone"])
def test_a_call_of_a_tool_that_does_not_exist_is_answered_and_runs_nothing(
    run: str, graph: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any]
) -> None:
    answers = WAYS[graph](run, make_runtime(), tools, calls(("nothing", {})))
    assert [(answer.status, answer.tool_call_id) for answer in answers] == [("error", "call-1")]
    assert "nothing is not a valid tool, try one of [transfer, wipe, read]" in answers[0].content
    assert ran == []


@pytest.mark.parametrize("run", list(RUNS))
def test_a_tool_that_returns_directly_still_does(
    run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any]
) -> None:
    direct = [each.model_copy(update={"return_direct": True}) for each in tools]
    for middleware, given in (
        ([AegisMiddleware(make_runtime())], direct),
        ([], [govern_tool(each, make_runtime()) for each in direct]),
    ):
        for name, status in (("read", "success"), ("wipe", "error")):
            made = agent(given, middleware, calls((name, {"path": "a"})))
            answers = RUNS[run](made, {"messages": [("user", "go")]})
            assert [answer.status for answer in answers] == [status]


def test_a_refusal_of_a_tool_that_returns_directly_is_the_last_message(
    make_runtime: Any, tools: list[BaseTool]
) -> None:
    direct = [each.model_copy(update={"return_direct": True}) for each in tools]
    made = agent(direct, [AegisMiddleware(make_runtime())], calls(("wipe", {"path": "a"})))
    last = made.invoke({"messages": [("user", "go")]})["messages"][-1]
    assert isinstance(last, ToolMessage)
    assert last.status == "error"


def test_content_and_artifact_are_kept_and_a_refusal_has_no_artifact(make_runtime: Any) -> None:
    @tool(response_format="content_and_artifact")
    def read(path: str) -> tuple[str, list[int]]:
        """Read."""
        return "text", [1, 2]

    outer = govern_tool(read, make_runtime())
    call = {"name": "read", "args": {"path": "a"}, "id": "1", "type": "tool_call"}
    assert (outer.invoke(call).content, outer.invoke(call).artifact) == ("text", [1, 2])
    blocked = govern_tool(read, make_runtime(), action_type="wipe").invoke(call)
    assert (blocked.status, blocked.artifact) == ("error", None)


def test_a_command_is_kept(make_runtime: Any) -> None:
    @tool
    def read(path: str, call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Read."""
        return Command(update={"messages": [ToolMessage("text", tool_call_id=call_id)]})

    made = agent([read], [AegisMiddleware(make_runtime())], calls(("read", {"path": "a"})))
    answers = tool_messages(made.invoke({"messages": [("user", "go")]})["messages"])
    assert [answer.content for answer in answers] == ["text"]


@pytest.mark.parametrize("run_async", [False, True])
def test_an_error_that_a_tool_makes_a_message_of_is_recorded_as_failed(
    run_async: bool, make_runtime: Any, records: Any
) -> None:
    def fails(path: str) -> str:
        raise ToolException("no such file")

    inner = StructuredTool.from_function(fails, name="read", description="Reads.", handle_tool_error=True)
    runtime = make_runtime()
    outer = govern_tool(inner, runtime)
    call = {"name": "read", "args": {"path": "a"}, "id": "1", "type": "tool_call"}
    given = asyncio.run(outer.ainvoke(call)) if run_async else outer.invoke(call)
    assert given == inner.invoke(call)
    assert given.status == "error"
    assert records(runtime) == [("read", {"path": "a"}, "failed")]


def test_a_tool_that_is_only_async_and_one_that_is_only_sync(make_runtime: Any, ran: list[Any]) -> None:
    @tool
    async def read_later(path: str) -> str:
        """Read."""
        ran.append(path)
        return "text"

    outer = govern_tool(read_later, make_runtime())
    assert asyncio.run(outer.ainvoke({"path": "a"})) == "text"
    with pytest.raises(NotImplementedError):
        outer.invoke({"path": "b"})
    assert ran == ["a"]


def test_callbacks_see_one_run_of_the_tool_inside(make_runtime: Any, tools: list[BaseTool]) -> None:
    from langchain_core.callbacks import BaseCallbackHandler

    class Seen(BaseCallbackHandler):
        def __init__(self) -> None:
            self.events: list[str] = []

        def on_tool_start(self, serialized: Any, input_str: str, **kwargs: Any) -> None:
            self.events.append(f"start {serialized['name']}")

        def on_tool_end(self, output: Any, **kwargs: Any) -> None:
            self.events.append("end")

    seen = Seen()
    outer = govern_tool(tools[2], make_runtime())
    outer.invoke({"path": "a"}, {"callbacks": [seen]})
    assert seen.events == ["start read", "end"]


def test_a_function_can_be_governed_as_it_is(make_runtime: Any) -> None:
    def read(path: str) -> str:
        """Read a file."""
        return path

    outer = govern_tool(read, make_runtime())
    assert isinstance(outer, GovernedTool)
    assert outer.name == "read"
    assert outer.invoke({"path": "a"}) == "a"
