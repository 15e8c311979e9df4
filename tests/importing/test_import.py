# pyright: basic
"""What an import writes, and what it tells of that."""

import fcntl
import os
import stat
from dataclasses import replace

import pytest
from asking import Ask, Gateway, Time
from importing.importing import HEADER, Importing, free, pairs, sent, table

from gateway.commands.importing.journal import Journal, Outcome
from gateway.commands.importing.reading import Row
from gateway.commands.mirror.asking import OperatorError
from gateway.http.callers.tokens import new_token


async def test_what_is_not_so_is_made_so(importing: Importing, capsys) -> None:
    """New rows are created, others updated, each with one request; those that are so already cost none."""
    box = importing.ask.sandbox
    event, customer, confirmed = next(pair for pair in pairs(box) if pair[1])
    other = next(pair for pair in pairs(box) if pair[1] and pair[:2] != (event, customer))
    new = free(box, 2)
    rows = [*new, f"{event},{customer},{confirmed}", f"{other[0]},{other[1]},{not other[2]}"]
    assert await importing.run(table(*rows))
    assert importing.outcomes == ["created", "created", "unchanged", "updated"]
    assert sent(box) == {"POST": 2, "PATCH": 1}
    have = pairs(box)
    for row in rows:
        event, customer, confirmed = row.split(",")
        assert have.count((event, customer, confirmed.lower() == "true")) == 1
    said = capsys.readouterr().out
    assert "2 to create, 1 to update, 1 so already, 0 wrong." in said
    assert "That takes 3 requests to PlanDocket, and some 1 minutes at least." in said
    assert sorted(one.name for one in importing.file.parent.iterdir()) == ["list.csv", "list.report.csv"]

    reads = box.count
    assert await importing.run()
    assert importing.outcomes == ["unchanged"] * 4
    assert box.count == reads
    assert importing.asked == ["Write them?"]


async def test_who_says_no_writes_nothing(importing: Importing) -> None:
    """The report says what is open, and no journal is left."""
    importing.answer = False
    assert not await importing.run(table(*free(importing.ask.sandbox, 3)))
    assert importing.outcomes == ["open"] * 3
    assert sent(importing.ask.sandbox) == {}
    assert not importing.journal.exists()


async def test_wrong_rows_are_told_with_their_lines(importing: Importing, capsys) -> None:
    """The others are written once that is agreed to."""
    [good] = free(importing.ask.sandbox, 1)
    event, customer, _ = good.split(",")
    rows = [
        good,
        f"nowhere,{customer},true",
        f"{event},C-0,true",
        f"{event},{customer},true",
        f"{event},,maybe",
        "",
        '"two\nlines",C-0,1',
        "x,C-0,yes",
    ]
    assert not await importing.run(table(*rows))
    assert importing.outcomes == ["created"] + ["wrong"] * 6
    assert [(int(row["line"]), row["message"]) for row in importing.report[1:]] == [
        (3, "there is no event with this key"),
        (4, "no contact has this customer number"),
        (5, "the same participation is in line 2"),
        (6, "the customer number is missing; write true or false for isConfirmed"),
        (8, "there is no event with this key; no contact has this customer number"),
        (10, "there is no event with this key; no contact has this customer number"),
    ]
    assert "Line 3: there is no event with this key." in capsys.readouterr().out
    assert sent(importing.ask.sandbox) == {"POST": 1}


FORMS = {
    "UTF-8": "utf-8",
    "with a mark": "utf-8-sig",
    "UTF-16": "utf-16",
    "UTF-16 without a mark": "utf-16-le",
    "big-endian": "utf-16-be",
    "Windows-1252": "cp1252",
}


