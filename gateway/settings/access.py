"""Who may call, from where, and what they may ask."""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, FilePath, HttpUrl, field_validator, model_validator
from pydantic_settings import NoDecode

from gateway.errors import SettingsError
from gateway.settings.group import Address, Group, Switch, is_loopback, listed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2, but for the asterisk
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_OWN_PORTS = {"http": "80", "https": "443"}


def _origins(text: str | None) -> tuple[str, ...]:
    origins = listed(text)
    for place, origin in enumerate(origins, start=1):
        if not _is_origin(origin):
            raise ValueError(
                f"its origin number {place} is none: each is written as browsers send it, scheme, host and "
                "a port that is not the scheme's own, in lower case, such as https://app.example.org or "
                "http://localhost:3000; no path, no slash at the end, no *"
            )
    return origins


def _is_origin(text: str) -> bool:
    """Return whether a browser may send this as `Origin`: it leaves out a scheme's own port."""
    found = _ORIGIN.fullmatch(text)
    return found is not None and found[2] != _OWN_PORTS.get(found[1], "")


def _headers(text: str | None) -> tuple[str, ...]:
    headers = listed(text)
    for place, name in enumerate(headers, start=1):
        if not _HEADER.fullmatch(name):
            raise ValueError(
                f"its number {place} is no name of a header: each is letters, digits and dashes, such as "
                "X-Tenant; no value, no *"
            )
    return headers


class AccessSettings(Group):
    """Who may call, from where, and what they may ask."""

    auth: Literal["passthrough", "tokens", "jwt", "none"] | None = Field(
        default=None,
        description="Who may call: `passthrough` (each with their own PlanDocket key; the default without "
        "`PLANDOCKET_API_KEY`), `tokens`, `jwt`, or `none` (anyone; the default with it, on loopback only).",
    )
    tokens_file: FilePath | None = Field(
        default=None,
        description="For `tokens`: the file with a line for each token, as `gateway token` prints it; "
        "read again when it changes.",
    )
    jwt_issuer: str | None = Field(default=None, description="For `jwt`: the issuer that tokens must name.")
    jwt_audience: str | None = Field(
        default=None,
        description="For `jwt`: the audience that tokens must name.",
    )
    jwt_jwks_url: Address | None = Field(
        default=None,
        description="For `jwt`: where the issuer's keys are; fetched again when they change.",
    )
    jwt_roles_claim: str = Field(
        default="roles",
        description="For `jwt`: the claim with the roles `read` or `write`, `sensitive`, and resources "
        "such as `events`, to which the caller is limited.",
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="Addresses or networks of proxies that are believed who asked them (`X-Forwarded-For`), with "
        "commas between: `10.0.0.7, 192.168.0.0/24`. Wrong tokens and keys are counted by that address.",
    )
    csrf: Switch = Field(
        default="on",
        description="`on`: a GET must bring a header that no web page of another origin can send, "
        "such as `X-Requested-With`, `X-API-Key` or a bearer token.",
    )
    cors_origins: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_origins)] = Field(
        default=None,
        description="Origins whose pages may call, with commas between: `https://app.example.org`.",
    )
    cors_headers: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_headers)] = Field(
        default=None,
        description="Headers that such pages may send besides those of GraphQL clients and tracing, with commas "
        "between: `X-Tenant`.",
    )
    graphiql: Switch = Field(
        default="on",
        description="`on`: browsers get GraphiQL at `/graphql`. The page itself holds no data.",
    )
    introspection: Literal["on", "callers", "off"] = Field(
        default="callers",
        description="Who may ask for the schema, also at `/schema.graphql`: anyone (`on`), `callers` who are "
        "let in, or nobody (`off`).",
    )
    suggestions: Switch = Field(
        default="off",
        description="`on`: the error for an unknown name suggests those that are alike.",
    )
    documents: Literal["off", "prefer", "only"] = Field(
        default="off",
        description="Stored documents: `prefer` takes hashes besides texts, those of the file and those that "
        "Apollo's clients register; `only` takes what is in the file, and nothing else.",
    )
    documents_file: FilePath | None = Field(
        default=None,
        description="The stored documents, JSON of hash to text, as graphql-codegen and relay-compiler write it. "
        "`prefer` does without.",
    )

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of proxies that are believed who asked them."""
        return tuple(map(ipaddress.ip_network, listed(self.trusted_proxies)))

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str | None) -> str | None:
        for place, text in enumerate(listed(proxies), start=1):
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
