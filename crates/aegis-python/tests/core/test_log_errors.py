"""Where the log cannot be written, nothing happens."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aegis import Action, guard
from aegis.errors import AegisError, AuditError
from aegis.testing import ScriptedApprover
from governed_place import ALLOW_ALL, READ, WRITE, Bodies, Place, Recorder

IS_ROOT = os.geteuid() == 0


def nothing_happens(place: Place, runtime: Any, action: Action = READ) -> None:
    """By no way does anything happen."""
    place.must_be_sound = False
    bodies, executor = Bodies(), Recorder()
    runtime.executor = executor
    for way in (
        lambda: runtime.call(action, bodies),
        lambda: asyncio.run(runtime.acall(action, bodies)),
        lambda: asyncio.run(runtime.execute(runtime.plan([action, action]))),
        lambda: asyncio.run(runtime.run_one(action)),
        lambda: runtime.run_one_sync(action),
        lambda: guard(runtime, action_type=action.type)(lambda **kw: bodies(kw))(),
        lambda: runtime.observe([action]),
    ):
        with pytest.raises(AuditError) as failed:
            way()
        assert failed.value.exit_code == 4
    assert bodies.ran == [] and executor.did == []


def test_a_log_that_is_a_directory(place: Place) -> None:
    place.log.mkdir()
    nothing_happens(place, place.runtime())


def test_a_log_that_is_no_log(place: Place) -> None:
    place.log.write_bytes(b"not a database" * 1000)
    place.log.chmod(0o600)
    nothing_happens(place, place.runtime())
    assert place.log.read_bytes() == b"not a database" * 1000


def test_a_log_that_is_a_symbolic_link_to_nowhere_or_a_pipe(place: Place) -> None:
    os.mkfifo(place.log, 0o600)
    nothing_happens(place, place.runtime())


def test_a_directory_that_is_not_there(place: Place) -> None:
    nothing_happens(place, place.runtime(audit_logger=place.directory / "gone" / "log.db"))
    assert not (place.directory / "gone").exists()


def test_a_directory_that_others_may_write(place: Place) -> None:
    open_to_all = place.directory / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    nothing_happens(place, place.runtime(audit_logger=open_to_all / "log.db"))


def test_a_log_that_others_may_write(place: Place) -> None:
    place.runtime().call(READ, Bodies())
    place.close()
    place.log.chmod(0o666)
    nothing_happens(place, place.runtime())


def test_a_directory_that_is_removed_while_it_is_used(place: Place) -> None:
    inner = place.directory / "inner"
    inner.mkdir(mode=0o700)
    runtime = place.runtime(audit_logger=inner / "log.db")
    runtime.call(READ, Bodies())
    shutil.rmtree(inner)
    nothing_happens(place, runtime)


def test_a_log_that_is_removed_while_it_is_used(place: Place) -> None:
    runtime = place.runtime()
    runtime.call(READ, Bodies())
    place.log.unlink()
    nothing_happens(place, runtime)


def test_a_log_that_is_replaced_while_it_is_used(place: Place) -> None:
    runtime = place.runtime()
    runtime.call(READ, Bodies())
    other = place.directory / "other.db"
    replacement = place.runtime(audit_logger=other)
    replacement.call(READ, Bodies())
    replacement.close()
    os.replace(other, place.log)
    nothing_happens(place, runtime)


def test_a_directory_that_may_not_be_written(place: Place) -> None:
    if IS_ROOT:
        done = as_nobody(place)
        assert done.returncode == 0, done.stderr
        return
    closed = place.directory / "closed"
    closed.mkdir(mode=0o500)
    nothing_happens(place, place.runtime(audit_logger=closed / "log.db"))


def as_nobody(place: Place) -> subprocess.CompletedProcess[str]:
    """Root may write everywhere, so that it is tried by somebody who may not."""
    closed = place.directory / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    place.directory.chmod(0o755)
    return place.program(
        """
        import os, sys
        from pathlib import Path
        from governed_place import READ, POLICY
        from aegis import Policy, Runtime
        from aegis.errors import AuditError
        runtime = Runtime(policy=Policy.from_dict(POLICY), audit_logger=Path("closed") / "log.db")
        os.setgid(65534); os.setuid(65534)
        try:
            runtime.call(READ, lambda params: sys.exit("it ran"))
        except AuditError as error:
            sys.exit(0 if not list(Path("closed").iterdir()) else "something was written")
        sys.exit("no error")
        """
    )


def test_a_log_that_another_process_holds_for_too_long_is_an_error_and_nothing_runs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate itself fails: whatever it says, nothing runs."""
    runtime = place.runtime()
    bodies = Bodies()

    class Failing:
        def __getattr__(self, name: str) -> Any:
            raise AuditError("the audit log is locked by another process")

    for part in ("ask",):
        monkeypatch.setattr(type(runtime._gate), "native", property(lambda _, part=part: Failing()))
        with pytest.raises(AuditError):
            runtime.call(READ, bodies)
        with pytest.raises(AuditError):
            asyncio.run(runtime.acall(READ, bodies))
    assert bodies.ran == []


