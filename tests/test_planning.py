"""`gateway plan`: the calls an operation would make, why, and a limit that a front-end's CI can hold."""

import subprocess
from pathlib import Path

import pytest
from benchmarks.requests_table import CASES, TOTALS, Case
from serving_here import GATEWAY, environment

from gateway.planning.document import PlanError, plan_document

SIZES = "participants=1500,events=12,contacts=300,categories=20"


def run(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(  # noqa: S603 - our own arguments
        [GATEWAY, "plan", str(file), *options], env=environment(), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.dialect == TOTALS and not case.before and case.clients == 1],
    ids=lambda case: case.name,
)
def test_a_plan_is_what_happens(case: Case) -> None:
    """With the sizes of the sandbox it counts what the sandbox counts; naive resolution goes by the rows."""
    [planned] = plan_document(case.query, "{}", SIZES)
    assert planned.calls == case.most
    assert planned.rehearsal.naive == pytest.approx(case.naive, abs=2)


def test_without_sizes_first_is_the_number_of_rows() -> None:
    """A collection whose size is not given meets any `first`."""
    [planned] = plan_document(
        "{ events(first: 7) { nodes { participants(first: 3) { totalCount } } } }", "{}", ""
    )
    assert planned.calls == 1 + 7


def test_every_request_has_a_reason() -> None:
    """In words, a line each."""
    [planned] = plan_document('{ event(by: {eventKey: "x"}) { participants { nodes { id } } } }', "{}", "")
    heading, search, participants = planned.text().splitlines()
    assert heading == "query: 2 requests to PlanDocket (naive resolution: 2)"
    assert search.endswith("it is wanted by its key, which only a search may find")
    assert participants.endswith("the query lists it")


def test_a_sizes_effect_is_shown() -> None:
    """Few participants are walked in one page instead of listed for each event."""
    query = "{ events(first: 12) { nodes { participants(first: 5) { nodes { id } } } } }"
    [many] = plan_document(query, "{}", SIZES)
    [few] = plan_document(query, "{}", "events=12,participants=60")
    assert (many.calls, few.calls) == (13, 3)


def test_each_operation_of_a_file_is_planned() -> None:
    """With the variables that it declares."""
    text = "query A($n: Int) { events(first: $n) { totalCount } } query B { categories { id } }"
    assert [(p.name, p.calls) for p in plan_document(text, '{"n": 3}', "")] == [("A", 1), ("B", 1)]


def test_a_mutation_is_planned_and_changes_nothing() -> None:
    """The write, and what its payload reads back."""
    text = 'mutation { deleteEvent(input: {id: "RXZlbnQ6MQ=="}) { deletedId } }'
    [planned] = plan_document(text, "{}", "")
    assert [step.request for step in planned.rehearsal.steps] == ["DELETE events/1"]


@pytest.mark.parametrize(
    ("text", "variables", "sizes", "said"),
    [
        ("{ nonsense }", "{}", "", "nonsense"),
        ("{", "{}", "", "Syntax Error"),
        ("fragment F on Event { id }", "{}", "", "no operation"),
        ("query($n: Int!) { events(first: $n) { totalCount } }", "{}", "", "$n"),
        ("{ events { totalCount } }", "[]", "", "JSON object"),
        ("{ events { totalCount } }", "{}", "rooms=3", "--size"),
        ("{ events { totalCount } }", "{}", "events=many", "--size"),
        ("{ events(first: 101) { totalCount } }", "{}", "", "from 0 to 100"),
    ],
)
def test_what_cannot_be_planned_says_why(text: str, variables: str, sizes: str, said: str) -> None:
    """Instead of a plan that would not hold."""
    with pytest.raises(PlanError) as caught:
        plan_document(text, variables, sizes)
    assert said in str(caught.value)


def test_a_limit_can_be_held(tmp_path: Path) -> None:
    """Exit 1 above it, 0 up to it, 2 where there is no plan."""
    file = tmp_path / "page.graphql"
    file.write_text("{ events(first: 12) { nodes { participants(first: 5) { nodes { id } } } } }")
    assert run(file, "--max-calls", "13").returncode == 0
    above = run(file, "--max-calls", "12")
    assert (above.returncode, above.stderr) == (1, "Above 12 requests.\n")
    file.write_text("{ nonsense }")
    assert run(file).returncode == 2
