"""What every group of settings has: how it is read from the environment, and what is said of a wrong value."""

import ipaddress
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.settings.environment import address, host, plain

Switch = Literal["on", "off"]
Seconds = Annotated[float, Field(gt=0, le=300)]
Age = Annotated[float, Field(ge=0, le=31_536_000)]
Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, BeforeValidator(host)]
Address = Annotated[HttpUrl, BeforeValidator(address)]


def is_sendable(key: str) -> bool:
    """Return whether a key can stand in a header: visible ASCII without a space."""
    return key.isascii() and key.isprintable() and " " not in key and bool(key)


def _sendable(key: SecretStr | None) -> SecretStr | None:
    if key is not None and not is_sendable(key.get_secret_value()):
        raise ValueError("must be visible ASCII characters without a space")
    return key


Secret = Annotated[SecretStr | None, AfterValidator(_sendable)]


class Group(BaseSettings):
    """Settings that belong together: GATEWAY_ before a field's name is its environment variable, unless it says."""

    model_config = SettingsConfigDict(
        alias_generator=AliasGenerator(validation_alias=lambda name: f"GATEWAY_{name.upper()}"),
        env_ignore_empty=True,
        populate_by_name=True,
        frozen=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_meant(cls, value: object) -> object:
        return plain(value) if isinstance(value, str) else value


def listed(text: str | None) -> tuple[str, ...]:
    """Return the members of a list with commas between."""
    return tuple(one.strip() for one in (text or "").split(",") if one.strip())


def is_loopback(host: str) -> bool:
    """Return whether a host without its port is this machine and cannot be anything else. Source: RFC 6761, 6.3"""
    name = host.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
