"""The innermost point of a CrewAI tool: between its validated arguments and its body."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from crewai.tools import ToolFailure
from pydantic import BaseModel

from aegis import Runtime
from aegis.adapters.call import tool_action
from aegis.adapters.crewai.arguments import Reading, read_arguments
from aegis.core.action import Action
from aegis.errors import ActionError, AegisError, Denied, Refused, Unanswered

__all__ = ["ApprovalPending", "GateFailed", "Naming", "Pending", "ToolGate"]

Pending: TypeAlias = Literal["failure", "stop"]
"""What a call becomes whose question waits for a human: a `ToolFailure`, or `ApprovalPending`."""


class GateFailed(BaseException):
    """The gate could not decide or record, so that the crew ends. `__cause__` says why.

    Not an `Exception`: CrewAI runs a tool again that raises one, and shows its text to the model.
    """


class ApprovalPending(BaseException):
    """A question waits for a human, and the tool was told to stop the crew then. The tool did not run.

    Answer the question (`aegis approve ID`) and kick the crew off again: the same call then uses the answer.
    """

    def __init__(self, refusal: Unanswered) -> None:
        """Stops for `refusal`."""
        super().__init__(refusal.text)
        self.refusal = refusal
        self.request = refusal.request


@dataclass(frozen=True)
class Naming:
    """How a call of a tool is named as an action."""

    action_type: str | None = None
    target: str | None = None
    targets: Mapping[str, str] | None = None
    description: str = ""
    agent: str | None = None

    def action(self, tool: str, params: Mapping[str, Any]) -> Action:
        """The action of one call."""
        return tool_action(
            tool,
            params,
            framework="crewai",
            action_type=self.action_type,
            target=self.target,
            targets=self.targets,
            description=self.description,
            agent=self.agent,
        )


class ToolGate:
    """Asks the gate about one tool's calls, and runs the tool with what was recorded."""

    def __init__(self, runtime: Runtime, naming: Naming, pending: Pending) -> None:
        """Ask `runtime`."""
        self.runtime = runtime
        self.naming = naming
        self.pending = pending

    def call(
        self,
        tool: str,
        schema: type[BaseModel],
        arguments: tuple[tuple[Any, ...], Mapping[str, Any]],
        run: Callable[[dict[str, Any]], Any],
    ) -> Any:
        """One call, in this thread. An awaitable that `run` returns is finished before the end is recorded.

        Returns:
            What `run` returned, or a `ToolFailure` with the refusal; then `run` was not called.

        Raises:
            GateFailed: The gate failed.
            ApprovalPending: A question waits, and that stops the crew.
        """
        course = _Course(run)
        try:
            reading = read_arguments(schema, *arguments)
            action = self.naming.action(tool, reading.params)
            return self.runtime.call(action, lambda recorded: _finished(course.start(reading, recorded)))
        except Exception as error:
            return self._answer(error, course)

    async def acall(
        self,
        tool: str,
        schema: type[BaseModel],
        arguments: tuple[tuple[Any, ...], Mapping[str, Any]],
        run: Callable[[dict[str, Any]], Awaitable[Any]],
    ) -> Any:
        """The same in a loop, which goes on while the gate waits."""
        course = _Course(run)
        try:
            reading = read_arguments(schema, *arguments)
            action = self.naming.action(tool, reading.params)
            return await self.runtime.acall(action, lambda recorded: course.start(reading, recorded))
        except Exception as error:
            return self._answer(error, course)

    def _answer(self, error: Exception, course: _Course) -> ToolFailure:
        if isinstance(error, Unanswered) and error.request and self.pending == "stop":
            raise ApprovalPending(error) from error
        if isinstance(error, (Refused, ActionError)):
            return failure_of(error)
        if isinstance(error, AegisError) or not course.started:
            raise GateFailed(f"the gate failed: {type(error).__name__}") from error
        raise error


class _Course:
    """Whether the tool itself was reached: what is raised before that is the gate's failure."""

    def __init__(self, run: Callable[[dict[str, Any]], Any]) -> None:
        self.run = run
        self.started = False

    def start(self, reading: Reading, recorded: Mapping[str, Any]) -> Any:
        keywords = reading.keywords(recorded)
        self.started = True
        return self.run(keywords)


def failure_of(error: Refused | ActionError) -> ToolFailure:
    """A refusal in CrewAI's own words: the model reads its text, and the crew records a failed call."""
    if isinstance(error, ActionError):
        return ToolFailure(message=error.text, code="aegis_invalid")
    details: dict[str, Any] = {"action_id": error.action_id, "rule": error.rule}
    if isinstance(error, Unanswered):
        details["request"] = error.request
        retryable = error.request is not None
        return ToolFailure(message=error.text, code="aegis_unanswered", retryable=retryable, details=details)
    code = "aegis_denied" if isinstance(error, Denied) else "aegis_blocked"
    return ToolFailure(message=error.text, code=code, details=details)


def _finished(value: Any) -> Any:
    """The value of an awaitable, awaited in a loop of its own; anything else as it is.

    In a thread of its own where a loop runs already: CrewAI calls tools from within one, and there a second
    loop cannot run.
    """
    if not inspect.isawaitable(value):
        return value

    async def wait() -> Any:
        return await value

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    done: list[tuple[Any, BaseException | None]] = []
    context = contextvars.copy_context()

    def run() -> None:
        try:
            done.append((context.run(asyncio.run, wait()), None))
        except BaseException as error:
            done.append((None, error))

    thread = threading.Thread(target=run, name="aegis-tool")
    thread.start()
    thread.join()
    result, error = done[0]
    if error is not None:
        raise error
    return result
