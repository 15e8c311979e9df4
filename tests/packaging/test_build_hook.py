"""The build hook: it brings the pinned files by npm, and never fails an install."""

import logging
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.http.browsers.graphiql.build_hook import HERE, BringError, GraphiQLHook, bring, is_there
from gateway.http.browsers.graphiql.page import GraphiQL

ROOT = Path(__file__).parents[2]
SMALL: dict[str, str] = {
    "package": "react",
    "version": "18.3.1",
    "path": "LICENSE",
    "name": "LICENSE.react",
    "integrity": "sha384-dIN5gxuW3odCH42AKpxql36fRQlrVsjCi4EJgGC2Ty8Ihkcq9cdrChEZpKhSAfks",
}

needs_npm = pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="there is no npm: Node.js brings it"
)


def put_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let this script be the only npm there is."""
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@needs_npm
def test_npm_brings_the_pinned_file(tmp_path: Path) -> None:
    """By package name and exact version; a second time there is nothing to do."""
    bring([SMALL], tmp_path)
    assert is_there(SMALL, tmp_path)


@needs_npm
def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    """And nothing is put into the package."""
    with pytest.raises(BringError, match="not the pinned file"):
        bring([SMALL | {"integrity": "sha384-x"}], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_needs_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that installing again works offline."""
    monkeypatch.setenv("PATH", "")
    bring([], tmp_path)


@pytest.mark.parametrize("script", ["exit 1", "echo nonsense", "echo '[{}]'"])
def test_a_failing_npm_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Whatever it does instead of packing."""
    put_npm(tmp_path, monkeypatch, script)
    with pytest.raises(BringError, match="npm failed"):
        bring([SMALL], tmp_path / "files")


def test_a_missing_npm_warns_and_fails_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The install goes on."""
    monkeypatch.setenv("PATH", "")
    shutil.copytree(ROOT / HERE, tmp_path / HERE)
    shutil.rmtree(tmp_path / HERE / "files", ignore_errors=True)
    told: list[str] = []

    class App:
        def display_warning(self, message: str) -> None:
            told.append(message)

    app: Any = App()
    config: Any = None
    hook = GraphiQLHook(str(tmp_path), {}, config, config, "", "wheel", app)
    hook.initialize("standard", {})
    assert "npm is not on the PATH" in told[0]


def test_without_files_the_page_takes_them_from_a_cdn_by_their_hashes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The policy lets in that one host, and the log says what to do."""
    caplog.set_level(logging.WARNING)
    response = GraphiQL(tmp_path).page()
    page = bytes(response.body).decode()
    assert page.count('src="https://unpkg.com/') == 4
    assert page.count('href="https://unpkg.com/') == 2
    assert page.count('integrity="sha384-') == 6
    assert "script-src 'self' https://unpkg.com;" in response.headers["content-security-policy"]
    assert "install the gateway again" in caplog.text


@needs_npm
def test_with_files_the_page_needs_no_other_host() -> None:
    """Its policy names none."""
    response = GraphiQL().page()
    assert "https:" not in response.headers["content-security-policy"]
    assert "https://" not in bytes(response.body).decode()
