"""What the kernel lets an unprivileged process take from itself: writing elsewhere, the network, other processes.

Linux alone; elsewhere, and where the kernel is too old, each function says by its result that nothing is enforced.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_NEWNS, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
_PRIVATE = 0x44000  # no mount of ours is to be seen outside
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_NO_NEW_PRIVILEGES = 38
_PATH_BENEATH = 1

# landlock.h: what a rule set takes away, and the version of Landlock that knows it
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_MAKE_AND_REMOVE = sum(1 << bit for bit in range(4, 13))
_REFER = 1 << 13
_TCP = 0b11
_SCOPES = 0b11  # abstract sockets, signals


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def become_root_of_own_users() -> None:
    """Enter a user namespace in which this process may make the others; a root has no need of it.

    Only a process of one thread can.
    """
    libc = _libc()
    if libc is None or os.geteuid() == 0:
        return
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEWUSER) == 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(text)


class ProcessSpace:
    """A space of process numbers: all that is forked between entering and leaving it, and by those, dies with it."""

    def __init__(self) -> None:
        self._init: int | None = None
        self._held = -1

    @property
    def enforced(self) -> bool:
        """Whether there is one."""
        return self._init is not None

    def enter(self) -> None:
        """Let the next process that is forked be born in a space of its own, if the kernel allows."""
        libc = _libc()
        if libc is None or libc.unshare(_NEWPID) != 0:
            return
        read, self._held = os.pipe()
        try:
            # The first process of a space is deaf to the signals it sends itself, and the space ends with it: so it is
            # not the one that is tested. This one waits for the end of this pipe, which comes when we die, too.
            self._init = os.posix_spawn("/bin/cat", ["cat"], {}, file_actions=[(os.POSIX_SPAWN_DUP2, read, 0)])
        except OSError:
            self.leave()
            os.close(self._held)
        finally:
            os.close(read)

    def leave(self) -> None:
        """Back to our own space."""
        libc = _libc()
        if libc is not None:
            own = os.open("/proc/self/ns/pid", os.O_RDONLY)
            libc.setns(own, _NEWPID)
            os.close(own)

    def forget(self) -> None:
        """In the forked process: let go of what holds the space."""
        if self._init is not None:
            os.close(self._held)

    def processes(self) -> int:
        """How many processes there are in it."""
        if self._init is None:
            return 0
        try:
            own = os.readlink(f"/proc/{self._init}/ns/pid")
        except OSError:
            return 0
        count = 0
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    count += os.readlink(f"/proc/{name}/ns/pid") == own
                except OSError:
                    continue
        return count

    def kill(self) -> None:
        """Kill all that lives in it."""
        if self._init is not None:
            os.kill(self._init, signal.SIGKILL)

    def end(self) -> None:
        """Kill all that lives in it, and wait for it.

        Those of our own children that live in it must have been waited for: until then the space does not end.
        """
        if self._init is not None:
            self.kill()
            os.waitpid(self._init, 0)
            os.close(self._held)
            self._init = None


class Network:
    """No network, for this process and those it forks; the one that there was can be had back."""

    def __init__(self) -> None:
        libc = _libc()
        self._old = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC) if libc else -1
        self.left = libc is not None and libc.unshare(_NEWNET) == 0

    def come_back(self) -> None:
        """In a forked process that may use it: back into the old one."""
        libc = _libc()
        if libc is not None and self.left:
            libc.setns(self._old, _NEWNET)

    def forget(self) -> None:
        """In a forked process that may not use it: give the way back away."""
        if self._old >= 0:
            os.close(self._old)


def own_shared_memory() -> Path | None:
    """A /dev/shm of this process's own, for its locks and queues; None where the kernel gives none."""
    libc = _libc()
    shared = Path("/dev/shm")
    if libc is None or not shared.is_dir() or libc.unshare(_NEWNS) != 0:
        return None
    libc.mount(b"none", b"/", None, _PRIVATE, None)
    mounted: bool = libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"size=64m") == 0
    return shared if mounted else None


def writing_only_below(folders: Sequence[Path], *, network: bool) -> bool:
    """Give up writing anywhere but below ``folders``, signals to others, and TCP unless ``network``, for good.

    Says whether the kernel has Landlock to enforce it.
    """
    libc = _libc()
    if libc is None:
        return False
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    files = _WRITE_FILE | _MAKE_AND_REMOVE | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    attributes = struct.pack("=Q", files)
    if version >= 4:
        attributes += struct.pack("=Q", 0 if network else _TCP)
    if version >= 6:
        attributes += struct.pack("=Q", _SCOPES)
    rules = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return False
    for path in (*folders, Path("/dev/null")):
        allowed = files if path.is_dir() else files & (_WRITE_FILE | _TRUNCATE)
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", allowed, opened), 0)
        os.close(opened)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    enforced: bool = libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return enforced
