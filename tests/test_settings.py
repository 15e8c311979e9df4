"""Settings: a wrong one is named before anything is served, and no value of a secret is shown."""

from pathlib import Path

import pytest

from gateway.commands.served import standing
from gateway.errors import SettingsError
from gateway.settings.settings import load_settings, unknown_settings

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
        ("GATEWAY_REDIS_URL", "http://user:secret@host"),
        ("GATEWAY_REDIS_URL", "redis://"),
        ("GATEWAY_REDIS_PREFIX", "secret key"),
        ("GATEWAY_PROCESSES", "0"),
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


def said(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    """Set a setting to what it cannot be, and return what is said of it, one line."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"{name}: ")
    assert "canary" not in line
    return line


@pytest.mark.parametrize(
    ("value", "mend"),
    [
        ("tenant.plandocket.test", "must begin with https://"),
        ("tenant.plandocket.test:443", "must begin with https://"),
        ("//tenant.plandocket.test", "must begin with https://"),
        ('"https://tenant.plandocket.test"', "leave them out"),
        ("'https://tenant.plandocket.test'", "leave them out"),
        ("https://tenant.plandocket.test\n", "in one line"),
        ("http://::1:8001", "http://[::1]:8001"),
        ("http://fd00::1/api/v1", "http://[::1]:8001"),
    ],
)
def test_an_address_that_is_not_written_whole_is_mended(
    monkeypatch: pytest.MonkeyPatch, value: str, mend: str
) -> None:
    """By what people leave out, or take along from elsewhere."""
    assert mend in said(monkeypatch, "PLANDOCKET_BASE_URL", value)


@pytest.mark.parametrize("value", ["http://[::1]:8001", "http://[fd00::1]/api/v1"])
def test_ipv6_has_brackets_in_an_address(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """As everywhere."""
    monkeypatch.setenv("PLANDOCKET_BASE_URL", value)
    assert str(load_settings().base_url).startswith("http://[")


@pytest.mark.parametrize("name", ["GATEWAY_HOST", "GATEWAY_METRICS_HOST"])
def test_where_to_listen_is_a_host_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """IPv6 with brackets or without."""
    field = name.removeprefix("GATEWAY_").lower()
    for value in ("[::1]", "::1"):
        monkeypatch.setenv(name, value)
        assert getattr(load_settings(), field) == "::1"
    for value in ("http://127.0.0.1", "127.0.0.1:8000", "localhost/graphql"):
        assert "an address or name alone" in said(monkeypatch, name, value)


@pytest.mark.parametrize(
    "name", ["PLANDOCKET_API_KEY", "GATEWAY_METRICS_TOKEN", "GATEWAY_OPERATOR_TOKEN", "GATEWAY_REDIS_URL"]
)
@pytest.mark.parametrize(
    "value", ["", " ", "canary\n", "can\r\nary", '"canary"', "'canary'", "canary key", "canarý"]
)
def test_a_secret_is_one_or_is_not_there(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Empty, it would be another mode without anybody having chosen it."""
    assert said(monkeypatch, name, value)


def test_an_empty_setting_that_is_no_secret_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files write what may be given."""
    monkeypatch.setenv("GATEWAY_PORT", "")
    assert load_settings().port == 8000


@pytest.mark.parametrize(
    "name", ["GATEWAY_PORT", "GATEWAY_AUTH", "GATEWAY_TOKENS_FILE", "PLANDOCKET_PAGE_PARAM"]
)
def test_quotes_are_named_wherever_they_stand(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A file of variables keeps them, where a shell takes them away."""
    assert "leave them out" in said(monkeypatch, name, '"8000"')


@pytest.mark.parametrize(("text", "why"), [("no certificate", "PEM"), (None, "no such file")])
def test_a_file_of_certificates_is_read_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, why: str
) -> None:
    """Also where it would be needed later."""
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    assert why in said(monkeypatch, "GATEWAY_CA_FILE", str(file))


