"""The hour of many processes, searched for a way to exceed it; and each rule shown to be needed."""

import pytest
from machines.hours_model import World

_SEEDS = 2_000
_RULES = [
    "run_id",
    "missing keys",
    "contact",
    "lent later",
    "log",
    "grants age",
    "late grants count",
    "less reserves",
    "fixed reserves",
    "an end of reserves",
    "an end of claims",
    "ages",
]


def test_no_hour_has_more_than_the_limit() -> None:
    """Whatever fails of processes, Redis and the ways between them, as long as somebody who knows can tell."""
    exceeded = {seed: over for seed in range(_SEEDS) if (over := World(seed).exceeds())}
    assert exceeded == {}


def test_a_brief_cut_and_all_else_lost_may_exceed_it() -> None:
    """As the README says: of what was granted in its last moments, nobody who lives has heard."""
    assert any(World(seed, "brief cuts").exceeds() for seed in range(_SEEDS))


@pytest.mark.parametrize("rule", _RULES)
def test_each_rule_is_needed(rule: str) -> None:
    """Without it some seed has an hour, or a part of it, that is too full."""
    assert any(World(seed, rule).exceeds() for seed in range(_SEEDS))
