"""`python -m aegis`: becomes the `aegis` command that came with this package."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path


def main() -> None:
    """Replaces this process by the command, with the same arguments."""
    command = Path(sysconfig.get_path("scripts")) / "aegis"
    if not command.is_file():
        sys.exit(f"aegis: the command is not at {command}; reinstall aegis-policy")
    os.execv(command, [str(command), *sys.argv[1:]])


if __name__ == "__main__":
    main()
