"""The example of a front-end: where it is served, and what is said where it cannot be."""

from pathlib import Path

import httpx
import pytest
from npm import needs_npm

from gateway.app import create_app
from gateway.http.browsers.example_screen import ExampleScreen
from gateway.settings.settings import load_settings


async def get(screen: ExampleScreen, path: str) -> httpx.Response:
    """Return what a gateway with this screen answers."""
    settings = load_settings(base_url="http://127.0.0.1:9", auth="none", api_key="none", mirror="off")
    transport = httpx.ASGITransport(create_app(settings, pages=screen.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.get(path)


async def test_an_installed_package_says_where_it_is(tmp_path: Path) -> None:
    """It has no tests, hence no example below them."""
    screen = ExampleScreen(tmp_path / "none")
    assert screen.lack == "it is in a clone of the repository only, below tests/clients"
    assert (await get(screen, "/screen")).status_code == 404


async def test_without_npm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else can build it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    screen = ExampleScreen(tmp_path)
    assert screen.lack == "npm is missing, which comes with Node.js"
    assert (await get(screen, "/screen")).status_code == 404


@needs_npm
async def test_what_cannot_be_built_says_what_to_do(tmp_path: Path) -> None:
    """Here the lock file is none that npm could read."""
    (tmp_path / "package-lock.json").write_text("not JSON")
    answer = await get(ExampleScreen(tmp_path), "/screen")
    assert answer.status_code == 503
    assert f"run 'npm ci && npm run build' in {tmp_path}" in answer.text


@needs_npm
async def test_it_is_built_anew_after_an_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page may load its own files alone, and npm is told no setting of the operator."""
    (tmp_path / "src").mkdir()
    (tmp_path / "node_modules").mkdir()
    for name in ("package-lock.json", "node_modules/.package-lock.json", "page.html", "screen.css"):
        (tmp_path / name).write_text(name)
    (tmp_path / "package.json").write_text(
        '{"scripts": {"build": "cat src/main.js; echo $PLANDOCKET_API_KEY"}}'
    )
    screen = ExampleScreen(tmp_path)
    monkeypatch.setenv("PLANDOCKET_API_KEY", "another")
    for text in ("first", "second"):
        (tmp_path / "src" / "main.js").write_text(text)
        page = await get(screen, "/screen")
        assert page.text == "page.html"
        assert (
            "default-src 'none'; script-src 'self'; style-src 'self';"
            in page.headers["content-security-policy"]
        )
        assert (await get(screen, "/screen/main.js")).text.strip() == text
    assert (await get(screen, "/screen/screen.css")).text == "screen.css"
    assert (await get(screen, "/screen/package.json")).status_code == 404
