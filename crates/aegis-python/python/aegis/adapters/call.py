"""The action that a tool call is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aegis.core.action import Action

__all__ = ["tool_action"]


def tool_action(
    name: str,
    arguments: Mapping[str, Any],
    *,
    framework: str,
    action_type: str | None = None,
    target: str | None = None,
    targets: Mapping[str, str] | None = None,
    description: str = "",
    agent: str | None = None,
) -> Action:
    """The action that a call of a tool is: its type is the name of the tool, its target the one that is given for that
    tool or for all, or else the framework, its parameters the arguments."""
    place = (targets or {}).get(name) or target or framework
    return Action(action_type or name, place, dict(arguments), description, agent=agent)
