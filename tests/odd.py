# pyright: basic
"""A way to a sandbox on which its answers become odd."""

import json

import httpx


class Odd(httpx.AsyncBaseTransport):
    """Changes what a sandbox answers to reads: `change` takes the resource's path and each row, as it came."""

    def __init__(self, sandbox, change=lambda path, row: row, shape=lambda payload: payload):
        self._rest = httpx.ASGITransport(sandbox.app)
        self._change = change
        self._shape = shape

    async def handle_async_request(self, request):
        """Pass it on, and change what comes back."""
        response = await self._rest.handle_async_request(request)
        body = await response.aread()
        if request.method != "GET" or response.status_code != 200:
            return httpx.Response(response.status_code, headers=response.headers, content=body)
        path = request.url.path.removeprefix("/api/v1/").partition("/")[0]
        payload = json.loads(body)
        data = payload["data"]
        if isinstance(data, list):
            payload["data"] = [self._change(path, row) for row in data]
        else:
            payload["data"] = self._change(path, data)
        shaped = self._shape(payload)
        content = shaped if isinstance(shaped, bytes) else json.dumps(shaped).encode()
        return httpx.Response(200 if content else 204, content=content)


def only(path, row_id, **cells):
    """Return a change of one row's cells; one that is `...` is taken away."""

    def change(of, row):
        if of != path or row["id"] != row_id:
            return row
        row = row | cells
        return {name: value for name, value in row.items() if value is not ...}

    return change


def unreadable(answer):
    """Return what an answer names as unreadable, as resource, id and column."""
    told = answer.get("extensions", {}).get("upstream", {}).get("unreadable", [])
    return [(one["resource"], one["id"], one["column"]) for one in told]
