"""Processes: those that are killed, those that are forked, and several at one log."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from aegis import Action, Policy, Runtime
from aegis.errors import AegisError, Blocked, UsageError
from aegis.runtime.approval_callback import CallbackApprovalHandler
from aegis.testing import ScriptedApprover
from governed_place import POLICY, READ, WRITE, Bodies, Place

# Kills itself at a step of `Runtime.execute`, of which each is told by a line in a file before it is taken; the body
# writes what it is about to do before it does it.
KILLED = """
    import asyncio, os, signal, sys, threading, time
    from pathlib import Path
    from aegis import Action, Policy, Result, ResultStatus, Runtime, RuntimeHooks
    from aegis.adapters.base import BaseExecutor
    from aegis.runtime import course
    from aegis.runtime.approval_callback import CallbackApprovalHandler
    from governed_place import POLICY

    step, delay = sys.argv[1], float(sys.argv[2])
    diary = open("diary", "a", buffering=1)

    def die(at):
        if at == step:
            if delay:
                # In another thread, so that the gate is killed while it works.
                threading.Thread(target=lambda: (time.sleep(delay), os.kill(os.getpid(), signal.SIGKILL))).start()
            else:
                os.kill(os.getpid(), signal.SIGKILL)

    real = course._in
    async def killed(pool, work, unheard):
        name = getattr(work, "__name__", "")
        die("before " + name)
        value = await real(pool, work, unheard)
        die("after " + name)
        return value
    course._in = killed

    class Executor(BaseExecutor):
        async def setup(self):
            die("setup")
        async def execute(self, action):
            diary.write(action.type + " " + str(action.params["n"]) + "\\n")
            os.fsync(diary.fileno())
            die("execute")
            return Result(action, ResultStatus.SUCCESS)
        async def verify(self, action, result):
            die("verify")
            return True
        async def teardown(self):
            die("teardown")

    def ask(decision):
        die("asking")
        return True

    async def hook(*_):
        die("hook")

    async def main():
        async with Runtime(
            executor=Executor(),
            policy=Policy.from_dict(POLICY),
            approval_handler=CallbackApprovalHandler(ask),
            hooks=RuntimeHooks(on_decision=hook, on_approval=hook, on_execute=hook),
        ) as runtime:
            die("plan")
            plan = runtime.plan([Action("write_" + str(n), "crm", {"n": n}) for n in range(2)])
            await runtime.execute(plan)

    asyncio.run(main())
    """
STEPS = [
    "setup",
    "plan",
    "hook",
    "before <lambda>",
    "after <lambda>",
    "before wait",
    "asking",
    "after wait",
    "before begin",
    "after begin",
    "execute",
    "verify",
    "teardown",
]


def diary(place: Place) -> list[list[Any]]:
    path = place.directory / "diary"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [[line.split()[0], int(line.split()[1])] for line in lines]


def no_body_ran_without_its_row(place: Place) -> None:
    rows = [
        [record["action_type"], record["action_params"]["n"]]
        for record in place.records()
        if record["decision"] == "approved"
    ]
    for done in diary(place):
        assert rows.count(done) >= diary(place).count(done), f"{done} was done, and the log has {rows}"


@pytest.mark.parametrize("delay", [0.0, 0.002])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_the_log_is_sound_and_no_body_ran_without_its_row(
    place: Place, step: str, delay: float
) -> None:
    if delay and step in ("setup", "plan", "teardown"):
        delay = 0.004
    killed = place.program(KILLED, step, str(delay))
    assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    if not delay:
        assert killed.returncode == -signal.SIGKILL, f"there is no step {step}"
    if place.log.exists():
        place.audit.verify()
        no_body_ran_without_its_row(place)
        # And whoever comes next goes on with it.
        bodies = Bodies()
        place.runtime(approver=ScriptedApprover(True)).call(WRITE, bodies)
        assert len(bodies.ran) == 1
    else:
        assert diary(place) == []
    if step == "execute" and not delay:
        assert diary(place) == [["write_0", 0]] and place.records()[0]["result_status"] is None


def test_killed_at_any_moment_the_log_is_sound_and_no_body_ran_without_its_row(place: Place) -> None:
    code = """
        import os, sys
        from governed_place import POLICY
        from aegis import Action, Policy, Runtime
        from aegis.testing import ScriptedApprover
        runtime = Runtime(policy=Policy.from_dict(POLICY), approval_handler=ScriptedApprover(*[True] * 10000))
        diary = os.open("diary", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        def body(params):
            os.write(diary, ("write " + str(params["n"]) + "\\n").encode())
        print("ready", flush=True)
        for n in range(10000):
            runtime.call(Action("write", "crm", {"n": os.getpid() * 10000 + n}), body)
        """
    import subprocess
    import sys
    import textwrap

    from governed_place import environment

    for wait in (0.003, 0.02, 0.05, 0.083, 0.1):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=place.directory,
            env=environment(),
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(wait)
        process.kill()
        process.communicate()
        if place.log.exists():
            place.audit.verify()
            no_body_ran_without_its_row(place)
    assert diary(place), "some of it was done"


# Forks.


def forked(work: Any) -> int:
    """Forks, does some work in the child, and gives its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.alarm(20)
        code = 0 if work() is not False else 2
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_eight_forked_processes_share_one_log_and_a_runtime_made_before(place: Place) -> None:
    runtime = place.runtime(approver=CallbackApprovalHandler(lambda decision: True))
    runtime.call(READ, Bodies())
    session = runtime.session_id

    def work(child: int) -> None:
        for n in range(5):
            bodies = Bodies()
            runtime.call(Action("write", "crm", {"n": [child, n]}), bodies)
            assert bodies.ran == [{"n": [child, n]}] and runtime.session_id == session

    pids = [forked(lambda child=child: work(child)) for child in range(8)]
    assert [ended(pid) for pid in pids] == [0] * 8
    runtime.call(READ, Bodies())
    assert place.outcomes().count(("approved", "success")) == 40
    found = sorted(record["action_params"]["n"] for record in place.records() if record["decision"] == "approved")
    assert found == [[child, n] for child in range(8) for n in range(5)]


def test_a_runtime_that_was_never_used_before_the_fork_works_in_each_process(place: Place) -> None:
    runtime = place.runtime()
    pids = [forked(lambda: runtime.call(READ, Bodies())) for _ in range(3)]
    assert [ended(pid) for pid in pids] == [0] * 3
    runtime.call(READ, Bodies())
    assert place.outcomes() == [("auto", "success")] * 4


@pytest.mark.parametrize("is_served", [False, True])
def test_a_process_is_forked_while_other_threads_are_in_the_gate(place: Place, is_served: bool) -> None:
    """Whether or not the child is served, nothing runs in it without a row, and the log is sound."""
    runtime = place.runtime(approver=CallbackApprovalHandler(lambda decision: True))
    stop = threading.Event()
    failed: list[BaseException] = []
    did = place.directory / "did"

    def child_calls(child: int) -> None:
        signal.alarm(20 if is_served else 2)
        runtime.call(Action("read", "child", {"n": child}), lambda params: did.open("a").write(f"{child}\n"))

    def hammer(thread: int) -> None:
        n = 0
        try:
            while not stop.is_set():
                runtime.call(Action("write" if thread % 2 else "read", "crm", {"thread": thread, "n": n}), Bodies())
                n += 1
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=hammer, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.1)
        codes = [ended(forked(lambda child=child: child_calls(child))) for child in range(20 if is_served else 3)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert failed == []
    rows = [str(record["action_params"]["n"]) for record in place.records() if record["action_target"] == "child"]
    assert not did.exists() or set(did.read_text().split()) <= set(rows)
    if is_served:
        assert codes == [0] * 20 and len(rows) == 20


@pytest.mark.parametrize("is_served", [False, True])
def test_a_child_outlives_the_process_that_had_the_log_open(place: Place, is_served: bool) -> None:
    """Whether or not it can go on, nothing runs in it without a row."""
    runtime = place.runtime()
    runtime.call(READ, Bodies())
    did = place.directory / "did"
    begun, go = os.pipe(), os.pipe()

    def work() -> None:
        runtime.call(Action("read", "child", {"n": 0}), lambda params: None)
        os.write(begun[1], b"x")
        os.read(go[0], 1)
        for n in range(1, 4):
            runtime.call(Action("read", "child", {"n": n}), lambda params: did.open("a").write(f"{params['n']}\n"))

    pid = forked(work)
    os.read(begun[0], 1)
    runtime.close()
    gc.collect()
    time.sleep(0.2)
    # Whoever comes and goes meanwhile is the last one, as far as anybody can tell.
    other = place.program("from governed_place import *; Place(Path.cwd()).runtime().call(READ, lambda params: None)")
    assert other.returncode == 0, other.stderr
    os.write(go[1], b"x")
    code = ended(pid)
    for end in (*begun, *go):
        os.close(end)
    rows = {str(record["action_params"].get("n")) for record in place.records() if record["action_target"] == "child"}
    assert not did.exists() or set(did.read_text().split()) <= rows
    if is_served:
        assert code == 0 and rows == {"0", "1", "2", "3"}


def test_a_policy_that_is_replaced_in_a_child_holds_there_and_only_there(place: Place) -> None:
    runtime = place.runtime()
    runtime.call(READ, Bodies())

    def work() -> None:
        runtime.update_policy(
            Policy.from_dict({"version": "1", "rules": [{"match": {"type": "*"}, "approval": "block"}]})
        )
        bodies = Bodies()
        with pytest.raises(Blocked):
            runtime.call(READ, bodies)
        assert bodies.ran == []

    assert ended(forked(work)) == 0
    assert runtime.call(READ, Bodies()) == "done"


def test_what_the_gate_gave_to_one_process_is_worth_nothing_in_its_child(place: Place) -> None:
    from aegis.core.action import action_json

    runtime = place.runtime()
    gate = runtime._gate.native
    ticket = gate.ask(action_json(READ))
    leave: Any = gate.ask(action_json(READ)).wait()

    def work() -> None:
        for use in (
            leave.begin,
            lambda: leave.end("success"),
            lambda: leave.give_back("x"),
            ticket.wait,
            ticket.abandon,
        ):
            with pytest.raises(UsageError, match="another process"):
                use()
        with pytest.raises(UsageError, match="another process"):
            gate.ask(action_json(READ))

    assert ended(forked(work)) == 0
    leave.begin()
    leave.end("success")
    assert ticket.wait().action_id
    records = {record["id"]: record["result_status"] for record in place.records()}
    assert records[leave.action_id] == "success"


def test_an_action_that_is_being_done_when_its_process_forks_ends_once(place: Place) -> None:
    def body(params: dict[str, Any]) -> int:
        return ended(forked(lambda: None))

    assert place.runtime().call(READ, body) == 0
    assert place.outcomes() == [("auto", "success")]


def in_a_pool(n: int) -> str:
    """What a worker of a pool does: with the runtime of the process that made it."""
    assert shared is not None
    return str(shared.call(Action("read", "pool", {"n": n}), lambda params: f"{params['n']} done"))


shared: Runtime | None = None


def test_a_pool_of_processes_shares_the_runtime(place: Place) -> None:
    global shared
    shared = place.runtime()
    shared.call(READ, Bodies())
    try:
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert pool.map(in_a_pool, range(12)) == [f"{n} done" for n in range(12)]
    finally:
        shared = None
    assert place.outcomes() == [("auto", "success")] * 13


def spawned(directory: str, n: int) -> None:
    """What a process does that starts from nothing."""
    runtime = Runtime(policy=Policy.from_dict(POLICY), audit_logger=Path(directory) / "aegis_audit.db")
    runtime.call(Action("read", "spawned", {"n": n}), lambda params: None)


def test_processes_that_start_from_nothing_share_the_log(place: Place) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=spawned, args=(str(place.directory), n)) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert sorted(record["action_params"]["n"] for record in place.records()) == [0, 1]


