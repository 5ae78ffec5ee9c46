"""The programs of the page about CrewAI run, and print what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[4] / "docs" / "python" / "crewai.md"


def blocks_of(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_programs_of_the_page_run_and_print_what_it_says(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("\n".join(blocks_of("python")), "utf-8")
    # Without a terminal, so that nobody is asked.
    done = subprocess.run(
        [sys.executable, program.name],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    expected = "".join(blocks_of("text"))
    assert expected and done.stdout.endswith(expected), done.stdout
