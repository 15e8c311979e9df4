"""The least that an answer costs under uvicorn: constant bodies, read from the files of a folder.

floor.py PORT FOLDER
"""

import sys
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send


class Floor:
    """Answers `/name` with what the folder holds as `name`."""

    def __init__(self, folder: Path) -> None:
        self._bodies = {f"/{file.name}": file.read_bytes() for file in folder.iterdir()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, and answer."""
        while (await receive()).get("more_body"):
            pass
        body = self._bodies[scope["path"]]
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        Floor(Path(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=False,
        log_level="warning",
        lifespan="off",
    )
