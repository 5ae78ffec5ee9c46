"""Governed tools in the tool runner of the real SDK: sync, async, streaming, and run while it streams."""

from __future__ import annotations

import asyncio
import datetime
import functools
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest

pytest.importorskip("anthropic")
sys.path.insert(0, str(Path(__file__).parent))

from aegis import Policy, Runtime
from aegis.adapters.anthropic import ApprovalPending, RunAborted, govern_beta_tool
from aegis.errors import AuditError, Unanswered, UsageError
from aegis.runtime.approval import NobodyApprovalHandler
from aegis.runtime.audit import AuditLogger
from aegis.testing import ScriptedApprover, answer_waiting
from anthropic import beta_async_tool, beta_tool
from anthropic.lib.tools import BetaAsyncBuiltinFunctionTool, BetaBuiltinFunctionTool, ToolError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, computed_field
from scripted_claude import Claude, reply, text, use

RULES = {
    "version": "1",
    "defaults": {"risk_level": "low", "approval": "auto"},
    "rules": [
        {"name": "no_wipe", "match": {"type": "wipe"}, "approval": "block", "reason": "nobody wipes"},
        {
            "name": "few",
            "match": {"type": "update"},
            "conditions": {"param_gt": {"count": 100}},
            "approval": "block",
            "reason": "over 100",
        },
        {"name": "ask", "match": {"type": "send"}, "approval": "approve", "risk_level": "high"},
    ],
}


class Bench:
    """A runtime, tools that note what they ran with, and the modes of the runner."""

    def __init__(self, tmp_path: Path, mode: str) -> None:
        self.log = str(tmp_path / "log.db")
        self.ran: list[tuple[str, Any]] = []
        self.mode = mode
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
    def is_async(self) -> bool:
        return self.mode.startswith("async")

    def tools(self, **options: Any) -> list[Any]:
        ran = self.ran

        def wipe(path: str = "/") -> str:
            """Wipe everything."""
            ran.append(("wipe", path))
            return "wiped"

        def update(name: str, count: int = 1000) -> str:
            """Update records.

            Args:
                name: whose
                count: how many
            """
            ran.append(("update", (name, count)))
            return f"updated {count}"

        def send(to: str) -> str:
            """Send a mail."""
            ran.append(("send", to))
            return "sent"

        def broken() -> str:
            """Fail."""
            ran.append(("broken", None))
            raise ToolError("the disk is read-only")

        functions = (wipe, update, send, broken)
        if not self.is_async:
            self.plain: list[Any] = [beta_tool(function) for function in functions]
        else:
            self.plain = [beta_async_tool(_as_async(function)) for function in functions]
        return [govern_beta_tool(tool, self.runtime, **options) for tool in self.plain]

    def run(self, claude: Claude, tools: list[Any]) -> None:
        options: dict[str, Any] = {
            "model": "claude-scripted",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "go"}],
            "tools": tools,
        }
        if "stream" in self.mode:
            options["stream"] = True
        if "eager" in self.mode:
            options["run_tools_eagerly"] = True
        if not self.is_async:
            for item in claude.client.beta.messages.tool_runner(**options):
                if "stream" in self.mode:
                    for _ in item:
                        pass
            return

        async def go() -> None:
            runner = claude.async_client.beta.messages.tool_runner(**options)
            async for item in runner:
                if "stream" in self.mode:
                    async for _ in item:
                        pass

        asyncio.run(go())


def _as_async(function: Any) -> Any:
    @functools.wraps(function)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapped


MODES = ["sync", "async", "sync-stream", "async-stream", "sync-stream-eager", "async-stream-eager"]


@pytest.fixture(params=MODES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, request.param)


def test_the_model_sees_the_same_tools(bench: Bench) -> None:
    governed = bench.tools()
    assert [tool.to_dict() for tool in governed] == [tool.to_dict() for tool in bench.plain]
    assert [tool.name for tool in governed] == ["wipe", "update", "send", "broken"]
    claude, ungoverned = Claude(reply(text("done"))), Claude(reply(text("done")))
    bench.run(claude, governed)
    bench.run(ungoverned, bench.plain)
    assert claude.requests[0]["tools"] == ungoverned.requests[0]["tools"]


