"""What came of an action."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from aegis import _native
from aegis.core.action import Action, unicode_text

__all__ = ["Result", "ResultStatus"]


class ResultStatus(str, Enum):
    """How an action came out."""

    SUCCESS = "success"
    FAILED = "failed"
    BLOCKED = "blocked"
    DENIED = "denied"
    SKIPPED = "skipped"
    UNANSWERED = "unanswered"

    def __str__(self) -> str:
        """The word, as records write it."""
        return self.value


TAGS = {
    ResultStatus.SUCCESS: "OK",
    ResultStatus.FAILED: "FAIL",
    ResultStatus.BLOCKED: "BLOCK",
    ResultStatus.DENIED: "DENY",
    ResultStatus.SKIPPED: "SKIP",
    ResultStatus.UNANSWERED: "WAIT",
}


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass
class Result:
    """What came of an action. `decision` is the recorded answer, `receipt` where in the log that is, and `request` the
    question that waits for a human, where one does."""

    action: Action
    status: ResultStatus
    data: Any = None
    error: str | None = None
    started_at: datetime = field(default_factory=_now)
    completed_at: datetime | None = None
    action_id: str | None = None
    decision: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None
    request: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done, and went well."""
        return self.status is ResultStatus.SUCCESS

    def __str__(self) -> str:
        """The result for a person, escaped."""
        return _native.escape(unicode_text(f"[{TAGS[self.status]}] {self.action.type} -> {self.action.target}"))
