"""Packages that an adapter needs, and that are not installed with Aegis itself."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["require"]

TITLES = {
    "langchain": "LangChain",
    "crewai": "CrewAI",
    "openai-agents": "the OpenAI Agents SDK",
    "anthropic": "the Anthropic SDK",
    "httpx": "httpx",
    "httpx2": "httpx2",
    "playwright": "Playwright",
}


def require(module: str, *, extra: str) -> ModuleType:
    """The module. Raises `ImportError`, which says what to install, where it is not there."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
            raise
        raise ImportError(
            f"aegis: {TITLES.get(extra, extra)} is not installed; pip install 'aegis-policy[{extra}]'",
            name=error.name,
        ) from error
