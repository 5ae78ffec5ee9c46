"""What the tests of the adapter for CrewAI share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before CrewAI is imported: no test talks to anybody.
os.environ.update(CREWAI_DISABLE_TELEMETRY="true", OTEL_SDK_DISABLED="true", CREWAI_TRACING_ENABLED="false")

pytest.importorskip("crewai")

from aegis import Policy, Runtime  # noqa: E402
from aegis.runtime.approval import ApprovalHandler  # noqa: E402
from aegis.runtime.audit import AuditLogger  # noqa: E402
from aegis.testing import ScriptedApprover  # noqa: E402

POLICY: dict[str, Any] = {
    "version": "1",
    "rules": [
        {
            "name": "large_needs_a_human",
            "match": {"type": "transfer"},
            "conditions": {"param_gt": {"amount": 100}},
            "approval": "approve",
            "reason": "much money",
        },
        {"name": "small_is_fine", "match": {"type": "transfer"}, "approval": "auto"},
        {"name": "wiping_is_blocked", "match": {"type": "wipe"}, "approval": "block", "reason": "gone is gone"},
        {"name": "the_rest_is_fine", "match": {"type": "other*"}, "approval": "auto"},
    ],
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "aegis_audit.db"


@pytest.fixture
def make_runtime(log: Path) -> Iterator[Callable[..., Runtime]]:
    """Make a runtime whose human gives these answers; one who is asked more often fails the test."""
    made: list[Runtime] = []

    def make(*answers: bool | None, handler: ApprovalHandler | None = None, path: Path = log) -> Runtime:
        runtime = Runtime(
            policy=Policy.from_dict(POLICY),
            approval_handler=handler or ScriptedApprover(*answers),
            audit_logger=AuditLogger(path),
        )
        made.append(runtime)
        return runtime

    yield make
    for runtime in made:
        if Path(runtime.audit.db_path).is_file():
            runtime.audit.verify()
        runtime.close()


@pytest.fixture
def no_log(tmp_path: Path) -> Path:
    """The path of a log that cannot be opened."""
    (tmp_path / "file").write_text("not a directory")
    return tmp_path / "file" / "aegis_audit.db"


@pytest.fixture
def ran() -> list[Any]:
    """What the bodies of the tools were run with."""
    return []


@pytest.fixture(autouse=True)
def no_hooks() -> Iterator[None]:
    """Hooks hold for the whole process: none is left to the next test."""
    from crewai.hooks import clear_all_tool_call_hooks

    yield
    clear_all_tool_call_hooks()
