"""What the operator decides, read from the environment. The README's table is held to this by a test."""

import ipaddress
import os
import re
import ssl
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    Field,
    FilePath,
    HttpUrl,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from gateway.errors import SettingsError
from gateway.settings.environment import address, empty, host, plain, unknown

_QueryName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\[\]-]*$", max_length=50)]
_Age = Annotated[float, Field(ge=0, le=31_536_000)]
_Switch = Literal["on", "off"]
_Seconds = Annotated[float, Field(gt=0, le=300)]
_Port = Annotated[int, Field(ge=1, le=65535)]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(BaseSettings):
    """The gateway's settings, each under the name of its environment variable."""

    model_config = SettingsConfigDict(env_ignore_empty=True, populate_by_name=True, frozen=True)

    base_url: HttpUrl = Field(
        validation_alias="PLANDOCKET_BASE_URL",
        description="Your tenant's address, `https://your-tenant.plandocket.com`; any host and scheme.",
    )
    api_key: SecretStr | None = Field(
        default=None,
        validation_alias="PLANDOCKET_API_KEY",
        description="The key the gateway holds and uses for all callers. Unset: each caller sends their own.",
    )
    page_param: _QueryName = Field(
        default="page",
        validation_alias="PLANDOCKET_PAGE_PARAM",
        description="Name of the query parameter for a list's page, counted from 1.",
    )
    per_page_param: _QueryName = Field(
        default="per_page",
        validation_alias="PLANDOCKET_PER_PAGE_PARAM",
        description="Name of the query parameter for the rows of a page.",
    )
    page_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=100,
        validation_alias="PLANDOCKET_PAGE_SIZE",
        description="Rows asked for with every page, 1 to 1000. Set it to your server's maximum.",
    )
    include_style: Literal["auto", "comma", "repeated", "brackets"] = Field(
        default="auto",
        validation_alias="PLANDOCKET_INCLUDE_STYLE",
        description="How several includes are sent: `comma`, `repeated`, `brackets` (`include[]=`), "
        "or `auto`: the first two are tried once.",
    )
    update_method: Literal["PATCH", "PUT"] = Field(
        default="PATCH",
        validation_alias="PLANDOCKET_UPDATE_METHOD",
        description="How rows are changed: `PATCH` sends the fields given, `PUT` reads the row first and "
        "sends all fields.",
    )
    ca_file: FilePath | None = Field(
        default=None,
        validation_alias="GATEWAY_CA_FILE",
        description="Certificates in PEM form of authorities that are believed besides the usual ones, such as your "
        "own, for PlanDocket and for `GATEWAY_JWT_JWKS_URL`.",
    )
    connect_timeout: _Seconds = Field(
        default=2,
        validation_alias="PLANDOCKET_CONNECT_TIMEOUT",
        description="Seconds to wait for a connection, at most 300.",
    )
    read_timeout: _Seconds = Field(
        default=10,
        validation_alias="PLANDOCKET_READ_TIMEOUT",
        description="Seconds to wait for the next bytes of an answer, at most 300.",
    )
    total_timeout: _Seconds = Field(
        default=15,
        validation_alias="PLANDOCKET_TOTAL_TIMEOUT",
        description="Seconds that one request to PlanDocket may take altogether, at most 300.",
    )
    requests_per_hour: Annotated[int, Field(ge=1)] | Literal["unlimited"] = Field(
        default=1000,
        validation_alias="PLANDOCKET_REQUESTS_PER_HOUR",
        description="Requests an hour that PlanDocket allows each key: 1000 standard, 5000 professional, `unlimited`.",
    )
    max_calls: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=25,
        validation_alias="GATEWAY_MAX_CALLS_PER_OPERATION",
        description="Requests to PlanDocket that the reads of one operation may cost, 1 to 1000.",
    )
    sharing: _Switch = Field(
        default="on",
        validation_alias="GATEWAY_SHARING",
        description="`on`: equal reads that run at the same time are one request.",
    )
    cache: _Switch = Field(
        default="on",
        validation_alias="GATEWAY_CACHE",
        description="`on`: what was read is kept for other operations.",
    )
    fresh_participants: _Age = Field(
        default=30,
        validation_alias="GATEWAY_FRESH_PARTICIPANTS",
        description="Seconds for which read participants are answered without asking again.",
    )
    fresh_contacts: _Age = Field(
        default=60,
        validation_alias="GATEWAY_FRESH_CONTACTS",
        description="The same for contacts, in seconds.",
    )
    fresh_events: _Age = Field(
        default=300,
        validation_alias="GATEWAY_FRESH_EVENTS",
        description="The same for events, in seconds.",
    )
    fresh_categories: _Age = Field(
        default=600,
        validation_alias="GATEWAY_FRESH_CATEGORIES",
        description="The same for categories, in seconds.",
    )
    fresh_keys: _Age = Field(
        default=600,
        validation_alias="GATEWAY_FRESH_KEYS",
        description="For `passthrough`: seconds for which a key that PlanDocket accepted is shown what is kept "
        "without asking again whether it still does.",
    )
    stale: _Age = Field(
        default=86400,
        validation_alias="GATEWAY_STALE",
        description="Seconds for which anything read may answer while PlanDocket cannot be asked.",
    )
    keep_rows: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        default=100_000,
        validation_alias="GATEWAY_KEEP_ROWS",
        description="Rows kept at the most, and a tenth as many pages of lists; about 2 kB a row.",
    )
    max_list_rows: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=200_000,
        validation_alias="GATEWAY_MAX_LIST_ROWS",
        description="Rows of one list that PlanDocket may send at once, where it heeds no page size.",
    )
    tell_cost: _Switch = Field(
        default="on",
        validation_alias="GATEWAY_TELL_COST",
        description="`on`: every answer says in `extensions.upstream` what it cost.",
    )
    auth: Literal["passthrough", "tokens", "jwt", "none"] | None = Field(
        default=None,
        validation_alias="GATEWAY_AUTH",
        description="Who may call: `passthrough` (each with their own PlanDocket key; the default without "
        "`PLANDOCKET_API_KEY`), `tokens`, `jwt`, or `none` (anyone; the default with it, on loopback only).",
    )
    tokens_file: FilePath | None = Field(
        default=None,
        validation_alias="GATEWAY_TOKENS_FILE",
        description="For `tokens`: the file with a line for each token, as `gateway token` prints it; "
        "read again when it changes.",
    )
    jwt_issuer: str | None = Field(
        default=None,
        validation_alias="GATEWAY_JWT_ISSUER",
        description="For `jwt`: the issuer that tokens must name.",
    )
    jwt_audience: str | None = Field(
        default=None,
        validation_alias="GATEWAY_JWT_AUDIENCE",
        description="For `jwt`: the audience that tokens must name.",
    )
    jwt_jwks_url: HttpUrl | None = Field(
        default=None,
        validation_alias="GATEWAY_JWT_JWKS_URL",
        description="For `jwt`: where the issuer's keys are; fetched again when they change.",
    )
    jwt_roles_claim: str = Field(
        default="roles",
        validation_alias="GATEWAY_JWT_ROLES_CLAIM",
        description="For `jwt`: the claim with the roles `read` or `write`, `sensitive`, and resources "
        "such as `events`, to which the caller is limited.",
    )
    trusted_proxies: str | None = Field(
        default=None,
        validation_alias="GATEWAY_TRUSTED_PROXIES",
        description="Addresses or networks of proxies that are believed who asked them (`X-Forwarded-For`), with "
        "commas between: `10.0.0.7, 192.168.0.0/24`. Wrong tokens and keys are counted by that address.",
    )
    csrf: _Switch = Field(
        default="on",
        validation_alias="GATEWAY_CSRF",
        description="`on`: a GET must bring a header that no web page of another origin can send, "
        "such as `X-Requested-With`, `X-API-Key` or a bearer token.",
    )
    cors_origins: str | None = Field(
        default=None,
        validation_alias="GATEWAY_CORS_ORIGINS",
        description="Origins whose pages may call, with commas between: `https://app.example.org`.",
    )
    cors_headers: str | None = Field(
        default=None,
        validation_alias="GATEWAY_CORS_HEADERS",
        description="Headers that such pages may send besides those of GraphQL clients and tracing, with commas "
        "between: `X-Tenant`.",
    )
    graphiql: _Switch = Field(
        default="on",
        validation_alias="GATEWAY_GRAPHIQL",
        description="`on`: browsers get GraphiQL at `/graphql`. The page itself holds no data.",
    )
    introspection: Literal["on", "callers", "off"] = Field(
        default="callers",
        validation_alias="GATEWAY_INTROSPECTION",
        description="Who may ask for the schema, also at `/schema.graphql`: anyone (`on`), `callers` who are "
        "let in, or nobody (`off`).",
    )
    suggestions: _Switch = Field(
        default="off",
        validation_alias="GATEWAY_SUGGESTIONS",
        description="`on`: the error for an unknown name suggests those that are alike.",
    )
    max_depth: Annotated[int, Field(ge=1, le=100)] = Field(
        default=12,
        validation_alias="GATEWAY_MAX_DEPTH",
        description="Fields below each other in one operation, introspection aside.",
    )
    max_aliases: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=200,
        validation_alias="GATEWAY_MAX_ALIASES",
        description="Aliases in one operation, fragments counted as often as they are spread.",
    )
    max_fields: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=2_000,
        validation_alias="GATEWAY_MAX_FIELDS",
        description="Fields in one operation, counted likewise.",
    )
    max_directives: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=50,
        validation_alias="GATEWAY_MAX_DIRECTIVES",
        description="Directives in one operation, counted likewise.",
    )
    max_tokens: Annotated[int, Field(ge=10, le=100_000)] = Field(
        default=8_000,
        validation_alias="GATEWAY_MAX_TOKENS",
        description="Tokens (names, braces, values) in one document.",
    )
    max_operations: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=5,
        validation_alias="GATEWAY_MAX_OPERATIONS",
        description="Operations in one document.",
    )
    max_rows: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=10_000,
        validation_alias="GATEWAY_MAX_ROWS",
        description="Rows that one operation may come to by its page sizes, all lists together.",
    )
    documents: Literal["off", "prefer", "only"] = Field(
        default="off",
        validation_alias="GATEWAY_DOCUMENTS",
        description="Stored documents: `prefer` takes hashes besides texts, those of the file and those that "
        "Apollo's clients register; `only` takes what is in the file, and nothing else.",
    )
    documents_file: FilePath | None = Field(
        default=None,
        validation_alias="GATEWAY_DOCUMENTS_FILE",
        description="The stored documents, JSON of hash to text, as graphql-codegen and relay-compiler write it. "
        "`prefer` does without.",
    )
    operation_timeout: _Seconds = Field(
        default=20,
        validation_alias="GATEWAY_OPERATION_TIMEOUT",
        description="Seconds that one operation may take altogether, at most 300.",
    )
    max_running: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1_000,
        validation_alias="GATEWAY_MAX_RUNNING",
        description="Operations that run at the same time; those beyond get 503 with `Retry-After` at once.",
    )
    log_format: Literal["json", "console"] = Field(
        default="console",
        validation_alias="GATEWAY_LOG_FORMAT",
        description="How log lines are written: `json` for machines, `console` for people.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        validation_alias="GATEWAY_LOG_LEVEL",
        description="The least that is logged; `info` has a line for each operation.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        validation_alias="GATEWAY_METRICS_TOKEN",
        description="What `/metrics` wants as a bearer token. Unset: only `GATEWAY_METRICS_PORT` has metrics.",
    )
    metrics_port: _Port | None = Field(
        default=None,
        validation_alias="GATEWAY_METRICS_PORT",
        description="Port of an address for `/metrics` alone, such as 9464: without a token for whoever reaches it.",
    )
    metrics_host: str = Field(
        default="127.0.0.1",
        validation_alias="GATEWAY_METRICS_HOST",
        description="Address to listen on at that port.",
    )
    host: str = Field(
        default="127.0.0.1",
        validation_alias="GATEWAY_HOST",
        description="Address to listen on. With `PLANDOCKET_API_KEY` and no `GATEWAY_AUTH` it must be loopback.",
    )
    port: _Port = Field(
        default=8000,
        validation_alias="GATEWAY_PORT",
        description="Port to listen on.",
    )
    root_path: str | None = Field(
        default=None,
        validation_alias="GATEWAY_ROOT_PATH",
        description="A path before all of the gateway's, such as `/plandocket`, where a proxy passes it on.",
    )

    @property
    def requests_per_hour_limit(self) -> int | None:
        """The hour's requests; None is unlimited."""
        return None if self.requests_per_hour == "unlimited" else self.requests_per_hour

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins whose pages may call."""
        return tuple(_listed(self.cors_origins))

    @property
    def page_headers(self) -> tuple[str, ...]:
        """The headers that pages of other origins may send besides the usual ones."""
        return tuple(_listed(self.cors_headers))

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of proxies that are believed who asked them."""
        return tuple(map(ipaddress.ip_network, _listed(self.trusted_proxies)))

    @property
    def fresh_s(self) -> dict[str, float]:
        """For how many seconds each resource is fresh, by its path."""
        return {
            "participants": self.fresh_participants,
            "contacts": self.fresh_contacts,
            "events": self.fresh_events,
            "categories": self.fresh_categories,
        }

    @field_validator("base_url", "jwt_jwks_url", mode="before")
    @classmethod
    def _address(cls, value: object) -> object:
        return address(value) if isinstance(value, str) else value

    @field_validator("host", "metrics_host", mode="before")
    @classmethod
    def _host(cls, value: object) -> object:
        return host(value) if isinstance(value, str) else value

    # Before those above: the last is asked first.
    @field_validator("*", mode="before")
    @classmethod
    def _as_meant(cls, value: object) -> object:
        return plain(value) if isinstance(value, str) else value

    @field_validator("ca_file")
    @classmethod
    def _certificates(cls, file: Path | None) -> Path | None:
        if file is None:
            return None
        try:
            ssl.create_default_context(cafile=file)
        except ssl.SSLError:
            raise ValueError("holds no certificate in PEM form") from None
        except OSError as error:
            raise ValueError(f"cannot be read ({error.strerror})") from None
        return file

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("must be a plain address without user, password, query or fragment")
        return HttpUrl(str(url).rstrip("/").removesuffix("/api/v1"))

    @field_validator("api_key", "metrics_token")
    @classmethod
    def _sendable(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not is_sendable(key.get_secret_value()):
            raise ValueError("must be visible ASCII characters without a space")
        return key

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine reaches the gateway."""
        return is_loopback(self.host)

    @property
    def lets_everyone_in(self) -> bool:
        """Whether whoever reaches the gateway may use the key that it holds."""
        return self.api_key is not None and self.auth in (None, "none")

    @field_validator("cors_origins")
    @classmethod
    def _as_browsers_send_them(cls, origins: str | None) -> str | None:
        for place, origin in enumerate(_listed(origins), start=1):
            if not _is_origin(origin):
                raise ValueError(
                    f"its origin number {place} is none: each is written as browsers send it, scheme, host and "
                    "a port that is not the scheme's own, in lower case, such as https://app.example.org or "
                    "http://localhost:3000; no path, no slash at the end, no *"
                )
        return origins

    @field_validator("root_path")
    @classmethod
    def _begins_with_a_slash(cls, path: str | None) -> str | None:
        path = path and path.rstrip("/")
        if path and not _PATH.fullmatch(path):
            raise ValueError("must be a path such as /plandocket: no address, no query, no empty step")
        return path

    @field_validator("cors_headers")
    @classmethod
    def _names_of_headers(cls, headers: str | None) -> str | None:
        for place, name in enumerate(_listed(headers), start=1):
            if not _HEADER.fullmatch(name):
                raise ValueError(
                    f"its number {place} is no name of a header: each is letters, digits and dashes, such as "
                    "X-Tenant; no value, no *"
                )
        return headers

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str | None) -> str | None:
        for place, text in enumerate(_listed(proxies), start=1):
            try:
                network = ipaddress.ip_network(text)
            except ValueError:
                raise ValueError(
                    f"its number {place} is neither an address nor a network: each is written such as 10.0.0.7, "
                    "192.168.0.0/24 or fd00::/8, with no name, no port, and no bits beyond the network's own"
                ) from None
            if network.prefixlen == 0:
                raise ValueError(f"its number {place} is every address: then anyone could pass for any other")
        return proxies

    @field_validator("jwt_jwks_url")
    @classmethod
    def _private_address(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None and url.scheme != "https" and not is_loopback(url.host or ""):
            raise ValueError("must be https, or whoever is on the way could bring keys of their own")
        return url

    @model_validator(mode="after")
    def _with_documents(self) -> Self:
        if self.documents == "only" and self.documents_file is None:
            raise SettingsError(
                "GATEWAY_DOCUMENTS_FILE: is not set, and GATEWAY_DOCUMENTS is only: set it to the manifest that "
                "graphql-codegen or relay-compiler writes, or GATEWAY_DOCUMENTS to prefer or off."
            )
        return self

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.api_key is None:
            self._needs_no_held_key()
        elif self.auth == "passthrough":
            raise SettingsError(
                "GATEWAY_AUTH: passthrough lets each caller bring their own key, and PLANDOCKET_API_KEY is one for "
                "all. Unset PLANDOCKET_API_KEY, or set GATEWAY_AUTH to tokens or jwt."
            )
        elif self.auth is None and not self.is_on_loopback:
            raise SettingsError(
                "GATEWAY_HOST: with PLANDOCKET_API_KEY set, anyone who reaches the gateway would read your data. "
                f"Set GATEWAY_AUTH to tokens or jwt, or GATEWAY_HOST to 127.0.0.1 instead of {self.host!r}; "
                "GATEWAY_AUTH=none lets in anyone all the same."
            )
        needed = {
            "tokens": {"GATEWAY_TOKENS_FILE": self.tokens_file},
            "jwt": {
                "GATEWAY_JWT_ISSUER": self.jwt_issuer,
                "GATEWAY_JWT_AUDIENCE": self.jwt_audience,
                "GATEWAY_JWT_JWKS_URL": self.jwt_jwks_url,
            },
        }
        missing = [name for name, value in needed.get(self.auth or "", {}).items() if value is None]
        if missing:
            raise SettingsError("\n".join(f"{name}: GATEWAY_AUTH={self.auth} needs it." for name in missing))
        return self

    def _needs_no_held_key(self) -> None:
        if self.auth in ("tokens", "jwt", "none"):
            raise SettingsError(
                f"PLANDOCKET_API_KEY: GATEWAY_AUTH={self.auth} needs it, for callers send no PlanDocket key of their "
                "own."
            )


def is_loopback(host: str) -> bool:
    """Return whether a host without its port is this machine and cannot be anything else. Source: RFC 6761, 6.3"""
    name = host.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_sendable(key: str) -> bool:
    """Return whether a key can stand in a header: visible ASCII without a space."""
    return key.isascii() and key.isprintable() and " " not in key and bool(key)


def _listed(text: str | None) -> list[str]:
    """Return the members of a list with commas between."""
    return [one.strip() for one in (text or "").split(",") if one.strip()]


_HEADER = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2, but for the asterisk
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_OWN_PORTS = {"http": "80", "https": "443"}


def _is_origin(text: str) -> bool:
    """Return whether a browser may send this as `Origin`: it leaves out a scheme's own port."""
    found = _ORIGIN.fullmatch(text)
    return found is not None and found[2] != _OWN_PORTS.get(found[1], "")


def load_settings(**given: object) -> Settings:
    """Return the settings of the environment, but for those that are given by their names here.

    Raises:
        SettingsError: one line for each setting that is missing or wrong, by its name; no values.
    """
    if nothing := empty(os.environ, [name for field, name in _SECRETS.items() if field not in given]):
        raise SettingsError(
            "\n".join(f"{name}: is set and empty: give it its secret, or unset it." for name in nothing)
        )
    try:
        return Settings(**given)  # pyright: ignore[reportArgumentType] - the environment gives the rest, pydantic reads it
    except ValidationError as error:
        raise _explained(error) from None


def unknown_settings() -> list[str]:
    """Return a sentence for each variable of the environment that is named like a setting and is none."""
    return unknown(os.environ, _NAMES)


_NAMES = [str(field.validation_alias) for field in Settings.model_fields.values()]
_SECRETS = {
    name: str(field.validation_alias)
    for name, field in Settings.model_fields.items()
    if SecretStr in get_args(field.annotation)
}

_OF_COST = (
    "page_size",
    "update_method",
    "max_calls",
    "max_depth",
    "max_aliases",
    "max_fields",
    "max_directives",
    "max_tokens",
    "max_operations",
    "max_rows",
)


class _PlanSettings(Settings):
    """The settings of a gateway that asks nobody: only what is given counts."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from: not from the environment."""
        return (init_settings,)


def load_plan_settings() -> Settings:
    """Return settings to plan with: the environment's where they decide what an operation may cost, else the defaults.

    Raises:
        SettingsError: as `load_settings` does, for those alone.
    """
    of_cost = {str(Settings.model_fields[name].validation_alias) for name in _OF_COST}
    found = EnvSettingsSource(Settings)()
    try:
        return _PlanSettings.model_validate(
            {
                "base_url": "http://plan.invalid",
                "requests_per_hour": "unlimited",
                "operation_timeout": 300,
                **{name: value for name, value in found.items() if name in of_cost},
            }
        )
    except ValidationError as error:
        raise _explained(error) from None


def _explained(error: ValidationError) -> SettingsError:
    return SettingsError("\n".join(_explain(problem["loc"], problem["msg"]) for problem in error.errors()))


def _explain(place: tuple[int | str, ...], message: str) -> str:
    if message == "Field required":
        message = "is not set: " + (Settings.model_fields["base_url"].description or "")
    if message == "Path does not point to a file":
        message = "there is no such file: correct the path, or write the file there."
    said = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{place[0] if place else 'settings'}: {said}"
