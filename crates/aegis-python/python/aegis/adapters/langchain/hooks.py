"""The points of LangChain and LangGraph that this adapter stands on, checked when it is imported.

A version that lacks one of them could run a tool past the gate, so it is refused here instead.
"""

from __future__ import annotations

import inspect
from importlib.metadata import PackageNotFoundError, version

from aegis.adapters.extras import require

__all__ = ["check_hooks"]


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(version unknown)"


def _need(distribution: str, what: str, found: bool) -> None:
    if not found:
        raise ImportError(
            f"aegis: {distribution} {_version(distribution)} has no {what}, which the adapter for LangChain "
            "needs; pip install --upgrade 'aegis-policy[langchain]'"
        )


def _takes(function: object, *names: str) -> bool:
    if not callable(function):
        return False
    parameters = inspect.signature(function).parameters
    return all(name in parameters for name in names)


def check_hooks() -> None:
    """Check that LangChain and LangGraph are installed, in versions that have the hooks.

    Raises:
        ImportError: A package is not installed, or the version that is installed lacks a hook. The text
            names the version and what is missing.
    """
    # In this order: each needs those before it, and would be blamed for their absence.
    core = require("langchain_core.tools", extra="langchain")
    types = require("langgraph.types", extra="langchain")
    node = require("langgraph.prebuilt.tool_node", extra="langchain")
    agents = require("langchain.agents.middleware", extra="langchain")

    tool = getattr(core, "BaseTool", None)
    _need("langchain-core", "`BaseTool._injected_args_keys`", hasattr(tool, "_injected_args_keys"))
    _need("langchain-core", "`InjectedToolCallId`", hasattr(core, "InjectedToolCallId"))

    middleware = getattr(agents, "AgentMiddleware", None)
    for hook in ("wrap_tool_call", "awrap_tool_call", "wrap_model_call", "awrap_model_call"):
        _need("langchain", f"`AgentMiddleware.{hook}`", hasattr(middleware, hook))

    wrappers = ("wrap_tool_call", "awrap_tool_call", "handle_tool_errors")
    tool_node = getattr(node, "ToolNode", None)
    _need("langgraph-prebuilt", "`ToolNode(awrap_tool_call=…)`", _takes(tool_node, *wrappers))
    request = getattr(node, "ToolCallRequest", None)
    _need("langgraph-prebuilt", "`ToolCallRequest.override`", hasattr(request, "override"))
    _need("langgraph-prebuilt", "`ToolRuntime`", hasattr(node, "ToolRuntime"))

    interrupt = getattr(types, "interrupt", None)
    _need("langgraph", "`interrupt(response_schema=…)`", _takes(interrupt, "value", "response_schema"))
