"""The programs of the page about LangChain run, and print what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[4] / "docs" / "python" / "langchain.md"


def blocks_of(language: str) -> list[str]:
    """Return the fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_programs_of_the_page_run_and_print_what_it_says(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("\n".join(blocks_of("python")), "utf-8")
    # Without a terminal, so that nobody is asked and the question waits.
    done = subprocess.run(
        [sys.executable, program.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    expected = re.escape("".join(blocks_of("text"))).replace(re.escape("[..]"), ".+")
    assert re.fullmatch(expected, done.stdout), done.stdout
