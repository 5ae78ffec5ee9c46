"""Nothing runs past the gate, whichever way LangChain runs a tool call."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from aegis import Runtime
from aegis.adapters.langchain import AegisMiddleware, govern_tool, tool_node
from aegis.errors import AuditError, UsageError
from aegis.runtime.approval import ApprovalHandler
from langchain_core.tools import BaseTool, tool
from scripted_langchain import agent, calls, graph_of, tool_messages


def test_an_allowed_call_runs_once_with_what_was_recorded(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    runtime = make_runtime()
    answers = way(run, runtime, tools, calls(("transfer", {"amount": "7", "surplus": 1})))
    assert [(answer.content, answer.status, answer.tool_call_id) for answer in answers] == [
        ("moved 7", "success", "call-1")
    ]
    assert ran == [("transfer", {"amount": 7, "to": "ops"})]
    assert records(runtime) == [("transfer", {"amount": 7, "to": "ops"}, "success")]


def test_a_blocked_call_does_not_run_and_the_model_is_told(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    runtime = make_runtime()
    answers = way(run, runtime, tools, calls(("wipe", {"path": "/"})))
    assert ran == []
    assert [(answer.status, answer.name, answer.tool_call_id) for answer in answers] == [("error", "wipe", "call-1")]
    assert "wiping_is_blocked" in answers[0].content
    assert "what is wiped is gone" in answers[0].content
    assert records(runtime) == [("wipe", {"path": "/"}, "blocked")]


def test_a_default_that_the_model_left_out_is_decided_on(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    runtime = make_runtime(False)
    answers = way(run, runtime, tools, calls(("transfer", {})))
    assert ran == []
    assert answers[0].status == "error"
    assert records(runtime) == [("transfer", {"amount": 1000, "to": "ops"}, "denied")]


def test_what_a_human_approved_runs(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    runtime = make_runtime(True)
    answers = way(run, runtime, tools, calls(("transfer", {})))
    assert answers[0].content == "moved 1000"
    assert ran == [("transfer", {"amount": 1000, "to": "ops"})]
    assert records(runtime) == [("transfer", {"amount": 1000, "to": "ops"}, "success")]


def test_a_question_without_an_answer_does_not_run_and_names_its_id(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], answer: Any, records: Any
) -> None:
    runtime = make_runtime()
    answers = way(run, runtime, tools, calls(("transfer", {})))
    assert ran == []
    assert answers[0].status == "error"
    waiting = runtime.audit.get_log()[-1]
    assert waiting["decision"] == "unanswered"
    assert request_in(answers[0].content, runtime)


@pytest.mark.parametrize("run", ["invoke", "astream"])
def test_an_approval_that_came_later_is_used_once(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], answer: Any
) -> None:
    runtime = make_runtime()
    first = way(run, runtime, tools, calls(("transfer", {})))
    answer(runtime, request_in(first[0].content, runtime), True)
    second = way(run, runtime, tools, calls(("transfer", {})))
    assert second[0].content == "moved 1000"
    third = way(run, runtime, tools, calls(("transfer", {})))
    assert third[0].status == "error"
    assert ran == [("transfer", {"amount": 1000, "to": "ops"})]


def test_a_log_that_fails_ends_the_run_and_nothing_runs(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], monkeypatch: Any
) -> None:
    runtime = make_runtime()

    def fails(*args: Any) -> Any:
        raise AuditError("the disk is full")

    async def afails(*args: Any) -> Any:
        raise AuditError("the disk is full")

    monkeypatch.setattr(runtime, "call", fails)
    monkeypatch.setattr(runtime, "acall", afails)
    with pytest.raises(AuditError):
        way(run, runtime, tools, calls(("read", {"path": "a"})))
    assert ran == []


def test_a_log_that_cannot_be_written_ends_the_run_and_nothing_runs(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], log: Path
) -> None:
    log.write_text("this is no log")
    with pytest.raises(AuditError):
        way(run, make_runtime(), tools, calls(("read", {"path": "a"})))
    assert ran == []


def test_an_error_of_the_gate_ends_the_run_and_nothing_runs(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], monkeypatch: Any
) -> None:
    runtime = make_runtime()

    def fails(*args: Any) -> Any:
        raise RuntimeError("a defect")

    monkeypatch.setattr(runtime, "call", fails)
    monkeypatch.setattr(runtime, "acall", fails)
    with pytest.raises(RuntimeError, match="a defect"):
        way(run, runtime, tools, calls(("read", {"path": "a"})))
    assert ran == []


def test_each_of_many_calls_is_decided(
    way: Any, run: str, make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    runtime = make_runtime()
    each = [
        ("read", {"path": "a"}),
        ("wipe", {"path": "/"}),
        ("transfer", {"amount": 5}),
        ("read", {"path": "b"}),
    ]
    answers = way(run, runtime, tools, calls(*each))
    by_id = {answer.tool_call_id: answer.status for answer in answers}
    assert by_id == {"call-1": "success", "call-2": "error", "call-3": "success", "call-4": "success"}
    assert sorted(name for name, _ in ran) == ["read", "read", "transfer"]
    assert sorted(row[2] for row in records(runtime)) == ["blocked", "success", "success", "success"]


def test_the_error_of_a_tool_is_raised_on_and_recorded(way: Any, run: str, make_runtime: Any, records: Any) -> None:
    @tool
    def read_badly(path: str) -> str:
        """Read a file."""
        raise FileNotFoundError(path)

    runtime = make_runtime()
    with pytest.raises(FileNotFoundError):
        way(run, runtime, [read_badly], calls(("read_badly", {"path": "a"})))
    assert records(runtime) == [("read_badly", {"path": "a"}, "failed")]


def test_parallel_calls_do_not_wait_for_each_other(make_runtime: Any) -> None:
    both = threading.Barrier(2, timeout=20)

    @tool
    def read_together(path: str) -> str:
        """Read a file."""
        both.wait()
        return path

    reply = calls(("read_together", {"path": "a"}), ("read_together", {"path": "b"}))
    graph = graph_of(tool_node([read_together], make_runtime()))
    assert len(tool_messages(graph.invoke({"messages": [reply]})["messages"])) == 2
    assert len(tool_messages(asyncio.run(graph.ainvoke({"messages": [reply]}))["messages"])) == 2


def test_a_run_that_is_cancelled_while_a_human_is_asked_runs_nothing(
    make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    class Slow(ApprovalHandler):
        async def request_approval(self, decision: Any) -> bool:
            asked.set()
            await asyncio.sleep(60)
            return True

    async def go() -> None:
        made = agent(tools, [AegisMiddleware(runtime)], calls(("transfer", {"amount": 500})))
        task = asyncio.create_task(made.ainvoke({"messages": [("user", "go")]}))
        await asyncio.wait_for(asked.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asked = asyncio.Event()
    runtime = Runtime(policy=make_runtime().policy, approval_handler=Slow(), audit_logger=make_runtime().audit)
    asyncio.run(go())
    assert ran == []
    until = time.monotonic() + 20
    while [row[2] for row in records(runtime)] != ["skipped"]:  # the question is closed behind the task's back
        assert time.monotonic() < until, records(runtime)
        time.sleep(0.05)


def test_sync_run_arun_and_functions_of_a_governed_tool_pass_the_gate(
    make_runtime: Any, tools: list[BaseTool], ran: list[Any]
) -> None:
    wipe = govern_tool(tools[1], make_runtime())
    assert wipe.func is not None
    answers = [
        wipe.run({"path": "/"}),
        asyncio.run(wipe.arun({"path": "/"})),
        wipe.invoke({"path": "/"}),
        wipe.invoke("/"),
        wipe.func(path="/"),
        wipe._run(path="/"),
        asyncio.run(wipe._arun(path="/")),
        *wipe.batch([{"path": "/"}]),
        *asyncio.run(wipe.abatch([{"path": "/"}])),
        wipe.with_retry().invoke({"path": "/"}),
        wipe.model_copy().invoke({"path": "/"}),
    ]
    assert ran == []
    assert all("wiping_is_blocked" in answer for answer in answers)


def test_a_middleware_behind_the_gate_that_changes_arguments_is_governed(
    make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    from langchain.agents.middleware import wrap_tool_call

    @wrap_tool_call
    def more(request: Any, handler: Any) -> Any:
        args = {**request.tool_call["args"], "amount": 5000}
        return handler(request.override(tool_call={**request.tool_call, "args": args}))

    runtime = make_runtime(False)
    made = agent(tools, [AegisMiddleware(runtime), more], calls(("transfer", {"amount": 1})))
    made.invoke({"messages": [("user", "go")]})
    assert ran == []
    assert records(runtime) == [("transfer", {"amount": 5000, "to": "ops"}, "denied")]


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_middleware_that_repeats_a_tool_passes_the_gate_again(
    place: str, make_runtime: Any, ran: list[Any], records: Any
) -> None:
    from langchain.agents.middleware import ToolRetryMiddleware

    @tool
    def read_at_last(path: str) -> str:
        """Read a file."""
        ran.append(path)
        if len(ran) < 3:
            raise OSError("not yet")
        return "text"

    runtime = make_runtime()
    ours, retry = (
        AegisMiddleware(runtime),
        ToolRetryMiddleware(max_retries=2, initial_delay=0.0, jitter=False),
    )
    order = [retry, ours] if place == "before" else [ours, retry]
    agent([read_at_last], order, calls(("read_at_last", {"path": "a"}))).invoke({"messages": [("user", "go")]})
    assert ran == ["a", "a", "a"]
    assert [row[2] for row in records(runtime)] == ["failed", "failed", "success"]


def test_a_middleware_behind_the_gate_that_replaces_the_tool_ends_the_run(
    make_runtime: Any, tools: list[BaseTool]
) -> None:
    from langchain.agents.middleware import wrap_tool_call

    @wrap_tool_call
    def another(request: Any, handler: Any) -> Any:
        return handler(request.override(tool=tools[0]))

    made = agent(tools, [AegisMiddleware(make_runtime()), another], calls(("read", {"path": "a"})))
    with pytest.raises(UsageError, match="list Aegis last"):
        made.invoke({"messages": [("user", "go")]})


@pytest.mark.parametrize("run_async", [False, True])
def test_wrappers_of_ones_own_come_before_the_gate(
    run_async: bool, make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    def changed(request: Any) -> Any:
        args = {**request.tool_call["args"], "amount": 5000}
        return request.override(tool_call={**request.tool_call, "args": args})

    def more(request: Any, handler: Any) -> Any:
        return handler(changed(request))

    async def amore(request: Any, handler: Any) -> Any:
        return await handler(changed(request))

    runtime = make_runtime(False)
    graph = graph_of(tool_node(tools, runtime, wrap_tool_call=more, awrap_tool_call=amore))
    state = {"messages": [calls(("transfer", {"amount": 1}))]}
    asyncio.run(graph.ainvoke(state)) if run_async else graph.invoke(state)
    assert ran == []
    assert records(runtime) == [("transfer", {"amount": 5000, "to": "ops"}, "denied")]
    for alone in ({"wrap_tool_call": more}, {"awrap_tool_call": amore}):
        with pytest.raises(UsageError, match="both"):
            tool_node(tools, runtime, **alone)


def test_a_tool_that_only_a_later_middleware_knows_does_not_run(make_runtime: Any, ran: list[Any]) -> None:
    from langchain.agents.middleware import wrap_tool_call

    @tool
    def hidden(path: str) -> str:
        """Do something."""
        ran.append(path)
        return "done"

    @wrap_tool_call
    def knows(request: Any, handler: Any) -> Any:
        return handler(request.override(tool=hidden))

    made = agent([], [AegisMiddleware(make_runtime()), knows], calls(("hidden", {"path": "a"})))
    answers = tool_messages(made.invoke({"messages": [("user", "go")]})["messages"])
    assert ran == []
    assert [answer.status for answer in answers] == ["error"]


def test_a_tool_that_an_earlier_middleware_brings_is_governed(make_runtime: Any, ran: list[Any], records: Any) -> None:
    from langchain.agents.middleware import wrap_tool_call

    @tool("wipe")
    def late(path: str) -> str:
        """Delete everything."""
        ran.append(path)
        return "gone"

    @wrap_tool_call
    def brings(request: Any, handler: Any) -> Any:
        return handler(request.override(tool=late))

    runtime = make_runtime()
    made = agent([], [brings, AegisMiddleware(runtime)], calls(("wipe", {"path": "a"})))
    made.invoke({"messages": [("user", "go")]})
    assert ran == []
    assert records(runtime) == [("wipe", {"path": "a"}, "blocked")]


def test_a_tool_that_is_governed_already_is_decided_once(
    make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    runtime = make_runtime()
    governed = [govern_tool(each, runtime) for each in tools]
    made = agent(governed, [AegisMiddleware(runtime)], calls(("read", {"path": "a"})))
    made.invoke({"messages": [("user", "go")]})
    assert ran == [("read", {"path": "a"})]
    assert len(records(runtime)) == 1


@pytest.mark.parametrize("run_async", [False, True])
@pytest.mark.parametrize("handling", [True, "sorry", (ValueError, AuditError), Exception, lambda error: "sorry"])
def test_no_handling_of_tool_errors_hides_a_log_that_fails(
    handling: Any, run_async: bool, make_runtime: Any, tools: list[BaseTool], ran: list[Any], monkeypatch: Any
) -> None:
    runtime = make_runtime()

    def fails(*args: Any) -> Any:
        raise AuditError("the disk is full")

    monkeypatch.setattr(runtime, "call", fails)
    monkeypatch.setattr(runtime, "acall", fails)
    graph = graph_of(tool_node(tools, runtime, handle_tool_errors=handling))
    state = {"messages": [calls(("read", {"path": "a"}))]}
    with pytest.raises(AuditError):
        asyncio.run(graph.ainvoke(state)) if run_async else graph.invoke(state)
    assert ran == []


@pytest.mark.parametrize(
    ("handling", "told"),
    [
        (True, "Error: ValueError('x')\n Please fix your mistakes."),
        ("sorry", "sorry"),
        (ValueError, "Error: ValueError('x')\n Please fix your mistakes."),
        ((ValueError,), "Error: ValueError('x')\n Please fix your mistakes."),
        (lambda error: f"told: {error}", "told: x"),
    ],
)
def test_other_errors_are_handled_as_in_a_node_that_is_not_governed(
    handling: Any, told: str, make_runtime: Any
) -> None:
    from langgraph.prebuilt import ToolNode

    @tool
    def read_badly(path: str) -> str:
        """Read a file."""
        raise ValueError("x")

    state = {"messages": [calls(("read_badly", {"path": "a"}))]}
    ours = graph_of(tool_node([read_badly], make_runtime(), handle_tool_errors=handling)).invoke(state)
    theirs = graph_of(ToolNode([read_badly], handle_tool_errors=handling)).invoke(state)
    assert [message.content for message in tool_messages(ours["messages"])] == [told]
    assert [message.content for message in tool_messages(theirs["messages"])] == [told]


def request_in(text: str, runtime: Any) -> str:
    """Return the id of the question that a refusal names."""
    ids = [row["id"] for row in runtime.audit.get_log() if str(row["id"]) in text]
    assert ids, text
    return str(ids[0])
