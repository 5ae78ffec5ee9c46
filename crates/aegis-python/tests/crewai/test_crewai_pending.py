"""Questions that wait: named to the model, waited for, or a reason to stop; an answer is used once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from aegis import Runtime
from aegis.adapters.crewai import ApprovalPending
from aegis.errors import AuditError
from aegis.runtime.approval import NobodyApprovalHandler, QueueApprovalHandler
from aegis.testing import answer_waiting
from governed_crew_tools import KINDS, own_sync
from scripted_crewai import ScriptedLLM, crew_of, kick

kinds = pytest.mark.parametrize("make_tool", KINDS, ids=lambda kind: kind.__name__)
calling = pytest.mark.parametrize("native", [True, False], ids=["native", "react"])
ways = pytest.mark.parametrize("way", ["kickoff", "kickoff_async", "akickoff"])
LARGE = [("transfer", {"to": "ana", "amount": 500})]


@calling
def test_a_waiting_question_is_named_and_its_answer_is_used_once(make_runtime, ran, log, native) -> None:
    runtime = make_runtime(handler=NobodyApprovalHandler())
    tool = own_sync(runtime, ran)
    llm = ScriptedLLM.of(LARGE, "waiting", native=native)
    assert kick(crew_of(llm, tool), "kickoff") == "waiting"
    (row,) = runtime.audit.get_log()
    assert ran == [] and row["id"] in llm.read()

    answer_waiting(log, row["id"], approve=True)
    for answer in ("done", "waiting again"):
        assert kick(crew_of(ScriptedLLM.of(LARGE, answer, native=native), tool), "kickoff") == answer
    assert ran == [("ana", 500)], "one approval, one run"


def test_the_failure_names_the_question_and_says_that_trying_again_makes_sense(make_runtime, ran) -> None:
    runtime = make_runtime(handler=NobodyApprovalHandler())
    failure = own_sync(runtime, ran).run(to="ana", amount=500)
    (row,) = runtime.audit.get_log()
    assert failure.retryable and failure.code == "aegis_unanswered"
    assert failure.details["request"]["id"] == row["id"]


@ways
@calling
@kinds
def test_the_crew_stops_where_it_was_told_to(make_runtime, ran, make_tool, native, way) -> None:
    runtime = make_runtime(handler=NobodyApprovalHandler())
    llm = ScriptedLLM.of(LARGE, "done", native=native)
    with pytest.raises(ApprovalPending) as caught:
        kick(crew_of(llm, make_tool(runtime, ran, pending="stop")), way)
    assert ran == [] and llm._turns == ["done"]
    assert caught.value.request["id"] == runtime.audit.get_log()[0]["id"]


def test_after_the_stop_the_answer_is_used_once(make_runtime, ran, log) -> None:
    runtime = make_runtime(handler=NobodyApprovalHandler())
    tool = own_sync(runtime, ran, pending="stop")

    def kick_off() -> str:
        return kick(crew_of(ScriptedLLM.of(LARGE, "done", native=True), tool), "kickoff")

    with pytest.raises(ApprovalPending) as caught:
        kick_off()
    answer_waiting(log, caught.value.request["id"], approve=True)
    assert kick_off() == "done" and ran == [("ana", 500)]
    with pytest.raises(ApprovalPending):
        kick_off()
    assert ran == [("ana", 500)]


def waiting(runtime: Runtime) -> str:
    """The id of the question that waits, once it is in the log."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            return str(runtime.audit.get_log()[0]["id"])
        except (AuditError, IndexError):
            time.sleep(0.05)
    raise AssertionError("no question came")


@calling
def test_a_runtime_that_waits_makes_the_tool_wait(make_runtime, ran, log, native) -> None:
    runtime = make_runtime(handler=QueueApprovalHandler(patience=30))
    llm = ScriptedLLM.of(LARGE, "done", native=native)
    done: list[Any] = []
    crew = crew_of(llm, own_sync(runtime, ran))
    thread = threading.Thread(target=lambda: done.append(kick(crew, "kickoff")))
    thread.start()
    request = waiting(runtime)
    assert ran == [] and not done
    answer_waiting(log, request, approve=True)
    thread.join(30)
    assert done == ["done"] and ran == [("ana", 500)]


@calling
def test_a_wait_that_ends_without_an_answer_runs_nothing(make_runtime, ran, native) -> None:
    runtime = make_runtime(handler=QueueApprovalHandler(patience=0.5))
    llm = ScriptedLLM.of(LARGE, "done", native=native)
    kick(crew_of(llm, own_sync(runtime, ran)), "kickoff")
    assert ran == [] and runtime.audit.get_log()[0]["id"] in llm.read()
