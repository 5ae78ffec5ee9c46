"""Loops of one's own: every tool_use block answered, and calls as actions of an executor."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anthropic")
sys.path.insert(0, str(Path(__file__).parent))

from aegis import Action, Policy, Runtime
from aegis.adapters.anthropic import (
    RunAborted,
    ToolResults,
    answer_tool_uses,
    answer_tool_uses_async,
    govern_beta_tool,
    govern_tool_call,
    govern_tool_call_sync,
    tool_results_to_api_format,
)
from aegis.adapters.base import BaseExecutor
from aegis.core.result import Result, ResultStatus
from aegis.errors import AuditError, UsageError
from aegis.runtime.approval import NobodyApprovalHandler
from aegis.runtime.audit import AuditLogger
from aegis.testing import ScriptedApprover, answer_waiting
from anthropic import beta_async_tool, beta_tool
from anthropic.lib.tools import ToolError
from scripted_claude import Claude, reply, text, use

RULES = {
    "version": "1",
    "defaults": {"risk_level": "low", "approval": "auto"},
    "rules": [
        {"name": "no_wipe", "match": {"type": "wipe"}, "approval": "block", "reason": "nobody wipes"},
        {"name": "not_prod", "match": {"target": "production"}, "approval": "block"},
        {"name": "ask", "match": {"type": "send"}, "approval": "approve", "risk_level": "high"},
    ],
}


class Loop:
    def __init__(self, tmp_path: Path, is_async: bool) -> None:
        self.is_async = is_async
        self.log = str(tmp_path / "log.db")
        self.ran: list[Any] = []
        self.with_answers()

    def with_answers(self, *answers: bool | None) -> None:
        self.approver = ScriptedApprover(*answers)
        self.runtime = Runtime(
            policy=Policy.from_dict(RULES), approval_handler=self.approver, audit_logger=AuditLogger(self.log)
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.runtime.audit.get_log() if Path(self.log).exists() else []

    def ask_nobody(self) -> None:
        """From now on each question waits in the log at once."""
        self.runtime = Runtime(
            policy=Policy.from_dict(RULES),
            approval_handler=NobodyApprovalHandler(),
            audit_logger=AuditLogger(self.log),
        )

    @property
    def tools(self) -> dict[str, Any]:
        def wipe() -> str:
            self.ran.append("wipe")
            return "wiped"

        def add(a: int, b: int = 2) -> dict[str, int]:
            self.ran.append(("add", a, b))
            return {"sum": a + b}

        def send(to: str) -> str:
            self.ran.append(("send", to))
            return "sent"

        def leak() -> str:
            raise ValueError("password=hunter2")

        def say() -> str:
            raise ToolError([{"type": "text", "text": "out of paper"}])

        async def later(a: int) -> list[dict[str, str]]:
            self.ran.append(("later", a))
            return [{"type": "text", "text": str(a)}]

        tools: dict[str, Any] = {"wipe": wipe, "add": add, "send": send, "leak": leak, "say": say}
        return {**tools, "later": later} if self.is_async else tools

    def answer(self, message: Any, tools: Any = None, **options: Any) -> ToolResults:
        tools = self.tools if tools is None else tools
        if self.is_async:
            return asyncio.run(answer_tool_uses_async(message, tools, self.runtime, **options))
        return answer_tool_uses(message, tools, self.runtime, **options)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Loop:
    return Loop(tmp_path, request.param)


def message(*blocks: dict[str, Any], stop_reason: str | None = None) -> Any:
    """A reply as the SDK gives it, made from what the API sends."""
    claude = Claude(reply(*blocks, stop_reason=stop_reason))
    return claude.client.messages.create(
        model="claude-scripted", max_tokens=10, messages=[{"role": "user", "content": "go"}]
    )


BLOCKS = (
    text("let me see"),
    use("t1", "wipe"),
    use("t2", "add", a="1"),
    use("t3", "unknown"),
    use("t4", "add", a="one"),
    use("t5", "leak"),
    use("t6", "say"),
)


def test_every_block_is_answered_in_order(loop: Loop) -> None:
    for given in (message(*BLOCKS), reply(*BLOCKS)):
        loop.ran.clear()
        results = loop.answer(given)
        assert [block["tool_use_id"] for block in results] == ["t1", "t2", "t3", "t4", "t5", "t6"]
        assert all(block["type"] == "tool_result" for block in results)
        assert [block["is_error"] for block in results] == [True, False, True, True, True, True]
        assert "no_wipe" in results[0]["content"] and "nobody wipes" in results[0]["content"]
        assert results[1]["content"] == '{"sum": 3}'
        assert "unknown" in results[2]["content"]
        assert "Invalid arguments" in results[3]["content"] and "a" in results[3]["content"]
        assert results[4]["content"] == "The tool failed with ValueError."
        assert results[5]["content"] == [{"type": "text", "text": "out of paper"}]
        assert loop.ran == [("add", 1, 2)]
        assert results.pending == {}


def test_the_next_request_takes_the_results(loop: Loop) -> None:
    first = message(*BLOCKS)
    claude = Claude(reply(text("done")))
    claude.client.messages.create(
        model="claude-scripted",
        max_tokens=10,
        messages=[
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": loop.answer(first)},  # type: ignore[typeddict-item]
        ],
    )
    assert set(claude.results()) == {"t1", "t2", "t3", "t4", "t5", "t6"}


@pytest.mark.parametrize("stop_reason", ["max_tokens", "end_turn", "pause_turn", "refusal", None])
def test_nothing_runs_unless_the_reply_stopped_for_tools(loop: Loop, stop_reason: str | None) -> None:
    given = reply(use("t1", "add", a=1), use("t2", "add", a=1))
    given["stop_reason"] = stop_reason
    results = loop.answer(given)
    assert [block["is_error"] for block in results] == [True, True]
    assert loop.ran == [] and loop.rows == []


def test_blocks_that_are_not_what_they_should_be(loop: Loop) -> None:
    given = reply(
        use("t1", "add", a=1),
        use("t1", "add", a=1),
        use("", "add", a=1),
        {**use("t2", "add"), "input": "{"},
        {**use("t3", "add", a=1), "toolset_name": "browser"},
    )
    results = loop.answer(given)
    assert len(results) == 5 and all(block["is_error"] for block in results)
    assert loop.ran == []
    assert loop.answer({"content": "text", "stop_reason": "tool_use"}) == []


def test_pending_calls_are_asked_again_and_the_others_are_not_run_again(loop: Loop) -> None:
    loop.ask_nobody()
    given = message(use("t1", "add", a=1), use("t2", "send", to="x"))
    results = loop.answer(given)
    assert set(results.pending) == {"t2"} and loop.ran == [("add", 1, 2)]
    request = results.pending["t2"].request
    assert request is not None and results[1]["is_error"] and request["id"] in results[1]["content"]
    answer_waiting(loop.log, request["id"], approve=True)
    again = loop.answer(given, previous=results)
    assert [block["is_error"] for block in again] == [False, False] and again.pending == {}
    assert loop.ran == [("add", 1, 2), ("send", "x")]
    # The approval is used up, and a finished turn stays as it is.
    assert loop.answer(given, previous=again) == again
    assert loop.answer(message(use("t9", "send", to="x"))).pending
    assert loop.ran == [("add", 1, 2), ("send", "x")]


def test_a_tool_made_to_stop_the_runner_does_not_lose_what_ran(loop: Loop) -> None:
    loop.ask_nobody()
    send = govern_beta_tool(beta_tool(loop.tools["send"]), loop.runtime, on_pending="stop")
    results = loop.answer(message(use("t1", "add", a=1), use("t2", "send", to="x")), [loop.tools["add"], send])
    assert [block["is_error"] for block in results] == [False, True] and set(results.pending) == {"t2"}


def test_a_failed_log_ends_the_loop(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Any, action: Any, body: Any) -> Any:
        raise AuditError("the disk is full")

    async def fail_async(self: Any, action: Any, body: Any) -> Any:
        raise AuditError("the disk is full")

    monkeypatch.setattr(Runtime, "call", fail)
    monkeypatch.setattr(Runtime, "acall", fail_async)
    with pytest.raises(RunAborted):
        loop.answer(message(use("t1", "add", a=1)))
    assert loop.ran == []


def test_tools_in_every_form(loop: Loop) -> None:
    def add(a: int) -> int:
        return a + 1

    decorated = beta_tool(add)
    governed = govern_beta_tool(decorated, loop.runtime, target="elsewhere")
    given = message(use("t1", "add", a=1))
    for tools in ({"add": add}, [add], [decorated], {"add": decorated}, [governed]):
        (block,) = loop.answer(given, tools)
        assert block["content"] == "2", tools
    (block,) = loop.answer(given, [add], targets={"add": "production"})
    assert block["is_error"] and "not_prod" in block["content"]
    with pytest.raises(UsageError, match="two tools"):
        loop.answer(given, [add, decorated])
    with pytest.raises(TypeError):
        loop.answer(given, {"add": {"name": "add"}})


def test_async_tools(tmp_path: Path) -> None:
    loop = Loop(tmp_path, True)
    given = message(use("t1", "later", a=4), use("t2", "wipe"))
    results = loop.answer(given)
    assert results[0]["content"] == [{"type": "text", "text": "4"}] and results[1]["is_error"]

    async def later(a: int) -> str:
        raise AssertionError("must not run")

    for tool in (later, beta_async_tool(later), govern_beta_tool(beta_async_tool(later), loop.runtime)):
        with pytest.raises(TypeError, match="answer_tool_uses_async"):
            answer_tool_uses(given, [tool], loop.runtime)


class Echo(BaseExecutor):
    def __init__(self) -> None:
        self.ran: list[Any] = []

    async def execute(self, action: Action) -> Result:
        self.ran.append((action.type, action.target, dict(action.params)))
        return Result(action=action, status=ResultStatus.SUCCESS, data={"echo": action.params})


def test_calls_run_through_the_executor(tmp_path: Path) -> None:
    echo = Echo()
    runtime = Runtime(executor=echo, policy=Policy.from_dict(RULES), audit_logger=AuditLogger(str(tmp_path / "log.db")))
    given = message(use("t1", "add", a=1), use("t2", "wipe"))

    async def go() -> dict[str, Result]:
        out = {}
        for block in given.content:
            out[block.id] = await govern_tool_call(
                runtime=runtime, tool_name=block.name, tool_input=block.input, target="crm"
            )
        # The sync twin inside a running loop.
        govern_tool_call_sync(runtime=runtime, tool_name="add", tool_input={"a": 2})
        return out

    results = asyncio.run(go())
    govern_tool_call_sync(runtime=runtime, tool_name="add", tool_input={"a": 3})
    assert echo.ran == [("add", "crm", {"a": 1}), ("add", "default", {"a": 2}), ("add", "default", {"a": 3})]
    assert results["t1"].ok and results["t2"].status is ResultStatus.BLOCKED
    blocks = tool_results_to_api_format(results)
    assert blocks == tool_results_to_api_format(list(results.values()), ["t1", "t2"])
    assert [block["tool_use_id"] for block in blocks] == ["t1", "t2"]
    assert blocks[0]["content"] == '{"echo": {"a": 1}}' and blocks[0]["is_error"] is False
    assert blocks[1]["is_error"] is True and blocks[1]["content"].startswith("[BLOCKED] ")


def test_results_need_the_ids_of_their_calls() -> None:
    ok = Result(action=Action("a", "b"), status=ResultStatus.SUCCESS, data="x")
    for arguments in (([ok],), ([ok], []), ([ok, ok], ["t1", "t1"]), ([ok], [""]), ({"t1": ok}, ["t1"])):
        with pytest.raises(UsageError):
            tool_results_to_api_format(*arguments)
    assert tool_results_to_api_format([], []) == []


def test_a_missing_package_is_named() -> None:
    code = (
        "import sys; sys.modules['anthropic'] = None\n"
        "try:\n    import aegis.adapters.anthropic\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'aegis-policy[anthropic]'" in done.stdout
