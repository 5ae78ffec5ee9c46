"""A directory of its own for each test, in memory where the system has such a place, since every step of an action is
synced."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from governed_place import Place

MEMORY = Path("/dev/shm")
# The directories beside this one have the names of packages, and must not be found where those are not installed.
BESIDE = str(Path(__file__).resolve().parent.parent)
sys.path[:] = [entry for entry in sys.path if entry != BESIDE]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The working directory, with a log that must be sound in the end unless the test says otherwise."""
    within = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="aegis-test-", dir=within))
    monkeypatch.chdir(directory)
    made = Place(directory)
    try:
        yield made
        made.close()
        if made.must_be_sound and made.log.exists():
            made.audit.verify()
    finally:
        made.close()
        os.chmod(directory, 0o700)
        shutil.rmtree(directory, ignore_errors=True)
