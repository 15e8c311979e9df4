# pyright: basic
"""With a folder, what is held outlives the process: a restart asks nothing, and nothing that was written is lost."""

import asyncio
import resource
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from asking import Ask, Time, endpoint_of
from keeping.wires import HELD, bearer, gid, shared
from mirror.mirroring import LISTS, hold, quiet, told
from mirror.runs import Runs

from gateway.contacts.record import CONTACTS, ContactRow
from gateway.errors import SettingsError
from gateway.mirror.rows.changes import Cause, Change
from gateway.mirror.rows.list_order import Sorting
from gateway.mirror.rows.store import Store
from gateway.sandbox import SANDBOX_KEY

PAGE = "{ participants(first: 100) { nodes { id isConfirmed contact { email } event { title } } } }"
SEARCH = '{ contacts(filter: {search: "example.org"}) { totalCount nodes { email } } }'
CREATED = "mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }"
UPDATED = "mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { phone } } }"
DELETED = "mutation ($id: ID!) { deleteContact(input: {id: $id}) { deletedId } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Contact { phone email } } }"


async def holding(gateway, folder: Path) -> Runs:
    """Return a gateway that holds all, in a folder."""
    runs = Runs(gateway, folder)
    await hold(await runs.start(), runs.time, categories=True)
    await runs.ask.answer(SEARCH)
    await runs.written()
    await runs.kept()
    return runs


@pytest.fixture
async def first(gateway, tmp_path):
    """Return one that has asked for all of it itself, where it matters how its file came to be."""
    runs = await holding(gateway, tmp_path / "mirror")
    yield runs
    await runs.end()


@pytest.fixture(scope="module")
async def held(module_gateway, tmp_path_factory) -> Runs:
    """Return one that has ended, for its folder."""
    runs = await holding(module_gateway, tmp_path_factory.mktemp("held") / "mirror")
    await runs.end()
    return runs


@pytest.fixture
async def runs(gateway, held, tmp_path):
    """Return one that goes on with a copy of that folder, in which all is held already."""
    runs = Runs(gateway, shutil.copytree(held.folder, tmp_path / "mirror"))
    runs.time.seconds = held.time.seconds
    await runs.start()
    await runs.written()
    yield runs
    await runs.end()


async def test_a_restart_costs_no_request(first):
    """Nor does the minute after it, for whatever was held; and the ages go on."""
    runs = first
    queries = [query for query in (*LISTS, SEARCH) if "%s" not in query]
    before = {query: await runs.ask.answer(query) for query in queries}
    await quiet(runs.ask)
    ask = await runs.again()
    count = ask.sandbox.count
    for _ in range(12):
        for query in queries:
            answer = await ask.answer(query)
            assert answer["data"] == before[query]["data"]
            assert told(answer)["age"] >= told(before[query])["age"], query
            assert not told(answer)["stale"]
        runs.time.seconds += 5
    assert ask.sandbox.count == count
    mirror = (await ask("{ upstream { mirror { complete rows } } }"))["upstream"]["mirror"]
    assert all(one["complete"] and one["rows"] for one in mirror)


async def test_the_file_holds_only_what_a_restart_takes_up(gateway, tmp_path):
    """Not what was asked for of a collection that is not mirrored; all of that as soon as it is."""
    runs = Runs(gateway, tmp_path / "mirror")
    ask = await runs.start()
    [before] = (await ask("{ contacts(first: 1) { nodes { email } } }"))["contacts"]["nodes"]
    for _ in range(40):
        [event] = (await ask("{ events(first: 1) { nodes { title } } }"))["events"]["nodes"]
        runs.time.seconds += 2
        await quiet(ask)
    other = (await ask("{ contact(by: {databaseId: 200}) { email } }"))["contact"]
    await runs.written()
    await runs.kept()
    assert runs.holds(event["title"])
    assert not any(runs.holds(contact["email"]) for contact in (before, other))
    await hold(ask, runs.time, categories=True)
    await runs.kept()
    assert all(runs.holds(contact["email"]) for contact in (before, other))
    await runs.end()


