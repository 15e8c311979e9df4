"""What `gateway check` prints, and whether it found a failure."""

import asyncio
import logging
import sys
from collections.abc import Callable

import typer
from pydantic import SecretStr

from gateway.commands.check.finding import Finding, Level, failure
from gateway.commands.check.sources import check_sources
from gateway.commands.check.upstream import check_upstream
from gateway.commands.mirror.asking import OperatorError, ask
from gateway.commands.mirror.report import none_runs
from gateway.errors import SettingsError
from gateway.mirror.standing import Standing
from gateway.settings.settings import Settings, load_settings


def check(ask_key: Callable[[], str] | None, url: str | None) -> None:
    """Print what there is to say of the settings and of PlanDocket; end with 1 where anything fails.

    `ask_key` asks for the key to check with, where none is set; `url` is where the gateway runs, else the settings say.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"FAILURE  {line}", file=sys.stderr)
        raise typer.Exit(1) from None
    logging.disable()  # what the log would say, the findings say in full
    key = settings.api_key
    if key is None and ask_key is not None:
        key = SecretStr(ask_key())
    findings = asyncio.run(_check(settings, key, url))
    for finding in findings:
        print(f"{finding.level.name:8} {finding.sentence}")
    raise typer.Exit(1 if any(finding.level is Level.FAILURE for finding in findings) else 0)


async def _check(settings: Settings, key: SecretStr | None, url: str | None) -> list[Finding]:
    found = [*await check_sources(settings), *await check_upstream(settings, key)]
    return [*found, *await _check_mirror(settings, url)]


async def _check_mirror(settings: Settings, url: str | None) -> list[Finding]:
    """Return a finding for each resource; none where there is no token to ask the gateway with."""
    if settings.operator_token is None:
        return []
    try:
        told, place = await ask("GET", Standing, url)
    except (OperatorError, SettingsError) as error:
        return [failure(str(error))]
    findings = [] if place is None else [Finding(Level.OK, none_runs(place))]
    for one in told.resources if place is None or told.rows else ():
        whole = (
            f"all that there are, as of {one.age_s} s ago" if one.reason is None else f"not all: {one.reason}"
        )
        level = Level.WARNING if one.reason and one.failures else Level.OK
        findings.append(Finding(level, f"{one.path}: the gateway holds {one.rows:,} rows, {whole}."))
    return findings