def test_a_refused_call_does_not_run_and_its_siblings_do(bench: Bench) -> None:
    claude = Claude(
        reply(
            text("working"),
            use("t1", "wipe", path="/etc"),
            use("t2", "update", name="a", count="7"),
            use("t3", "wipe"),
            use("t4", "broken"),
        ),
        reply(text("done")),
    )
    bench.run(claude, bench.tools())
    assert bench.ran == [("update", ("a", 7)), ("broken", None)]
    results = claude.results()
    assert set(results) == {"t1", "t2", "t3", "t4"}
    assert results["t1"]["is_error"] and "no_wipe" in str(results["t1"]["content"])
    assert "nobody wipes" in str(results["t1"]["content"])
    assert results["t2"]["content"] == "updated 7" and not results["t2"].get("is_error")
    assert results["t4"]["is_error"] and results["t4"]["content"] == "the disk is read-only"
    rows = {row["action_type"]: row for row in bench.rows}
    assert rows["update"]["action_params"] == {"name": "a", "count": 7}
    assert rows["update"]["action_target"] == "anthropic"
    assert rows["update"]["result_status"] == "success" and rows["broken"]["result_status"] == "failed"
    bench.runtime.audit.verify()


def test_defaults_are_filled_in_before_the_gate(bench: Bench) -> None:
    claude = Claude(reply(use("t1", "update", name="a"), use("t2", "update", name="b", count=5)), reply(text("ok")))
    bench.run(claude, bench.tools())
    # The model left count out, and the function's 1000 is over the policy's 100.
    assert bench.ran == [("update", ("b", 5))]
    assert claude.results()["t1"]["is_error"] and "over 100" in str(claude.results()["t1"]["content"])


@pytest.mark.filterwarnings("ignore:Tool 'nothing' not found")
def test_invalid_arguments_never_reach_the_gate(bench: Bench) -> None:
    claude = Claude(reply(use("t1", "update", name="a", count="many"), use("t2", "nothing")), reply(text("ok")))
    bench.run(claude, bench.tools())
    assert bench.ran == [] and bench.rows == []
    assert claude.results()["t1"]["is_error"] and "Invalid arguments" in str(claude.results()["t1"]["content"])


@pytest.mark.parametrize("answer", [True, False, None])
def test_a_human_decides(bench: Bench, answer: bool | None) -> None:
    bench.with_answers(answer)
    claude = Claude(reply(use("t1", "send", to="x@y")), reply(text("ok")))
    bench.run(claude, bench.tools())
    assert len(bench.approver.questions) == 1
    assert bench.ran == ([("send", "x@y")] if answer is True else [])
    assert bool(claude.results()["t1"].get("is_error")) is (answer is not True)


def test_an_approval_given_later_runs_the_call_once(bench: Bench) -> None:
    bench.ask_nobody()
    with pytest.raises(ApprovalPending) as caught:
        bench.run(Claude(reply(use("t1", "send", to="x@y"))), bench.tools(on_pending="stop"))
    pending = caught.value
    assert not isinstance(pending, Exception)
    assert (pending.tool_name, pending.tool_input) == ("send", {"to": "x@y"})
    assert isinstance(pending.refusal, Unanswered) and pending.refusal.request is not None
    assert bench.ran == []
    answer_waiting(bench.log, pending.refusal.request["id"], approve=True)
    claude = Claude(reply(use("t1", "send", to="x@y")), reply(use("t2", "send", to="x@y")), reply(text("ok")))
    bench.run(claude, bench.tools())
    assert bench.ran == [("send", "x@y")]
    assert claude.results(1)["t1"]["content"] == "sent"
    assert claude.results(2)["t2"]["is_error"]


