"""A hook that asks the gate before tools that are not wrapped: defence in depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crewai.hooks import HookAborted

from aegis import Approval, Runtime
from aegis.adapters.crewai.arguments import read_arguments
from aegis.adapters.crewai.gate import Naming
from aegis.adapters.crewai.tools import gate_of
from aegis.errors import ActionError, Refused

__all__ = ["before_tool_call"]


def before_tool_call(
    runtime: Runtime,
    *,
    action_type: str | None = None,
    action_target: str | None = None,
    targets: Mapping[str, str] | None = None,
    agent: str | None = None,
) -> Callable[[Any], None]:
    """A hook for `register_before_tool_call_hook` that blocks what `runtime` does not allow.

    Before a tool that is not governed it asks the whole gate: the decision is recorded, and a human is asked
    where the policy says so. Before a governed tool, which asks the gate itself, it only blocks early what the
    policy blocks. It blocks on everything else too: on errors of the log, and on its own.

    Hooks of CrewAI are no gate: anybody may clear them, later hooks may change the arguments, and a tool that
    is called directly passes them by. Wrap tools where you can (`AegisCrewAITool`, `govern_tool`).

    Args:
        runtime: Decides and records.
        action_type: The type of the action; by default the tool's name.
        action_target: Its target; by default `crewai`.
        targets: Targets by the name of the tool; goes before `action_target`.
        agent: Who acts, for rules that match on it.
    """
    naming = Naming(action_type, action_target, targets, agent=agent)

    def hook(context: Any) -> None:
        # CrewAI lets the tool run if a hook raises anything but HookAborted.
        try:
            gate = gate_of(context.tool)
            action = (gate.naming if gate else naming).action(_name(context), _params(context))
            if gate is None or runtime.plan([action])[0].approval is Approval.BLOCK:
                runtime.call(action, _nothing)
        except (KeyboardInterrupt, SystemExit):
            raise
        except (Refused, ActionError) as refusal:
            raise HookAborted(refusal.text, source="aegis") from refusal
        except BaseException as error:
            reason = f"aegis could not decide: {type(error).__name__}"
            raise HookAborted(reason, source="aegis") from error

    return hook


def _name(context: Any) -> str:
    """The tool's own name. What CrewAI gives the hook is changed to fit the rules of models."""
    return getattr(context.tool, "name", None) or str(context.tool_name)


def _params(context: Any) -> dict[str, Any]:
    """The arguments that the tool will make of its input, with its defaults."""
    schema = getattr(context.tool, "args_schema", None)
    if schema is None or not schema.model_fields:
        return dict(context.tool_input)
    return read_arguments(schema, (), context.tool_input).params


def _nothing(recorded: dict[str, Any]) -> None:
    """The hook runs nothing itself: CrewAI goes on to the tool."""
