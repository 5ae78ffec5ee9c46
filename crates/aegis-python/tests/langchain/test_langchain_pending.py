"""A question that waits, as an interrupt: resuming only looks again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aegis import Action
from aegis.adapters.langchain import AegisMiddleware, govern_tool, tool_call_wrappers, tool_node
from aegis.errors import UsageError
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime as GraphRuntime
from langgraph.types import Command, interrupt
from scripted_langchain import agent, calls, graph_of, tool_messages

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "1"}}
START: dict[str, Any] = {"messages": [HumanMessage("go")]}


@pytest.fixture(params=["middleware", "tool_node", "tool_call_wrappers", "govern_tool"])
def paused(request: pytest.FixtureRequest, tools: list[BaseTool]) -> Any:
    """Make a graph that interrupts, and what it begins with."""

    def make(runtime: Any, *each: tuple[str, dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
        reply, saver = calls(*each), InMemorySaver()
        if request.param == "middleware":
            ours = AegisMiddleware(runtime, pending="interrupt")
            return agent(tools, [ours], reply, checkpointer=saver), START
        if request.param == "govern_tool":
            governed = [govern_tool(each, runtime, pending="interrupt") for each in tools]
            return agent(governed, [], reply, checkpointer=saver), START
        if request.param == "tool_node":
            node = tool_node(tools, runtime, pending="interrupt")
        else:
            node = ToolNode(tools, **tool_call_wrappers(runtime, pending="interrupt"))
        return graph_of(node, checkpointer=saver), {"messages": [reply]}

    return make


@pytest.fixture(params=["sync", "async"])
def go(request: pytest.FixtureRequest) -> Any:
    """Run a graph on, in both flavours."""

    def run(graph: Any, given: Any, config: Any = CONFIG) -> dict[str, Any]:
        if request.param == "sync":
            return dict(graph.invoke(given, config))
        return dict(asyncio.run(graph.ainvoke(given, config)))

    return run


def request_of(result: dict[str, Any], place: int = 0) -> str:
    """Return the id of the question that interrupted a graph."""
    return str(result["__interrupt__"][place].value["aegis"]["request"]["id"])


def test_the_interrupt_has_the_shape_of_langchains_own(paused: Any, go: Any, make_runtime: Any, ran: list[Any]) -> None:
    graph, start = paused(make_runtime(), ("transfer", {"amount": "500"}))
    (interrupt,) = go(graph, start)["__interrupt__"]
    assert {key: interrupt.value[key] for key in ("type", "tool_call_id", "name", "args")} == {
        "type": "tool_approval",
        "tool_call_id": "call-1",
        "name": "transfer",
        "args": {"amount": 500, "to": "ops"},
    }
    request = interrupt.value["aegis"]["request"]
    assert f"aegis approve {request['id']}" in interrupt.value["description"]
    assert request["expires_at"]
    kinds = [each["properties"]["type"]["const"] for each in interrupt.response_schema["oneOf"]]
    assert kinds == ["approve", "reject"]
    assert ran == []


def test_langchains_middleware_asks_in_the_same_shape(tools: list[BaseTool]) -> None:
    from langchain.agents.middleware import HumanInTheLoopMiddleware

    theirs = HumanInTheLoopMiddleware(
        interrupt_on={"transfer": {"allowed_decisions": ["approve", "reject"]}}, interrupt_mode="per_call"
    )
    made = agent(tools, [theirs], calls(("transfer", {"amount": 500})), checkpointer=InMemorySaver())
    (interrupt,) = made.invoke(START, CONFIG)["__interrupt__"]
    assert set(interrupt.value) == {"type", "tool_call_id", "name", "args", "description"}
    assert interrupt.value["type"] == "tool_approval"


@pytest.mark.parametrize(
    "given", [True, "yes", {"type": "approve"}, {"decisions": [{"type": "approve"}]}, {"type": "edit"}]
)
def test_no_answer_to_the_interrupt_is_an_approval(
    given: Any, paused: Any, go: Any, make_runtime: Any, ran: list[Any]
) -> None:
    graph, start = paused(make_runtime(), ("transfer", {"amount": 500}))
    go(graph, start)
    for _ in range(2):
        result = go(graph, Command(resume=given))
        assert len(result["__interrupt__"]) == 1
        assert ran == []


def test_an_approval_and_a_resume_run_the_tool_once(
    paused: Any, go: Any, make_runtime: Any, ran: list[Any], answer: Any
) -> None:
    runtime = make_runtime()
    graph, start = paused(runtime, ("transfer", {"amount": 500}))
    result = go(graph, start)
    answer(runtime, request_of(result), True)
    result = go(graph, Command(resume={"type": "approve"}))
    assert "__interrupt__" not in result
    assert [message.content for message in tool_messages(result["messages"])] == ["moved 500"]
    assert ran == [("transfer", {"amount": 500, "to": "ops"})]


def test_an_approval_after_several_resumes_runs_the_tool_once(
    paused: Any, go: Any, make_runtime: Any, ran: list[Any], answer: Any
) -> None:
    runtime = make_runtime()
    graph, start = paused(runtime, ("transfer", {"amount": 500}))
    go(graph, start)
    for _ in range(3):
        result = go(graph, Command(resume="not yet"))
    answer(runtime, request_of(result), True)
    result = go(graph, Command(resume="now"))
    assert [message.content for message in tool_messages(result["messages"])] == ["moved 500"]
    assert len(ran) == 1


def test_a_denial_and_a_resume_tell_the_model(
    paused: Any, go: Any, make_runtime: Any, ran: list[Any], answer: Any
) -> None:
    runtime = make_runtime()
    graph, start = paused(runtime, ("transfer", {"amount": 500}))
    result = go(graph, start)
    answer(runtime, request_of(result), False)
    result = go(graph, Command(resume={"type": "approve"}))
    assert [message.status for message in tool_messages(result["messages"])] == ["error"]
    assert ran == []


def test_a_rejection_at_the_interrupt_runs_nothing_and_tells_the_model(
    paused: Any, go: Any, make_runtime: Any, ran: list[Any]
) -> None:
    graph, start = paused(make_runtime(), ("transfer", {"amount": 500}))
    go(graph, start)
    result = go(graph, Command(resume={"type": "reject", "message": "too much"}))
    (message,) = tool_messages(result["messages"])
    assert message.status == "error"
    assert "turned down" in message.content and "too much" in message.content
    assert ran == []


def test_an_old_checkpoint_that_is_resumed_again_does_not_run_the_tool_again(
    paused: Any, go: Any, make_runtime: Any, ran: list[Any], answer: Any
) -> None:
    runtime = make_runtime()
    graph, start = paused(runtime, ("transfer", {"amount": 500}))
    result = go(graph, start)
    old = graph.get_state(CONFIG).config
    answer(runtime, request_of(result), True)
    go(graph, Command(resume={"type": "approve"}))
    assert len(ran) == 1
    again = go(graph, Command(resume={"type": "approve"}), old)
    assert len(ran) == 1
    assert "__interrupt__" in again


def test_several_calls_interrupt_each_and_are_resumed_by_their_ids(
    go: Any, make_runtime: Any, tools: list[BaseTool], ran: list[Any], answer: Any
) -> None:
    runtime = make_runtime()
    reply = calls(("transfer", {"amount": 500}), ("read", {"path": "a"}), ("transfer", {"amount": 600}))
    made = agent(tools, [AegisMiddleware(runtime, pending="interrupt")], reply, checkpointer=InMemorySaver())
    result = go(made, START)
    assert len(result["__interrupt__"]) == 2
    assert ran == [("read", {"path": "a"})]
    first = next(each for each in result["__interrupt__"] if each.value["args"]["amount"] == 500)
    answer(runtime, first.value["aegis"]["request"]["id"], True)
    result = go(made, Command(resume={each.id: {"type": "approve"} for each in result["__interrupt__"]}))
    assert [each.value["args"]["amount"] for each in result["__interrupt__"]] == [600]
    answer(runtime, request_of(result), True)
    result = go(made, Command(resume={result["__interrupt__"][0].id: {"type": "approve"}}))
    assert "__interrupt__" not in result
    assert sorted(args["amount"] for name, args in ran if name == "transfer") == [500, 600]
    assert sum(name == "read" for name, _ in ran) == 1


@pytest.mark.parametrize("made_by", ["tool_node", "tool_call_wrappers", "govern_tool"])
def test_a_node_with_several_calls_is_not_interrupted_since_it_would_run_the_others_again(
    made_by: str, go: Any, make_runtime: Any, tools: list[BaseTool], ran: list[Any]
) -> None:
    runtime = make_runtime()
    if made_by == "tool_node":
        node = tool_node(tools, runtime, pending="interrupt")
    elif made_by == "tool_call_wrappers":
        node = ToolNode(tools, **tool_call_wrappers(runtime, pending="interrupt"))
    else:
        node = ToolNode([govern_tool(each, runtime, pending="interrupt") for each in tools])
    graph = graph_of(node, checkpointer=InMemorySaver())
    reply = calls(("transfer", {"amount": 500}), ("read", {"path": "a"}), ("transfer", {"amount": 600}))
    result = go(graph, {"messages": [reply]})
    assert "__interrupt__" not in result
    assert [message.status for message in tool_messages(result["messages"])] == ["error", "success", "error"]
    assert ran == [("read", {"path": "a"})]


def test_a_refusal_from_inside_a_tool_is_told_and_does_not_interrupt(
    go: Any, make_runtime: Any, tools: list[BaseTool], ran: list[Any]
) -> None:
    runtime = make_runtime()
    begun = []

    @tool
    def read_and_move(path: str) -> str:
        """Read, then move money."""
        begun.append(path)
        return str(runtime.call(Action("transfer", "bank", {"amount": 500}), ran.append))

    ours = AegisMiddleware(runtime, pending="interrupt")
    made = agent([read_and_move], [ours], calls(("read_and_move", {"path": "a"})), checkpointer=InMemorySaver())
    result = go(made, START)
    assert "__interrupt__" not in result
    assert [message.status for message in tool_messages(result["messages"])] == ["error"]
    assert begun == ["a"]
    assert ran == []


def test_a_tool_that_interrupts_by_itself_is_decided_again_when_it_is_resumed(
    go: Any, make_runtime: Any, records: Any
) -> None:
    @tool
    def read_after_asking(path: str) -> str:
        """Ask, then read."""
        return str(interrupt("which part?"))

    runtime = make_runtime()
    ours = AegisMiddleware(runtime, pending="interrupt")
    reply = calls(("read_after_asking", {"path": "a"}))
    made = agent([read_after_asking], [ours], reply, checkpointer=InMemorySaver())
    assert go(made, START)["__interrupt__"][0].value == "which part?"
    result = go(made, Command(resume="the end"))
    assert [message.content for message in tool_messages(result["messages"])] == ["the end"]
    assert [row[2] for row in records(runtime)] == ["failed", "success"]


def test_without_a_checkpointer_the_run_ends_and_nothing_ran(
    go: Any, make_runtime: Any, tools: list[BaseTool], ran: list[Any]
) -> None:
    ours = AegisMiddleware(make_runtime(), pending="interrupt")
    result = go(agent(tools, [ours], calls(("transfer", {"amount": 500}))), START)
    assert len(result["__interrupt__"]) == 1
    assert ran == []


def test_without_a_graph_the_model_is_told(make_runtime: Any, tools: list[BaseTool], ran: list[Any]) -> None:
    outer = govern_tool(tools[0], make_runtime(), pending="interrupt")
    call = {"name": "transfer", "args": {"amount": 500}, "id": "1", "type": "tool_call"}
    assert outer.invoke(call).status == "error"
    assert asyncio.run(outer.ainvoke(call)).status == "error"
    assert isinstance(outer.invoke({"amount": 500}), str)
    assert ran == []


def test_streams_show_the_interrupt(make_runtime: Any, tools: list[BaseTool], ran: list[Any]) -> None:
    ours = AegisMiddleware(make_runtime(), pending="interrupt")
    made = agent(tools, [ours], calls(("transfer", {"amount": 500})), checkpointer=InMemorySaver())
    updates = list(made.stream(START, CONFIG, stream_mode="updates"))
    assert [list(update) for update in updates] == [["model"], ["__interrupt__"]]
    assert ran == []


def test_a_blocked_call_does_not_interrupt(paused: Any, go: Any, make_runtime: Any, ran: list[Any]) -> None:
    graph, start = paused(make_runtime(), ("wipe", {"path": "/"}))
    result = go(graph, start)
    assert "__interrupt__" not in result
    assert [message.status for message in tool_messages(result["messages"])] == ["error"]
    assert ran == []


def test_a_node_outside_of_a_graph_tells_the_model(make_runtime: Any, tools: list[BaseTool], ran: list[Any]) -> None:
    node = tool_node(tools, make_runtime(), pending="interrupt")
    config: Any = {"configurable": {"__pregel_runtime": GraphRuntime()}}
    state = {"messages": [calls(("transfer", {"amount": 500}))]}
    for result in (node.invoke(state, config), asyncio.run(node.ainvoke(state, config))):
        assert [message.status for message in result["messages"]] == ["error"]
    assert ran == []


def test_a_refusal_that_leaves_no_question_does_not_interrupt(
    paused: Any, go: Any, make_runtime: Any, ran: list[Any]
) -> None:
    graph, start = paused(make_runtime(None), ("transfer", {"amount": 500}))
    result = go(graph, start)
    assert "__interrupt__" not in result
    assert [message.status for message in tool_messages(result["messages"])] == ["error"]
    assert ran == []


@pytest.mark.parametrize("made_by", [AegisMiddleware, tool_call_wrappers])
def test_another_word_for_pending_is_refused(made_by: Any, make_runtime: Any, tools: list[BaseTool]) -> None:
    with pytest.raises(UsageError, match="pending"):
        made_by(make_runtime(), pending="approve")
    with pytest.raises(UsageError, match="pending"):
        govern_tool(tools[0], make_runtime(), pending="wait")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"aegis\.Runtime"):
        made_by(None)
