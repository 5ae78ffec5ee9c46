"""The native objects: what allows an action can be neither made, copied, kept, changed nor used twice."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import time
from typing import Any

import pytest
from aegis import Action, Policy, _native
from aegis.core.action import action_json
from aegis.errors import AegisError, UsageError
from governed_place import DELETE, POLICY, READ, WRITE, Place

NATIVE = ["Gate", "Leave", "Policy", "Preview", "Question", "Refusal", "Ticket"]
UNMAKEABLE = [name for name in NATIVE if name != "Gate"]


def gate(place: Place, approver: str = "callback") -> Any:
    place.audit.close()
    made = _native.Gate(Policy.from_dict(POLICY)._native, str(place.log), approver=approver, patience=5.0)
    return made


def objects(place: Place) -> dict[str, Any]:
    one = gate(place)
    asking = one.ask(action_json(WRITE))
    question = asking.wait()
    assert isinstance(question, _native.Question)
    leave = one.ask(action_json(READ)).wait()
    refusal = one.ask(action_json(DELETE)).wait()
    preview = Policy.from_dict(POLICY)._native.preview(action_json(READ))
    return {
        "Gate": one,
        "Ticket": asking,
        "Question": question,
        "Leave": leave,
        "Refusal": refusal,
        "Preview": preview,
        "Policy": Policy.from_dict(POLICY)._native,
    }


@pytest.mark.parametrize("name", UNMAKEABLE)
def test_it_cannot_be_constructed(name: str) -> None:
    kind = getattr(_native, name)
    for arguments in ((), ("{}",), ("a", "b", "c", "d"), (None,)):
        with pytest.raises(TypeError):
            kind(*arguments)
        with pytest.raises(TypeError):
            kind.__new__(kind, *arguments)
    with pytest.raises(TypeError):
        object.__new__(kind)


@pytest.mark.parametrize("name", NATIVE)
def test_it_cannot_be_subclassed(name: str) -> None:
    with pytest.raises(TypeError):
        type("Forged", (getattr(_native, name),), {})


@pytest.mark.parametrize("name", NATIVE)
def test_it_can_be_neither_copied_nor_pickled_nor_patched(place: Place, name: str) -> None:
    it = objects(place)[name]
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            duplicate(it)
    for attribute in ("begin", "decision", "how", "action_id", "request", "ask", "sha256", "new"):
        with pytest.raises(AttributeError):
            setattr(it, attribute, lambda *_: None)
        with pytest.raises((AttributeError, TypeError)):
            delattr(it, attribute)
    with pytest.raises(TypeError):
        it.__class__ = type("Other", (), {})
    assert not hasattr(it, "__dict__")


def test_a_leave_is_used_once(place: Place) -> None:
    leave = gate(place).ask(action_json(READ)).wait()
    leave.begin()
    with pytest.raises(UsageError, match="used already"):
        leave.begin()
    with pytest.raises(UsageError, match="used already"):
        leave.give_back("late")
    leave.end("success")
    for again in (
        leave.begin,
        lambda: leave.end("success"),
        lambda: leave.verified(True),
        lambda: leave.give_back("x"),
    ):
        with pytest.raises(UsageError):
            again()
    assert place.outcomes() == [("auto", "success")]


def test_a_leave_that_has_not_begun_cannot_end(place: Place) -> None:
    leave = gate(place).ask(action_json(READ)).wait()
    with pytest.raises(UsageError, match="not being done"):
        leave.end("success")
    with pytest.raises(UsageError, match="not being done"):
        leave.verified(True)
    leave.begin()
    with pytest.raises(UsageError, match="no action ends as"):
        leave.end("done")
    leave.end("failed", "why", 3, action_json(READ))
    record = place.records()[0]
    assert (record["result_status"], record["result_error"], record["duration_ms"]) == ("failed", "why", 3)


def test_a_leave_that_was_given_back_is_over(place: Place) -> None:
    leave = gate(place).ask(action_json(READ)).wait()
    leave.give_back("not needed")
    with pytest.raises(UsageError):
        leave.begin()
    assert place.outcomes() == [("auto", "skipped")]


def wait_for(place: Place, outcome: tuple[str, str | None]) -> None:
    deadline = time.monotonic() + 5
    while place.outcomes() != [outcome]:
        assert time.monotonic() < deadline, place.outcomes()
        time.sleep(0.02)


def test_a_leave_that_is_dropped_ends_as_skipped(place: Place) -> None:
    one = gate(place)
    leave = one.ask(action_json(READ)).wait()
    del leave
    gc.collect()
    wait_for(place, ("auto", "skipped"))


def test_a_leave_that_is_dropped_while_it_is_used_ends_as_failed(place: Place) -> None:
    one = gate(place)
    leave = one.ask(action_json(READ)).wait()
    leave.begin()
    del leave
    gc.collect()
    wait_for(place, ("auto", "failed"))
    assert "not known" in place.records()[0]["result_error"]


def test_a_ticket_that_is_dropped_allows_nothing(place: Place) -> None:
    one = gate(place)
    ticket = one.ask(action_json(READ))
    del ticket
    gc.collect()
    wait_for(place, ("auto", "skipped"))


def test_a_ticket_tells_its_outcome_once(place: Place) -> None:
    ticket = gate(place).ask(action_json(READ))
    leave = ticket.wait()
    with pytest.raises(UsageError):
        ticket.wait()
    ticket.abandon()
    leave.begin()
    leave.end("success")
    assert place.outcomes() == [("auto", "success")]


def test_a_question_is_answered_once_and_only_with_an_answer(place: Place) -> None:
    ticket = gate(place).ask(action_json(WRITE))
    with pytest.raises(UsageError, match="no question is open"):
        ticket.answer(True)
    question = ticket.wait()
    assert json.loads(question.request)["params"] == WRITE.params
    for answer in ("yes", 1, "", [], object()):
        with pytest.raises(TypeError):
            ticket.answer(answer)
    ticket.answer(False, "no", "ana")
    with pytest.raises(UsageError, match="no question is open"):
        ticket.answer(True)
    refusal = ticket.wait()
    assert refusal.how == "denied" and place.outcomes() == [("denied", "denied")]


def test_an_abandoned_question_cannot_be_approved_any_more(place: Place) -> None:
    ticket = gate(place).ask(action_json(WRITE))
    ticket.wait()
    ticket.abandon()
    with pytest.raises(UsageError):
        ticket.answer(True)
    with pytest.raises(UsageError):
        ticket.wait()
    deadline = time.monotonic() + 5
    while not place.outcomes() or place.outcomes()[0][0] != "unanswered":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_asker_whose_question_was_abandoned_asks_for_others_at_once(place: Place) -> None:
    one = gate(place)
    for n in range(3):
        ticket = one.ask(action_json(Action("write", "crm", {"n": n})))
        began = time.monotonic()
        question = ticket.wait()
        assert json.loads(question.request)["params"] == {"n": n} and time.monotonic() - began < 2
        ticket.abandon()


def test_a_preview_of_another_action_is_refused(place: Place) -> None:
    preview = Policy.from_dict(POLICY)._native.preview(action_json(READ))
    with pytest.raises(UsageError, match="another action"):
        gate(place).ask(action_json(DELETE), preview)


def test_a_preview_that_is_stricter_holds(place: Place) -> None:
    preview = Policy.from_dict({"version": "1", "rules": [{"match": {"type": "*"}, "approval": "block"}]})._native
    assert gate(place).ask(action_json(READ), preview.preview(action_json(READ))).wait().how == "blocked"


def test_a_gate_asks_in_no_other_way_than_it_knows(place: Place) -> None:
    policy = Policy.from_dict(POLICY)._native
    for settings in (
        {"approver": "everybody"},
        {"approver": "callback", "patience": -1.0},
        {"approver": "callback", "patience": float("nan")},
        {"approver": "callback", "patience": float("inf")},
    ):
        with pytest.raises(UsageError):
            _native.Gate(policy, str(place.log), **settings)  # type: ignore[arg-type]


def test_a_panic_is_an_aegis_error(place: Place) -> None:
    with pytest.raises(AegisError, match="which is a bug: a panic on purpose"):
        _native.contain_panic()
    try:
        _native.contain_panic()
    except Exception as error:
        assert type(error) is AegisError


def test_strict_json_reads_as_strictly_as_an_action() -> None:
    assert _native.strict_json(' {"b": 1, "a": [true, null]} ') == '{"a":[true,null],"b":1}'
    for text in (
        '{"a":1,"a":2}',
        '{"a":1} x',
        "{",
        "",
        "NaN",
        '{"a":1e999}',
        '"\\ud800"',
        '{"a":1,"\\u0061":2}',
        "\ufeff{}",
    ):
        with pytest.raises(AegisError):
            _native.strict_json(text)


def test_the_stub_names_what_is_there() -> None:
    assert sorted(name for name in _native.__all__ if name[0].isupper()) == NATIVE
