"""The buffers of an editor, the projects that they belong to, and what is found in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
from asset_lint.source import Source, uncollected

from .preview import Preview, encoded


@dataclass(frozen=True, slots=True)
class Buffer:
    """An open document: its file, the version and the text that the editor has.

    ``cells`` are the URIs of a notebook's cells, in order, where the editor has it as a notebook and not as a text.
    """

    uri: str
    path: Path
    version: int | None
    text: str

    cells: tuple[str, ...] = ()

    @property
    def data(self) -> bytes:
        """The text as it would stand in a file."""
        return encoded(self.text)


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
        self._laid: dict[str, str] = {}  # by path, the text that the checker knows
        self._previews: dict[str, Preview] = {}
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
        self._laid = self._overlay()
        self._checker = Checker(self.registry, overlay=_encoded(self._laid), sql=False)
        self._baselines.clear()
        self._previews.clear()
        self._state += 1

    def open(self, buffer: Buffer) -> None:
        """A document was opened or changed."""
        known = self.buffers.get(buffer.uri)
        self.buffers[buffer.uri] = buffer
        self._checked.pop(buffer.uri, None)
        if buffer.path.suffix == ".py" and (known is None or known.text != buffer.text):
            for other in self._previews.keys() - {buffer.uri}:
                del self._previews[other]
            self._state += 1

    def close(self, uri: str) -> None:
        """A document was closed: its file on the disk is what counts again."""
        buffer = self.buffers.pop(uri, None)
        self._checked.pop(uri, None)
        self._previews.pop(uri, None)
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
        self._lay_over()
        with uncollected():
            self._checker.baseline = self._baseline(config)
            checked = self._checker.check(str(buffer.path), buffer.data, config)
        for problem in checked.problems:
            self._problem(problem)
        self._checked[uri] = (self._state, checked)
        if not buffer.cells and Preview.serves(checked):
            path = str(buffer.path)
            others = {other: text for other, text in self._laid.items() if other != path}
            checker = Checker(self.registry, overlay=_encoded(others), sql=False, only=path)
            self._previews[uri] = Preview(checked, checker, config)
        return checked

    def preview(self, uri: str) -> Checked | None:
        """What :meth:`check` will say of a document that was typed in, as far as that can be told quickly.

        None where it can't, or is known for sure already.
        """
        buffer, preview = self.buffers.get(uri), self._previews.get(uri)
        known = self._checked.get(uri)
        if buffer is None or preview is None or (known is not None and known[0] == self._state):
            return None
        with uncollected():
            return preview.check(buffer.text)

    def owner(self, uri: str) -> tuple[str, int]:
        """The document that a URI belongs to, and which of its cells it is (from 1), 0 for all of it."""
        for notebook in self.buffers.values():
            if uri in notebook.cells:
                return notebook.uri, notebook.cells.index(uri) + 1
        return uri, 0

    def findings(self, uri: str, checked: Checked | None = None) -> list[tuple[Finding, Finding]]:
        """The findings of :meth:`check` (or those given) in a document or cell, each as a reader sees it and as the
        engine knows it."""
        uri, cell = self.owner(uri)
        checked = checked or self.check(uri)
        if checked is None:
            return []
        pairs = [(checked.source.shown(each), each) for each in checked.findings]
        if cell or self.buffers[uri].cells:
            return [pair for pair in pairs if pair[0].span.cell == cell]
        return [(replace(shown, span=shown.span.physical), each) for shown, each in pairs]

    def source(self, uri: str) -> Source | None:
        """The text of a document or cell with its places."""
        uri, cell = self.owner(uri)
        buffer = self.buffers.get(uri)
        if buffer is None:
            return None
        if cell:
            checked = self.check(uri)
            return Source.of_text("" if checked is None else checked.source.page(cell), str(buffer.path))
        return Source.of_text(buffer.text, str(buffer.path))

    def changes(self, uri: str, source: Source, text: str) -> Iterator[tuple[str, int | None, Source, str]]:
        """What changes in the editor where a document's code becomes ``text``: URI and version of each text, what it is
        now and what it becomes."""
        buffer = self.buffers[self.owner(uri)[0]]
        if buffer.cells:
            for cell, old, new in source.compared(text):
                yield buffer.cells[cell - 1], None, Source.of_text(old), new
        else:
            new = source.encode(text).decode() if source.is_document else text
            yield buffer.uri, buffer.version, Source.of_text(buffer.text), new

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
        uri, _ = self.owner(uri)
        buffer = self.buffers.get(uri)
        config = None if buffer is None else self.config(buffer)
        if buffer is None or config is None:
            return None
        try:
            self._lay_over()
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

    def _lay_over(self) -> None:
        """Let the checker know what was typed since it last looked."""
        for path, text in self._overlay().items():
            if self._laid.get(path) != text:
                self._laid[path] = text
                self._checker.lay_over(path, encoded(text))

    def _overlay(self) -> dict[str, str]:
        return {str(buffer.path): buffer.text for buffer in self.buffers.values() if buffer.path.suffix == ".py"}


def _encoded(texts: Mapping[str, str]) -> dict[str, bytes]:
    return {path: encoded(text) for path, text in texts.items()}
