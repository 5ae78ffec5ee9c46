"""What goes wrong, and how an action is refused.

Every error has the `exit_code` that the `aegis` command would end with, and no error holds parameters of an action.
"""

from __future__ import annotations

import json
from typing import Any

from aegis import _native

__all__ = [
    "ActionError",
    "AegisError",
    "AuditError",
    "Blocked",
    "Denied",
    "ExecutionError",
    "PolicyError",
    "PolicyWarning",
    "Refused",
    "Unanswered",
    "UsageError",
    "of_native",
]


class PolicyWarning(UserWarning):
    """Something about a policy that is not an error yet."""


class AegisError(Exception):
    """Whatever Aegis raises."""

    exit_code = 4

    def __init__(self, message: str, help: str | None = None) -> None:
        """Says what is wrong, and what would help."""
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        """The message, and the help on a line of its own."""
        return self.message if self.help is None else f"{self.message}\nhelp: {self.help}"


class PolicyError(AegisError):
    """A policy cannot be used. `diagnostics` are all findings, as `aegis validate --format json` has them."""

    exit_code = 5

    def __init__(self, message: str, help: str | None = None, diagnostics: list[dict[str, Any]] | None = None) -> None:
        """Says what is wrong with which policy."""
        super().__init__(message, help)
        self.diagnostics: list[dict[str, Any]] = diagnostics or []


class ActionError(AegisError):
    """An action cannot be read, so that nothing was decided or recorded. `text` is what a model is told."""

    exit_code = 5

    @property
    def text(self) -> str:
        """What a model is told."""
        return _native.unread_call_text(self.message)


class AuditError(AegisError):
    """The audit log could not be written or read. Nothing may happen then.

    Where `ran` is true, the action had been allowed, recorded and done, and only its end could not be recorded: doing
    it again would do it twice."""

    exit_code = 4
    ran = False


class UsageError(AegisError):
    """Something was called in a way that cannot work."""

    exit_code = 2


class ExecutionError(AegisError):
    """What was allowed was tried, and failed."""

    exit_code = 125


class Refused(AegisError):
    """An action was refused, which is recorded, and it was not done."""

    exit_code = 1

    def __init__(self, decision: dict[str, Any], reason: str, text: str) -> None:
        """Says how and why."""
        super().__init__(reason)
        self.decision = decision
        self.reason = reason
        self.text = text

    @property
    def action_id(self) -> str:
        """The id of the action in the log."""
        return str(self.decision["action_id"])

    @property
    def rule(self) -> str:
        """The rule that decided."""
        return str(self.decision["matched_rule"])

    @property
    def receipt(self) -> dict[str, Any]:
        """Where in the log the refusal is."""
        receipt: dict[str, Any] = self.decision["receipt"]
        return receipt

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets it pass between processes."""
        return (type(self), (self.decision, self.reason, self.text))


class Blocked(Refused):
    """The policy does not allow it."""


class Denied(Refused):
    """A human said no."""


class Unanswered(Refused):
    """A human has to be asked, and nobody answered."""

    exit_code = 3

    @property
    def request(self) -> dict[str, Any] | None:
        """The question that waits in the log, as `id` and `expires_at`; None where none does.

        Once somebody has answered it (`aegis approve ID`), asking for the same action again uses the answer."""
        request: dict[str, Any] | None = self.decision.get("request")
        return request


REFUSALS: dict[str, type[Refused]] = {"blocked": Blocked, "denied": Denied, "unanswered": Unanswered}


def of_native(kind: str, message: str, help: str | None, details: str | None) -> AegisError:
    """The error that the native part means."""
    if kind == "policy":
        diagnostics = json.loads(details)["diagnostics"] if details else []
        return PolicyError(message, help, diagnostics)
    kinds: dict[str, type[AegisError]] = {"action": ActionError, "audit": AuditError, "usage": UsageError}
    return kinds.get(kind, AegisError)(message, help)


def of_refusal(refusal: _native.Refusal) -> Refused:
    """The exception that a refusal of the gate is raised as."""
    return REFUSALS[refusal.how](json.loads(refusal.decision), refusal.reason, refusal.text)
