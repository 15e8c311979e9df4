"""What is counted, as Prometheus reads it: a registry for each app, joined to the gateway by two hooks."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from platform import python_version
from typing import Final

import msgspec
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily as Count
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.telemetry.events import CallDetails, Operation, State
from gateway.telemetry.worker_metrics import pack

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_MOST_NAMES = 100  # clients choose them, and each makes series of its own
_OTHER = "other"
_UNNAMED = "unnamed"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_BREAKER_STATES = ("closed", "half_open", "open")


class Process(msgspec.Struct, frozen=True):
    """What the process counts for itself: each is asked whenever metrics are read."""

    connections: Callable[[], int] = int
    refused_connections: Callable[[], int] = int
    lost_lines: Callable[[], int] = int
    redis: "Callable[[], Redis | None]" = lambda: None


class Redis(msgspec.Struct, frozen=True):
    """How the Redis that several processes share stands with this one."""

    is_up: bool
    set_asides: int
    is_open: bool | None
    """None where the hour is unlimited."""


class Metrics:
    """Counts operations and calls, and tells how the way to PlanDocket stands whenever it is read."""

    def __init__(self) -> None:
        disable_created_metrics()  # a second series for each one, which says when it was first counted
        self._registry = CollectorRegistry()
        self._operations = Counter(
            "gateway_operations",
            "GraphQL operations by name (the first 100 that succeed, then `other`) "
            "and outcome: `ok` or the first error's code.",
            ("name", "outcome"),
            registry=self._registry,
        )
        self._client_operations = Counter(
            "gateway_client_operations",
            "GraphQL operations of clients that name themselves, by name and version "
            "(the first 100 that succeed, then `other`) and outcome.",
            ("client", "version", "outcome"),
            registry=self._registry,
        )
        self._operation_seconds = Histogram(
            "gateway_operation_seconds",
            "Seconds from a request to its answer, by kind: `query`, `mutation`, `export` or `refused`.",
            ("kind",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._calls = Counter(
            "gateway_upstream_calls",
            "Requests to PlanDocket by call, such as `GET events`, and outcome: the status, `timeout`, "
            "`unreachable`, `broken`, `unreadable` or `cancelled`.",
            ("call", "outcome"),
            registry=self._registry,
        )
        self._call_seconds = Histogram(
            "gateway_upstream_call_seconds",
            "Seconds from a request to PlanDocket to the end of its answer, by call.",
            ("call",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        self._names = _Names()
        self._clients = _Names()
        # `labels` costs more than counting does.
        self._operations_by = cache(self._operations.labels)
        self._client_operations_by = cache(self._client_operations.labels)
        self._operation_seconds_by = cache(self._operation_seconds.labels)
        self._calls_by = cache(self._calls.labels)
        self._call_seconds_by = cache(self._call_seconds.labels)

    def watch(self, state: Callable[[], State], process: Process | None = None) -> None:
        """Tell from now on how the way to PlanDocket stands, and how the process does."""
        self._registry.register(_Standing(state, process or Process()))

    def count_operation(self, operation: Operation) -> None:
        """Count an operation that ended."""
        outcome = operation.outcome
        name = _UNNAMED
        if operation.name is not None:
            [name] = self._names.counted((operation.name,), outcome)
        self._operations_by(name, outcome).inc()
        if operation.client:
            client, version = self._clients.counted((operation.client, operation.client_version), outcome)
            self._client_operations_by(client, version, outcome).inc()
        self._operation_seconds_by(operation.kind or "refused").observe(operation.seconds)

    def count_call(self, details: CallDetails) -> None:
        """Count a request to PlanDocket that ended."""
        self._calls_by(details.call, details.outcome).inc()
        self._call_seconds_by(details.call).observe(details.seconds)

    async def text(self) -> bytes:
        """Return all of it, in Prometheus' text format."""
        return generate_latest(self._registry)

    def packed(self) -> bytes:
        """Return all of it for the text of several processes."""
        return pack(self._registry.collect())


class _Names:
    """What clients call something, the first hundred."""

    def __init__(self) -> None:
        self._counted: set[tuple[str, ...]] = set()

    def counted(self, names: tuple[str, ...], outcome: str) -> tuple[str, ...]:
        if names in self._counted:
            return names
        # Only what succeeds takes a place: else whoever may not even call could fill them.
        if outcome == "ok" and len(self._counted) < _MOST_NAMES:
            self._counted.add(names)
            return names
        return (_OTHER,) * len(names)


