"""Aegis for LangChain and LangGraph.

- `AegisMiddleware` governs every tool call of an agent that `langchain.agents.create_agent` makes.
- `tool_node` and `tool_call_wrappers` do so in graphs of your own.
- `govern_tool` governs one tool, wherever it is used.
- `AegisTool` makes a tool of an action, `LangChainExecutor` carries out actions by tools.

A tool's arguments are decided after its schema was applied, and the tool is run with what was recorded.
"""

from __future__ import annotations

from aegis.adapters.langchain.hooks import check_hooks

check_hooks()

from aegis.adapters.langchain.action_tool import AegisTool  # noqa: E402
from aegis.adapters.langchain.executor import LangChainExecutor  # noqa: E402
from aegis.adapters.langchain.governed import GovernedTool, govern_tool  # noqa: E402
from aegis.adapters.langchain.middleware import AegisMiddleware  # noqa: E402
from aegis.adapters.langchain.node import tool_node  # noqa: E402
from aegis.adapters.langchain.pending import Pending  # noqa: E402
from aegis.adapters.langchain.wrappers import ToolCallWrappers, tool_call_wrappers  # noqa: E402

__all__ = [
    "AegisMiddleware",
    "AegisTool",
    "GovernedTool",
    "LangChainExecutor",
    "Pending",
    "ToolCallWrappers",
    "govern_tool",
    "tool_call_wrappers",
    "tool_node",
]