def test_what_is_named_like_a_setting_and_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the nearest that is one; not what Kubernetes sets for a service that is called gateway."""
    for name in ("GATEWAY_TOKEN_FILE", "PLANDOCKET_APIKEY", "gateway_log_levl"):
        monkeypatch.setenv(name, "canary")
    for name in (
        "GATEWAY_SERVICE_HOST",
        "GATEWAY_SERVICE_PORT_HTTP",
        "GATEWAY_PORT_8000_TCP_ADDR",
        "gateway_port",
    ):
        monkeypatch.setenv(name, "8001")
    assert [told for told in unknown_settings() if "FUZZ" not in told] == [
        "GATEWAY_TOKEN_FILE is no setting: did you mean GATEWAY_TOKENS_FILE?",
        "PLANDOCKET_APIKEY is no setting: did you mean PLANDOCKET_API_KEY?",
        "gateway_log_levl is no setting: did you mean GATEWAY_LOG_LEVEL?",
    ]
    assert load_settings().port == 8001


FORMER = {
    "GATEWAY_CACHE": "GATEWAY_MIRROR=off",
    "GATEWAY_KEEP_ROWS": "GATEWAY_MIRROR_ROWS",
    "GATEWAY_SHARING": "always one request",
    "GATEWAY_STALE": "answers for a day",
}


@pytest.mark.parametrize(("name", "successor"), FORMER.items(), ids=FORMER)
def test_a_setting_that_there_was_names_what_took_its_place(
    monkeypatch: pytest.MonkeyPatch, name: str, successor: str
) -> None:
    """Whoever sets it still is told at the start; its value counts for nothing."""
    monkeypatch.setenv(name, "canary")
    [told] = [told for told in unknown_settings() if "FUZZ" not in told]
    assert told.startswith(f"{name} is no setting any more: ")
    assert successor in told
    assert "canary" not in told
    load_settings()


STANDS: dict[str, tuple[dict[str, str], str]] = {
    "passthrough": ({}, "Callers are known by PlanDocket keys of their own; kept: 100000 rows"),
    "none": ({"PLANDOCKET_API_KEY": "canary"}, "by nothing: whoever reaches the gateway is let in"),
    "tokens": (
        {"PLANDOCKET_API_KEY": "canary", "GATEWAY_AUTH": "tokens", "GATEWAY_TOKENS_FILE": __file__},
        "by the tokens of GATEWAY_TOKENS_FILE",
    ),
    "nothing kept": ({"GATEWAY_MIRROR": "off"}, "nothing is kept; limits: 1000 requests an hour"),
}


@pytest.mark.parametrize(("given", "part"), STANDS.values(), ids=STANDS)
def test_how_it_stands_is_one_line(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], part: str) -> None:
    """Who is known by what, what is kept, and the limits; no secret."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    line = standing(load_settings())
    assert part in line
    assert line.count("\n") == line.count("canary") == 0


def test_a_file_may_have_redis_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a line break behind it, as editors leave one."""
    file = tmp_path / "redis"
    file.write_text("rediss://gateway:secret@redis.test:6380/1\n")
    monkeypatch.setenv("GATEWAY_REDIS_URL_FILE", str(file))
    address = load_settings().redis_address
    assert address is not None
    assert address.get_secret_value() == "rediss://gateway:secret@redis.test:6380/1"
    assert "secret" not in repr(load_settings())


def test_redis_address_is_given_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the file holds one."""
    file = tmp_path / "redis"
    file.write_text("secret")
    monkeypatch.setenv("GATEWAY_REDIS_URL_FILE", str(file))
    with pytest.raises(SettingsError, match="GATEWAY_REDIS_URL_FILE: holds no address") as caught:
        load_settings()
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("GATEWAY_REDIS_URL", "redis://redis.test")
    with pytest.raises(SettingsError, match="unset one of them"):
        load_settings()


def test_the_start_tells_that_the_hour_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is."""
    shared = "requests an hour for a key together with all processes of the same Redis"
    assert shared not in standing(load_settings())
    monkeypatch.setenv("GATEWAY_REDIS_URL", "redis://redis.test")
    assert shared in standing(load_settings())


def test_the_hour_has_more_than_reserves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the processes has one of at least one request."""
    monkeypatch.setenv("PLANDOCKET_REQUESTS_PER_HOUR", "15")
    load_settings()
    monkeypatch.setenv("GATEWAY_REDIS_URL", "redis://redis.test")
    with pytest.raises(SettingsError, match="GATEWAY_PROCESSES"):
        load_settings()
    monkeypatch.setenv("GATEWAY_PROCESSES", "7")
    load_settings()
