"""PlanDocket, and the way to it."""

import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FilePath, HttpUrl, StringConstraints, field_validator

from gateway.settings.group import Address, Group, Seconds, Secret

_QueryName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\[\]-]*$", max_length=50)]


class UpstreamSettings(Group):
    """PlanDocket, and the way to it."""

    base_url: Address = Field(
        validation_alias="PLANDOCKET_BASE_URL",
        description="Your tenant's address, `https://your-tenant.plandocket.com`; any host and scheme.",
    )
    api_key: Secret = Field(
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
    max_list_rows: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=200_000,
        description="Rows of one list that PlanDocket may send at once, where it heeds no page size.",
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="Certificates in PEM form of authorities that are believed besides the usual ones, such as your "
        "own, for PlanDocket and for `GATEWAY_JWT_JWKS_URL`.",
    )
    connect_timeout: Seconds = Field(
        default=2,
        validation_alias="PLANDOCKET_CONNECT_TIMEOUT",
        description="Seconds to wait for a connection, at most 300.",
    )
    read_timeout: Seconds = Field(
        default=10,
        validation_alias="PLANDOCKET_READ_TIMEOUT",
        description="Seconds to wait for the next bytes of an answer, at most 300.",
    )
    total_timeout: Seconds = Field(
        default=15,
        validation_alias="PLANDOCKET_TOTAL_TIMEOUT",
        description="Seconds that one request to PlanDocket may take altogether, at most 300.",
    )
    requests_per_hour: Annotated[int, Field(ge=1)] | Literal["unlimited"] = Field(
        default=1000,
        validation_alias="PLANDOCKET_REQUESTS_PER_HOUR",
        description="Requests an hour that PlanDocket allows each key: 1000 standard, 5000 professional, `unlimited`.",
    )

    @property
    def requests_per_hour_limit(self) -> int | None:
        """The hour's requests; None is unlimited."""
        return None if self.requests_per_hour == "unlimited" else self.requests_per_hour

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
