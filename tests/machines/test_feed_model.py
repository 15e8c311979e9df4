"""The feed of changes, searched for a row that ends up wrong; and each rule shown to be needed."""

import pytest
from machines.feed_model import Rules, wrong_seeds
from machines.feed_model import without as rules_without

_SEEDS = 600
_MOST_SEEDS = 2_000
_FOUND_AT = {
    "deletions_stay": 13,
    "old_reads_are_refused": 38,
    "own_writes_hold_back": 10,
    "asks_go_on": 56,
    "higher_wins": 43,
    "gaps_are_seen": 202,
    "newcomers_look_first": 26,
    "abandoned_writes_are_asked": 7,
    "old_versions_wait": 357,
}
"""Seeds with which something went wrong when this was written: the search begins with these."""


def test_all_rows_are_right_in_the_end() -> None:
    """Whatever comes between, and whatever fails; and no version is answered with less than it has."""
    assert wrong_seeds(Rules(), range(_SEEDS), _SEEDS) == []


@pytest.mark.parametrize(("name", "rules"), list(rules_without()))
def test_each_rule_is_needed(name: str, rules: Rules) -> None:
    """Without it some seed leaves a row wrong."""
    seeds = (_FOUND_AT.get(name, 0), *range(_MOST_SEEDS))
    assert wrong_seeds(rules, seeds)
