"""What makes several processes one gateway: the Redis that they share."""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, FilePath, SecretStr, StringConstraints, field_validator, model_validator

from gateway.errors import SettingsError
from gateway.settings.group import Group, Secret
from gateway.settings.text_files import FileError, read_text

_URL = re.compile(r"(rediss?://[^/]+|unix://)\S*")
_Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]*$", max_length=50)]


def _is_address(url: str) -> bool:
    return url.isascii() and _URL.fullmatch(url) is not None


class RedisSettings(Group):
    """Redis, which makes several processes one gateway."""

    redis_url: Secret = Field(
        default=None,
        description="The Redis (6.2 or later) or Valkey that all processes of this gateway share, "
        "`redis://user:password@host:6379/0`, or `rediss://` for TLS. Unset: this process is the only one.",
    )
    redis_url_file: FilePath | None = Field(
        default=None,
        description="A file with that address, for who keeps passwords in files.",
    )
    redis_prefix: _Prefix = Field(
        default="gateway:",
        description="What the names of all keys there begin with; gateways with the same one are one gateway.",
    )
    processes: Annotated[int, Field(ge=1, le=64)] = Field(
        default=8,
        description="Processes that have a reserve of the hour for when Redis cannot be reached, 1 to 64; "
        "the same for all of them.",
    )

    @property
    def redis_address(self) -> SecretStr | None:
        """Redis' address with user and password; None where the process is the only one.

        Raises:
            SettingsError: the file that has it cannot be read, or holds something else.
        """
        if self.redis_url_file is None:
            return self.redis_url
        return SecretStr(_read(self.redis_url_file))

    @field_validator("redis_url")
    @classmethod
    def _address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_address(url.get_secret_value()):
            raise ValueError("must begin with redis:// (or rediss:// for TLS, or unix://), and name a host")
        return url

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.redis_url is not None and self.redis_url_file is not None:
            raise SettingsError("GATEWAY_REDIS_URL_FILE: GATEWAY_REDIS_URL is set too: unset one of them.")
        if self.redis_url_file is not None:
            _read(self.redis_url_file)
        return self


def _read(file: Path) -> str:
    try:
        url = read_text(file).strip()
    except FileError as error:
        raise SettingsError(f"GATEWAY_REDIS_URL_FILE: {error}") from None
    if not _is_address(url):
        raise SettingsError(
            "GATEWAY_REDIS_URL_FILE: holds no address such as redis://user:password@host:6379/0"
        )
    return url
