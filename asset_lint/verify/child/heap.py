"""The gaps that are left in the heap of a process after it has freed much.

A forked process that allocates in them writes to pages that it shares, and the kernel copies each of those; what it
allocates behind them costs it less than half.
"""

from __future__ import annotations

import ctypes
import sys

_SIZES = [size - 8 for size in (128 << 10, 64 << 10, 32 << 10, 16 << 10, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32)]
_MOST = 100_000  # gaps that are filled
_AT_ONCE = 64  # allocations between two looks at where the end of the heap is


def fill_gaps() -> None:
    """Allocate, for good, all that is free between the allocations of this process, where the C library is glibc."""
    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "mallinfo2"):
        return
    libc.mallinfo2.restype = _Facts
    libc.sbrk.restype = libc.malloc.restype = ctypes.c_void_p
    libc.sbrk.argtypes, libc.malloc.argtypes = [ctypes.c_ssize_t], [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    left = _MOST
    for size in _SIZES:
        while left > 0:
            left -= _AT_ONCE
            end = libc.sbrk(0) - libc.mallinfo2().keepcost  # what is behind it was never used
            got = [libc.malloc(size) for _ in range(_AT_ONCE)]
            beyond = [each for each in got if each is None or each >= end]
            for each in beyond:
                libc.free(each)
            if beyond:
                break


class _Facts(ctypes.Structure):
    """struct mallinfo2."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip
