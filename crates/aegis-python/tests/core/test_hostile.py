"""Values that are meant to be one thing for who decides, and another for who acts."""

from __future__ import annotations

import asyncio
import collections
import decimal
import enum
import fractions
import json
from collections import OrderedDict, UserDict
from datetime import date
from pathlib import PurePosixPath
from typing import Any

import pytest
from aegis import Action, Policy, Result
from aegis.core.action import action_json, read_action
from aegis.errors import ActionError, AegisError, PolicyError
from governed_place import ALLOW_ALL, Bodies, Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

POLICY = Policy.from_dict(ALLOW_ALL)


class TwoFaced(dict):  # type: ignore[type-arg]
    """Shows one content to json, and another to whoever looks something up."""

    def items(self) -> Any:
        return {"amount": 1}.items()

    def __iter__(self) -> Any:
        return iter(["amount"])

    def keys(self) -> Any:
        return ["amount"]

    def __getitem__(self, key: Any) -> Any:
        return 10**6


class OtherEachTime(dict):  # type: ignore[type-arg]
    """Another content each time it is read."""

    reads = 0

    def items(self) -> Any:
        type(self).reads += 1
        return {"amount": type(self).reads}.items()


class TwoFacedList(list):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        return iter(["shown"])

    def __len__(self) -> int:
        return 1


class TwoFacedText(str):
    def __str__(self) -> str:
        return "shown"

    def __repr__(self) -> str:
        return "'shown'"

    def encode(self, *_: Any) -> bytes:
        return b"shown"


class TwoFacedNumber(int):
    def __repr__(self) -> str:
        return "1"

    def __str__(self) -> str:
        return "1"

    def __int__(self) -> int:
        return 1


class Colour(enum.IntEnum):
    RED = 1


def run(place: Place, params: Any) -> Any:
    """What the body gets, which must be what the log has."""
    bodies = Bodies()
    runtime = place.runtime(ALLOW_ALL)
    runtime.call(Action("pay", "bank", params), bodies)
    recorded = place.records()[-1]["action_params"]
    assert bodies.ran == [recorded]
    plain(bodies.ran[0])
    return bodies.ran[0]


def plain(value: Any) -> None:
    """It is made of the types that json makes, and nothing else."""
    assert type(value) in (dict, list, str, int, float, bool, type(None)), type(value)
    if type(value) is dict:
        for key, item in value.items():
            assert type(key) is str
            plain(item)
    if type(value) is list:
        for item in value:
            plain(item)


@pytest.mark.parametrize(
    "params",
    [
        TwoFaced(amount=10**6),
        {"x": TwoFaced(amount=10**6)},
        OtherEachTime(),
        {"x": OtherEachTime()},
        {"x": TwoFacedList(["run"])},
        {"x": TwoFacedText("run")},
        {TwoFacedText("run"): 1},
        {"x": TwoFacedNumber(10**6)},
        {"x": Colour.RED},
        {"x": (1, (2, 3))},
        OrderedDict(b=1, a=2),
        collections.defaultdict(list, a=[1]),
        {"x": collections.namedtuple("Point", "x y")(1, 2)},
    ],
)
def test_what_runs_is_what_was_recorded_whatever_an_object_shows(place: Place, params: Any) -> None:
    run(place, params)
    executor_got = place.runtime(ALLOW_ALL).plan([Action("pay", "bank", params)])[0].action.params
    plain(executor_got)


def test_a_text_that_shows_another_face_is_judged_and_run_as_the_text_that_it_is(place: Place) -> None:
    rule = {"match": {"type": "*"}, "conditions": {"param_eq": {"x": "run"}}, "approval": "block"}
    policy = Policy.from_dict({**ALLOW_ALL, "rules": [rule]})
    assert not policy.evaluate(Action("pay", "bank", {"x": TwoFacedText("run")})).is_allowed
    assert run(place, {"x": TwoFacedText("run")}) == {"x": "run"}


def test_a_type_that_shows_another_face_is_matched_as_what_is_recorded(place: Place) -> None:
    rule = {"match": {"type": "run"}, "approval": "block"}
    policy = Policy.from_dict({**ALLOW_ALL, "rules": [rule]})
    assert not policy.evaluate(Action(TwoFacedText("run"), "x")).is_allowed


CYCLE: dict[str, Any] = {}
CYCLE["again"] = [CYCLE]
DEEP: Any = {}
for _ in range(100_000):
    DEEP = {"d": DEEP}
DEEP_70: Any = {}
for _ in range(70):
    DEEP_70 = {"d": DEEP_70}


