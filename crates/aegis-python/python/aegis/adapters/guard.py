"""Any function, behind the gate."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from aegis.adapters.call import tool_action
from aegis.errors import UsageError

if TYPE_CHECKING:
    from aegis.runtime.engine import Runtime

__all__ = ["guard"]

P = ParamSpec("P")
R = TypeVar("R")


def guard(
    runtime: Runtime,
    *,
    action_type: str | None = None,
    target: str = "python",
    exclude: tuple[str, ...] = (),
    agent: str | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator that puts a function behind the gate: each call is an action, whose type is the name of the function,
    and whose parameters are its arguments by name, with its defaults. The function is called with what was recorded.

    Arguments named in `exclude` are passed on as they are and are in no record: a context, a connection. `self` and
    `cls` are among them. Signature, hints and docstring stay; a coroutine function stays one.

    A call raises `Blocked`, `Denied` or `Unanswered` where it is refused, `ActionError` where an argument is no JSON,
    and `AuditError` where it cannot be recorded."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if isinstance(function, (staticmethod, classmethod)):
            raise UsageError(
                "a static or class method is an object that holds the function",
                f"put `guard` below `@{type(function).__name__}`",
            )
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise UsageError(
                f"{function.__name__} is a generator, which does nothing when it is called",
                "guard the functions that it calls",
            )
        signature = inspect.signature(function)
        left_out = {*_receiver(signature), *exclude}
        if unknown := left_out - set(signature.parameters):
            raise UsageError(f"there is no argument {', '.join(sorted(unknown))} to leave out")
        name = action_type or function.__name__

        def split(args: Any, kwargs: Any) -> tuple[inspect.BoundArguments, dict[str, Any]]:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return bound, {key: value for key, value in bound.arguments.items() if key not in left_out}

        def recorded(bound: inspect.BoundArguments, params: dict[str, Any]) -> tuple[Any, Any]:
            again = inspect.BoundArguments(signature, bound.arguments | params)
            # What json reads back as a list was a tuple of positional arguments.
            return again.args, again.kwargs

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def governed_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                bound, arguments = split(args, kwargs)
                action = tool_action(name, arguments, framework="python", target=target, agent=agent)

                async def body(params: dict[str, Any]) -> Any:
                    positional, named = recorded(bound, params)
                    return await cast(Any, function)(*positional, **named)

                return await runtime.acall(action, body)

            return cast(Callable[P, R], governed_async)

        @functools.wraps(function)
        def governed(*args: P.args, **kwargs: P.kwargs) -> R:
            bound, arguments = split(args, kwargs)
            action = tool_action(name, arguments, framework="python", target=target, agent=agent)

            def body(params: dict[str, Any]) -> R:
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

            return runtime.call(action, body)

        return governed

    return decorate


def _receiver(signature: inspect.Signature) -> set[str]:
    """What a method is called on, by the name of its first argument."""
    first = next(iter(signature.parameters), None)
    return {first} if first in ("self", "cls") else set()
