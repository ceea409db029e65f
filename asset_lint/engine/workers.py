"""Work spread over processes; a process that dies costs the piece it was at, never the rest."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, TypeVar, cast

from asset_lint.errors import AssetLintError

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, SpawnContext

R = TypeVar("R")


def spread(
    work: Callable[[int], R], pieces: Sequence[int], jobs: int, crashed: Callable[[int, str], R]
) -> Iterator[tuple[int, R]]:
    """``work(piece)`` for all ``pieces``, in the order in which they are finished, in at most ``jobs`` processes.

    A piece on which a process dies twice gives ``crashed(piece, how)``. An AssetLintError that ``work`` raises is
    raised here. Where processes can't be forked, ``work`` must be picklable. Closing the iterator ends the processes at
    once.
    """
    context = _context()
    shares = _Shares(pieces, jobs)
    died: set[int] = set()
    workers: dict[Connection, _Worker] = {}
    gc.freeze()  # what exists by now is shared with the children, as long as nobody touches it

    def start(share: int, piece: int) -> None:
        ours, theirs = context.Pipe()
        # A forked child has the parent's ends too; while any is open, nobody sees that the parent is gone.
        inherited = (*workers, ours) if context.get_start_method() == "fork" else ()
        process = context.Process(target=_serve, args=(work, theirs, inherited), daemon=True)
        process.start()
        theirs.close()
        workers[ours] = worker = _Worker(process, ours, share)
        worker.give(piece)

    try:
        for share in range(min(jobs, len(pieces))):
            if (first := shares.next(share)) is not None:
                start(share, first)
        while workers:
            for connection in wait(list(workers)):
                worker = workers[cast("Connection", connection)]
                piece = worker.piece
                try:
                    result = worker.connection.recv()
                except (EOFError, OSError):
                    del workers[worker.connection]
                    how = worker.end()
                    again: int | None = piece
                    if piece in died:
                        yield piece, crashed(piece, how)
                        again = shares.next(worker.share)
                    died.add(piece)  # a process may be killed for other reasons than what it is at
                    if again is not None:
                        start(worker.share, again)
                    continue
                if isinstance(result, BaseException):
                    raise result
                yield piece, result
                following = shares.next(worker.share)
                worker.give(following)
                if following is None:
                    del workers[worker.connection]
                    worker.end()
    finally:
        gc.unfreeze()
        for worker in workers.values():
            worker.process.terminate()
        for worker in workers.values():
            worker.end()


class _Shares:
    """Neighbouring pieces go to one process, for what they have in common; who is done helps where most is left."""

    def __init__(self, pieces: Sequence[int], jobs: int) -> None:
        count = max(1, min(jobs, len(pieces)))
        bounds = [len(pieces) * at // count for at in range(count + 1)]
        self._queues = [deque(pieces[start:end]) for start, end in pairwise(bounds)]

    def next(self, share: int) -> int | None:
        """The piece to do next; None when all are given out."""
        if self._queues[share]:
            return self._queues[share].popleft()
        longest = max(self._queues, key=len)
        return longest.pop() if longest else None


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    share: int
    piece: int = -1

    def give(self, piece: int | None) -> None:
        """Set it to work; None lets it go."""
        self.piece = -1 if piece is None else piece
        try:
            self.connection.send(piece)
        except OSError:
            pass  # it is dead: that shows when its answer is read

    def end(self) -> str:
        """Wait for the process to end, and say how it did."""
        self.connection.close()
        self.process.join()
        code = self.process.exitcode or 0
        if code >= 0:
            return f"exit status {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


def _context() -> ForkContext | SpawnContext:
    if "fork" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _serve(work: Callable[[int], object], connection: Connection, inherited: Sequence[Connection]) -> None:
    """A worker: answer pieces until the parent hangs up. Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    for other in inherited:
        other.close()
    while True:
        try:
            piece = connection.recv()
        except EOFError:  # the parent is gone
            return
        if piece is None:
            return
        try:
            answer: object = work(piece)
        except AssetLintError as error:
            answer = error
        try:
            connection.send(answer)
        except BrokenPipeError:
            return
