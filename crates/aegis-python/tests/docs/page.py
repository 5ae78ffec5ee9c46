"""A page of the documentation as a session: what it shows is done, in its order, and compared with what it says.

- A `yaml` block that begins with a comment that names a file is written to that file; so is such a `python` block.
- Every other `python` block is run, all of a page in one interpreter. A `text` block behind one is what it prints.
- A `console` block is run by a shell without a terminal: `$ ` begins a command, what follows is its output.
- A `terminal` block is one command at a terminal. A line that ends in `(the word)` or `(y)` is a question with its
  answer; what stands behind it is what is left on the screen.

In what is shown, `[..]` stands for anything on a line, and a line `...` for any lines.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PATIENCE = 60.0
# Packages that a page may need, and that are not installed everywhere.
OPTIONAL = ("agents", "anthropic", "crewai", "httpx", "httpx2", "langchain", "mcp", "playwright", "pydantic_ai")

DRIVER = """
import contextlib, io, json, linecache, sys, traceback
def _serve(requests, answers):
    for number, line in enumerate(requests):
        code, name = json.loads(line), f"<block {number}>"
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        said, problem = io.StringIO(), None
        with contextlib.redirect_stdout(said):
            try:
                exec(compile(code, name, "exec"), sys.modules["__main__"].__dict__)
            except BaseException:
                problem = traceback.format_exc()
        answers.write(json.dumps([said.getvalue(), problem]) + "\\n")
        answers.flush()
sys.path.insert(0, "")
_serve(sys.stdin, sys.stdout)
"""


@dataclass(frozen=True)
class Block:
    """A fenced block, and the heading that it stands under."""

    language: str
    text: str
    line: int
    section: str

    @property
    def file(self) -> str | None:
        """The file that it is, if its first line is a comment that names one."""
        named = re.match(r"# ([\w./-]+\.(?:py|yaml))\n", self.text)
        return named[1] if named else None


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks of a page."""
    found: list[Block] = []
    section, language, begun, inside = "", "", 0, []
    is_open = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if is_open:
                found.append(Block(language, "".join(inside), begun, section))
            is_open, language, begun, inside = not is_open, line[3:], number, []
        elif is_open:
            inside.append(line + "\n")
        elif line.startswith("## "):
            section = line[3:]
    assert not is_open, f"the block of line {begun} does not end"
    return found


def missing(block: Block) -> list[str]:
    """The packages that a block needs and that are not there."""
    needed = re.findall(r"^\s*(?:from|import) (\w+)", block.text, re.MULTILINE) if block.language == "python" else []
    return sorted({name for name in needed if name in OPTIONAL and importlib.util.find_spec(name) is None})


def commands_of(block: Block) -> list[tuple[str, str]]:
    """The commands of a session, each with what it prints."""
    steps: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], ""))
        else:
            assert steps, f"line {block.line}: a session begins with a command"
            command, printed = steps[-1]
            steps[-1] = (command, printed + line + "\n")
    return steps


def is_like(found: str, shown: str) -> bool:
    """Whether something was printed as it is shown."""
    pattern = ""
    for line in shown.rstrip().splitlines():
        is_gap = line.strip() == "..."
        pattern += "(?:.*\n)*?" if is_gap else re.escape(line.rstrip()).replace(r"\[\.\.\]", ".*") + "\n"
    lines = "".join(line.rstrip() + "\n" for line in found.rstrip().splitlines())
    return re.fullmatch(pattern, lines) is not None


