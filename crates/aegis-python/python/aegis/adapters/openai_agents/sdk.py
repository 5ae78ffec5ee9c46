"""The points of the OpenAI Agents SDK that this adapter stands on, checked when it is imported.

A version that lacks one of them could run a tool past the gate, so it is refused here instead.
"""

from __future__ import annotations

import dataclasses
from importlib.metadata import PackageNotFoundError, version

from aegis.adapters.extras import require

__all__ = ["check_hooks"]

_FIELDS = ("on_invoke_tool", "needs_approval", "params_json_schema", "tool_input_guardrails")
_FUNCTIONS = (
    "function_tool",
    "set_function_tool_failure_error_function",
    "maybe_invoke_function_tool_failure_error_function",
)


def _need(what: str, found: bool) -> None:
    if found:
        return
    try:
        seen = version("openai-agents")
    except PackageNotFoundError:
        seen = "(version unknown)"
    raise ImportError(
        f"aegis: openai-agents {seen} has no {what}, which the adapter for the OpenAI Agents SDK needs; "
        "pip install --upgrade 'aegis-policy[openai-agents]'"
    )


def check_hooks() -> None:
    """Check that the SDK is installed, in a version that has the hooks.

    Raises:
        ImportError: The SDK is not installed, or the version that is installed lacks a hook. The text names
            the version and what is missing.
    """
    agents = require("agents", extra="openai-agents")
    tool = require("agents.tool", extra="openai-agents")
    schema = require("agents.function_schema", extra="openai-agents")

    function_tool = getattr(agents, "FunctionTool", None)
    _need("`FunctionTool`", dataclasses.is_dataclass(function_tool))
    fields = {field.name for field in dataclasses.fields(agents.FunctionTool)}
    for name in _FIELDS:
        _need(f"`FunctionTool.{name}`", name in fields)
    # The callable behind a decorated tool is the only way to its validation and its defaults.
    _need("`FunctionTool.__wrapped__`", "__wrapped__" in vars(agents.FunctionTool))
    for name in _FUNCTIONS:
        _need(f"`agents.tool.{name}`", hasattr(tool, name))
    _need("`agents.function_schema.function_schema`", hasattr(schema, "function_schema"))
    for name in ("ToolInputGuardrail", "ToolGuardrailFunctionOutput"):
        _need(f"`agents.{name}`", hasattr(agents, name))
