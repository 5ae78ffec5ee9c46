"""Any function, behind the gate."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, cast

from aegis.adapters.call import tool_action
from aegis.core.action import Action
from aegis.errors import ActionError, Refused, UsageError

if TYPE_CHECKING:
    from aegis.runtime.engine import Runtime

__all__ = ["guard"]

P = ParamSpec("P")
R = TypeVar("R")


def guard(
    runtime: Runtime,
    *,
    action_type: str | None = None,
    target: str | Callable[[Mapping[str, Any]], str] = "python",
    exclude: Collection[str] = (),
    agent: str | None = None,
    refusals: Literal["raise", "text"] = "raise",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator that puts a function behind the gate: each call is an action, whose type is the name of the function,
    and whose parameters are its arguments by name, with its defaults. The function is called with what was recorded.

    Arguments named in `exclude` are passed on as they are and are in no record: a context, a connection. `self` and
    `cls` are among them. Signature, hints and docstring stay; a coroutine function stays one.

    `target` is a text, or a function that gets the arguments as they are recorded and returns one.

    A call raises `Blocked`, `Denied` or `Unanswered` where it is refused, `ActionError` where an argument is no JSON,
    and `AuditError` where it cannot be recorded. With `refusals="text"`, a refusal and an argument that is no JSON
    return the text that a model is told instead: for tools of frameworks that end a run at an exception."""
    if isinstance(exclude, str):
        raise UsageError("`exclude` is a collection of names", f'write ("{exclude}",)')
    if refusals not in ("raise", "text"):
        raise UsageError(f'`refusals` is "raise" or "text", not {refusals!r}')

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if isinstance(function, (staticmethod, classmethod)):
            raise UsageError(
                "a static or class method is an object that holds the function",
                f"put `guard` below `@{type(function).__name__}`",
            )
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise UsageError(
                f"{_name_of(function)} is a generator, which does nothing when it is called",
                "guard the functions that it calls",
            )
        signature = inspect.signature(function)
        left_out = {*_receiver(signature), *exclude}
        if unknown := left_out - set(signature.parameters):
            raise UsageError(f"there is no argument {', '.join(sorted(unknown))} to leave out")
        name = action_type or _name_of(function)

        def split(args: Any, kwargs: Any) -> tuple[inspect.BoundArguments, dict[str, Any]]:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return bound, {key: value for key, value in bound.arguments.items() if key not in left_out}

        def recorded(bound: inspect.BoundArguments, params: dict[str, Any]) -> tuple[Any, Any]:
            again = inspect.BoundArguments(signature, bound.arguments | params)
            # What json reads back as a list was a tuple of positional arguments.
            return again.args, again.kwargs

        def action_of(arguments: dict[str, Any]) -> Action:
            place = target if isinstance(target, str) else target(dict(arguments))
            return tool_action(name, arguments, framework="python", target=place, agent=agent)

        def answer_to(refusal: Refused | ActionError, began: list[bool]) -> str:
            # What the function itself raises, of another action, is its own.
            if refusals == "raise" or began:
                raise refusal
            return refusal.text

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def governed_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                bound, arguments = split(args, kwargs)

                began: list[bool] = []

                async def body(params: dict[str, Any]) -> Any:
                    began.append(True)
                    positional, named = recorded(bound, params)
                    return await cast(Any, function)(*positional, **named)

                try:
                    return await runtime.acall(action_of(arguments), body)
                except (Refused, ActionError) as refusal:
                    return answer_to(refusal, began)

            return cast(Callable[P, R], governed_async)

        @functools.wraps(function)
        def governed(*args: P.args, **kwargs: P.kwargs) -> R:
            bound, arguments = split(args, kwargs)
            began: list[bool] = []

            def body(params: dict[str, Any]) -> R:
                began.append(True)
                positional, named = recorded(bound, params)
                value = function(*positional, **named)
                if inspect.iscoroutine(value) or inspect.isgenerator(value) or inspect.isasyncgen(value):
                    # It has not begun, and would go on behind the end in the log.
                    value.close() if not inspect.isasyncgen(value) else None
                    raise UsageError(
                        f"{name} returned a {type(value).__name__}, of which nothing is done yet",
                        "guard the function that does it: a coroutine function, or one that returns when it is done",
                    )
                return value

            try:
                return runtime.call(action_of(arguments), body)
            except (Refused, ActionError) as refusal:
                return cast(R, answer_to(refusal, began))

        return governed

    return decorate


def _name_of(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None)
    if name is None:
        raise UsageError(f"a {type(function).__name__} has no name of its own", "name the action by `action_type`")
    return str(name)


def _receiver(signature: inspect.Signature) -> set[str]:
    """What a method is called on, by the name of its first argument."""
    first = next(iter(signature.parameters), None)
    return {first} if first in ("self", "cls") else set()
