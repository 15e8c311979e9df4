"""The page of participants that the speed benchmark's upstream answers, and the nodes that must come of it."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any, cast

import httpx

from gateway.sandbox import SANDBOX_KEY, Sandbox

Json = dict[str, Any]

_TYPES = ("__typename", "DOCUMENT")  # the second stands for an alias of the first
PAGES = (1, 25, 100)


def write_page(folder: Path) -> list[Json]:
    """Write `page.json`, what the upstream answers, and `bodies/N`, N of its rows in GraphQL; return the nodes."""
    raw = asyncio.run(_sandbox_page())
    (folder / "page.json").write_bytes(raw)
    nodes = [_node(row) for row in json.loads(raw)["data"]]
    bodies = folder / "bodies"
    bodies.mkdir()
    for rows in PAGES:
        answer = {"data": {"participants": {"nodes": nodes[:rows]}}}
        (bodies / str(rows)).write_text(json.dumps(answer, separators=(",", ":"), ensure_ascii=False))
    return nodes


async def _sandbox_page() -> bytes:
    transport = httpx.ASGITransport(Sandbox().app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        answer = await client.get(
            "/api/v1/participants?include=contact,event&page=1&per_page=100",
            headers={"Authorization": f"Bearer {SANDBOX_KEY}"},
        )
    return answer.raise_for_status().content


def _node(row: Json) -> Json:
    contact, event = row["contact"], row["event"]
    return {
        "id": _global_id("Participant", row),
        "isConfirmed": row["is_confirmed"],
        "contact": {
            "id": _global_id("Contact", contact),
            "firstName": contact["first_name"],
            "lastName": contact["last_name"],
            "email": contact["email"],
        },
        "event": {"id": _global_id("Event", event), "title": event["title"], "city": event["city"]},
    }


def _global_id(kind: str, row: Json) -> str:
    return base64.b64encode(f"{kind}:{row['id']}".encode()).decode()


def nodes_of(answer: Json) -> list[Json] | None:
    """Return the nodes of a query's answer without type names; None where there are errors."""
    if answer.get("errors") or not answer.get("data"):
        return None
    [page] = answer["data"].values()
    nodes: list[Json] = page["nodes"] if "nodes" in page else [edge["node"] for edge in page["edges"]]
    return [_untyped(node) for node in nodes]


def _untyped(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _untyped(one) for name, one in cast(Json, value).items() if name not in _TYPES}
