"""The buffers of an editor, the projects that they belong to, and what is found in them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asset_lint import discovery
from asset_lint.baseline import Baseline
from asset_lint.config import Config
from asset_lint.config.files import ConfigFiles
from asset_lint.engine import FileResult
from asset_lint.engine.check import Checked, Checker
from asset_lint.engine.fix import repair
from asset_lint.errors import AssetLintError
from asset_lint.finding import Finding
from asset_lint.registry import Registry, load
from asset_lint.source import Source


@dataclass(frozen=True, slots=True)
class Buffer:
    """An open document: its file, the version and the text that the editor has."""

    uri: str
    path: Path
    version: int | None
    text: str

    @property
    def data(self) -> bytes:
        """The text as it would stand in a file."""
        return self.text.encode("utf-8", "replace")


class Session:
    """What the server knows. Nothing here is the protocol's.

    ``problems`` are sentences on configurations that can't be read, and on rules that raised.
    """

    def __init__(self, flags: dict[str, object] | None = None, config_file: Path | None = None) -> None:
        self.registry: Registry = load()
        self.buffers: dict[str, Buffer] = {}
        self.problems: list[str] = []
        self._flags = flags or {}
        self._config_file = config_file
        self._checked: dict[str, tuple[int, Checked]] = {}
        self._state = 0  # counts what may change a finding anywhere
        self._configs = self._new_configs()
        self._checker = Checker(self.registry, sql=False)  # these see the whole project, at each key
        self._baselines: dict[Path, Baseline | None] = {}

    def configure(self, flags: dict[str, object], config_file: Path | None) -> None:
        """Take over the settings that the editor sends."""
        self._flags, self._config_file = flags, config_file
        self.reread()

    def reread(self) -> None:
        """Files were made, changed or removed behind the editor's back, or the configuration has changed."""
        self._configs = self._new_configs()
        self._checker = Checker(self.registry, overlay=self._overlay(), sql=False)
        self._baselines.clear()
        self._state += 1

    def open(self, buffer: Buffer) -> None:
        """A document was opened or changed."""
        known = self.buffers.get(buffer.uri)
        self.buffers[buffer.uri] = buffer
        if buffer.path.suffix == ".py" and (known is None or known.text != buffer.text):
            self._checker.lay_over(str(buffer.path), buffer.data)
            self._state += 1

    def close(self, uri: str) -> None:
        """A document was closed: its file on the disk is what counts again."""
        buffer = self.buffers.pop(uri, None)
        self._checked.pop(uri, None)
        if buffer is not None:
            self.reread()

    def config(self, buffer: Buffer) -> Config | None:
        """The configuration of a document's folder; None if it can't be read, which is a problem."""
        try:
            config = self._configs.of(buffer.path.parent)
            self.registry.validate(config)
        except AssetLintError as error:
            self._problem(str(error))
            return None
        return config

    def check(self, uri: str) -> Checked | None:
        """What is wrong in an open document; None where it isn't to be checked.

        The answer is kept until anything changes that may change it.
        """
        buffer = self.buffers.get(uri)
        if buffer is None:
            return None
        known = self._checked.get(uri)
        if known is not None and known[0] == self._state:
            return known[1]
        config = self.config(buffer)
        if config is None or discovery.excluded(buffer.path, config):
            return None
        collecting = gc.isenabled()
        gc.disable()
        try:
            self._checker.baseline = self._baseline(config)
            checked = self._checker.check(str(buffer.path), buffer.data, config)
        finally:
            if collecting:
                gc.enable()
        for problem in checked.problems:
            self._problem(problem)
        self._checked[uri] = (self._state, checked)
        return checked

    def findings(self, uri: str) -> tuple[Finding, ...]:
        """The findings of :meth:`check`."""
        checked = self.check(uri)
        return () if checked is None else checked.findings

    def source(self, uri: str) -> Source | None:
        """A document's text with its places."""
        buffer = self.buffers.get(uri)
        return None if buffer is None else Source.of_text(buffer.text, str(buffer.path))

    def source_of(self, path: Path) -> Source | None:
        """The text of any file, as the editor has it if it is open; None where it can't be read."""
        for buffer in self.buffers.values():
            if buffer.path == path:
                return Source.of_text(buffer.text, str(path))
        try:
            source = Source.read(path)
            source.text  # noqa: B018 -- whether it can be decoded
        except AssetLintError:
            return None
        return source

    def fixed(self, uri: str) -> FileResult | None:
        """A document after all fixes that the configuration wants; None where there is nothing to fix or no way."""
        buffer = self.buffers.get(uri)
        config = None if buffer is None else self.config(buffer)
        if buffer is None or config is None:
            return None
        try:
            self._checker.baseline = self._baseline(config)
            return repair(self._checker, str(buffer.path), buffer.data, config)
        except AssetLintError as error:
            self._problem(str(error))
            return None

    def troubles(self) -> Iterator[str]:
        """The problems since the last time, each once."""
        while self.problems:
            yield self.problems.pop(0)

    def _problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    def _baseline(self, config: Config) -> Baseline | None:
        if config.root not in self._baselines:
            try:
                self._baselines[config.root] = Baseline.of(config)
            except AssetLintError as error:
                self._problem(str(error))
                self._baselines[config.root] = None
        return self._baselines[config.root]

    def _new_configs(self) -> ConfigFiles:
        try:
            return ConfigFiles(flags=self._flags, file=self._config_file)
        except AssetLintError as error:
            self._problem(str(error))
            return ConfigFiles()

    def _overlay(self) -> dict[str, bytes]:
        return {str(buffer.path): buffer.data for buffer in self.buffers.values() if buffer.path.suffix == ".py"}
