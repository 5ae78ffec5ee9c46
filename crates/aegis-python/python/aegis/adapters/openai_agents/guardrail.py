"""A tool input guardrail that asks the gate: defence in depth for tools that are not wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents import FunctionTool, ToolGuardrailFunctionOutput, ToolInputGuardrail, ToolInputGuardrailData

from aegis import Runtime
from aegis.adapters.openai_agents.arguments import ToolArguments, read_object
from aegis.adapters.openai_agents.gate import GatedInvoker, Naming, policy_blocks
from aegis.errors import ActionError, Refused

__all__ = ["guardrail"]


def guardrail(
    runtime: Runtime,
    *,
    action_type: str | None = None,
    action_target: str | None = None,
    targets: Mapping[str, str] | None = None,
    agent: str | None = None,
    name: str = "aegis",
) -> ToolInputGuardrail[Any]:
    """A guardrail for `tool_input_guardrails=[…]` that refuses what `runtime` does not allow.

    On a tool that is not governed it asks the whole gate: the decision is recorded, a human is asked where the
    policy says so, and only then the SDK goes on to the tool. On a governed tool, which asks the gate itself,
    it only refuses early what the policy blocks.

    A guardrail stands before the tool, not inside it: the tool still gets the model's own text, and the record
    cannot know how the call ended. Wrap tools where you can (`governed_tool`, `govern_function_tool`).

    A refusal is the tool's output; the run goes on. It never raises a tripwire, which would cancel the other
    calls of the turn in the middle of their work. A failure of the gate ends the run.

    Args:
        runtime: Decides and records.
        action_type: The type of the action; by default the tool's name.
        action_target: Its target; by default `openai-agents`.
        targets: Targets by the name of the tool; goes before `action_target`.
        agent: Who acts, for rules that match on it.
        name: The guardrail's name in traces.
    """
    naming = Naming(action_type, action_target, targets, agent=agent)

    async def check(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        call = data.context
        tools = _tools_of(data)
        invokers = [tool.on_invoke_tool for tool in tools if isinstance(tool.on_invoke_tool, GatedInvoker)]
        try:
            if invokers and len(invokers) == len(tools):
                for invoker in invokers:
                    reading = invoker.arguments.read_text(call.tool_arguments)
                    action = invoker.naming.action(call.tool_name, reading.params)
                    if policy_blocks(runtime, action):
                        await runtime.acall(action, _nothing)
                return ToolGuardrailFunctionOutput.allow()
            if len(tools) == 1:
                params = ToolArguments(tools[0]).read_text(call.tool_arguments).params
            else:
                params = read_object(call.tool_arguments)
            await runtime.acall(naming.action(call.tool_name, params), _nothing)
        except (Refused, ActionError) as refusal:
            return ToolGuardrailFunctionOutput.reject_content(refusal.text)
        return ToolGuardrailFunctionOutput.allow()

    return ToolInputGuardrail(guardrail_function=check, name=name)


def _tools_of(data: ToolInputGuardrailData) -> list[FunctionTool]:
    """The function tools of the agent that may be meant by the call's name."""
    return [tool for tool in data.agent.tools if isinstance(tool, FunctionTool) and tool.name == data.context.tool_name]


def _nothing(recorded: dict[str, Any]) -> None:
    """The guardrail runs nothing itself: the SDK goes on to the tool."""
