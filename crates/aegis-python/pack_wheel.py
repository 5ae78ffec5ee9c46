"""Puts the `aegis` command into a wheel, and packs that as small as can be: `pack_wheel.py WHEEL COMMAND OUT`.

maturin has a setting for such files, but it reads them from a folder that a source distribution of a workspace does not
have at that place, so that nothing could be built from one."""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from zopfli import ZipFile as SmallZipFile

# Wheels are the same, byte by byte, whenever they are packed.
WHEN = (1980, 1, 1, 0, 0, 0)


def entry(name: str, mode: int) -> ZipInfo:
    """A file of the wheel."""
    made = ZipInfo(name, WHEN)
    made.external_attr = (0o100000 | mode) << 16
    made.compress_type = ZIP_DEFLATED
    return made


def recorded(name: str, content: bytes) -> str:
    """Its line in the wheel's record (PEP 427)."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"


def main(wheel: Path, command: Path, out: Path) -> None:
    """Packs it."""
    with ZipFile(wheel) as unpacked:
        files = {info.filename: (unpacked.read(info), info.external_attr >> 16 & 0o777) for info in unpacked.infolist()}
    (record,) = [name for name in files if name.endswith(".dist-info/RECORD")]
    home = record.removesuffix(".dist-info/RECORD")
    files[f"{home}.data/scripts/aegis"] = (command.read_bytes(), 0o755)
    del files[record]
    lines = [recorded(name, content) for name, (content, _) in files.items()]
    files[record] = ("\n".join([*lines, f"{record},,"]).encode() + b"\n", 0o644)
    with SmallZipFile(out / wheel.name, "w", compression=ZIP_DEFLATED) as packed:
        for name, (content, mode) in files.items():
            packed.writestr(entry(name, mode or 0o644), content)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
