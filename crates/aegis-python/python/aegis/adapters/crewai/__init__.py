"""Tools of CrewAI on the gate of Aegis.

`AegisCrewAITool` makes a function a tool. `govern_tool` puts the gate into a tool that exists already.
`before_tool_call` is defence in depth for tools that are not wrapped.
"""

from __future__ import annotations

from aegis.adapters.crewai.hooks import check_hooks

check_hooks()

from aegis.adapters.crewai.before_tool_call import before_tool_call  # noqa: E402
from aegis.adapters.crewai.gate import ApprovalPending, GateFailed  # noqa: E402
from aegis.adapters.crewai.tools import AegisCrewAITool, GovernedTool, govern_tool  # noqa: E402

__all__ = [
    "AegisCrewAITool",
    "ApprovalPending",
    "GateFailed",
    "GovernedTool",
    "before_tool_call",
    "govern_tool",
]
