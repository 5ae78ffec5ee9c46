"""Records as messages of Python's logging, beside the audit log."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from aegis import _native
from aegis.core.policy import PolicyDecision
from aegis.core.result import Result
from aegis.core.risk import RiskLevel

__all__ = ["LoggingAuditLogger"]

LEVELS = {
    RiskLevel.LOW: logging.DEBUG,
    RiskLevel.MEDIUM: logging.INFO,
    RiskLevel.HIGH: logging.WARNING,
    RiskLevel.CRITICAL: logging.ERROR,
}


class LoggingAuditLogger:
    """A sink beside the audit log, never instead of it: a message as JSON when an action is answered, and one when it
    has ended. Messages hold no parameters."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        """Logs to this logger, or to `aegis.audit`."""
        self.logger = logger or logging.getLogger("aegis.audit")
        self._entries: list[dict[str, Any]] = []

    def log(
        self,
        session_id: str,
        decision: PolicyDecision,
        *,
        result: Result | None = None,
        human_decision: str | None = None,
    ) -> int:
        """Takes a record, and says how many there are."""
        entry = {
            "session_id": session_id,
            "action_id": result.action_id if result else None,
            "action_type": _native.escape(decision.action.type),
            "action_target": _native.escape(decision.action.target),
            "risk_level": decision.risk_level.word,
            "approval": decision.approval.value,
            "matched_rule": decision.matched_rule,
            "human_decision": human_decision,
            "result_status": result.status.value if result else None,
            "result_error": _native.escape(result.error) if result and result.error else None,
        }
        self._entries.append(entry)
        self.logger.log(LEVELS[decision.risk_level], json.dumps(entry))
        return len(self._entries)

    def get_log(self, session_id: str | None = None) -> list[dict[str, Any]]:
        """What was logged in this process."""
        return [dict(e) for e in self._entries if session_id is None or e["session_id"] == session_id]

    def export_jsonl(self, path: str | os.PathLike[str], session_id: str | None = None) -> int:
        """Writes what was logged in this process to a file, a line of JSON each."""
        entries = self.get_log(session_id)
        Path(path).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        return len(entries)

    def close(self) -> None:
        """Does nothing."""