def test_a_failed_log_or_gate_ends_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for failure in (AuditError("the disk is full"), RuntimeError("the gate broke")):

        def fail(self: Any, action: Any, body: Any, failure: Exception = failure) -> Any:
            raise failure

        async def fail_async(self: Any, action: Any, body: Any, failure: Exception = failure) -> Any:
            raise failure

        monkeypatch.setattr(Runtime, "call", fail)
        monkeypatch.setattr(Runtime, "acall", fail_async)
        claude = Claude(reply(use("t1", "update", name="a", count=1)), reply(text("ok")))
        with pytest.raises(RunAborted) as caught:
            bench.run(claude, bench.tools())
        assert caught.value.error is failure
        assert not isinstance(caught.value, Exception)
        assert len(claude.requests) == 1, "the model was told, and the run went on"
    assert bench.ran == []


def test_a_log_that_cannot_be_opened_ends_the_run(bench: Bench) -> None:
    bench.log = str(Path(bench.log).parent / "missing" / "log.db")
    bench.with_answers()
    claude = Claude(reply(use("t1", "update", name="a", count=1)), reply(text("ok")))
    with pytest.raises(RunAborted) as caught:
        bench.run(claude, bench.tools())
    assert isinstance(caught.value.error, AuditError)
    assert bench.ran == [] and len(claude.requests) == 1


def test_a_reply_that_was_cut_off_runs_nothing(bench: Bench) -> None:
    claude = Claude(reply(use("t1", "update", name="a", count=1), stop_reason="max_tokens"))
    bench.run(claude, bench.tools())
    assert bench.ran == [] and bench.rows == []


def test_what_the_gate_recorded_is_what_runs(tmp_path: Path) -> None:
    ran: list[Any] = []

    @beta_tool
    def pay(amount: int, to: list[str]) -> str:
        """Pay."""
        ran.append((amount, to))
        return "paid"

    given = {"amount": "5", "to": ["a"]}

    class Changing:
        def call(self, action: Any, body: Any) -> Any:
            recorded = json.loads(json.dumps(action.params))
            given["amount"] = 1_000_000
            given["to"].append("mallory")  # type: ignore[attr-defined]
            action.params["amount"] = 1_000_000
            return body(recorded)

    tool = govern_beta_tool(pay, Changing())  # type: ignore[arg-type]
    assert tool.call(given) == "paid"
    assert ran == [(5, ["a"])]


def test_what_the_gate_recorded_is_what_runs_async(tmp_path: Path) -> None:
    ran: list[Any] = []

    @beta_async_tool
    async def pay(amount: int, to: list[str]) -> str:
        """Pay."""
        ran.append((amount, to))
        return "paid"

    given = {"amount": "5", "to": ["a"]}

    class Changing:
        async def acall(self, action: Any, body: Any) -> Any:
            recorded = json.loads(json.dumps(action.params))
            given["amount"] = 1_000_000
            given["to"].append("mallory")  # type: ignore[attr-defined]
            action.params["amount"] = 1_000_000
            return await body(recorded)

    tool = govern_beta_tool(pay, Changing())  # type: ignore[arg-type]
    assert asyncio.run(tool.call(given)) == "paid"
    assert ran == [(5, ["a"])]


