"""`gateway plan`: the calls an operation would make, why, and a limit that a front-end's CI can hold."""

import json
import subprocess
from asyncio import to_thread
from base64 import b64encode
from functools import partial
from itertools import permutations
from pathlib import Path

import pytest
import serving_here
from asking import Gateway, Time
from benchmarks.requests_table import CASES, TOTALS, Case
from mirror.mirroring import hold, mirrored, quiet

from gateway.commands.plan.document import PlanError, plan_document

SIZES = "participants=1500,events=12,contacts=300,categories=20"


def run(file: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return serving_here.run("plan", str(file), *options, **settings)


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


OPERATIONS = (
    '{ contacts(filter: {search: "e"}, first: 14) { nodes { participations { nodes { event { title } } } } } }',
    '{ contacts(filter: {search: "holz"}) { nodes { participations { nodes { event { title } } } } } }',
    '{ contacts(filter: {search: "nothing like it"}) { nodes { participations { totalCount } } } }',
    '{ contacts(filter: {categoryKey: "wood"}) { nodes { participations(isConfirmed: true) { totalCount } } } }',
    "{ contacts(first: 3) { nodes { participations { totalCount } } } }",
    "{ contacts(first: 50) { nodes { participations(first: 100) { nodes { event { title } } } } } }",
    "{ contacts(last: 20) { nodes { email } } }",
    "{ contact(by: {databaseId: 10}) { participations { totalCount } } }",
    "{ contact(by: {databaseId: 7}) { events { title participants(first: 3) { totalCount } } } }",
    "{ events { nodes { contacts(first: 3) { nodes { participations(first: 2) { totalCount } } } } } }",
    "{ events(first: 12) { nodes { participants(isConfirmed: false) { totalCount } } } }",
    "{ events(filter: {upcoming: true}) { nodes { participants(first: 3) { totalCount } } } }",
    "{ events(filter: {isVisible: true}, last: 3) { nodes { title } } }",
    '{ participants(filter: {eventKey: "wine-fair-2027"}, last: 5) { nodes { contact { email } } } }',
    "{ participants(filter: {isConfirmed: true}, last: 5) { nodes { id } } }",
    '{ category(by: {categoryKey: "wood"}) { title events { title } contacts { nodes { email } } } }',
    "{ categories { title contacts(first: 2) { totalCount } } }",
    '{ a: contact(by: {customerNumber: "C-10001"}) { email } b: contact(by: {customerNumber: "C-10299"}) { email } }',
    '{ a: event(by: {eventKey: "boat-show-2026"}) { title } b: event(by: {eventKey: "wine-fair-2027"}) { title } }',
    'mutation { updateContact(input: {id: "Q29udGFjdDoxMg==", city: "Gent"}) { contact { city } } }',
    "mutation { createParticipant(input: {event: {databaseId: 1}, contact: {databaseId: 11}})"
    " { participant { contact { email } } } }",
)


@pytest.mark.parametrize("query", OPERATIONS)
async def test_a_plan_is_never_too_low(gateway: Gateway, query: str) -> None:
    """With the sandbox's sizes: the same, or more where it says "up to", whatever the sandbox holds."""
    ask = gateway(mirror="on")
    answer = await ask.answer(query)
    [planned] = await to_thread(plan_document, query, "{}", SIZES)

    assert len(ask.calls) <= planned.calls
    assert ("up to" in planned.text()) is not planned.is_certain
    if planned.is_certain:
        assert len(ask.calls) == planned.calls
    if "errors" in answer:
        assert planned.may_fail


async def test_a_warm_plan_is_never_too_low(gateway: Gateway, time: Time) -> None:
    """With all of the sandbox mirrored: the same, or more where it says "up to", and what a write has read with it."""
    ask = mirrored(gateway, time, requests_per_hour="unlimited")
    await hold(ask, time, categories=True)
    await ask(OPERATIONS[0])
    await quiet(ask)  # what was due is young by now
    for query in OPERATIONS[::2]:
        before = ask.sandbox.count
        answer = await ask.answer(query)
        await quiet(ask)
        [planned] = await to_thread(partial(plan_document, query, "{}", SIZES, warm=True))
        asked = ask.sandbox.count - before
        assert asked <= planned.calls, query
        assert asked == planned.calls or not planned.is_certain, query
        assert "errors" not in answer


WARM = {
    "{ participants(filter: {isConfirmed: true}, last: 5) { nodes { contact { email } } } }": "0 requests",
    '{ event(by: {eventKey: "x-1"}) { participants(first: 100) { nodes { contact { email } } } } }': "0 requests",
    "{ contacts(orderBy: {field: LAST_NAME}) { nodes { lastName events { title } } } }": "0 requests",
    '{ contacts(filter: {search: "e"}) { nodes { participations { totalCount } } } }': "0 requests",
    "{ participants(filter: {contact: {}}, orderBy: [{field: CONTACT_CITY}]) { totalCount } }": "0 requests",
    "{ participants(first: 0) { facets { categories { category { title } count } } } }": "0 requests",
    "{ events(filter: {upcoming: true}) { nodes { participantCount } } }": "1 request",
    OPERATIONS[-2]: "up to 1 request",
}


@pytest.mark.parametrize(("query", "cost"), WARM.items())
def test_a_warm_mirror_leaves_what_only_plandocket_can_tell(tmp_path: Path, query: str, cost: str) -> None:
    """Upcoming events and writes cost what they cost; all else is held, and the limit goes by that."""
    file = tmp_path / "page.graphql"
    file.write_text(query)

    ended = run(file, "--warm", "--max-calls", "1")
    assert ended.returncode == 0, ended
    assert ended.stdout.splitlines()[0].endswith(f": {cost} to PlanDocket with a warm mirror")


@pytest.mark.parametrize(
    ("sizes", "most"),
    [(SIZES, 16), ("participants=1500", 16), ("contacts=300,participants=100", 3)],
)
def test_a_search_is_taken_to_find_a_full_page(sizes: str, most: int) -> None:
    """And some of its contacts to have no customer number: nobody knows."""
    [planned] = plan_document(OPERATIONS[0], "{}", sizes)

    assert planned.text().startswith(f"query: up to {most} requests to PlanDocket")


def test_what_may_go_beyond_the_limit_of_an_operation_says_so(tmp_path: Path) -> None:
    """With the operator's limit; a limit of the front-end's CI is not held then."""
    file = tmp_path / "page.graphql"
    file.write_text(OPERATIONS[0])
    heading = run(file, "--size", SIZES, GATEWAY_MAX_CALLS_PER_OPERATION="12").stdout.splitlines()[0]
    assert heading.startswith("query: up to 12 requests to PlanDocket")
    assert heading.endswith("it may need more than one operation may make, and fails then")
    assert run(file, "--size", SIZES, "--max-calls", "16").returncode == 0
    above = run(file, "--size", SIZES, "--max-calls", "16", GATEWAY_MAX_CALLS_PER_OPERATION="12")
    assert above.returncode == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"PLANDOCKET_PAGE_PARAM": "seite", "PLANDOCKET_PER_PAGE_PARAM": "anzahl"},
        {"PLANDOCKET_INCLUDE_STYLE": "brackets"},
        {"PLANDOCKET_BASE_URL": "https://x.example.org", "GATEWAY_AUTH": "jwt", "GATEWAY_DOCUMENTS": "only"},
        {"GATEWAY_PORT": "none", "GATEWAY_MIRROR": "off"},
        {"PLANDOCKET_REQUESTS_PER_HOUR": "1", "GATEWAY_OPERATION_TIMEOUT": "0.001"},
    ],
)
def test_settings_that_decide_on_no_cost_are_not_looked_at(tmp_path: Path, settings: dict[str, str]) -> None:
    """Neither their values nor whether they are right."""
    file = tmp_path / "page.graphql"
    file.write_text("{ contacts(last: 20) { nodes { events { title } categories { title } } } }")

    ended = run(file, "--size", SIZES, **settings)
    assert (ended.returncode, ended.stdout) == (0, run(file, "--size", SIZES).stdout)
    assert ended.stdout.startswith("query: 2 requests to PlanDocket")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("PLANDOCKET_PAGE_SIZE", "30"), ("PLANDOCKET_UPDATE_METHOD", "PUT")],
)
def test_settings_that_decide_on_costs_are(tmp_path: Path, setting: str, value: str) -> None:
    """A plan is for the gateway that the operator runs."""
    file = tmp_path / "page.graphql"
    file.write_text(
        "query Q { contacts(last: 20) { nodes { id } } }"
        'mutation M { updateParticipant(input: {id: "UGFydGljaXBhbnQ6MQ==", isConfirmed: true})'
        " { userErrors { code } } }"
    )

    found = run(file, "--size", "contacts=90", **{setting: value}).stdout
    assert f"Q: {2 if value == '30' else 1} request" in found
    # A contact without a customer number makes a whole participation impossible to send.
    assert ("M: up to 2 requests" if value == "PUT" else "M: 1 request") in found


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("GATEWAY_MAX_CALLS_PER_OPERATION", "many"),
        ("PLANDOCKET_PAGE_SIZE", "0"),
        ("PLANDOCKET_UPDATE_METHOD", "POST"),
        ("GATEWAY_MAX_DEPTH", "-1"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, setting: str, value: str) -> None:
    """In a sentence."""
    file = tmp_path / "page.graphql"
    file.write_text("{ events { totalCount } }")

    ended = run(file, **{setting: value})
    assert (ended.returncode, ended.stdout) == (2, "")
    [_, line] = ended.stderr.splitlines()
    assert line.startswith(f"{setting}: ")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """As any other that cannot be planned."""
    file = tmp_path / "page.graphql"
    file.write_bytes(b"\xff\xfe{ events }")

    ended = run(file)
    assert (ended.returncode, ended.stderr) == (2, f"{file}: It is no text in UTF-8.\n")


