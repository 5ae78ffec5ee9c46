"""One call of one tool before the gate, and what the model is told when it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, ToolException
from pydantic import ValidationError

from aegis import Action, Runtime
from aegis.adapters.call import tool_action
from aegis.adapters.langchain.arguments import Arguments, read_arguments
from aegis.adapters.langchain.pending import Pending, has_task_of_its_own, pause, turned_down
from aegis.errors import ActionError, Refused, Unanswered, UsageError

__all__ = ["Gate", "HandledToolError", "refused"]


class HandledToolError(ToolException):
    """A tool ended in an error which the tool itself made into a message.

    Raised inside the gate only, so that the record says `failed`; the message is then returned as it is.
    """

    def __init__(self, result: ToolMessage) -> None:
        """Keep the message."""
        super().__init__("the tool answered with an error")
        self.result = result


@dataclass(frozen=True)
class Gate:
    """A runtime, and how calls of tools become its actions."""

    runtime: Runtime
    action_type: str | None = None
    target: str | None = None
    targets: Mapping[str, str] | None = None
    agent: str | None = None
    pending: Pending = "message"
    alone: bool = False
    """Whether a call is known to be the only one of its message."""

    def __post_init__(self) -> None:
        """Check what was given.

        Raises:
            UsageError: `pending` is not one of its values, or `runtime` is not a runtime.
        """
        if self.pending not in ("message", "interrupt"):
            raise UsageError(f'`pending` is "message" or "interrupt", not {self.pending!r}')
        if not (callable(getattr(self.runtime, "call", None)) and callable(getattr(self.runtime, "acall", None))):
            raise UsageError(f"`runtime` is an aegis.Runtime, not {type(self.runtime).__name__}")

    def open(self, tool: BaseTool, given: str | dict[str, Any], tool_call_id: str | None) -> Passage:
        """Return the passage of one call, with its arguments read.

        Raises:
            ValidationError, ValueError: The arguments do not fit the tool, and it does not handle that
                itself.
            UsageError: The tool cannot be governed.
        """
        passage = Passage(self, tool.name, tool_call_id)
        try:
            passage.arguments = read_arguments(tool, given, tool_call_id)
        except ActionError as error:
            passage.answer = refused(error.text, tool.name, tool_call_id)
        except ValidationError as error:
            text = _handled(error, tool.handle_validation_error)
            if text is None:
                raise
            passage.answer = refused(text, tool.name, tool_call_id)
        return passage


class Passage:
    """One call on its way through the gate."""

    def __init__(self, gate: Gate, name: str, tool_call_id: str | None) -> None:
        """Begin without arguments; `Gate.open` reads them, or sets the answer that stands in for the call."""
        self.arguments = Arguments({}, {})
        self.answer: Any = None
        self._gate = gate
        self._name = name
        self._tool_call_id = tool_call_id
        self._running = False

    def _action(self) -> Action:
        gate = self._gate
        return tool_action(
            self._name,
            self.arguments.params,
            framework="langchain",
            action_type=gate.action_type,
            target=gate.target,
            targets=dict(gate.targets) if gate.targets is not None else None,
            agent=gate.agent,
        )

    def call(self, run: Callable[[dict[str, Any]], Any]) -> Any:
        """Ask the gate, and run the tool by `run` with the arguments that were recorded.

        Raises:
            AuditError, PolicyError, UsageError: From the gate; the tool did not run.
            GraphInterrupt: The question waits, and `pending` is "interrupt".
        """

        def body(params: dict[str, Any]) -> Any:
            self._running = True
            return _checked(run(self.arguments.run_with(params)))

        while self.answer is None:
            try:
                return self._gate.runtime.call(self._action(), body)
            except HandledToolError as handled:
                return handled.result
            except (Refused, ActionError) as refusal:
                self._refuse(refusal)
        return self.answer

    async def acall(self, run: Callable[[dict[str, Any]], Awaitable[Any]]) -> Any:
        """Do as `call`, for a tool that is awaited."""

        async def body(params: dict[str, Any]) -> Any:
            self._running = True
            return _checked(await run(self.arguments.run_with(params)))

        while self.answer is None:
            try:
                return await self._gate.runtime.acall(self._action(), body)
            except HandledToolError as handled:
                return handled.result
            except (Refused, ActionError) as refusal:
                self._refuse(refusal)
        return self.answer

    def _refuse(self, refusal: Refused | ActionError) -> None:
        """Set the answer, or leave it open where the graph was resumed and the gate is to be asked again."""
        text = refusal.text
        if self._may_pause(refusal):
            resumed, given = pause(
                self._name,
                self.arguments.params,
                self._tool_call_id or "",
                refusal,  # type: ignore[arg-type]
            )
            down = turned_down(self._name, given)
            if resumed and down is None:
                return
            text = down or text
        self.answer = refused(text, self._name, self._tool_call_id)

    def _may_pause(self, refusal: Refused | ActionError) -> bool:
        # A refusal from inside the tool is of another action; to resume would run the tool's beginning again.
        return (
            self._gate.pending == "interrupt"
            and not self._running
            and isinstance(refusal, Unanswered)
            and refusal.request is not None
            and self._tool_call_id is not None
            and (self._gate.alone or has_task_of_its_own())
        )


def refused(text: str, name: str, tool_call_id: str | None) -> ToolMessage | str:
    """Return a refusal as the framework's error result: a message where a call has an id, else the text."""
    if tool_call_id is None:
        return text
    return ToolMessage(content=text, name=name, tool_call_id=tool_call_id, status="error")


def _checked(result: Any) -> Any:
    if isinstance(result, ToolMessage) and result.status == "error":
        raise HandledToolError(result)
    return result


def _handled(error: ValidationError, handler: Any) -> str | None:
    """Return the text that a tool gives for arguments that do not fit, as LangChain does, if there is one."""
    if not handler:
        return None
    if isinstance(handler, bool):
        return "Tool input validation error"
    return handler if isinstance(handler, str) else str(handler(error))
