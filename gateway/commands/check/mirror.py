"""What the gateway that runs holds, and what keeps it from holding all."""

from gateway.commands.check.finding import Finding, Level, failure
from gateway.commands.mirror.asking import OperatorError, ask
from gateway.commands.mirror.report import none_runs
from gateway.errors import SettingsError
from gateway.mirror.standing import Standing
from gateway.settings.settings import Settings


async def check_mirror(settings: Settings, url: str | None) -> list[Finding]:
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
