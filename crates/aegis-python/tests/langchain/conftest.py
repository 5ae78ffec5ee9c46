"""What the tests of the adapter for LangChain share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain")
pytest.importorskip("langgraph")

from aegis import Policy, Runtime  # noqa: E402
from aegis.runtime.approval import NobodyApprovalHandler  # noqa: E402
from aegis.runtime.audit import AuditLogger  # noqa: E402
from aegis.testing import ScriptedApprover, answer_waiting  # noqa: E402
from langchain_core.tools import BaseTool, tool  # noqa: E402
from scripted_langchain import RUNS, WAYS  # noqa: E402

POLICY: dict[str, Any] = {
    "version": "1",
    "rules": [
        {
            "name": "large_needs_a_human",
            "match": {"type": "transfer"},
            "conditions": {"param_gt": {"amount": 100}},
            "risk_level": "high",
            "approval": "approve",
            "reason": "much money",
        },
        {"name": "small_is_fine", "match": {"type": "transfer"}, "risk_level": "low", "approval": "auto"},
        {"name": "reading_is_fine", "match": {"type": "read*"}, "risk_level": "low", "approval": "auto"},
        {
            "name": "wiping_is_blocked",
            "match": {"type": "wipe"},
            "risk_level": "critical",
            "approval": "block",
            "reason": "what is wiped is gone",
        },
        {"name": "the_rest_is_fine", "match": {"type": "other*"}, "risk_level": "low", "approval": "auto"},
    ],
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The path of the log."""
    return tmp_path / "aegis_audit.db"


@pytest.fixture
def make_runtime(log: Path) -> Callable[..., Runtime]:
    """Make a runtime whose human gives the answers of the script; without one, each question waits."""

    def make(*answers: bool | None, executor: Any = None) -> Runtime:
        handler = ScriptedApprover(*answers) if answers else NobodyApprovalHandler()
        return Runtime(
            policy=Policy.from_dict(POLICY),
            executor=executor,
            approval_handler=handler,
            audit_logger=AuditLogger(log),
        )

    return make


@pytest.fixture
def answer(log: Path) -> Callable[[Runtime, str, bool], None]:
    """Answer a question that waits in the log, as somebody at another terminal does."""

    def give(runtime: Runtime, request_id: str, approve: bool) -> None:
        answer_waiting(log, request_id, approve=approve)

    return give


@pytest.fixture
def ran() -> list[Any]:
    """What the bodies of the tools were run with."""
    return []


@pytest.fixture
def tools(ran: list[Any]) -> list[BaseTool]:
    """Tools that note what they are run with."""

    @tool
    def transfer(amount: int = 1000, to: str = "ops") -> str:
        """Move money."""
        ran.append(("transfer", {"amount": amount, "to": to}))
        return f"moved {amount}"

    @tool
    def wipe(path: str) -> str:
        """Delete everything."""
        ran.append(("wipe", {"path": path}))
        return "gone"

    @tool
    def read(path: str) -> str:
        """Read a file."""
        ran.append(("read", {"path": path}))
        return "text"

    return [transfer, wipe, read]


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Any:
    """Each way of having calls governed."""
    return WAYS[request.param]


@pytest.fixture(params=list(RUNS))
def run(request: pytest.FixtureRequest) -> str:
    """Each way of running a graph."""
    return str(request.param)


def rows_of(runtime: Runtime) -> list[tuple[str, dict[str, Any], str]]:
    """Return type, params and status of each record, oldest first, of a log that is sound."""
    if not Path(runtime.audit.path).exists():
        return []  # nothing was decided
    rows = [(row["action_type"], row["action_params"], row["result_status"]) for row in runtime.audit.get_log()]
    runtime.audit.verify()
    return rows


@pytest.fixture
def records() -> Callable[[Runtime], list[tuple[str, dict[str, Any], str]]]:
    """Read the records of a runtime."""
    return rows_of
