"""`guard`: a function stays what it was, and runs only with what was recorded."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
import typing
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aegis import PolicyDecision, guard
from aegis.errors import ActionError, AuditError, Blocked, Denied, Unanswered, UsageError
from aegis.runtime.approval import ApprovalHandler
from aegis.runtime.approval_callback import CallbackApprovalHandler
from aegis.testing import ScriptedApprover
from governed_place import ALLOW_ALL, ASK_ALL, BLOCK_ALL, Place


def transfer(amount: int, to: str = "nobody", *, note: str | None = None) -> dict[str, Any]:
    """Moves money.

    Whole cents only."""
    return {"amount": amount, "to": to, "note": note}


async def transfer_later(amount: int, to: str = "nobody", *, note: str | None = None) -> dict[str, Any]:
    """Moves money later."""
    await asyncio.sleep(0)
    return {"amount": amount, "to": to, "note": note}


def test_hints_docstring_name_and_signature_are_kept(place: Place) -> None:
    runtime = place.runtime(ALLOW_ALL)
    for function in (transfer, transfer_later):
        governed = guard(runtime)(function)  # type: ignore[type-var]
        assert governed.__doc__ == function.__doc__ and governed.__name__ == function.__name__
        assert governed.__qualname__ == function.__qualname__ and governed.__module__ == function.__module__
        assert inspect.signature(governed) == inspect.signature(function)
        assert typing.get_type_hints(governed) == typing.get_type_hints(function)
        assert inspect.iscoroutinefunction(governed) == inspect.iscoroutinefunction(function)
        assert governed.__defaults__ == function.__defaults__ or inspect.signature(governed).parameters["to"].default


def test_it_runs_once_with_what_was_recorded_and_gives_back_what_came_of_it(place: Place) -> None:
    runtime = place.runtime(ALLOW_ALL)
    assert guard(runtime)(transfer)(3, note="x") == {"amount": 3, "to": "nobody", "note": "x"}
    assert asyncio.run(guard(runtime, target="bank")(transfer_later)(4, "me")) == {
        "amount": 4,
        "to": "me",
        "note": None,
    }
    first, second = place.records()
    assert (first["action_type"], first["action_target"]) == ("transfer", "python")
    assert first["action_params"] == {"amount": 3, "to": "nobody", "note": "x"}
    assert (second["action_type"], second["action_target"]) == ("transfer_later", "bank")
    assert second["action_params"] == {"amount": 4, "to": "me", "note": None}, "defaults are recorded"


def test_type_target_and_agent_can_be_named(place: Place) -> None:
    guard(place.runtime(ALLOW_ALL), action_type="pay", target="bank", agent="ops/1")(transfer)(1)
    record = place.records()[0]
    assert (record["action_type"], record["action_target"], record["agent"]) == ("pay", "bank", "ops/1")


@pytest.mark.parametrize(
    ("policy", "answer", "error"),
    [(BLOCK_ALL, None, Blocked), (ASK_ALL, False, Denied), (ASK_ALL, None, Unanswered)],
)
def test_a_refusal_is_raised_and_nothing_ran(place: Place, policy: Any, answer: Any, error: type[Exception]) -> None:
    def body(n: int) -> None:
        ran.append(n)

    async def body_later(n: int) -> None:
        ran.append(n)

    ran: list[int] = []
    runtime = place.runtime(policy, ScriptedApprover(answer, answer))
    with pytest.raises(error) as refused:
        guard(runtime)(body)(1)
    assert "refused" in refused.value.text  # type: ignore[attr-defined]
    with pytest.raises(error):
        asyncio.run(guard(runtime)(body_later)(1))
    assert ran == [] and len(place.records()) == 2


def test_what_the_function_raises_goes_through(place: Place) -> None:
    class Mine(Exception):
        pass

    error = Mine("x")

    @guard(place.runtime(ALLOW_ALL))
    def fail() -> None:
        raise error

    with pytest.raises(Mine) as raised:
        fail()
    assert raised.value is error and place.outcomes() == [("auto", "failed")]


def test_wrong_arguments_are_a_type_error_before_the_gate(place: Place) -> None:
    governed: Any = guard(place.runtime(ALLOW_ALL))(transfer)
    for call in (lambda: governed(), lambda: governed(1, 2, 3), lambda: governed(1, cc=2)):
        with pytest.raises(TypeError):
            call()
    assert place.records() == []


def test_every_kind_of_parameter_arrives_as_it_was_recorded(place: Place) -> None:
    @guard(place.runtime(ALLOW_ALL))
    def every(a: int, b: int = 2, /, c: int = 3, *rest: int, d: int, e: int = 5, **more: int) -> tuple[Any, ...]:
        return a, b, c, rest, d, e, more

    assert every(1, d=4) == (1, 2, 3, (), 4, 5, {})
    assert every(1, 9, 8, 7, 6, d=4, e=0, f=1, a=2) == (1, 9, 8, (7, 6), 4, 0, {"f": 1, "a": 2})
    assert place.records()[1]["action_params"] == {
        "a": 1,
        "b": 9,
        "c": 8,
        "rest": [7, 6],
        "d": 4,
        "e": 0,
        "more": {"f": 1, "a": 2},
    }


def test_methods_are_governed_without_what_they_are_called_on(place: Place) -> None:
    runtime = place.runtime(ALLOW_ALL)

    class Account:
        def __init__(self) -> None:
            self.balance = 10

        @guard(runtime)
        def take(self, amount: int) -> int:
            self.balance -= amount
            return self.balance

        @guard(runtime)
        async def take_later(self, amount: int) -> int:
            return self.take(amount)

        @classmethod
        @guard(runtime)
        def made(cls, n: int) -> tuple[str, int]:
            return cls.__name__, n

        @staticmethod
        @guard(runtime)
        def plain(n: int) -> int:
            return n

    account = Account()
    assert account.take(3) == 7 and asyncio.run(account.take_later(2)) == 5
    assert Account.made(1) == ("Account", 1) and account.plain(2) == 2
    assert [record["action_params"] for record in place.records()] == [
        {"amount": 3},
        {"amount": 2},
        {"amount": 2},
        {"n": 1},
        {"n": 2},
    ]


def test_only_the_first_argument_is_what_a_method_is_called_on(place: Place) -> None:
    @guard(place.runtime(ALLOW_ALL))
    def pick(kind: str, cls: str, self: str = "me") -> tuple[str, str, str]:
        return kind, cls, self

    assert pick("a", "b") == ("a", "b", "me")
    assert place.records()[0]["action_params"] == {"kind": "a", "cls": "b", "self": "me"}


def test_excluded_arguments_are_passed_on_and_in_no_record(place: Place) -> None:
    class Context:
        pass

    @guard(place.runtime(ALLOW_ALL), exclude=("context",))
    def with_context(context: Context, n: int) -> tuple[Context, int]:
        return context, n

    context = Context()
    assert with_context(context, 1) == (context, 1) and with_context(n=2, context=context) == (context, 2)
    assert [record["action_params"] for record in place.records()] == [{"n": 1}, {"n": 2}]
    with pytest.raises(UsageError, match="contxt"):
        guard(place.runtime(ALLOW_ALL), exclude=("contxt",))(with_context)


def test_an_argument_that_is_no_json_is_refused_and_tells_no_value(place: Place) -> None:
    class Secret:
        def __repr__(self) -> str:
            return "secret-7"

    governed: Any = guard(place.runtime(ALLOW_ALL))(transfer)
    with pytest.raises(ActionError) as refused:
        governed(Secret())
    assert "Secret" in str(refused.value) and "secret-7" not in str(refused.value) + refused.value.text
    assert place.records() == []


def test_a_log_that_cannot_be_written_is_an_error_and_nothing_ran(place: Place) -> None:
    place.log.mkdir()
    place.must_be_sound = False
    ran: list[int] = []
    with pytest.raises(AuditError):
        guard(place.runtime(ALLOW_ALL))(ran.append)(1)
    assert ran == []


def test_a_refusal_can_be_told_in_another_way_and_nothing_else_is(place: Place) -> None:
    def transfer_now(amount: Any) -> str:
        ran.append(amount)
        return "done"

    async def transfer_then(amount: Any) -> str:
        ran.append(amount)
        return "done"

    ran: list[Any] = []
    runtime = place.runtime(BLOCK_ALL)
    tell = guard(runtime, action_type="transfer", refusals="text")
    for answer in (tell(transfer_now)(1), asyncio.run(tell(transfer_then)(1))):
        assert "refused this call" in answer and "`transfer`" in answer
    assert "JSON" in tell(transfer_now)({1, 2}) and "JSON" in asyncio.run(tell(transfer_then)({1, 2}))
    assert ran == []
    place.close()
    place.must_be_sound = False
    place.log.unlink()
    place.log.mkdir()
    with pytest.raises(AuditError):
        tell(transfer_now)(1)
    with pytest.raises(AuditError):
        asyncio.run(tell(transfer_then)(1))
    assert ran == []


def test_a_refusal_of_something_that_the_function_does_is_not_told_as_its_own(place: Place) -> None:
    outer_runtime, inner_runtime = place.runtime(ALLOW_ALL), place.runtime(BLOCK_ALL)

    @guard(outer_runtime, refusals="text")
    def outer() -> str:
        return inner()

    @guard(inner_runtime)
    def inner() -> str:
        return "done"

    with pytest.raises(Blocked):
        outer()
    assert sorted(place.outcomes()) == [("auto", "failed"), ("block", "blocked")]


def test_what_is_asked_of_guard_and_cannot_be_is_said_at_once(place: Place) -> None:
    runtime = place.runtime(ALLOW_ALL)
    for wrong in ({"exclude": "amount"}, {"refusals": "ignore"}, {"exclude": ("nothing",)}):
        with pytest.raises(UsageError):
            guard(runtime, **wrong)(transfer)  # type: ignore[arg-type]


def test_a_target_that_is_found_from_the_arguments_is_recorded(place: Place) -> None:
    governed = guard(place.runtime(ALLOW_ALL), target=lambda arguments: f"account/{arguments['to']}")(transfer)
    governed(1)
    governed(1, "ana")
    assert [record["action_target"] for record in place.records()] == ["account/nobody", "account/ana"]


# What is recorded is what runs.


def test_what_the_approver_does_meanwhile_to_lists_and_dicts_does_not_change_what_runs(place: Place) -> None:
    ids, options = [1, 2], {"deep": {"force": False}}

    class Planter(ApprovalHandler):
        async def request_approval(self, decision: PolicyDecision) -> bool:
            ids.append(3)
            options["deep"]["force"] = True
            decision.action.params["ids"].append(4)
            return True

    def delete(ids: list[int], options: dict[str, Any]) -> tuple[Any, Any]:
        return ids, options

    runtime = place.runtime(ASK_ALL, Planter())
    expected = ([1, 2], {"deep": {"force": False}})
    assert guard(runtime)(delete)(ids, options) == expected
    ids.remove(3)
    options["deep"]["force"] = False

    async def delete_later(ids: list[int], options: dict[str, Any]) -> tuple[Any, Any]:
        return ids, options

    assert asyncio.run(guard(runtime)(delete_later)(ids, options)) == expected
    assert [record["action_params"]["ids"] for record in place.records()] == [[1, 2]] * 2


def test_what_another_thread_does_meanwhile_does_not_change_what_runs(place: Place) -> None:
    ids = [0]
    stop = threading.Event()

    def mutate() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            ids[0] = n
            ids.append(n)
            del ids[1:]
            time.sleep(0)

    runtime = place.runtime(ASK_ALL, CallbackApprovalHandler(lambda decision: True))
    thread = threading.Thread(target=mutate)
    thread.start()
    ran = []
    try:
        for _ in range(20):
            ran.append(guard(runtime, action_type="take")(lambda ids: list(ids))(ids))
    finally:
        stop.set()
        thread.join()
    assert [record["action_params"]["ids"] for record in place.records()] == ran


def test_the_function_gets_a_copy_of_its_own(place: Place) -> None:
    given = {"a": [1]}

    @guard(place.runtime(ALLOW_ALL))
    def change(it: dict[str, Any], also: list[int] = [9]) -> list[int]:  # noqa: B006
        it["a"].append(2)
        also.append(1)
        return also

    assert change(given) == [9, 1] and change(given) == [9, 1] and given == {"a": [1]}


# What cannot be guarded.


def test_generators_are_refused_when_they_are_guarded(place: Place) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def numbers_later() -> AsyncIterator[int]:
        yield 1

    runtime = place.runtime(ALLOW_ALL)
    for function in (numbers, numbers_later):
        with pytest.raises(UsageError, match="generator"):
            guard(runtime)(function)


def test_a_function_without_a_name_needs_a_type(place: Place) -> None:
    runtime = place.runtime(ALLOW_ALL)
    half: Any = functools.partial(transfer, to="me")
    with pytest.raises(UsageError, match="no name"):
        guard(runtime)(half)
    assert guard(runtime, action_type="transfer")(half)(2) == {"amount": 2, "to": "me", "note": None}
    assert place.records()[0]["action_params"] == {"amount": 2, "to": "me", "note": None}


def test_what_has_not_begun_when_it_is_returned_is_refused(place: Place) -> None:
    ran = []

    def numbers() -> Iterator[int]:
        ran.append(1)
        yield 1

    async def numbers_later() -> AsyncIterator[int]:
        ran.append(2)
        yield 1

    async def later() -> None:
        ran.append(3)

    runtime = place.runtime(ALLOW_ALL)
    for function in (lambda: numbers(), lambda: numbers_later(), lambda: later()):
        with pytest.raises(UsageError, match="nothing is done yet"):
            guard(runtime, action_type="numbers")(function)()
    assert ran == [] and place.outcomes() == [("auto", "failed")] * 3


def test_static_and_class_method_objects_are_refused(place: Place) -> None:
    for kind in (staticmethod, classmethod):
        with pytest.raises(UsageError, match=kind.__name__):
            guard(place.runtime(ALLOW_ALL))(kind(transfer))


def test_a_stack_of_decorators_below_the_gate_runs_once(place: Place) -> None:
    calls = []

    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            calls.append((args, kwargs))
            return function(*args, **kwargs)

        return inner

    governed = guard(place.runtime(ALLOW_ALL))(logged(transfer))
    assert governed(1)["amount"] == 1
    assert calls == [((1, "nobody"), {"note": None})]


def test_one_governed_function_serves_threads_and_tasks(place: Place) -> None:
    runtime = place.runtime(ASK_ALL, CallbackApprovalHandler(lambda decision: decision.action.params["amount"] != 3))
    governed, later = guard(runtime)(transfer), guard(runtime)(transfer_later)
    got: list[Any] = []

    def work(n: int) -> None:
        try:
            got.append(governed(n)["amount"])
        except Denied:
            got.append(None)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def tasks() -> list[Any]:
        return await asyncio.gather(*(later(n) for n in range(6)), return_exceptions=True)

    results = asyncio.run(tasks())
    assert sorted(got, key=str) == sorted([0, 1, 2, None, 4, 5], key=str)
    assert [r["amount"] if isinstance(r, dict) else type(r) for r in results] == [0, 1, 2, Denied, 4, 5]
