"""`gateway export`: fetches a list as a file from the gateway that runs; where none does, from one of its own."""

import asyncio
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import httpx
import msgspec
from pydantic import SecretStr
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from gateway.commands.console import fail
from gateway.commands.mirror.asking import OperatorError
from gateway.commands.reaching import reached
from gateway.errors import SettingsError
from gateway.http.operator_page import PATH
from gateway.mirror.standing import Standing

_MOST_TO_WAIT_S = 120
"""For rows that are not read yet; the hour may have no room for them for longer."""
_MOST_TRIES = 10
_WAITS = "The rows are not read yet: waiting for {} s."


def export(file: str, given: Mapping[str, str | None], output: Path | None, url: str | None) -> None:
    """Write a list to a file or stdout, with a progress bar on stderr; end with 1 where it did not come whole."""
    asked = {name: value for name, value in given.items() if value is not None}
    try:
        asyncio.run(_export(httpx.URL(f"/export/{file}", params=asked), output, url))
    except (OperatorError, SettingsError) as error:
        fail(str(error))


async def _export(asked: httpx.URL, output: Path | None, url: str | None) -> None:
    async with reached(url, "export", "One is begun here, and reads the rows first.") as (http, token):
        await _fetch(http, asked, output)
        if token is not None:
            await _tell_cost(http, token)


async def _fetch(http: httpx.AsyncClient, asked: httpx.URL, output: Path | None) -> None:
    for _ in range(_MOST_TRIES):
        async with http.stream("GET", asked) as reply:
            if reply.status_code == 200:
                await _write(reply, output)
                return
            wait_s = int(reply.headers.get("retry-after", _MOST_TO_WAIT_S + 1))
            if reply.status_code != 503 or wait_s > _MOST_TO_WAIT_S:
                raise _refusal(reply, await reply.aread())
        print(_WAITS.format(wait_s), file=sys.stderr)
        await asyncio.sleep(wait_s)
    raise OperatorError("The rows were not read in time: look at 'gateway mirror status', and try again.")


def _refusal(reply: httpx.Response, body: bytes) -> OperatorError:
    try:
        said = msgspec.json.decode(body)["errors"][0]["message"]
    except (msgspec.MsgspecError, LookupError, TypeError):
        said = "that is no answer of this gateway: correct the address, or look at what stands before it."
    token = " Set GATEWAY_TOKEN to a token or key that it knows." if reply.status_code == 401 else ""
    return OperatorError(f"The gateway answers with status {reply.status_code}: {said}{token}")


async def _write(reply: httpx.Response, output: Path | None) -> None:
    rows = 0
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with _opened(output) as file, Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Rows", total=int(reply.headers["x-total-count"]))
        try:
            async for part in reply.aiter_bytes():
                file.write(part)
                rows += part.count(b"\n")
                bar.update(task, completed=rows)
        except httpx.TransportError:
            raise OperatorError(
                f"The file broke off after some {rows:,} rows: try again, and look at the gateway's log if that does "
                "not help."
            ) from None


def _opened(output: Path | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if output is None else _replacing(output)


@contextmanager
def _replacing(output: Path) -> Generator[BinaryIO]:
    """Yield a file that takes another's place once it is whole: one that broke off is never there."""
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    except OSError as error:
        raise OperatorError(
            f"--output: {output} cannot be written: {os.strerror(error.errno or 0)}."
        ) from None
    finally:
        part.unlink(missing_ok=True)


async def _tell_cost(http: httpx.AsyncClient, operator: SecretStr) -> None:
    """Tell what it cost to fetch from a gateway of one's own."""
    headers = {"Authorization": f"Bearer {operator.get_secret_value()}"}
    standing = msgspec.json.decode((await http.get(PATH, headers=headers)).content, type=Standing)
    used, limit = sum(standing.used.values()), standing.limit
    of = "" if limit is None else f" of {limit:,}"
    print(f"The hour: {used:,}{of} requests to PlanDocket are used.", file=sys.stderr)