@pytest.mark.parametrize(
    "sizes", ["events=0", "participants=0,events=0,contacts=0,categories=0", "contacts=1"]
)
def test_a_collection_may_be_empty(sizes: str) -> None:
    """Or next to it."""
    query = "{ events { nodes { participants { nodes { contact { email } } } } } }"
    [planned] = plan_document(query, "{}", sizes)
    assert planned.calls == (1 if "events=0" in sizes else 26 - 1)


def test_without_sizes_first_is_the_number_of_rows() -> None:
    """A collection whose size is not given meets any `first`."""
    [planned] = plan_document(
        "{ events(first: 7) { nodes { participants(first: 3) { totalCount } } } }", "{}", ""
    )
    assert planned.calls == 1 + 7
    assert planned.text().startswith("query: up to 8 requests")


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


KINDS = {
    "contacts": ("contact", "Contact", "customerNumber", "email"),
    "events": ("event", "Event", "eventKey", "title"),
    "categories": ("category", "Category", "categoryKey", "title"),
}


@pytest.mark.parametrize("order", list(permutations(KINDS)), ids="-".join)
def test_a_batch_of_several_kinds_says_of_each_its_own(order: tuple[str, ...]) -> None:
    """Whichever of them began it."""
    ids = [b64encode(f"{KINDS[path][1]}:{n}".encode()).decode() for path in order for n in (1, 2, 3)]
    fields = " ".join(f"... on {KINDS[path][1]} {{ {KINDS[path][3]} }}" for path in order)
    [planned] = plan_document(f"{{ nodes(ids: {json.dumps(ids)}) {{ {fields} }} }}", "{}", "")
    pages = {step.request: step.reason for step in planned.rehearsal.steps if "/" not in step.request}
    assert pages.keys() == {f"GET {path}" for path in order}
    for path in order:
        assert [named for named in KINDS if named in pages[f"GET {path}"]] == [path]