@pytest.mark.parametrize("is_killed", [False, True])
async def test_what_was_written_is_held_after_a_restart(runs, is_killed):
    """Be it ended in order, or killed right after the answer."""
    found = await runs.ask("{ contacts(first: 2) { nodes { id } } }")
    first, second = (one["id"] for one in found["contacts"]["nodes"])
    await runs.ask(UPDATED, input={"id": first, "phone": "+49 123"})
    new = (await runs.ask(CREATED, input={"email": "new@example.org"}))["createContact"]["contact"]["id"]
    await runs.ask(DELETED, id=second)
    await (runs.killed(runs.files) if is_killed else runs.end())
    ask = await runs.again()
    count = ask.sandbox.count
    updated, created, deleted = (await ask(NODES, ids=[first, new, second]))["nodes"]
    assert (updated["phone"], created["email"], deleted) == ("+49 123", "new@example.org", None)
    assert ask.sandbox.count - count <= 2  # what was still to be read back


@pytest.mark.parametrize("is_ended", [False, True])
async def test_who_gives_up_takes_no_write_along(runs, is_ended):
    """Be it the client, or the process that ends: what was given to the file to write is written."""
    found = await runs.ask("{ contacts(first: 2) { nodes { id } } }")
    ids = [one["id"] for one in found["contacts"]["nodes"]]
    with runs.busy():
        writes = [
            asyncio.create_task(runs.ask(UPDATED, input={"id": one, "phone": "+49 123"})) for one in ids
        ]
        await quiet(runs.ask)
        writes[0].cancel()
        ending = asyncio.create_task(runs.end() if is_ended else asyncio.sleep(0))
        await quiet(runs.ask)
    await asyncio.wait([*writes, ending])
    await runs.killed(runs.files)
    assert [one["phone"] for one in (await (await runs.again())(NODES, ids=ids))["nodes"]] == ["+49 123"] * 2


FIRST, THEN = "ҀѾѼѺѸѶѴѲѰ", "ѮѬѪѨѦѤѢѠЪ"
"""Names of which no three letters stand together anywhere else."""
FOUND = "query ($text: String!) { contacts(filter: {search: $text}) { nodes { id lastName } } }"


def traces(runs) -> set[str]:
    """Return what lies in the folder of these names: three letters, as a search index would hold them."""
    threes = (name[start : start + 3] for name in (FIRST, THEN) for start in range(len(name) - 2))
    return {three for three in threes if runs.holds(three)}


async def contact_that_was_deleted(runs) -> None:
    """Make, read, search, change and delete a contact, among reads and changes of others."""
    other = (await runs.ask(CREATED, input={"email": "b@example.org"}))["createContact"]["contact"]["id"]
    row_id = (await runs.ask(CREATED, input={"email": "a@example.org", "lastName": FIRST}))["createContact"][
        "contact"
    ]["id"]
    for name in (FIRST, THEN):
        await runs.ask(UPDATED, input={"id": row_id, "lastName": name, "notes": f"{name}!"})
        for _ in range(3):
            await runs.ask(NODES, ids=[row_id])
            assert [one["id"] for one in (await runs.ask(FOUND, text=name))["contacts"]["nodes"]] == [row_id]
            await runs.ask(UPDATED, input={"id": other, "phone": "+49 123"})
    assert runs.holds(THEN)
    await runs.ask(DELETED, id=row_id)
    for name in (FIRST, THEN):
        assert not (await runs.ask(FOUND, text=name))["contacts"]["nodes"]
        await runs.ask(UPDATED, input={"id": other, "phone": "+49 456"})


@pytest.mark.parametrize("named", ["", "?resource=contacts"])
async def test_what_was_dropped_is_not_held_after_a_restart(runs, named):
    """Even if it is killed right after the answer."""
    shown = {"Authorization": "Bearer canary-operator"}
    ask = await runs.start(runs.ask.sandbox, operator_token="canary-operator")
    dropped = await ask.http.delete(f"/operator/mirror{named}", headers=shown)
    assert dropped.json()["rows"] >= 300
    as_killed = runs.files
    await runs.end()
    for path, data in as_killed.items():
        path.write_bytes(data)
    ask = await runs.again()
    mirror = (await ask("{ upstream { mirror { resource rows } } }"))["upstream"]["mirror"]
    rows = {one["resource"]: one["rows"] for one in mirror}
    assert rows["contacts"] == 0
    assert bool(rows["participants"]) is bool(named)


@pytest.mark.parametrize("is_read", [False, True])
async def test_of_what_was_deleted_or_changed_nothing_is_left_after_a_minute(first, is_read):
    """Contacts are personal data. Nor, once it ends, where another program reads the file all the while."""
    runs = first
    (path,) = runs.folder.glob("*.sqlite3")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        if is_read:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM rows").fetchone()
        await contact_that_was_deleted(runs)
        await runs.minute()
        assert bool(traces(runs)) == is_read
    await runs.minute()
    assert not traces(runs)
    assert runs.holds("example.org")


