"""Runs a program of the README of agent-aegis 0.1.3 as it is, with the names that it leaves to its reader."""

from __future__ import annotations

import ast
import inspect
import types
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parents[1] / "seed_programs"


async def run_seed_program(name: str, **names: Any) -> dict[str, Any]:
    """What the program has defined when it has ended. It may await outside of a function, as in a notebook."""
    text = (PROGRAMS / name).read_text()
    code = compile(text, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = types.FunctionType(code, names)()
    if inspect.isawaitable(done):
        await done
    return names
