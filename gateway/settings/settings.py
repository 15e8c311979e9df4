"""All settings together, read from the environment. The README's tables are held to them by a test."""

import os
from typing import Self, get_args

from pydantic import SecretStr, ValidationError, model_validator

from gateway.errors import SettingsError
from gateway.settings.access import AccessSettings
from gateway.settings.environment import empty, unknown
from gateway.settings.limits import LimitSettings
from gateway.settings.mirror import FORMER, MirrorSettings
from gateway.settings.redis import RedisSettings
from gateway.settings.serving import ServingSettings
from gateway.settings.upstream import UpstreamSettings

GROUPS = (UpstreamSettings, MirrorSettings, RedisSettings, AccessSettings, LimitSettings, ServingSettings)


# pydantic takes the fields of the last base first.
class Settings(
    ServingSettings, LimitSettings, AccessSettings, RedisSettings, MirrorSettings, UpstreamSettings
):
    """The gateway's settings. What needs one group of them takes that group."""

    @property
    def lets_everyone_in(self) -> bool:
        """Whether whoever reaches the gateway may use the key that it holds."""
        return self.api_key is not None and self.auth in (None, "none")

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.api_key is None and self.auth in ("tokens", "jwt", "none"):
            raise SettingsError(
                f"PLANDOCKET_API_KEY: GATEWAY_AUTH={self.auth} needs it, for callers send no PlanDocket key of their "
                "own."
            )
        if self.api_key is not None and self.auth == "passthrough":
            raise SettingsError(
                "GATEWAY_AUTH: passthrough lets each caller bring their own key, and PLANDOCKET_API_KEY is one for "
                "all. Unset PLANDOCKET_API_KEY, or set GATEWAY_AUTH to tokens or jwt."
            )
        if self.api_key is not None and self.auth is None and not self.is_on_loopback:
            raise SettingsError(
                "GATEWAY_HOST: with PLANDOCKET_API_KEY set, anyone who reaches the gateway would read your data. "
                f"Set GATEWAY_AUTH to tokens or jwt, or GATEWAY_HOST to 127.0.0.1 instead of {self.host!r}; "
                "GATEWAY_AUTH=none lets in anyone all the same."
            )
        return self

    @model_validator(mode="after")
    def _has_room_for_reserves(self) -> Self:
        limit, is_shared = self.requests_per_hour_limit, self.redis_url or self.redis_url_file
        if limit is not None and is_shared and limit < 2 * self.processes:
            raise SettingsError(
                "GATEWAY_PROCESSES: each process has a reserve of at least one request, and the hour's "
                "(PLANDOCKET_REQUESTS_PER_HOUR) must be at least twice as many as processes."
            )
        return self

    @model_validator(mode="after")
    def _has_what_its_mode_needs(self) -> Self:
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
        lines = [_explain(problem["loc"], problem["msg"]) for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def unknown_settings() -> list[str]:
    """Return a sentence for each variable of the environment that is named like a setting and is none."""
    return unknown(os.environ, _NAMES, FORMER)


_NAMES = [str(field.validation_alias) for field in Settings.model_fields.values()]
_SECRETS = {
    name: str(field.validation_alias)
    for name, field in Settings.model_fields.items()
    if SecretStr in get_args(field.annotation)
}

_OF_COST = {*LimitSettings.model_fields, "page_size", "update_method"} - {"max_running", "operation_timeout"}
_OF_OPERATORS = {"host", "port", "ca_file", "operator_token", "token"}


def _but(names: set[str]) -> dict[str, object]:
    """Return all settings but these, as they are by default."""
    return {name: field.default for name, field in Settings.model_fields.items() if name not in names}


def load_plan_settings() -> Settings:
    """Return settings to plan with: the environment's where they decide what an operation costs, else the defaults."""
    asks_nobody = {"base_url": "http://plan.invalid", "requests_per_hour": "unlimited"}
    holds_nothing = {"mirror": "off"}
    return load_settings(**{**_but(_OF_COST), **asks_nobody, **holds_nothing, "operation_timeout": 300})


def load_operator_settings() -> Settings:
    """Return settings by which a gateway that runs is asked: those of the environment, else the defaults."""
    return load_settings(**{**_but(_OF_OPERATORS), "base_url": "http://operator.invalid"})


def _explain(place: tuple[int | str, ...], message: str) -> str:
    if message == "Field required":
        message = "is not set: " + (Settings.model_fields["base_url"].description or "")
    if message == "Path does not point to a file":
        message = "there is no such file: correct the path, or write the file there."
    said = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{place[0] if place else 'settings'}: {said}"
