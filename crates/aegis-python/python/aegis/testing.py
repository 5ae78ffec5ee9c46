"""For people's own tests of policies and agents: scripted approvers, throw-away logs, and assertions on records."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aegis.core.policy import Policy, PolicyDecision
from aegis.runtime.approval import ApprovalAnswer, ApprovalHandler
from aegis.runtime.audit import AuditLogger
from aegis.runtime.engine import Runtime

__all__ = ["ScriptedApprover", "answer_waiting", "assert_recorded", "command", "governed"]


class ScriptedApprover(ApprovalHandler):
    """Gives these answers in turn. `questions` is what was asked so far."""

    def __init__(self, *answers: bool | ApprovalAnswer | None) -> None:
        """With these answers; None is no answer."""
        self.answers = list(answers)
        self.questions: list[PolicyDecision] = []
        self.unexpected: list[PolicyDecision] = []

    def assert_done(self) -> None:
        """Asserts that whatever was asked was expected, and that every answer was used. An agent may well catch what
        came of a question that nobody expected."""
        assert not self.unexpected, f"nobody expected to be asked about {self.unexpected[0].action}"
        assert not self.answers, f"{len(self.answers)} answers were not asked for"

    async def request_approval(self, decision: PolicyDecision) -> bool | ApprovalAnswer | None:
        """The next answer. Where there is none left, the question fails, and nothing is approved."""
        self.questions.append(decision)
        if not self.answers:
            self.unexpected.append(decision)
            raise AssertionError(f"nobody expected to be asked about {decision.action}")
        return self.answers.pop(0)


@contextmanager
def governed(
    policy: Policy | dict[str, Any], approver: ApprovalHandler | None = None, **settings: Any
) -> Iterator[Runtime]:
    """A runtime over a log in a directory of its own, which is verified and then gone. Without an approver, whoever
    asks for approval fails."""
    made = policy if isinstance(policy, Policy) else Policy.from_dict(policy)
    asked = approver or ScriptedApprover()
    with TemporaryDirectory(prefix="aegis-") as directory:
        log = AuditLogger(Path(directory) / "aegis_audit.db")
        runtime = Runtime(policy=made, approval_handler=asked, audit_logger=log, **settings)
        try:
            yield runtime
            if Path(log.path).exists():
                log.verify()
            if isinstance(asked, ScriptedApprover):
                asked.assert_done()
        finally:
            runtime.close()


def assert_recorded(runtime: Runtime, *expected: dict[str, Any]) -> list[dict[str, Any]]:
    """Asserts that the log has exactly these records, oldest first, each with at least these fields. All of them."""
    # Where nothing was recorded, there is no log.
    records = runtime.audit.get_log() if Path(runtime.audit.path).exists() else []
    assert len(records) == len(expected), f"{len(records)} records, {len(expected)} expected: {records}"
    for record, wanted in zip(records, expected, strict=True):
        found = {name: record.get(name) for name in wanted}
        assert found == wanted, f"the log has {found}, expected {wanted}"
    return records


def command() -> str:
    """Where the `aegis` command is that came with this package; `AEGIS_COMMAND` names another one."""
    named = os.environ.get("AEGIS_COMMAND")
    return named or str(Path(sysconfig.get_path("scripts")) / "aegis")


def answer_waiting(log: str | os.PathLike[str], request_id: str, approve: bool = True, timeout: float = 30.0) -> str:
    """Answers a question that waits in a log, as a human at another terminal would: by the command, in a
    pseudo-terminal. What was shown there."""
    words = ["approve" if approve else "deny", request_id, "--db", os.fspath(log)]
    parent, child = pty.openpty()
    os.set_blocking(parent, False)
    _size(child)
    env = {**os.environ, "AEGIS_PLAIN": "1", "TERM": "dumb"}
    process = subprocess.Popen(
        [command(), *words],
        stdin=child,
        stdout=child,
        stderr=child,
        env=env,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(child)
    try:
        return _converse(parent, process, time.monotonic() + timeout)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(parent)


def _converse(terminal: int, process: subprocess.Popen[bytes], until: float) -> str:
    shown, answered = "", False
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                piece = b""
            if not piece:
                break
            shown += piece.decode(errors="replace")
        elif process.poll() is not None:
            break
        elif not answered and (word := _wanted_word(shown)):
            # What is typed in the first half second is nobody's.
            time.sleep(0.7)
            os.write(terminal, word.encode() + b"\n")
            answered = True
        elif answered and shown.rstrip().endswith(("?", ":")):
            os.write(terminal, b"\n")
            time.sleep(0.2)
    if process.wait(timeout=5) != 0:
        raise AssertionError(f"the question could not be answered: {shown}")
    return shown


def _wanted_word(shown: str) -> str | None:
    """What has to be typed, once that is on the screen."""
    last = shown.rstrip().rsplit("\n", 1)[-1]
    if not last or not last.rstrip().endswith((":", "?", "]", ">")):
        return None
    if "type " in last.lower():
        words = last.lower().split("type ", 1)[1].split()
        return words[0].strip("`'\":")
    return "y"


def _size(terminal: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
