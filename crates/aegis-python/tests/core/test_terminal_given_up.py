"""A question at the terminal that nobody waits for any more is over, and the terminal is as it was found."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

PROGRAM = """
import asyncio, time
from aegis import Action, Policy, Runtime

runtime = Runtime(policy=Policy.from_dict({"version": "1", "rules": []}), audit_logger="log.db")


async def main():
    asked = asyncio.ensure_future(runtime.acall(Action("write", "crm"), lambda params: open("did", "w").close()))
    await asyncio.sleep(1.5)
    print("CANCELLING", flush=True)
    asked.cancel()
    try:
        await asked
    except asyncio.CancelledError:
        print("CANCELLED", flush=True)


asyncio.run(main())
for _ in range(100):
    record = runtime.audit.get_log()[-1]
    if record["decision"] is not None:
        break
    time.sleep(0.05)
print("RECORD", record["decision"], record["result_status"], flush=True)
"""


def test_a_cancelled_question_gives_the_terminal_back(tmp_path: Path) -> None:
    parent, child = pty.openpty()
    found = termios.tcgetattr(child)

    def take() -> None:
        import fcntl
        import struct

        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=take,
        env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
    )
    os.set_blocking(parent, False)
    shown, deadline = b"", time.monotonic() + 30
    while program.poll() is None and time.monotonic() < deadline:
        try:
            shown += os.read(parent, 65536)
        except BlockingIOError:
            time.sleep(0.02)
    assert program.stdout is not None
    said = program.stdout.read().decode()
    assert b"crm" in shown, "nobody was asked"
    assert "CANCELLED" in said and "RECORD unanswered skipped" in said, said
    assert not (tmp_path / "did").exists()
    now = termios.tcgetattr(child)
    assert now[3] == found[3], "the terminal is not as it was found"
    os.close(parent)
    os.close(child)
