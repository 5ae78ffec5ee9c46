"""A program at a pseudo-terminal, whose question is answered by typing what its screen asks for."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

from governed_place import environment

PATIENCE = 20.0
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Za-z0-9]|\x1b[=>78]")
TOO_EARLY = "does not count yet"


class TerminalSession:
    """Starts a program whose controlling terminal is a new pseudo-terminal."""

    def __init__(self, arguments: list[str], directory: Path) -> None:
        self.parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.process = subprocess.Popen(
            arguments,
            cwd=directory,
            env={**environment(), "TERM": "xterm", "NO_COLOR": "1"},
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(child)
        self.said = b""
        self.answered = 0

    def read(self, seconds: float = 0.05) -> bool:
        """Reads what there is; false once nobody can say anything any more."""
        if not select.select([self.parent], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.parent, 65536)
        except OSError:
            return False
        self.said += piece
        # It asks where the cursor is, and so how large the terminal is.
        os.write(self.parent, b"\x1b[24;100R" * piece.count(b"\x1b[6n"))
        return bool(piece)

    @property
    def text(self) -> str:
        """Everything that was said, without sequences."""
        return SEQUENCE.sub("", self.said.decode(errors="replace"))

    def wait_for_word(self) -> str:
        """Waits for a question that can be answered, and gives the word that allows it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.read(), f"it ended without a question:\n{self.text}"
            new = self.text[self.answered :]
            if found := re.findall(r"To allow this, type (\w+)", new):
                # What is typed too early is nobody's answer.
                settled = time.monotonic() + 1.2
                while time.monotonic() < settled:
                    self.read()
                return str(found[-1])
            if "/N]" in new:
                settled = time.monotonic() + 1.2
                while time.monotonic() < settled:
                    self.read()
                return "y"
        raise AssertionError(f"no question came:\n{self.text}")

    def type(self, text: str) -> None:
        self.answered = len(self.text)
        os.write(self.parent, text.encode())

    def interrupt(self) -> None:
        """Presses Ctrl-C."""
        self.type("\x03")

    def end(self) -> int:
        """Waits for the end, and gives the exit status."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < until, f"it does not end:\n{self.text[-2000:]}"
            self.read()
        while select.select([self.parent], [], [], 0.05)[0] and self.read():
            pass
        return int(self.process.returncode)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.parent)
