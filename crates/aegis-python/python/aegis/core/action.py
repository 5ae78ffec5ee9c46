"""An action that an agent wants to happen."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from aegis import _native
from aegis.errors import ActionError

__all__ = ["Action", "action_json", "read_action", "unicode_text"]


@dataclass(frozen=True)
class Action:
    """What an agent wants to do: `type` to `target`, with `params`. `description` is the agent's own word, which no
    rule looks at; so is `agent`, which rules may look at."""

    type: str
    target: str
    params: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    _: KW_ONLY
    agent: str | None = None

    def __str__(self) -> str:
        """The action for a person: without its parameters, and escaped."""
        said = f" - {self.description}" if self.description else ""
        return _native.escape(unicode_text(f"Action({self.type} -> {self.target}{said})"))


def action_json(action: Action) -> str:
    """The action in its canonical form: the bytes that are evaluated, approved, recorded and run.

    Raises `ActionError` where it is no action: a value that JSON has no form for, a number that is not finite, a key
    twice, text that is no text."""
    fields: dict[str, Any] = {"type": action.type, "target": action.target}
    for name in ("params", "description", "agent"):
        value = getattr(action, name)
        if value is not None:
            fields[name] = value
    try:
        text = json.dumps(fields, allow_nan=False, ensure_ascii=False, check_circular=True)
        text.encode()
    except Exception as error:  # whatever an object of the caller's own raises while it is written down
        raise ActionError(
            f"the action cannot be written as JSON: {type(error).__name__}: {_what(error)}",
            "parameters are text, numbers, true, false, None, lists and dicts with text as keys",
        ) from None
    canonical, _ = _native.canonical_action(text)
    return canonical


def _what(error: BaseException) -> str:
    """What json says of a type; never a value."""
    text = str(error)
    return text if isinstance(error, TypeError) and "not JSON serializable" in text else "it holds what is no JSON"


def unicode_text(text: str) -> str:
    """A text in which what is no Unicode, such as a byte of a file name that is none, is written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def read_action(canonical: str) -> Action:
    """A fresh action, read back from its canonical form."""
    fields = json.loads(canonical)
    return Action(
        fields["type"],
        fields["target"],
        fields.get("params", {}),
        fields.get("description", ""),
        agent=fields.get("agent"),
    )