class _Standing(Collector):
    """What is so at the moment: nothing is counted along the way for it."""

    def __init__(self, state: Callable[[], State], process: Process) -> None:
        self._state = state
        self._process = process

    def collect(self) -> Iterator[Metric]:
        state = self._state()
        yield Count("gateway_cache_hits", "Reads that were answered without a request.", state.hits)
        yield Count("gateway_cache_misses", "Reads that needed a request, or joined one.", state.misses)
        yield Gauge("gateway_cache_rows", "Rows that are kept, one for each key.", state.kept_rows)
        yield _gauges(
            "gateway_mirror_age_seconds",
            "Seconds since all of a mirrored resource was read with the held key.",
            "resource",
            state.mirror_ages_s,
        )
        yield _gauges(
            "gateway_mirror_interval_seconds",
            "Seconds that are planned between two readings of all of a resource with the held key.",
            "resource",
            state.mirror_intervals_s,
        )
        slices = state.slice_ages_s
        yield _gauges(
            "gateway_mirror_slices",
            "Slices that are held with the held key, of a resource that is too large for the hour.",
            "resource",
            {path: len(ages) for path, ages in slices.items()},
        )
        yield _gauges(
            "gateway_mirror_slices_age_seconds",
            "Seconds since the one of them was read that was read longest ago.",
            "resource",
            {path: max(ages) for path, ages in slices.items()},
        )
        walks = Count(
            "gateway_mirror_walks",
            "Readings of all of a resource, by outcome: `whole`, `not_whole` or `failed`.",
            labels=["resource", "outcome"],
        )
        for labels, count in state.walks.items():
            walks.add_metric(labels, count)
        yield walks
        yield Gauge(
            "gateway_budget_used",
            "Requests to PlanDocket in the last sixty minutes: of the held key, or of all callers' keys.",
            sum(state.used_by_purpose.values()),
        )
        yield _gauges(
            "gateway_budget_used_by_purpose",
            "The same by purpose: `read`, `write` (with what is read for it), `walk` (to keep the mirror young), "
            "`background` (what nobody waits for) or `check` (of a caller's key).",
            "purpose",
            state.used_by_purpose,
        )
        yield Gauge(
            "gateway_budget_left",
            "Requests that the held key has left this hour; not there without one, or where it is unlimited.",
            state.remaining,
        )
        yield Gauge("gateway_upstream_in_flight", "Requests to PlanDocket that are running.", state.in_flight)
        yield Gauge("gateway_upstream_waiting", "Requests that wait for a place in flight.", state.waiting)
        yield _gauges(
            "gateway_breaker_state",
            "1 for the state that the breaker is in: `closed`, `half_open` or `open`.",
            "state",
            {name: name == state.breaker for name in _BREAKER_STATES},
        )
        redis = self._process.redis()
        yield Gauge(
            "gateway_redis_up",
            "1 while Redis is asked, 0 while it is set aside; not there without `GATEWAY_REDIS_URL`, as the next two.",
            redis and redis.is_up,
        )
        yield Count("gateway_redis_set_asides", "How often Redis was set aside.", redis and redis.set_asides)
        yield Gauge(
            "gateway_redis_hour_open",
            "1 while Redis grants requests to PlanDocket, 0 while there are those of the reserve alone.",
            redis and redis.is_open,
        )
        yield Gauge("gateway_connections", "Connections of clients.", self._process.connections())
        yield Count(
            "gateway_connections_refused",
            "Connections that got 503 or were cut off, for the limit of file descriptors leaves no more.",
            self._process.refused_connections(),
        )
        yield Count(
            "gateway_log_lines_lost",
            "Lines of the log that were never written: nobody read them, or there was no room.",
            self._process.lost_lines(),
        )
        build = Gauge(
            "gateway_build_info",
            "1, with the versions of the gateway and of Python.",
            labels=["version", "python"],
        )
        build.add_metric([version("plandocket-gateway"), python_version()], 1)
        yield build


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = Gauge(name, text, labels=[label])
    for of, value in values.items():
        family.add_metric([of], float(value))
    return family