async def test_nor_after_a_restart(first):
    """Be it ended in order, or killed within the minute."""
    runs = first
    await contact_that_was_deleted(runs)
    as_killed = runs.files
    await runs.end()
    assert not traces(runs)
    await runs.killed(as_killed)
    assert traces(runs)
    await runs.again()
    await runs.minute()
    assert not traces(runs)


async def test_only_the_user_can_read_it(runs):
    """And no name or byte in it tells the key."""
    assert {stat.S_IMODE(path.stat().st_mode) for path in runs.files} == {0o600}
    assert stat.S_IMODE(runs.folder.stat().st_mode) == 0o700
    assert not runs.holds(SANDBOX_KEY)
    assert not any(SANDBOX_KEY in path.name for path in runs.files)


@pytest.mark.parametrize("damage", ["another version", "broken", "cut short"])
async def test_a_file_that_cannot_be_read_is_made_anew(runs, damage, caplog):
    """With one line that says so, and no operation fails of it."""
    await runs.end()
    (path,) = runs.folder.glob("*.sqlite3")
    data = bytearray(path.read_bytes())
    data[60:64] = b"\0\0\0\7"  # user_version. Source: sqlite.org/fileformat.html
    path.write_bytes(
        {"another version": bytes(data), "broken": b"x" * 5000, "cut short": data[:9000]}[damage]
    )
    caplog.clear()
    ask = await runs.again()
    assert sum("made anew" in record.message for record in caplog.records) == 1
    assert (await ask(PAGE))["participants"]["nodes"]


@pytest.mark.parametrize("left", [0, 4096])
async def test_a_file_that_a_kill_left_without_a_row_is_none(runs, left, caplog):
    """No line tells of it: nothing is lost."""
    await runs.end()
    (path,) = runs.folder.glob("*.sqlite3")
    path.unlink()
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode = WAL")
    path.write_bytes(path.read_bytes()[:left])
    caplog.clear()
    await hold(await runs.again(), runs.time)
    assert "sqlite3" not in caplog.text
    count = (await runs.again()).sandbox.count
    assert (await runs.ask(PAGE))["participants"]["nodes"]
    assert runs.ask.sandbox.count == count


@pytest.fixture
def full_disk():
    """Let no file grow. Source: setrlimit(2)"""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_costs_nothing_but_a_line(runs, full_disk, caplog):
    """What is held answers as before, and what is written is held."""
    caplog.clear()
    for number in range(3):
        new = await runs.ask(CREATED, input={"email": f"{number}@example.org"})
        assert new["createContact"]["contact"]["id"]
    await runs.written()
    assert told(await runs.ask.answer(PAGE))["calls"] == 0
    lines = [record.message for record in caplog.records if "sqlite3" in record.message]
    assert len(lines) == 1
    assert "I/O" in lines[0]
    assert "A restart will ask anew" in lines[0]
    assert not list(runs.folder.glob("*.sqlite3*"))  # what it held lacks the writes


def test_no_sort_writes_names_to_the_disk(full_disk):
    """However long it is: SQLite would put it in a file for the time being, and nothing erases that."""
    store, none = Store([CONTACTS]), frozenset[str]()
    for number in range(20_000):
        row = ContactRow(
            **{**dict.fromkeys(ContactRow.__struct_fields__), "id": number, "last_name": f"{number}" * 50}
        )
        store.follow(
            Change(CONTACTS, number, None, row, {"categories": (1,)}, none, (), none, Cause.READ, 0.0)
        )
    assert len(store.ids(CONTACTS, (("categories", 1),), Sorting("last_name"), 19_900, 100)) == 100


async def test_a_folder_that_is_removed_costs_a_restart_its_rows(runs, caplog):
    """No operation fails of it, and what is made anew holds nothing older than what was written."""
    shutil.rmtree(runs.folder)
    row_id = gid("Contact", 1)
    for phone in ("+49 123", "+49 456"):
        await runs.ask(UPDATED, input={"id": row_id, "phone": phone})
        await runs.minute()
    assert (await runs.ask(NODES, ids=[row_id]))["nodes"][0]["phone"] == "+49 456"
    await runs.again()
    runs.time.seconds += 3600  # it counts as spent
    assert (await runs.ask(NODES, ids=[row_id]))["nodes"][0]["phone"] == "+49 456"
    assert "made anew" not in caplog.text


