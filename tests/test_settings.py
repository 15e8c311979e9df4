"""Settings: a wrong one is named before anything is served, and no value of a secret is shown."""

import pytest

from gateway.errors import SettingsError
from gateway.settings import load_settings

NAMES = ["PLANDOCKET_BASE_URL", "PLANDOCKET_API_KEY", "GATEWAY_HOST", "GATEWAY_PORT", "PLANDOCKET_PAGE_SIZE"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with a right environment, whatever the machine's is."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PLANDOCKET_BASE_URL", "https://tenant.plandocket.test")


def test_an_address_is_enough() -> None:
    """Everything else has a default."""
    assert str(load_settings().base_url) == "https://tenant.plandocket.test/"


@pytest.mark.parametrize("ending", ["", "/", "/api/v1", "/api/v1/"])
def test_the_address_may_end_as_people_copy_it(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """With or without the path of the API."""
    monkeypatch.setenv("PLANDOCKET_BASE_URL", f"http://host:8443/tenant{ending}")
    assert str(load_settings().base_url) == "http://host:8443/tenant"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLANDOCKET_BASE_URL", ""),
        ("PLANDOCKET_BASE_URL", "tenant.plandocket.test"),
        ("PLANDOCKET_BASE_URL", "ftp://tenant"),
        ("PLANDOCKET_BASE_URL", "https://user:secret@tenant"),
        ("PLANDOCKET_BASE_URL", "https://tenant/?api_key=secret"),
        ("PLANDOCKET_API_KEY", "secret key"),
        ("PLANDOCKET_API_KEY", "secret\nkey"),
        ("PLANDOCKET_PAGE_SIZE", "0"),
        ("PLANDOCKET_PAGE_SIZE", "many"),
        ("PLANDOCKET_PAGE_PARAM", "a&b"),
        ("PLANDOCKET_INCLUDE_STYLE", "semicolon"),
        ("PLANDOCKET_CONNECT_TIMEOUT", "-1"),
        ("PLANDOCKET_READ_TIMEOUT", "nan"),
        ("PLANDOCKET_TOTAL_TIMEOUT", "1e9"),
        ("GATEWAY_PORT", "99999"),
        ("GATEWAY_METRICS_PORT", "0"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """By its variable's name, without its value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{name}: ")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "gateway.example.org"])  # noqa: S104
def test_a_held_key_is_served_on_loopback_only(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Anyone who reaches the gateway would read the tenant's data."""
    monkeypatch.setenv("PLANDOCKET_API_KEY", "secret")
    monkeypatch.setenv("GATEWAY_HOST", host)
    with pytest.raises(SettingsError, match="GATEWAY_HOST") as caught:
        load_settings()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_has_several_names(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """All of them will do."""
    monkeypatch.setenv("PLANDOCKET_API_KEY", "secret")
    monkeypatch.setenv("GATEWAY_HOST", host)
    assert load_settings().host == host


def test_the_key_is_not_shown() -> None:
    """Neither in the settings' repr nor in the key's own."""
    settings = load_settings().model_copy(update={"api_key": None})
    assert "secret" not in repr(settings)
