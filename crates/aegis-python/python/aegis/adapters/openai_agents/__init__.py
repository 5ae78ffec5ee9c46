"""Tools of the OpenAI Agents SDK on the gate of Aegis.

`governed_tool` makes a function a tool that goes into `tools=[…]` as it is. `govern_function_tool` puts the
gate into a tool that exists already. `guardrail` is defence in depth for tools that are not wrapped.
"""

from __future__ import annotations

from aegis.adapters.openai_agents.sdk import check_hooks

check_hooks()

from aegis.adapters.openai_agents.guardrail import guardrail  # noqa: E402
from aegis.adapters.openai_agents.tools import (  # noqa: E402
    GovernedTool,
    NeedsApproval,
    govern_function_tool,
    governed_tool,
)

__all__ = ["GovernedTool", "NeedsApproval", "govern_function_tool", "governed_tool", "guardrail"]