@pytest.mark.parametrize("counts", [(1, 2), (2, 1)], ids=str)
def test_reasons_of_keys_are_each_its_own(counts: tuple[int, int]) -> None:
    """One is searched for, of several a page tells more."""
    wanted = [
        (path, n) for path, count in zip(("events", "contacts"), counts, strict=True) for n in range(count)
    ]
    fields = [
        f'{path}{n}: {KINDS[path][0]}(by: {{{KINDS[path][2]}: "{n}"}}) {{ {KINDS[path][3]} }}'
        for path, n in wanted
    ]
    [planned] = plan_document(f"{{ {' '.join(fields)} }}", "{}", "")
    reasons = {step.request.partition("?")[0]: step.reason for step in reversed(planned.rehearsal.steps)}
    for path, count in zip(("events", "contacts"), counts, strict=True):
        expected = "it is wanted by its key" if count == 1 else "2 are wanted by their keys"
        assert reasons[f"GET {path}"].startswith(expected)


OF_ALL = (
    '{ participants(filter: {search: "x"}, orderBy: [{field: EVENT_TITLE}]) { nodes { contact { email } } } }'
)


def test_what_only_all_rows_answer_is_planned_with_the_walks_that_it_waits_for(tmp_path: Path) -> None:
    """Of collections whose sizes are given; an hour has no room for what may have any."""
    file = tmp_path / "page.graphql"
    file.write_text(OF_ALL)

    ended = run(file, "--size", "participants=250,contacts=120,events=12")
    assert ended.returncode == 0, ended
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("query: 9 requests to PlanDocket")
    assert {line.rpartition("  ")[2] for line in lines[1:]} == {"only all of it answers what the query asks"}
    ended = run(file)
    assert ended.returncode == 2
    assert "There are more participants than the hour has requests to read" in ended.stderr
    assert "With --size, the plan tells what it costs to read all rows once; with --warm" in ended.stderr
