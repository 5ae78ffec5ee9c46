"""The JSON Schema of policies: the one that `aegis schema` prints."""

from __future__ import annotations

import json
from typing import Any

from aegis import _native

__all__ = ["POLICY_SCHEMA", "get_schema_json"]

POLICY_SCHEMA: dict[str, Any] = json.loads(_native.schema())


def get_schema_json(indent: int = 2) -> str:
    """The schema as text."""
    return json.dumps(POLICY_SCHEMA, indent=indent)