def test_errors_pass_between_processes(place: Place) -> None:
    import pickle

    from aegis.errors import ActionError, AuditError, PolicyError, Refused

    with pytest.raises(Blocked) as blocked:
        place.runtime().call(Action("delete", "crm"), Bodies())
    again = pickle.loads(pickle.dumps(blocked.value))
    assert (type(again), again.text, again.rule, again.action_id) == (
        Blocked,
        blocked.value.text,
        "deletes",
        blocked.value.action_id,
    )
    assert isinstance(again, Refused) and json.dumps(again.decision)
    for error in (ActionError("a", "b"), AuditError("a", "b"), PolicyError("a", "b", [{"code": "x"}])):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_threads_share_one_runtime(place: Place) -> None:
    bodies = Bodies()
    runtime = place.runtime(approver=CallbackApprovalHandler(lambda decision: decision.action.params["n"] % 2 == 0))
    refused: list[AegisError] = []

    def work(thread: int) -> None:
        for n in range(6):
            try:
                runtime.call(Action("write", "crm", {"n": n, "thread": thread}), bodies)
            except AegisError as error:
                refused.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(bodies.ran) == 18 and len(refused) == 18 and all(ran["n"] % 2 == 0 for ran in bodies.ran)
    assert sorted(place.outcomes()) == sorted([("approved", "success")] * 18 + [("denied", "denied")] * 18)


def test_ctrl_c_is_heard_while_the_log_is_watched_for_an_answer(place: Place) -> None:
    from aegis.runtime.approval import QueueApprovalHandler

    bodies = Bodies()
    runtime = place.runtime(approver=QueueApprovalHandler(1.5))
    main_thread = threading.get_ident()
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main_thread, signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        runtime.call(WRITE, bodies)
    assert time.monotonic() - began < 1.2 and bodies.ran == []
    timer.join()
    deadline = time.monotonic() + 5
    while not place.outcomes() or place.outcomes()[0][0] != "unanswered":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.6)
    assert bodies.ran == [] and place.outcomes()[0][0] == "unanswered"