@pytest.mark.parametrize("encoding", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
async def test_what_spreadsheets_write_is_read(importing: Importing, encoding: str, separator: str) -> None:
    """Whatever the encoding and the separator, and however the columns are called, in any order."""
    event = next(iter(importing.ask.sandbox.tables.events))
    text = table(
        f"WAHR,Bäder-7,{event.event_key}", header="Confirmed,customer number,EVENT_KEY", separator=separator
    )
    assert not await importing.run(text.replace("\n", "\r\n").encode(encoding))
    [row] = importing.report
    assert (row["eventKey"], row["customerNumber"], row["isConfirmed"]) == (
        event.event_key,
        "Bäder-7",
        "WAHR",
    )
    assert row["message"] == "no contact has this customer number"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "must name the columns"),
        (b"eventKey,customerNumber\nx,y\n", "must name the columns"),
        (b"eventKey,eventKey,customerNumber,isConfirmed\n", "must name the columns"),
        (HEADER.encode() + b"\n\x81,\xfc,true\n", "save it as CSV in UTF-8"),
    ],
)
async def test_what_is_no_such_table_is_refused(importing: Importing, data: bytes, said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(OperatorError, match=said):
        await importing.run(data)
    assert importing.ask.sandbox.count == 0


async def test_nothing_is_sent_that_cannot_be_noted(importing: Importing) -> None:
    """Where the journal cannot be written."""
    importing.journal.mkdir()
    with pytest.raises(
        OperatorError, match=r"journal cannot be written: Is a directory\. .* nothing is sent"
    ):
        await importing.run(table(*free(importing.ask.sandbox, 1)))
    assert sent(importing.ask.sandbox) == {}
    importing.journal.rmdir()
    importing.journal.touch()
    file = os.open(importing.journal, os.O_RDONLY)
    with pytest.raises(OperatorError, match="journal cannot be written"):
        Journal(importing.journal, file).note(Row(2, "fair", "C-1", "true"), Outcome.CREATED, 0)
    os.close(file)


async def test_the_journal_is_its_owners_alone(importing: Importing) -> None:
    """It names customers."""
    modes = []

    def asks(text: str) -> bool:
        modes.append(stat.S_IMODE(importing.journal.stat().st_mode))
        return True

    importing.asks = asks
    await importing.run(table(*free(importing.ask.sandbox, 1)))
    assert modes == [0o600]


async def test_a_second_import_of_the_file_waits_for_the_first(importing: Importing) -> None:
    """It is refused, and leaves the first its journal: two would write the same rows."""
    with importing.journal.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(OperatorError, match="Another import of this file is running"):
            await importing.run(table(*free(importing.ask.sandbox, 1)))
        assert importing.journal.exists()


async def test_a_journal_of_something_else_is_left_alone(importing: Importing) -> None:
    """It is refused, and stays."""
    importing.journal.write_text("dear diary\n")
    with pytest.raises(OperatorError, match="is no journal of an import"):
        await importing.run(table(*free(importing.ask.sandbox, 1)))
    assert importing.journal.read_text() == "dear diary\n"


async def test_a_token_without_write_rights_is_told_at_once(gateway: Gateway, time: Time, tmp_path) -> None:
    """Before anybody is asked, or PlanDocket is."""
    made = new_token("reader", ["read"], [])
    (tmp_path / "tokens").write_text(made.line)
    settings = {"auth": "tokens", "tokens_file": str(tmp_path / "tokens")}
    ask: Ask = gateway(time=time, mirror="on", **settings)
    importing = Importing(tmp_path / "list.csv", ask, time)
    with pytest.raises(OperatorError, match="Set GATEWAY_TOKEN"):
        await importing.run(table(*free(ask.sandbox, 1)))
    ask.http.headers["Authorization"] = f"Bearer {made.token.get_secret_value()}"
    with pytest.raises(OperatorError, match="role 'write'"):
        await importing.run()
    assert (importing.asked, sent(ask.sandbox)) == ([], {})


async def test_what_was_written_meanwhile_is_not_written_again(importing: Importing) -> None:
    """PlanDocket refuses a second one; the row is as it should be, or made so."""
    box = importing.ask.sandbox
    rows = free(box, 2)
    said = importing.asks

    def asks(text: str) -> bool:
        for row, is_confirmed in zip(rows, (True, False), strict=True):
            event, customer, confirmed = row.split(",")
            events = {one.event_key: one.id for one in box.tables.events}
            contacts = {one.customer_number: one.id for one in box.tables.contacts}
            shall = (confirmed == "true") is is_confirmed
            given = {"event_id": events[event], "contact_id": contacts[customer], "is_confirmed": shall}
            table = box.tables.participants
            table.put(replace(next(iter(table)), **given, id=table.next_id()))
        return said(text)

    importing.asks = asks
    assert await importing.run(table(*rows))
    assert importing.outcomes == ["unchanged", "updated"]
    assert sent(box) == {"POST": 2, "PATCH": 1}
