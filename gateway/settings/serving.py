"""Where the gateway listens, and what it tells."""

import re
from typing import Literal

from pydantic import Field, field_validator

from gateway.settings.group import Group, Host, Port, Secret, Switch, is_loopback

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")


class ServingSettings(Group):
    """Where the gateway listens, and what it tells."""

    host: Host = Field(
        default="127.0.0.1",
        description="Address to listen on. With `PLANDOCKET_API_KEY` and no `GATEWAY_AUTH` it must be loopback.",
    )
    port: Port = Field(default=8000, description="Port to listen on.")
    root_path: str | None = Field(
        default=None,
        description="A path before all of the gateway's, such as `/plandocket`, where a proxy passes it on.",
    )
    tell_cost: Switch = Field(
        default="on",
        description="`on`: every answer says in `extensions.upstream` what it cost.",
    )
    log_format: Literal["json", "console"] = Field(
        default="console",
        description="How log lines are written: `json` for machines, `console` for people.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="The least that is logged; `info` has a line for each operation.",
    )
    metrics_token: Secret = Field(
        default=None,
        description="What `/metrics` wants as a bearer token. Unset: only `GATEWAY_METRICS_PORT` has metrics.",
    )
    metrics_port: Port | None = Field(
        default=None,
        description="Port of an address for `/metrics` alone, such as 9464: without a token for whoever reaches it.",
    )
    metrics_host: Host = Field(default="127.0.0.1", description="Address to listen on at that port.")
    operator_token: Secret = Field(
        default=None,
        description="What `/operator/mirror`, and so `gateway mirror`, want as a bearer token. Unset: it is not there.",
    )
    token: Secret = Field(
        default=None,
        description="The token, or the PlanDocket key, with which `gateway export` and `import` ask the gateway that "
        "runs.",
    )

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine reaches the gateway."""
        return is_loopback(self.host)

    @field_validator("root_path")
    @classmethod
    def _begins_with_a_slash(cls, path: str | None) -> str | None:
        path = path and path.rstrip("/")
        if path and not _PATH.fullmatch(path):
            raise ValueError("must be a path such as /plandocket: no address, no query, no empty step")
        return path
