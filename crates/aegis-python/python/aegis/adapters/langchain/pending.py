"""A question that nobody answered, as LangGraph's interrupt."""

from __future__ import annotations

from typing import Any, Literal

from langgraph.config import get_config
from langgraph.types import interrupt

from aegis.errors import Unanswered

__all__ = ["Pending", "has_task_of_its_own", "pause", "turned_down"]

Pending = Literal["message", "interrupt"]
"""What a call does while its question waits for an answer: tell the model, or interrupt the graph."""

# Shown to user interfaces only. What comes back is not held against it, since nothing depends on it.
_ANSWERS: dict[str, Any] = {
    "oneOf": [
        {
            "title": "ApproveDecision",
            "description": "Look again: the tool runs if its question was approved in Aegis meanwhile.",
            "type": "object",
            "properties": {"type": {"const": "approve", "type": "string"}},
            "required": ["type"],
        },
        {
            "title": "RejectDecision",
            "description": "Give up: the tool does not run, and the model is told.",
            "type": "object",
            "properties": {"type": {"const": "reject", "type": "string"}, "message": {"type": "string"}},
            "required": ["type"],
        },
    ]
}


def has_task_of_its_own() -> bool:
    """Tell whether this call has a task of its graph to itself, as in agents that `create_agent` makes.

    A task that is resumed runs again from its start. If it ran other calls too, those would run again.
    """
    try:
        metadata = get_config().get("metadata") or {}
    except RuntimeError:  # no graph runs here
        return False
    path = metadata.get("langgraph_path") or ("",)
    return bool(path[0] == "__pregel_push")


def pause(name: str, params: dict[str, Any], tool_call_id: str, refusal: Unanswered) -> tuple[bool, Any]:
    """Interrupt the graph, or return what it was resumed with.

    The value of the interrupt has the shape of LangChain's `HumanInTheLoopMiddleware` in its mode
    `per_call`, and one key more, `aegis`. An answer to it is never an approval. Approvals are given in
    Aegis, and used up once: so a checkpoint that is resumed twice does not run the tool twice.

    Returns:
        `(True, answer)` when the graph was resumed, `(False, None)` when there is no graph that could be
        interrupted.

    Raises:
        GraphInterrupt: The graph has not been resumed yet.
    """
    request = refusal.request or {}
    value = {
        "type": "tool_approval",
        "tool_call_id": tool_call_id,
        "name": name,
        "args": params,
        "description": (
            f"{refusal.text}\n\nTo approve it, run `aegis approve {request.get('id')}`, and resume then. "
            "Resuming does not approve anything by itself."
        ),
        "aegis": {"action_id": refusal.action_id, "request": dict(request)},
    }
    try:
        return True, interrupt(value, response_schema=_ANSWERS)
    except (RuntimeError, KeyError):  # no graph runs here, hence nothing can be interrupted
        return False, None


def turned_down(name: str, answer: object) -> str | None:
    """Return the text for the model if the graph was resumed with a rejection, else `None`."""
    if not isinstance(answer, dict) or answer.get("type") != "reject":
        return None
    message = answer.get("message")
    reason = f" Reason given: {message}" if isinstance(message, str) and message else ""
    return f"refused: the call of `{name}` was turned down by a person; it did not run. Do not try it again.{reason}"