class Sized(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: list[str]

    @computed_field
    def size(self) -> int:
        return len(self.items)


def test_computed_fields_do_not_stand_in_the_way(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sync")

    @beta_tool
    def pack(box: Sized) -> str:
        """Pack."""
        return str(box.size)

    assert govern_beta_tool(pack, bench.runtime).call({"box": {"items": ["a", "b"]}}) == "2"


class Address(BaseModel):
    street: str
    number: int = 1


def test_arguments_of_many_kinds_are_recorded_as_json_and_handed_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sync")
    ran: list[Any] = []

    @beta_tool
    def book(
        when: datetime.date,
        address: Address,
        note: str = None,  # type: ignore[assignment]
        limit: int = Field(default=9),
        tag: Annotated[str, Field(alias="Tag")] = "t",
        **more: Any,
    ) -> str:
        """Book."""
        ran.append((when, address, note, limit, tag, more))
        return "booked"

    tool = govern_beta_tool(book, bench.runtime, action_type="booking", target="hotel", description="by claude")
    assert tool.call({"when": "2026-01-02", "address": {"street": "s"}, "Tag": "x", "extra": [1]}) == "booked"
    assert ran == [(datetime.date(2026, 1, 2), Address(street="s"), None, 9, "x", {"extra": [1]})]
    (row,) = bench.rows
    assert (row["action_type"], row["action_target"]) == ("booking", "hotel")
    assert row["action_params"] == {
        "when": "2026-01-02",
        "address": {"street": "s", "number": 1},
        "note": None,
        "limit": 9,
        "Tag": "x",
        "extra": [1],
    }


def test_arguments_that_do_not_survive_the_record_are_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sync")
    ran: list[Any] = []

    @beta_tool
    def grow(size: Annotated[int, AfterValidator(lambda size: size * 2)]) -> str:
        """Grow."""
        ran.append(size)
        return "grown"

    with pytest.raises(ToolError, match="second time"):
        govern_beta_tool(grow, bench.runtime).call({"size": 3})
    with pytest.raises(ToolError):
        govern_beta_tool(grow, bench.runtime).call({"size": float("nan")})
    assert ran == [] and bench.rows == []


def test_defaults_that_are_no_json_stay_with_the_function(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sync")
    nothing = object()

    @beta_tool(input_schema={"type": "object", "properties": {"a": {"type": "string"}}})
    def look(a: Any = nothing) -> str:
        """Look."""
        return "default" if a is nothing else str(a)

    tool = govern_beta_tool(look, bench.runtime)
    assert tool.call({}) == "default" and tool.call({"a": "b"}) == "b"
    assert [row["action_params"] for row in bench.rows] in (
        [{}, {"a": "b"}],
        [{"a": "b"}, {}],
    )


def test_tools_that_are_classes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sync")
    ran: list[Any] = []
    definition: Any = {"name": "wipe", "input_schema": {"type": "object"}}

    class Wipe(BetaBuiltinFunctionTool):
        def to_dict(self) -> Any:
            return definition

        def call(self, input: object) -> str:
            ran.append(input)
            return "wiped"

    class AsyncWipe(BetaAsyncBuiltinFunctionTool):
        def to_dict(self) -> Any:
            return definition

        async def call(self, input: object) -> str:
            ran.append(input)
            return "wiped"

    tool, async_tool = govern_beta_tool(Wipe(), bench.runtime), govern_beta_tool(AsyncWipe(), bench.runtime)
    assert tool.to_dict() == definition == async_tool.to_dict()
    with pytest.raises(ToolError, match="no_wipe"):
        tool.call({"a": 1})
    with pytest.raises(ToolError, match="no_wipe"):
        asyncio.run(async_tool.call({"a": 1}))
    with pytest.raises(TypeError):
        tool.call("text")
    assert ran == []
    other = govern_beta_tool(Wipe(), bench.runtime, action_type="look")
    assert other.call({"a": 1}) == "wiped" and ran == [{"a": 1}]


def test_what_cannot_be_governed_is_said_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sync")
    tool = bench.tools()[0]
    with pytest.raises(TypeError, match="already"):
        govern_beta_tool(tool, bench.runtime)
    with pytest.raises(TypeError, match="beta_tool"):
        govern_beta_tool(lambda: "", bench.runtime)  # type: ignore[call-overload]
    with pytest.raises(UsageError):
        bench.tools(on_pending="ignore")


def test_async_calls_leave_the_loop_free(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "async")
    bench.with_answers(True, True, True)
    send = bench.tools()[2]

    async def go() -> list[Any]:
        return await asyncio.gather(*(send.call({"to": str(n)}) for n in range(3)))

    assert asyncio.run(go()) == ["sent"] * 3
    assert sorted(bench.ran) == [("send", "0"), ("send", "1"), ("send", "2")]


def test_a_tool_that_is_governed_inside_answers_its_refusal(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sync")
    inner = bench.tools()[0]

    @beta_tool
    def outer() -> str:
        """Call another."""
        return str(inner.call({"path": "/"}))

    with pytest.raises(ToolError, match="no_wipe"):
        govern_beta_tool(outer, bench.runtime).call({})
    assert bench.ran == []
