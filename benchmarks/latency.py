"""How long a keystroke waits for its diagnostics, in a module of a thousand lines with thirty assets.

usage: python -m benchmarks.latency [--keys N] [--seed N]

Prints the median and the 95th percentile, in milliseconds, of what the language server takes from the bytes of
``textDocument/didChange`` to the bytes of ``textDocument/publishDiagnostics``, all in the server's process: reading the
message, checking, writing the answer. CPU time is what a machine with nothing else to do needs; the time by the clock
is told too. The pause that the server leaves for further typing (50 ms) is not counted, nor is the editor's own time.
The first check, which reads everything, is told apart; so is a bare ``libcst.parse_module`` of the same text.

Keys are pressed one by one at random places: in statements, comments, SQL, a helper, an import; some leave code that
parses, some do not. The first answer to a key comes from a preview of the functions that changed and what they need
(asset_lint/server/preview.py); some are compared with a whole check by a fresh server. Exit status 1: they differ.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import libcst as cst

from asset_lint.server import features

from .typed import module

#: Where and what is typed: in the line before which text, and what. Each is typed key by key, and then taken back.
TYPED = (
    ('    context.log.info(f"loaded', "    total = rows\n"),
    ('    context.log.info(f"summed', "    share = len(quiet)\n"),
    ('    context.log.info(f"kept', "    kept = rows + 1\n"),
    ("    for place, row in", "    best = ranked[:1]\n"),
    ("    context.log.info(f", "    # what was counted\n"),
    ("                GROUP BY station_id", "                  AND vehicles > 10\n"),
    ("    last = date.fromisoformat", "    known = str(day)\n"),
    ("import pandas", "import math\n"),
)


@dataclass(frozen=True)
class Time:
    """Milliseconds, of the processor and by the clock."""

    cpu: float
    clock: float


class Watch:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._cpu, self._clock = time.process_time(), time.perf_counter()

    def read(self) -> Time:
        """What has passed."""
        return Time((time.process_time() - self._cpu) * 1000, (time.perf_counter() - self._clock) * 1000)


class Wire:
    """The server's output, read as an editor reads it."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.told: list[dict[str, Any]] | None = None
        self.took = Time(0, 0)
        self.news = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Take a message."""
        took = self.watch.read()
        message = json.loads(data.partition(b"\r\n\r\n")[2])
        if message.get("method") == "textDocument/publishDiagnostics" and self.told is None:
            self.told, self.took = message["params"]["diagnostics"], took
            self.news.set()

    def close(self) -> None:
        """Nothing is open."""


class Editor:
    """An editor with one document, in the process of its server."""

    def __init__(self, root: Path) -> None:
        self.server = features.make()
        self.wire = Wire()
        self.server.protocol.set_writer(self.wire)
        self.uri = (root / "traffic.py").as_uri()
        self.version = 0
        published = {"relatedInformation": True}
        capabilities = {"textDocument": {"publishDiagnostics": published}}
        self.send("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": capabilities}, 1)

    def send(self, method: str, params: dict[str, Any], number: int | None = None) -> None:
        """Hand a message to the server."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        body = json.dumps(message)
        protocol = self.server.protocol
        protocol.handle_message(json.loads(body, object_hook=protocol.structure_message))

    async def show(self, text: str) -> Time:
        """The document has this text from now on; how long it takes until its first diagnostics are there."""
        self.version += 1
        document: dict[str, Any] = {"uri": self.uri, "version": self.version}
        self.wire.told = None
        self.wire.news.clear()
        self.wire.watch = Watch()
        if self.version == 1:
            self.send("textDocument/didOpen", {"textDocument": {**document, "languageId": "python", "text": text}})
        else:
            changes = [{"text": text}]
            self.send("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        await self.wire.news.wait()
        return self.wire.took


def texts(text: str, keys: int, random: Random) -> Iterator[str]:
    """The text behind each key."""
    pressed = 0
    while pressed < keys:
        before, typed = random.choice(TYPED)
        places = [at for at in range(len(text)) if text.startswith(before, at)]
        at = text.rfind("\n", 0, random.choice(places)) + 1
        for end in range(1, min(len(typed), keys - pressed) + 1):
            yield text[:at] + typed[:end] + text[at:]
            pressed += 1


def parses(text: str) -> bool:
    """Whether it is Python."""
    try:
        compile(text, "traffic.py", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


async def measure(root: Path, keys: int, seed: int) -> int:
    """Type, print what it took; how many first answers differ from those of a fresh server."""
    text = module()
    editor = Editor(root)
    first = await editor.show(text)
    parse: list[float] = []
    took: dict[bool, list[Time]] = {True: [], False: []}
    answers: list[tuple[str, Any]] = []
    for number, changed in enumerate(texts(text, keys, Random(seed))):
        took[parses(changed)].append(await editor.show(changed))
        if number % 20 == 0:
            answers.append((changed, editor.wire.told))
            watch = Watch()
            cst.parse_module(text)
            parse.append(watch.read().cpu)
            gc.collect()  # it is no server's garbage
    differing = 0
    for changed, told in answers:
        fresh = Editor(root)
        await fresh.show(changed)
        differing += fresh.wire.told != told
    whole = statistics.median(parse)
    print(f"{text.count(chr(10))} lines, {text.count('@dg.asset(')} assets; ms, CPU (clock)")
    print(f"libcst.parse_module: {whole:.1f}; first check, imports of parsers included: {first.cpu:.0f}")
    for name, times in (
        ("all keys", took[True] + took[False]),
        ("keys that leave code that parses", took[True]),
        ("keys that leave code that does not", took[False]),
    ):
        print(f"{name} ({len(times)}): {_told(times, whole)}")
    print(f"first answers compared with a fresh server's: {len(answers)}, differing: {differing}")
    return differing


def _told(times: Sequence[Time], whole: float) -> str:
    cpu, clock = sorted(each.cpu for each in times), sorted(each.clock for each in times)
    p50, p95 = (_percentile(cpu, share) for share in (0.5, 0.95))
    return (
        f"p50 {p50:.1f} ({_percentile(clock, 0.5):.1f}), p95 {p95:.1f} ({_percentile(clock, 0.95):.1f}); "
        f"x parse_module: p50 {p50 / whole:.2f}, p95 {p95 / whole:.2f}"
    )


def _percentile(values: Sequence[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def main() -> int:
    """Measure; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    features.DEBOUNCE = 0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").touch()
        return int(asyncio.run(measure(Path(folder), arguments.keys, arguments.seed)) > 0)


if __name__ == "__main__":
    sys.exit(main())
