"""The README's table of metrics is what `/metrics` prints."""

import asyncio
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from gateway.mirror.answers.reading import Mirror
from gateway.resources import RECORDS
from gateway.settings.settings import Settings
from gateway.telemetry.metrics import Metrics
from gateway.upstream.client import Upstream

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def rows_of_metrics() -> list[str]:
    """Return the table's rows as the metrics themselves have it: name, type, labels, meaning."""
    metrics = Metrics()
    settings = Settings.model_validate({"base_url": "http://plandocket.test"})
    metrics.watch(lambda: Mirror(Upstream(settings), settings, settings, RECORDS).state)
    families = text_string_to_metric_families(asyncio.run(metrics.text()).decode())
    rows: list[str] = []
    for family in families:
        if family.name.startswith("gateway_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append(f"| `{name}` | {family.type} | {family.documentation} |")
    return rows


def test_the_metrics_table_is_the_metrics() -> None:
    """Every metric with its type and meaning, in the order in which they are printed."""
    assert re.findall(r"^\| `gateway_[a-z_]+` \|.*\|$", README, re.MULTILINE) == rows_of_metrics()
