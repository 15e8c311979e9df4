"""What is kept, and for how long."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.settings.group import Age, Group, Switch

FORMER = {
    "GATEWAY_CACHE": "where nothing shall be kept, set GATEWAY_MIRROR=off.",
    "GATEWAY_KEEP_ROWS": "its value belongs in GATEWAY_MIRROR_ROWS.",
    "GATEWAY_SHARING": "equal reads that run at the same time are always one request.",
    "GATEWAY_STALE": "while PlanDocket cannot be asked, what was read answers for a day.",
}
"""Settings that there were, by their names, and what took their place."""


class MirrorSettings(Group):
    """What is kept, and for how long."""

    mirror: Switch = Field(
        default="on",
        description="`on`: what was read is kept, and what is asked for often is read whole and kept young within the "
        "hour. `off`: nothing is kept for other operations.",
    )
    fresh_participants: Age = Field(
        default=30,
        description="Seconds for which read participants are answered without asking again.",
    )
    fresh_contacts: Age = Field(default=60, description="The same for contacts, in seconds.")
    fresh_events: Age = Field(default=60, description="The same for events, in seconds.")
    fresh_categories: Age = Field(default=60, description="The same for categories, in seconds.")
    fresh_keys: Age = Field(
        default=600,
        description="For `passthrough`: seconds for which a key that PlanDocket accepted is shown what is kept "
        "without asking again whether it still does.",
    )
    mirror_rows: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        default=100_000,
        description="Rows kept at the most, and a tenth as many pages of lists; about 2 kB a row.",
    )

    mirror_dir: Path | None = Field(
        default=None,
        description="A folder of this gateway's own, made where it is missing, in which the hour's requests and "
        "what is mirrored are remembered over restarts. Unset: nothing is written.",
    )

    @property
    def fresh_s(self) -> dict[str, float]:
        """For how many seconds each resource is fresh, by its path."""
        return {
            "participants": self.fresh_participants,
            "contacts": self.fresh_contacts,
            "events": self.fresh_events,
            "categories": self.fresh_categories,
        }