def test_a_log_that_goes_while_a_human_is_asked(place: Place) -> None:
    class Remover(ScriptedApprover):
        async def request_approval(self, decision: Any) -> bool:
            for path in place.directory.iterdir():
                path.unlink()
            return True

    place.must_be_sound = False
    bodies = Bodies()
    with pytest.raises(AuditError):
        place.runtime(approver=Remover()).call(WRITE, bodies)
    with pytest.raises(AuditError):
        asyncio.run(place.runtime(approver=Remover()).acall(WRITE, bodies))
    assert bodies.ran == []


def test_a_log_that_goes_while_the_body_runs_is_an_error_and_what_the_body_raised_is_its_context(place: Place) -> None:
    def body(params: dict[str, Any]) -> str:
        ran.append(1)
        for path in list(place.directory.iterdir()):
            path.unlink()
        return "done"

    def failing(params: dict[str, Any]) -> None:
        body(params)
        raise ValueError("mine")

    place.must_be_sound = False
    ran: list[int] = []
    with pytest.raises(AuditError):
        place.runtime().call(READ, body)
    with pytest.raises(AegisError) as failed:
        place.runtime().call(READ, failing)
    assert isinstance(failed.value.__cause__, ValueError) and ran == [1, 1]


# A disk that is full.


@pytest.fixture
def small_disk(place: Place) -> Iterator[Path]:
    """A file system of its own, with little room."""
    disk = place.directory / "disk"
    disk.mkdir(mode=0o700)
    mounted = (
        IS_ROOT
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", str(disk)], capture_output=True
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("NOT TESTED: a full disk, since no file system can be mounted here (run as root)")
    try:
        yield disk
    finally:
        place.close()
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> None:
    with open(disk / "filler", "ab", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC


def test_a_full_disk(place: Place, small_disk: Path) -> None:
    runtime = place.runtime(audit_logger=small_disk / "log.db")
    runtime.call(READ, Bodies())
    fill(small_disk)
    bodies, executor = Bodies(), Recorder()
    runtime.executor = executor
    refused = 0
    for n in range(40):
        before = len(bodies.ran) + len(executor.did)
        action = Action("read", "crm", {"n": n, "text": "x" * 5000})
        try:
            runtime.call(action, bodies) if n % 2 else asyncio.run(runtime.run_one(action))
        except AuditError:
            refused += 1
            if len(bodies.ran) + len(executor.did) == before:
                continue
    assert refused > 0
    (small_disk / "filler").unlink()
    rows = [record["action_params"].get("n") for record in runtime.audit.get_log()]
    did = [ran["n"] for ran in bodies.ran] + [action.params["n"] for action in executor.did]
    assert all(rows.count(n) == 1 for n in did), "whatever was done has its row"
    assert runtime.call(READ, bodies) == "done", "with room again, it goes on"
    runtime.audit.verify()


def test_a_disk_that_is_full_before_the_log_is_made(place: Place, small_disk: Path) -> None:
    fill(small_disk)
    nothing_happens(place, place.runtime(ALLOW_ALL, audit_logger=small_disk / "log.db"))


def test_a_locked_log_is_waited_for(place: Place) -> None:
    import fcntl

    runtime = place.runtime()
    runtime.call(READ, Bodies())
    bodies = Bodies()
    (lock,) = [path for path in place.directory.iterdir() if path.name.endswith(".lock")]
    with open(lock, "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        thread = threading.Thread(target=lambda: runtime.call(READ, bodies))
        thread.start()
        time.sleep(0.3)
        assert bodies.ran == []
        fcntl.flock(held, fcntl.LOCK_UN)
    thread.join(10)
    assert len(bodies.ran) == 1
