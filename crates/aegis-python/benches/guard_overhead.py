"""What `guard` costs on an action that the policy allows by itself, beside the bare call, beside the gate's own work on
the disk, and with several threads and tasks at once. Prints times per call; run it on a disk that syncs."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from aegis import Policy, Runtime, guard
from aegis.runtime.audit import AuditLogger

ROUNDS = 300


def median_of(rounds: int, call: object) -> float:
    """The median of so many calls, in microseconds."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()  # type: ignore[operator]
        times.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(times)


def synced_write(path: Path) -> float:
    """What one write and one sync cost here."""
    with path.open("wb") as file:

        def write() -> None:
            file.write(b"x" * 1024)
            file.flush()
            os.fdatasync(file.fileno())

        return median_of(ROUNDS, write)


def main() -> None:
    """Measures."""
    where = sys.argv[1] if len(sys.argv) > 1 else None
    with TemporaryDirectory(dir=where) as directory:
        policy = Policy.from_dict({"version": "1", "rules": [{"match": {"type": "add"}, "approval": "auto"}]})
        runtime = Runtime(policy=policy, audit_logger=AuditLogger(Path(directory) / "log.db"))

        def add(a: int, b: int) -> int:
            return a + b

        governed = guard(runtime)(add)

        async def add_async(a: int, b: int) -> int:
            return a + b

        governed_async = guard(runtime, action_type="add")(add_async)
        governed(1, 2)
        bare = median_of(ROUNDS * 100, lambda: add(1, 2))
        decided = median_of(ROUNDS, lambda: policy.evaluate(ADD))
        sync = synced_write(Path(directory) / "probe")
        alone = median_of(ROUNDS, lambda: governed(1, 2))

        async def one_after_another() -> float:
            begun = time.perf_counter()
            for _ in range(ROUNDS):
                await governed_async(1, 2)
            return (time.perf_counter() - begun) / ROUNDS * 1e6

        async def together() -> float:
            begun = time.perf_counter()
            await asyncio.gather(*(governed_async(1, 2) for _ in range(ROUNDS)))
            return (time.perf_counter() - begun) / ROUNDS * 1e6

        in_loop = asyncio.run(one_after_another())
        gathered = asyncio.run(together())
        with ThreadPoolExecutor(8) as pool:
            begun = time.perf_counter()
            list(pool.map(lambda _: governed(1, 2), range(ROUNDS)))
            threads = (time.perf_counter() - begun) / ROUNDS * 1e6
    print(f"a bare call                        {bare:9.2f} µs")
    print(f"the decision alone, in Python      {decided:9.2f} µs")
    print(f"a write and a sync                 {sync:9.0f} µs")
    print(f"guard, one call after another      {alone:9.0f} µs   {alone / sync:5.2f} × a write and a sync")
    print(f"guard, awaited one after another   {in_loop:9.0f} µs   {in_loop / sync:5.2f} ×")
    print(f"guard, 300 awaited together        {gathered:9.0f} µs   {gathered / sync:5.2f} ×")
    print(f"guard, 8 threads                   {threads:9.0f} µs   {threads / sync:5.2f} ×")


if __name__ == "__main__":
    from aegis import Action

    ADD = Action("add", "python", {"a": 1, "b": 2})
    main()
