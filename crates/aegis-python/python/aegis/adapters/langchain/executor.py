"""LangChain tools as the executor of a runtime."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from langchain_core.tools import BaseTool

from aegis.adapters.base import BaseExecutor
from aegis.adapters.langchain.arguments import Arguments, read_arguments, same_json, without_defaults
from aegis.adapters.langchain.governed import GovernedTool
from aegis.core.action import Action
from aegis.core.result import Result, ResultStatus
from aegis.errors import ActionError, UsageError

__all__ = ["LangChainExecutor"]


class LangChainExecutor(BaseExecutor):
    """Executes actions by LangChain tools: the action's type names the tool, its params are the tool's
    arguments.

    The gate has decided on the params by then, so a tool whose schema would add or change an argument is
    not run: the result is `failed`, and says which argument. `complete` gives the action with all of them.
    """

    def __init__(self, tools: Sequence[BaseTool] | None = None) -> None:
        """Register `tools`.

        Raises:
            UsageError: One of them is no LangChain tool, or is governed already.
        """
        self._tools: dict[str, BaseTool] = {}
        for tool in tools or ():
            self.register_tool(tool)

    def register_tool(self, tool: BaseTool) -> None:
        """Register one more tool; it replaces one of the same name.

        Raises:
            UsageError: It is no LangChain tool, or is governed already (its calls would be decided twice).
        """
        if not isinstance(tool, BaseTool):
            raise UsageError(f"a LangChain tool was expected, not {type(tool).__name__}")
        if isinstance(tool, GovernedTool):
            raise UsageError(f"the tool `{tool.name}` is governed already; register the tool inside it")
        self._tools[tool.name] = tool

    @property
    def tool_names(self) -> list[str]:
        """The names of the registered tools."""
        return list(self._tools)

    def complete(self, action: Action) -> Action:
        """Return `action` with the params its tool will run with: defaults filled in, values converted.

        Raises:
            UsageError: No tool has the name of the action's type.
            ValidationError: The params do not fit the tool's schema.
            ActionError: The tool's arguments cannot be recorded.
        """
        tool = self._tools.get(action.type)
        if tool is None:
            raise UsageError(self._no_tool(action))
        params = read_arguments(tool, dict(action.params), None).params
        return Action(action.type, action.target, params, action.description, agent=action.agent)

    async def execute(self, action: Action) -> Result:
        """Run the tool with the action's params, exactly; whatever goes wrong is a `failed` result."""
        tool = self._tools.get(action.type)
        if tool is None:
            return _failed(action, self._no_tool(action))
        try:
            arguments = read_arguments(tool, without_defaults(tool, action.params), None)
        except (ValueError, ActionError, UsageError) as error:
            return _failed(action, f"the tool was not run: {error}")
        changed = _changed(action, arguments)
        if changed:
            return _failed(
                action,
                f"the tool was not run: it would run with other arguments than were decided ({changed}); "
                "give them in the action, as LangChainExecutor.complete(action) does",
            )
        try:
            data = await tool.ainvoke(arguments.run_with(action.params))
        except Exception as error:
            return _failed(action, str(error) or type(error).__name__)
        return Result(action=action, status=ResultStatus.SUCCESS, data=data, completed_at=_now())

    def _no_tool(self, action: Action) -> str:
        return f"No LangChain tool registered with name '{action.type}'. Available: {self.tool_names}"


def _changed(action: Action, arguments: Arguments) -> str:
    decided, real = dict(action.params), arguments.params
    names = sorted(
        name
        for name in decided.keys() | real.keys()
        if name not in decided or name not in real or not same_json(decided[name], real[name])
    )
    return ", ".join(f"`{name}`" for name in names)


def _failed(action: Action, error: str) -> Result:
    return Result(action=action, status=ResultStatus.FAILED, error=error, completed_at=_now())


def _now() -> datetime:
    return datetime.now(timezone.utc)  # noqa: UP017 (`datetime.UTC` is newer than Python 3.10)