class Session:
    """The directory of a page, and the interpreter that its blocks share."""

    def __init__(self, place: Path) -> None:
        """Nothing has been run yet."""
        self.place = place
        self.skipped: dict[str, list[str]] = {}
        tools = place.parent / (place.name + "-bin")
        tools.mkdir()
        aegis = os.environ.get("AEGIS_COMMAND") or ROOT / "target" / "debug" / "aegis"
        assert Path(aegis).is_file(), f"the aegis command is not at {aegis}"
        (tools / "aegis").symlink_to(aegis)
        for name, words in {"python": "", "pytest": "-m pytest -p no:cacheprovider "}.items():
            (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
            (tools / name).chmod(0o755)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AEGIS_", "PYTEST_"))}
        self.environment = {
            **kept,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "AEGIS_COMMAND": str(aegis),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TERM": "xterm",
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
            # Which other plugins are installed here is no matter of the page.
            "PYTEST_ADDOPTS": "-p no:asyncio",
        }
        self._driver: subprocess.Popen[str] | None = None

    def play(self, blocks: list[Block]) -> int:
        """Does what the blocks show, but for the sections whose packages are missing. How much was compared or run."""
        for block in blocks:
            if lacking := missing(block):
                self.skipped.setdefault(block.section, []).extend(lacking)
        played, printed = 0, None
        for block in (block for block in blocks if block.section not in self.skipped):
            where = f"line {block.line}"
            if block.language in ("python", "yaml") and block.file:
                path = self.place / block.file
                path.parent.mkdir(exist_ok=True, parents=True)
                path.write_text(block.text)
            elif block.language == "python":
                printed = self.run(block.text, where)
            elif block.language == "text":
                assert printed is not None, f"{where}: nothing was run before"
                assert is_like(printed, block.text), f"{where}: what is printed is not what is shown:\n{printed}"
            elif block.language == "console":
                self.shell(block)
            elif block.language == "terminal":
                self.at_a_terminal(block)
            else:
                continue
            played += 1
        return played

    def run(self, code: str, where: str) -> str:
        """Runs a block, and says what it printed."""
        if self._driver is None:
            self._driver = subprocess.Popen(
                [sys.executable, "-c", DRIVER],
                cwd=self.place,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        assert self._driver.stdin and self._driver.stdout
        self._driver.stdin.write(json.dumps(code) + "\n")
        self._driver.stdin.flush()
        assert select.select([self._driver.stdout], [], [], PATIENCE)[0], f"{where}: it does not end"
        said, problem = json.loads(self._driver.stdout.readline())
        assert problem is None, f"{where}: {problem}"
        return said

    def shell(self, block: Block) -> None:
        """Runs a session of commands, and compares what they print."""
        for command, shown in commands_of(block):
            done = subprocess.run(
                ["bash", "-c", f"exec 2>&1\n{command}"],
                cwd=self.place,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                timeout=PATIENCE,
                start_new_session=True,
            )
            assert is_like(done.stdout, shown), (
                f"line {block.line}: `{command}` does not print what is shown:\n{done.stdout}"
            )

    def at_a_terminal(self, block: Block) -> None:
        """Runs one command at a terminal, answers what it asks, and compares what it shows."""
        ((command, shown),) = commands_of(block)
        question, answer, left = re.fullmatch(r"(.*?)\((the word|y)\)\n(.*)", shown, re.DOTALL).groups()  # type: ignore[union-attr]
        screen, rest = Terminal(command, self.place, self.environment).answer(answer)
        where = f"line {block.line}: `{command}`"
        assert is_like(screen, question), f"{where} does not ask as is shown:\n{screen}"
        assert is_like(rest, left), f"{where} does not leave what is shown:\n{rest}"

    def close(self) -> None:
        """Ends the interpreter."""
        if self._driver is not None:
            self._driver.communicate(timeout=PATIENCE)


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, command: str, place: Path, environment: dict[str, str]) -> None:
        """Starts it."""
        self._here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        # The shell takes the terminal for its own by opening it.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec <"{os.ttyname(there)}"; {command}'],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=there,
            stderr=there,
            start_new_session=True,
        )
        os.close(there)

    def answer(self, answer: str) -> tuple[str, str]:
        """Answers the question that appears. The screen that it was on, and what is printed before and after it."""
        seen, until, is_answered = "", time.monotonic() + PATIENCE, False
        for piece in self._read(until):
            seen += piece
            asked = re.search(r"To allow this, type (\w+):" if answer == "the word" else r"\by\b.*[?:]", seen)
            if asked and not is_answered:
                # What is typed in the first half second does not count.
                time.sleep(0.8)
                os.write(self._here, (asked[1] if answer == "the word" else "y").encode() + b"\r")
                is_answered = True
        os.close(self._here)
        assert self._process.wait(timeout=10) == 0, seen
        assert is_answered, f"nobody is asked:\n{seen}"
        before, _, screen = seen.partition("\x1b[?1049h")
        screen, _, after = screen.rpartition("\x1b[?1049l")
        # The last time that it was drawn, without what was typed.
        drawn = "\n" + without_controls(screen).rpartition("  Aegis: ")[2]
        typed = re.sub(r"(: )\w+\s*$", r"\1", "  Aegis: " + drawn.lstrip("\n"))
        return typed, without_controls(before) + without_controls(after)

    def _read(self, until: float) -> Iterator[str]:
        while time.monotonic() < until:
            if select.select([self._here], [], [], 0.1)[0]:
                try:
                    piece = os.read(self._here, 65536)
                except OSError:
                    return
                if not piece:
                    return
                yield piece.decode(errors="replace")
        self._process.kill()
        raise AssertionError("the command does not end")


def without_controls(text: str) -> str:
    """What a person reads: lines, without what moves the cursor and colours."""
    text = re.sub(r"\x1b\[\d+;1H", "\n", text)
    text = re.sub(
        r"\x1b\[[0-9;?]*[ \"]?[A-Za-z]|\x1b[%()*+#][A-Z0-9]|\x1b\][^\x1b]*\x1b\\|\x18|\x1b\\|\x1b[78]|\x0f", "", text
    )
    return "".join(line.rstrip() + "\n" for line in text.replace("\r", "").split("\n") if line.strip())