async def test_who_ends_it_during_a_walk_finds_all_as_before(runs):
    """What the walk has read so far is no reason to read it again."""
    mirror, count = cast("Any", endpoint_of(runs.ask))._mirror, runs.ask.sandbox.count
    walking = asyncio.create_task(mirror.warm(HELD))
    while runs.ask.sandbox.count < count + 3:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    await runs.end()
    walking.cancel()
    (path,) = runs.folder.glob("*.sqlite3")
    with closing(sqlite3.connect(path)) as kept:
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    ask = await runs.again()
    count = ask.sandbox.count
    assert (await ask(PAGE))["participants"]["nodes"]
    assert ask.sandbox.count == count


async def test_after_a_boot_ages_go_by_the_date(runs):
    """And where that was set back, nobody knows how old the rows are: they are read anew."""
    await runs.end()
    before = runs.time.seconds
    runs.time = Time(before + 100, since_boot=5.0, boot=b"another")
    assert told(await (await runs.again()).answer(PAGE))["age"] >= 100
    await runs.end()
    runs.time = Time(before - 100, since_boot=5.0, boot=b"a third")
    answer = told(await (await runs.again()).answer(PAGE))
    assert (answer["calls"], answer["age"]) == (1, 0)


async def test_files_of_others_are_left_alone(runs):
    """Be the folder theirs as well; and one that has the name of the gateway's is no reason to lose it."""
    await runs.end()
    notes = runs.folder / "notes.sqlite3"
    notes.write_bytes(b"somebody's")
    await runs.again()
    assert notes.read_bytes() == b"somebody's"
    await runs.end()
    (own,) = runs.folder.glob(f"{'[0-9a-f]' * 64}.sqlite3")
    with closing(sqlite3.connect(own)) as theirs:
        theirs.execute("PRAGMA application_id = 7")
    before = own.read_bytes()
    with pytest.raises(SettingsError, match="is another application's: name a folder of the gateway's own"):
        await runs.again()
    assert own.read_bytes() == before


async def test_only_the_held_key_has_a_file(runs):
    """Where the gateway has one: files of others are removed at the start."""
    await runs.end()
    other = runs.folder / f"{'0' * 64}.sqlite3"
    other.write_bytes(b"of another key")
    left = runs.folder / f"{'1' * 64}.sqlite3-wal"
    left.write_bytes(b"of one whose removal was cut short")
    await runs.again()
    assert not other.exists()
    assert not left.exists()
    assert len(list(runs.folder.glob("*.sqlite3"))) == 1


async def with_key(runs, key: str) -> Ask:
    """Start a gateway that holds no key, for a caller with one."""
    ask = await runs.again(api_key=None)
    ask.http.headers.update(bearer(key))
    return ask


@pytest.fixture
async def keys(gateway, tmp_path):
    """Return a gateway that holds all for the key of a caller, in a folder, right after its start."""
    runs = Runs(gateway, tmp_path / "mirror")
    await runs.start(shared("canary-a", "canary-b"), api_key=None)
    await hold(await with_key(runs, "canary-a"), runs.time, categories=True)
    await with_key(runs, "canary-a")
    yield runs
    await runs.end()


async def test_a_write_may_be_a_callers_first_operation(keys):
    """Before anything was read, and so before PlanDocket was seen to know the key: the file takes it in."""
    first, second = gid("Contact", 1), gid("Contact", 2)
    await keys.ask(UPDATED, input={"id": first, "phone": "+49 123"})
    await keys.ask(DELETED, id=second)
    for _ in range(2):
        assert (await keys.ask("{ categories { title } }"))["categories"]
        updated, deleted = (await keys.ask(NODES, ids=[first, second]))["nodes"]
        assert (updated["phone"], deleted) == ("+49 123", None)
        await keys.killed(keys.files)
        await with_key(keys, "canary-a")


async def test_a_refused_key_has_no_file(keys):
    """Also where PlanDocket has not known it since the start. Another's stays as it is."""
    await hold(await with_key(keys, "canary-b"), keys.time, categories=True)
    assert len(list(keys.folder.glob("*.sqlite3"))) == 2
    ask = await with_key(keys, "canary-a")
    del ask.sandbox._keys["canary-a"]
    assert (await ask.error(PAGE))["extensions"]["code"] == "UNAUTHENTICATED"
    await quiet(ask)
    await keys.end()
    assert len(list(keys.folder.glob("*.sqlite3"))) == 1
    ask = await with_key(keys, "canary-b")
    count = ask.sandbox.count
    assert (await ask(PAGE))["participants"]["nodes"]
    assert ask.sandbox.count - count == 1  # whether the key is known
