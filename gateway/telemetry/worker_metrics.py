"""What each worker counts, as one text: packed by the worker, and joined by its parent under a label."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

LABEL = "worker"


class _Family(msgspec.Struct, frozen=True, array_like=True):
    """A metric: its name, meaning and type, and each sample's name, labels and value."""

    name: str
    text: str
    kind: str
    samples: list[tuple[str, dict[str, str], float]]


def pack(metrics: Iterable[Metric]) -> bytes:
    """Return metrics as `join` takes them."""
    return msgspec.msgpack.encode(
        [
            _Family(
                metric.name,
                metric.documentation,
                metric.type,
                [(one.name, one.labels, float(one.value)) for one in metric.samples],
            )
            for metric in metrics
        ]
    )


def join(packed: Mapping[int, bytes]) -> bytes:
    """Return the metrics of all workers, by their numbers, in Prometheus' text format: each sample has its worker's."""
    joined: dict[str, Metric] = {}
    for number, data in packed.items():
        for family in msgspec.msgpack.decode(data, type=list[_Family]):
            metric = joined.setdefault(family.name, Metric(family.name, family.text, family.kind))
            for name, labels, value in family.samples:
                metric.add_sample(name, {LABEL: str(number), **labels}, value)
    return generate_latest(_Joined(joined.values()))


class _Joined(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics
