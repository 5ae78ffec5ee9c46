"""The gate of this process: a fork gets one of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aegis import _native
from aegis.runtime.approval import (
    ApprovalHandler,
    CLIApprovalHandler,
    NobodyApprovalHandler,
    QueueApprovalHandler,
)

__all__ = ["ProcessGate"]

# What belongs to the process that this one was forked from is never touched again, and never closed.
_left_behind: list[Any] = []
# Every gate of this process, so that its log can be closed while the process is forked.
_gates: weakref.WeakSet[ProcessGate] = weakref.WeakSet()
_parked: list[_native.Gate] = []
# How many threads wait for humans, and for the disk. They are made when they are needed.
WAITING, RECORDING = 256, 8


def way_of(handler: ApprovalHandler) -> str:
    """How the gate asks by way of a handler. Only the classes themselves stand for what the gate does by itself: one
    that was derived from them is asked."""
    ways = {CLIApprovalHandler: "terminal", QueueApprovalHandler: "queue", NobodyApprovalHandler: "nobody"}
    return ways.get(type(handler), "callback")


def look() -> tuple[bool, bool, bool]:
    """How a question at the terminal is shown, as for the command: in colour, in plain lines, in ASCII."""
    env = os.environ
    color = not env.get("NO_COLOR") and sys.stderr is not None and sys.stderr.isatty()
    plain = env.get("AEGIS_PLAIN", "") not in ("", "0") or env.get("TERM", "") in ("", "dumb", "unknown")
    locale = next((env[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if env.get(name)), "").lower()
    return color, plain, "utf-8" not in locale and "utf8" not in locale


class ProcessGate:
    """Opens the gate when it is first used, and again in a process that was forked since."""

    def __init__(
        self, policy: _native.Policy, log: str, handler: ApprovalHandler, session: str | None, patience: float
    ) -> None:
        """Opens nothing yet."""
        self._policy = policy
        self._log = os.path.abspath(log)
        self._way = way_of(handler)
        self._patience = handler.patience if isinstance(handler, QueueApprovalHandler) else patience
        self._session = session
        self._opened: tuple[int, _native.Gate, ThreadPoolExecutor, ThreadPoolExecutor] | None = None
        self._lock = threading.Lock()
        self._pid = os.getpid()
        _gates.add(self)

    def park(self) -> None:
        """Closes the log until `unpark`, where it is open."""
        opened = self._opened
        if opened is not None and opened[0] == os.getpid():
            opened[1].park()
            _parked.append(opened[1])

    def _own_lock(self) -> threading.Lock:
        pid = os.getpid()
        if self._pid != pid:
            # A lock that another thread held when this process was forked would never be let go.
            self._lock, self._pid = threading.Lock(), pid
        return self._lock

    async def open(self) -> None:
        """Opens the gate, where it is not open, without holding up the loop: another process may have the log."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            await asyncio.to_thread(self._open)

    def _open(self) -> tuple[int, _native.Gate, ThreadPoolExecutor, ThreadPoolExecutor]:
        pid = os.getpid()
        opened = self._opened
        if opened is not None and opened[0] == pid:
            return opened
        with self._own_lock():
            opened = self._opened
            if opened is not None and opened[0] == pid:
                return opened
            if opened is not None:
                _left_behind.append(opened)
            gate = _native.Gate(
                self._policy,
                self._log,
                approver=self._way,
                session=self._session,
                patience=self._patience,
                look=look(),
            )
            if gate.take_created():
                # A log that was removed shows by this.
                logging.getLogger("aegis").warning("the audit log was created at %s", _native.escape(self._log))
            self._session = gate.session_id
            self._opened = opened = (
                pid,
                gate,
                ThreadPoolExecutor(WAITING, "aegis-waits"),
                ThreadPoolExecutor(RECORDING, "aegis-records"),
            )
            return opened

    @property
    def native(self) -> _native.Gate:
        """The gate."""
        return self._open()[1]

    @property
    def waiting(self) -> ThreadPoolExecutor:
        """Threads that wait for what the gate says."""
        return self._open()[2]

    @property
    def recording(self) -> ThreadPoolExecutor:
        """Threads that wait for the disk."""
        return self._open()[3]

    def replace_policy(self, policy: _native.Policy) -> None:
        """Goes by another policy from now on."""
        # Whoever opens the gate at this moment must not go on by the policy that was.
        with self._own_lock():
            self._policy = policy
            if self._opened is not None and self._opened[0] == os.getpid():
                self._opened[1].replace_policy(policy)

    @property
    def policy(self) -> _native.Policy:
        """The policy that holds."""
        return self._policy

    def close(self) -> None:
        """Lets threads and connections go. The next action opens them again."""
        with self._own_lock():
            opened, self._opened = self._opened, None
        if opened is not None and opened[0] == os.getpid():
            opened[2].shutdown(wait=False)
            opened[3].shutdown(wait=False)
        elif opened is not None:
            _left_behind.append(opened)


def _park_all() -> None:
    """Before a fork. SQLite keeps in memory what this process has locked, and a child would believe it of itself."""
    for gate in list(_gates):
        gate.park()


def _unpark_all() -> None:
    while _parked:
        _parked.pop().unpark()


os.register_at_fork(before=_park_all, after_in_parent=_unpark_all, after_in_child=_parked.clear)
