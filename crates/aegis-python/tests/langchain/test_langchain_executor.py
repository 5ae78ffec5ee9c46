"""The names of agent-aegis 0.1.3: LangChain tools as an executor, and actions as LangChain tools."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import pytest
from aegis import Action
from aegis.adapters.langchain import AegisTool, LangChainExecutor, govern_tool
from aegis.core.result import ResultStatus
from aegis.errors import AuditError, UsageError
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel
from scripted_langchain import RUNS, agent, calls


def run_one(runtime: Any, action: Action) -> Any:
    """Run one action."""
    return asyncio.run(runtime.run_one(action))


def test_an_action_runs_the_tool_of_its_type(
    make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    executor = LangChainExecutor(tools=tools)
    assert executor.tool_names == ["transfer", "wipe", "read"]
    runtime = make_runtime(executor=executor)
    result = run_one(runtime, Action("read", "disk", {"path": "a"}))
    assert (result.status, result.data) == (ResultStatus.SUCCESS, "text")
    assert ran == [("read", {"path": "a"})]
    assert run_one(runtime, Action("wipe", "disk", {"path": "a"})).status is ResultStatus.BLOCKED
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({}, "`amount`, `to`"),
        ({"amount": 7}, "`to`"),
        ({"amount": "7", "to": "x"}, "`amount`"),
        ({"amount": True, "to": "x"}, "`amount`"),
        ({"amount": 7, "to": "x", "more": 1}, "`more`"),
    ],
)
def test_a_tool_that_would_run_with_other_arguments_is_not_run(
    params: dict[str, Any], named: str, make_runtime: Any, ran: list[Any]
) -> None:
    @tool
    def other(amount: int = 1000, to: str = "ops") -> str:
        """Do something."""
        ran.append((amount, to))
        return "done"

    result = run_one(make_runtime(executor=LangChainExecutor([other])), Action("other", "bank", params))
    assert result.status is ResultStatus.FAILED
    assert f"({named})" in result.error
    assert ran == []


def test_complete_gives_the_action_that_can_run(
    make_runtime: Any, tools: list[BaseTool], ran: list[Any], records: Any
) -> None:
    executor = LangChainExecutor(tools)
    runtime = make_runtime(True, executor=executor)
    action = executor.complete(Action("transfer", "bank", {}, "all of it"))
    assert action == Action("transfer", "bank", {"amount": 1000, "to": "ops"}, "all of it")
    assert run_one(runtime, action).data == "moved 1000"
    assert records(runtime) == [("transfer", {"amount": 1000, "to": "ops"}, "success")]
    with pytest.raises(UsageError, match="No LangChain tool"):
        executor.complete(Action("nothing", "bank"))


def test_whole_numbers_may_be_given_for_fractions(make_runtime: Any) -> None:
    @tool
    def read(share: float) -> float:
        """Read a share."""
        return share

    result = run_one(make_runtime(executor=LangChainExecutor([read])), Action("read", "disk", {"share": 1}))
    assert result.data == 1.0


def test_empty_params_do_not_become_the_description(make_runtime: Any, any_tool: BaseTool, ran: list[Any]) -> None:
    @tool
    def read(path: str) -> str:
        """Read a file."""
        ran.append(path)
        return path

    @tool
    def read_nothing() -> str:
        """Read nothing."""
        ran.append("nothing")
        return "nothing"

    executor = LangChainExecutor([read])
    executor.register_tool(read_nothing)
    runtime = make_runtime(executor=executor)
    assert run_one(runtime, Action("read", "disk", {}, "/etc/passwd")).status is ResultStatus.FAILED
    assert ran == []
    assert run_one(runtime, Action("read_nothing", "disk", {}, "/etc/passwd")).data == "nothing"
    executor.register_tool(any_tool)
    assert run_one(runtime, Action("read", "disk", {}, "/etc/passwd")).data == {"read": []}
    assert ran == ["nothing", {}]


def test_an_unknown_tool_and_a_tool_that_fails_are_failed_results(make_runtime: Any) -> None:
    @tool
    def read(path: str) -> str:
        """Read a file."""
        raise FileNotFoundError("no such file")

    runtime = make_runtime(executor=LangChainExecutor([read]))
    unknown = run_one(runtime, Action("reading", "disk"))
    assert unknown.status is ResultStatus.FAILED
    assert unknown.error == "No LangChain tool registered with name 'reading'. Available: ['read']"
    failed = run_one(runtime, Action("read", "disk", {"path": "a"}))
    assert (failed.status, failed.error) == (ResultStatus.FAILED, "no such file")


def test_what_is_no_tool_cannot_be_registered(make_runtime: Any, tools: list[BaseTool]) -> None:
    with pytest.raises(UsageError, match="governed already"):
        LangChainExecutor([govern_tool(tools[0], make_runtime())])
    with pytest.raises(UsageError, match="LangChain tool"):
        LangChainExecutor([len])  # type: ignore[list-item]


class Path(BaseModel):
    """A path."""

    path: str
    lines: int = 5


def from_runtime(runtime: Any, **more: Any) -> BaseTool:
    """Return the tool of an action."""
    given = {
        "name": "read_file",
        "description": "Reads.",
        "action_type": "read",
        "action_target": "disk",
        **more,
    }
    return AegisTool.from_runtime(runtime, **given)


@pytest.fixture
def any_tool(ran: list[Any]) -> BaseTool:
    """A tool that takes anything, for the executor."""

    def anything(**arguments: Any) -> dict[str, Any]:
        ran.append(arguments)
        return {"read": sorted(arguments)}

    return StructuredTool.from_function(
        anything, name="read", description="Reads.", args_schema={"type": "object", "properties": {}}
    )


@pytest.mark.parametrize("run", list(RUNS))
def test_an_agent_gets_the_real_arguments_through(
    run: str, make_runtime: Any, any_tool: BaseTool, ran: list[Any], records: Any
) -> None:
    runtime = make_runtime(executor=LangChainExecutor([any_tool]))
    made = agent([from_runtime(runtime)], [], calls(("read_file", {"path": "a", "deep": {"b": [1]}})))
    answers = RUNS[run](made, {"messages": [("user", "go")]})
    assert [(answer.content, answer.status) for answer in answers] == [('{"read": ["deep", "path"]}', "success")]
    assert ran == [{"path": "a", "deep": {"b": [1]}}]
    assert records(runtime) == [("read", {"path": "a", "deep": {"b": [1]}}, "success")]


@pytest.mark.parametrize("run", list(RUNS))
def test_an_agent_is_told_of_a_refusal(run: str, make_runtime: Any, any_tool: BaseTool, ran: list[Any]) -> None:
    runtime = make_runtime(executor=LangChainExecutor([any_tool]))
    made = agent([from_runtime(runtime, action_type="wipe")], [], calls(("read_file", {"path": "a"})))
    answers = RUNS[run](made, {"messages": [("user", "go")]})
    assert [answer.status for answer in answers] == ["error"]
    assert "wiping_is_blocked" in answers[0].content
    assert ran == []


def test_the_schema_and_its_defaults_are_used(
    make_runtime: Any, any_tool: BaseTool, ran: list[Any], records: Any
) -> None:
    runtime = make_runtime(executor=LangChainExecutor([any_tool]))
    made = from_runtime(runtime, args_schema=Path)
    plain = StructuredTool.from_function(len, name="read_file", description="Reads.", args_schema=Path)
    assert convert_to_openai_tool(made) == convert_to_openai_tool(plain)
    assert made.invoke({"path": "a"}) == {"read": ["lines", "path"]}
    assert records(runtime) == [("read", {"path": "a", "lines": 5}, "success")]


def test_rich_types_become_json(make_runtime: Any, any_tool: BaseTool, ran: list[Any]) -> None:
    class Since(BaseModel):
        since: datetime.date
        place: Path

    made = from_runtime(make_runtime(executor=LangChainExecutor([any_tool])), args_schema=Since)
    made.invoke({"since": "2026-01-02", "place": {"path": "a"}})
    asyncio.run(made.ainvoke({"since": "2026-01-02", "place": {"path": "a"}}))
    assert ran == [{"since": "2026-01-02", "place": {"path": "a", "lines": 5}}] * 2


def test_a_question_that_waits_is_named(make_runtime: Any, any_tool: BaseTool, ran: list[Any]) -> None:
    runtime = make_runtime(executor=LangChainExecutor([any_tool]))
    made = from_runtime(runtime, action_type="transfer")
    for answer in (made.invoke({"amount": 500}), asyncio.run(made.ainvoke({"amount": 500}))):
        assert str(runtime.audit.get_log()[0]["id"]) in answer
        assert "approval of a human" in answer
    assert ran == []


def test_a_runtime_may_be_given_by_name_and_must_have_an_executor(make_runtime: Any) -> None:
    with pytest.raises(UsageError, match="executor"):
        AegisTool.from_runtime(runtime=make_runtime(), name="n", description="d", action_type="read")


def test_a_log_that_fails_is_raised(make_runtime: Any, any_tool: BaseTool, ran: list[Any], monkeypatch: Any) -> None:
    runtime = make_runtime(executor=LangChainExecutor([any_tool]))

    def fails(*args: Any) -> Any:
        raise AuditError("the disk is full")

    async def afails(*args: Any) -> Any:
        raise AuditError("the disk is full")

    monkeypatch.setattr(runtime, "run_one", afails)
    monkeypatch.setattr(runtime, "run_one_sync", fails)
    made = from_runtime(runtime)
    with pytest.raises(AuditError):
        made.invoke({"path": "a"})
    with pytest.raises(AuditError):
        asyncio.run(made.ainvoke({"path": "a"}))
    assert ran == []


def test_what_is_not_json_is_refused(make_runtime: Any, any_tool: BaseTool, ran: list[Any]) -> None:
    runtime = make_runtime(executor=LangChainExecutor([any_tool]))
    call = {"name": "read_file", "args": {"path": object()}, "id": "1", "type": "tool_call"}
    for answer in (from_runtime(runtime).invoke(call), asyncio.run(from_runtime(runtime).ainvoke(call))):
        assert isinstance(answer, ToolMessage)
        assert answer.status == "error"
    assert ran == []
