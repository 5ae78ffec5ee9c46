"""The audit log, and what is in it."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from aegis import _native
from aegis.core.risk import RiskLevel
from aegis.errors import AuditError, UsageError

__all__ = ["AuditLogger"]


class AuditLogger:
    """The log at a path: one SQLite file, hash-chained, which the gate alone writes."""

    def __init__(self, db_path: str | os.PathLike[str] = "aegis_audit.db") -> None:
        """Names the log. It is made when the first action is recorded."""
        self.db_path = os.fspath(db_path)
        # Where that leads from here: the program may go elsewhere.
        self.path = os.path.abspath(self.db_path)

    def log(self, session_id: str, decision: Any, *, result: Any = None, human_decision: Any = None) -> int:
        """Records are written by the gate, before anything happens: this raises `UsageError`."""
        raise UsageError(
            "the log is written by the gate alone, before an action happens",
            "run the action through a Runtime; what was done without asking, Runtime.observe records",
        )

    def get_log(
        self,
        session_id: str | None = None,
        *,
        action_type: str | None = None,
        action_target: str | None = None,
        agent: str | None = None,
        matched_rule: str | None = None,
        risk_level: str | None = None,
        decision: str | None = None,
        result_status: str | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """The records, oldest first; with `limit`, the newest of them. Words are in lower case, and `action_params` is
        an object. Raises `AuditError` where there is no log, or a row of it cannot be read."""
        wanted = _filter(
            session_id=session_id,
            action_type=action_type,
            action_target=action_target,
            agent=agent,
            matched_rule=matched_rule,
            risk_level=risk_level,
            decision=decision,
            result_status=result_status,
            since=since,
            until=until,
            limit=limit,
        )
        return [_record(line) for line in _native.records(self.path, wanted).splitlines()]

    def count(
        self,
        *,
        session_id: str | None = None,
        action_type: str | None = None,
        risk_level: str | None = None,
        result_status: str | None = None,
    ) -> int:
        """How many records there are."""
        wanted = _filter(
            session_id=session_id,
            action_type=action_type,
            risk_level=risk_level,
            result_status=result_status,
        )
        return _native.count_records(self.path, wanted)

    def export_jsonl(self, path: str | os.PathLike[str], session_id: str | None = None) -> int:
        """Writes the records to a file, a line of JSON each, and says how many."""
        lines = _native.records(self.path, _filter(session_id=session_id))
        Path(path).write_bytes(lines)
        return lines.count(b"\n")

    def verify(self) -> dict[str, Any]:
        """Verifies the whole log: what `aegis audit verify --format json` prints. Raises `AuditError` where something
        is wrong with it."""
        is_sound, found = _native.verify(self.path)
        findings: dict[str, Any] = json.loads(found)
        if not is_sound:
            raise AuditError(
                f"the audit log at {self.db_path} is damaged",
                f"aegis audit verify --db {self.db_path} says where",
            )
        return findings

    def close(self) -> None:
        """Does nothing: reading keeps nothing open."""


def _record(line: bytes) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(line)
    # What 0.1.3 called the answer of a human.
    answer = record["decision"]
    record["human_decision"] = answer if answer in ("approved", "denied") else None
    return record


def _word(value: object) -> str:
    return value.word if isinstance(value, RiskLevel) else str(value).lower()


def _filter(**wanted: Any) -> str:
    for name in ("since", "until"):
        instant = wanted.get(name)
        if isinstance(instant, datetime):
            aware = instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)
            wanted[name] = aware.isoformat()
    lowered = ("risk_level", "result_status", "decision")
    return json.dumps(
        {name: _word(value) if name in lowered else value for name, value in wanted.items() if value is not None}
    )
