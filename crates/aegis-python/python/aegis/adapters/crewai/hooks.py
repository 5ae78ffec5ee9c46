"""The points of CrewAI that this adapter stands on, checked when it is imported.

A version that lacks one of them could run a tool past the gate, so it is refused here instead.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from aegis.adapters.extras import require

__all__ = ["check_hooks"]


def _need(what: str, found: bool) -> None:
    if found:
        return
    try:
        seen = version("crewai")
    except PackageNotFoundError:
        seen = "(version unknown)"
    raise ImportError(
        f"aegis: crewai {seen} has no {what}, which the adapter for CrewAI needs; "
        "pip install --upgrade 'aegis-policy[crewai]'"
    )


def check_hooks() -> None:
    """Check that CrewAI is installed, in a version that has the hooks.

    Raises:
        ImportError: CrewAI is not installed, or the version that is installed lacks a hook. The text names the
            version and what is missing.
    """
    tools = require("crewai.tools", extra="crewai")
    hooks = require("crewai.hooks", extra="crewai")
    base_tool = getattr(tools, "BaseTool", None)
    for name in ("run", "arun", "_run", "_arun", "to_structured_tool"):
        _need(f"`BaseTool.{name}`", hasattr(base_tool, name))
    # Without it a refusal would be a text like any other, and could become an agent's final answer.
    _need("`crewai.tools.ToolFailure`", hasattr(tools, "ToolFailure"))
    _need("`crewai.hooks.HookAborted`", hasattr(hooks, "HookAborted"))
