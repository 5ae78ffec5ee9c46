"""Where a test has its policy and its log, and the executors and programs that it runs there."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from aegis import Action, Policy, Result, ResultStatus, Runtime
from aegis.adapters.base import BaseExecutor
from aegis.runtime.audit import AuditLogger
from aegis.testing import ScriptedApprover

# What is read is allowed, what is written is asked about, what is deleted is blocked.
POLICY: dict[str, Any] = {
    "version": "1",
    "defaults": {"risk_level": "medium", "approval": "block"},
    "rules": [
        {"name": "reads", "match": {"type": "read*"}, "risk_level": "low", "approval": "auto"},
        {"name": "writes", "match": {"type": "write*"}, "risk_level": "high", "approval": "approve"},
        {"name": "deletes", "match": {"type": "delete*"}, "risk_level": "critical", "approval": "block"},
    ],
}
BLOCK_ALL: dict[str, Any] = {"version": "1", "defaults": {"approval": "block"}, "rules": []}
ASK_ALL: dict[str, Any] = {"version": "1", "defaults": {"approval": "approve"}, "rules": []}
ALLOW_ALL: dict[str, Any] = {"version": "1", "defaults": {"approval": "auto"}, "rules": []}

READ = Action("read", "crm", {"id": 7})
WRITE = Action("write", "crm", {"count": 3})
DELETE = Action("delete", "crm")


class Place:
    """A directory with a log in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "aegis_audit.db"
        self.audit = AuditLogger(self.log)
        self.must_be_sound = True
        self._runtimes: list[Runtime] = []

    def runtime(self, policy: Any = None, approver: Any = None, **settings: Any) -> Runtime:
        """A runtime over the log of the place. Whoever is asked without an approver given says nothing."""
        made = policy if isinstance(policy, Policy) else Policy.from_dict(policy or POLICY)
        settings.setdefault("audit_logger", self.audit)
        runtime = Runtime(policy=made, approval_handler=approver or ScriptedApprover(), **settings)
        self._runtimes.append(runtime)
        return runtime

    def records(self) -> list[dict[str, Any]]:
        """What the log has."""
        return self.audit.get_log() if self.log.exists() else []

    def outcomes(self) -> list[tuple[str, str | None]]:
        """What the log has, as decision and result."""
        return [(record["decision"], record["result_status"]) for record in self.records()]

    def close(self) -> None:
        for runtime in self._runtimes:
            runtime.close()

    def program(
        self, code: str, *arguments: str, timeout: float = 30, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program of Python in a process of its own, in the directory of the place."""
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), *arguments],
            cwd=self.directory,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            **settings,
        )


def environment() -> dict[str, str]:
    """The environment of other processes: they find what this one finds."""
    here = str(Path(__file__).parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])}


class Recorder(BaseExecutor):
    """Does nothing but remember what it was told to do, and what the log had by then."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place
        self.did: list[Action] = []
        self.log_had: list[list[tuple[str, str | None]]] = []
        self.steps: list[str] = []

    async def setup(self) -> None:
        self.steps.append("setup")

    async def teardown(self) -> None:
        self.steps.append("teardown")

    async def execute(self, action: Action) -> Result:
        self.steps.append("execute")
        self.did.append(action)
        if self.place is not None:
            self.log_had.append(self.place.outcomes())
        return Result(action, ResultStatus.SUCCESS, {"did": action.type})


class Bodies:
    """Counts the bodies that ran, with what."""

    def __init__(self) -> None:
        self.ran: list[dict[str, Any]] = []

    def __call__(self, params: dict[str, Any]) -> str:
        self.ran.append(params)
        return "done"