class Raises(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise KeyError("secret-7")

    def __bool__(self) -> bool:
        return True


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        "\ud800",
        "a\udfffb",
        b"bytes",
        bytearray(b"x"),
        decimal.Decimal("1.5"),
        fractions.Fraction(1, 2),
        2**70,
        -(2**70),
        10**5000,
        1j,
        {1, 2},
        frozenset(),
        object(),
        object,
        len,
        date(2026, 1, 1),
        PurePosixPath("/"),
        UserDict(a=1),
        range(3),
        iter([1]),
        {"a": {1: "x", "1": "y"}},
        {True: 1, "true": 2},
        {None: 1, "null": 2},
        {(1, 2): 3},
        {b"k": 1},
        {float("nan"): 1},
        {"\ud800": 1},
        CYCLE,
        DEEP,
        DEEP_70,
        list(range(10_001)),
        "x" * (1 << 20),
        Raises(a=1),
        ...,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_json_or_too_much_is_refused_before_the_gate(place: Place, value: Any) -> None:
    bodies = Bodies()
    runtime = place.runtime(ALLOW_ALL)
    action = Action("pay", "bank", {"x": value})
    for way in (
        lambda: runtime.call(action, bodies),
        lambda: asyncio.run(runtime.acall(action, bodies)),
        lambda: asyncio.run(runtime.run_one(action)),
        lambda: runtime.run_one_sync(action),
        lambda: runtime.plan([action]),
        lambda: runtime.observe([action]),
        lambda: POLICY.evaluate(action),
    ):
        with pytest.raises(ActionError) as refused:
            way()
        assert "secret-7" not in str(refused.value) + refused.value.text and len(str(refused.value)) < 2000
    assert bodies.ran == [] and place.records() == []


@pytest.mark.parametrize("text", ["\ud800", "\0", "a" * (1 << 20)])
@pytest.mark.parametrize("field", ["type", "target", "description", "agent"])
def test_text_of_an_action_that_is_none_is_refused(place: Place, field: str, text: str) -> None:
    bodies = Bodies()
    fields: dict[str, Any] = {"type": "pay", "target": "bank", field: text}
    if (field, text) == ("description", "\0"):
        place.runtime(ALLOW_ALL).call(Action(**fields), bodies)
        assert place.records()[0]["action_desc"] == "\0"
        return
    with pytest.raises(ActionError):
        place.runtime(ALLOW_ALL).call(Action(**fields), bodies)
    assert bodies.ran == [] and place.records() == []


HOSTILE = "\x1b[2J\x1b[1;31mfake\r\n\u202ereversed\x9b"


def test_nothing_that_is_shown_to_people_moves_the_cursor(place: Place) -> None:
    action = Action(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, HOSTILE)
    runtime = place.runtime({**ALLOW_ALL, "defaults": {"approval": "block"}})
    plan = runtime.plan([action])
    result = asyncio.run(runtime.execute(plan))[0]
    with pytest.raises(AegisError) as refused:
        runtime.call(action, Bodies())
    for shown in (str(action), plan.summary(), str(result), str(refused.value), refused.value.text):  # type: ignore[attr-defined]
        assert not set(shown.replace("\n", "")) & set("\x1b\r\u202e\x9b"), repr(shown)
    assert plan.summary().count("\n") == 0 and str(action).count("\n") == 0 and str(result).count("\n") == 0


def test_text_that_is_no_unicode_can_be_shown() -> None:
    assert "\\ud800" in str(Action("\ud800", "x"))
    assert "\\ud800" in str(Result(Action("a", "\ud800"), "success"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "document",
    [
        {"version": "1", "rules": [{"match": {"type": float("nan")}}]},
        {"version": "1", "rules": CYCLE},
        {"version": "1", "rules": DEEP},
        {"version": "1", "rules": [object()]},
        {"version": "1", "rules": [{"match": {"type": "\ud800"}}]},
        {"version": "1", "rules": [{"match": {1: "a", "1": "b"}}]},
        {"version": "1", "rulez": []},
        {"version": 2},
        {"version": "1", "rules": "all"},
    ],
    ids=range(9),
)
def test_a_policy_that_is_none_is_refused(document: Any) -> None:
    with pytest.raises(PolicyError):
        Policy.from_dict(document)


texts = st.text(max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(params=st.dictionaries(texts, values, max_size=5), kind=texts, target=texts, description=texts)
def test_an_action_reads_back_as_what_it_was(params: Any, kind: str, target: str, description: str) -> None:
    action = Action(kind, target, params, description)
    try:
        canonical = action_json(action)
    except ActionError:
        assert not kind or "\0" in kind + target
        return
    again = read_action(canonical)
    assert (again.type, again.target, again.description) == (kind, target, description)
    assert as_floats(again.params) == as_floats(params), "the same numbers, where 1.0 is 1 and 1e16 its digits"
    assert action_json(again) == canonical and json.loads(canonical).get("params", {}) == again.params


def as_floats(value: Any) -> Any:
    """With numbers as floats, which decimal forms of the same number are equal as."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    return float(value) if type(value) in (int, float) else value


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(), max_size=8)
    | st.floats()
    | st.binary(max_size=4)
    | st.decimals()
    | st.just(object()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text(st.characters(), max_size=3) | st.integers() | st.none() | st.booleans(), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=anything, kind=st.text(st.characters(), max_size=4))
def test_whatever_it_is_it_is_an_action_or_an_action_error(value: Any, kind: str) -> None:
    try:
        canonical = action_json(Action(kind, "x", {"v": value}))
    except ActionError as error:
        assert error.text and str(error)
        return
    plain(read_action(canonical).params)
    assert POLICY.evaluate(Action(kind, "x", {"v": value})).action == read_action(canonical)
