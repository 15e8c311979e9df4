"""The README's table of requests, counted by the sandbox itself."""

import re
from pathlib import Path

import pytest
from benchmarks.requests_table import CASES, Case, calls_of

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_operation_costs_no_more_than_it_must_and_the_readme_tells_it(case: Case) -> None:
    """In requests to PlanDocket, cold unless the case says otherwise; as the benchmark prints it."""
    count = len(await calls_of(case))
    assert count <= case.most
    row = f"| {case.name} | {case.naive:,} | {count} |"
    assert re.search(f"^{re.escape(row)}$", README, re.MULTILINE), row
