"""Reads a GraphQL-over-HTTP request from a GET's address or a POST's body."""

import json
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, cast
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.errors import TooComplexError
from gateway.execution.operation import Request
from gateway.http.graphql.disconnects import ClientLeftError
from gateway.http.negotiation import JSON, content_type, media_type, status_unless_run
from gateway.http.refusal import RequestError, bad_request
from gateway.telemetry.events import note_code

_LARGEST_BODY = 1_000_000  # bytes
_MOST_PARAMETERS = 50
_DEEPEST = 100  # what reads a value after the parser may not go as deep
_CHARSETS = (None, "utf-8", "utf8", "us-ascii")
_KINDS = {
    "query": str,
    "documentId": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}
_NO_BATCHES = (
    "Batches are not taken: send each operation in a request of its own. In Apollo Client use HttpLink in place of "
    "BatchHttpLink, in graphql-request 'request' in place of 'batchRequests', elsewhere switch batching off. "
    "Equal reads that run at the same time are one request to PlanDocket all the same."
)
_MOST_ANSWERED = 100  # of a list: its answer is longer than itself
_NAMED = ("query", "documentId", "extensions")
_COLON = re.compile(rb'"\s*:')
_OWN_VALUES = 20  # the request's own members, and what extensions hold
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*+"? | [\[{]\s*+[\]}] | ([\[{,])', re.VERBOSE | re.DOTALL)
"""A text, or an empty list or object, or (as its group) what one member of a list or an object comes with."""

Json = dict[str, Any]


class BatchError(RequestError):
    """Several operations came as a list.

    Batching links show a refusal only where it comes as what they wait for: a list of as many answers, and no
    status of a failure. Seen with Apollo Client's BatchHttpLink, 3.14 and 4.3.
    """

    def __init__(self, count: int) -> None:
        super().__init__(400, "BAD_REQUEST", _NO_BATCHES)
        self._count = count

    def response(self, media_type: str = JSON) -> Response:
        """Return the refusal of each operation, in a list."""
        note_code(self.code)
        body = b"[" + b",".join([self.body] * self._count) + b"]"
        return Response(body, status_unless_run(media_type), media_type=content_type(media_type))


def asks_nothing(http: HttpRequest) -> bool:
    """Return whether an address holds no operation, neither as a text nor by name."""
    return http.method != "POST" and not any(name in http.query_params for name in _NAMED)


async def read(http: HttpRequest, most_values: int) -> Request:
    """Return the request of a GET or a HEAD, or of a POST; `http.connections.protocol` ends one that does not come.

    Raises:
        RequestError: it is none, or its variables hold too many values.
        ClientLeftError: the client went away before its body was read.
    """
    if http.method != "POST":
        return _from_address(http, most_values)
    return _request(await posted(http, most_values))


async def posted(http: HttpRequest, most_values: int, wanted: str = "with 'query' in it") -> dict[str, Any]:
    """Return the JSON object that a POST has as its body; `wanted` says in refusals what should be there.

    Raises:
        RequestError: there is none, or it holds too many values.
        ClientLeftError: the client went away before its body was read.
    """
    kind = media_type(http.headers.get("content-type", ""))
    if kind.name != JSON or kind.charset not in _CHARSETS:
        text = f"Send the request as 'Content-Type: {JSON}', in UTF-8."
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", text)
    return _fields(http, await _body(http), most_values, wanted)


def _from_address(http: HttpRequest, most_values: int) -> Request:
    given = parameters(http.scope["query_string"])
    fields: dict[str, Any] = {name: given[name] for name in _KINDS if given.get(name)}
    for name in ("variables", "extensions"):
        if name in fields:
            text = fields[name].encode()
            fields[name] = decoded(text, most_values, f"'{name}' is not JSON: send an object.")
    return _request(fields)


def parameters(query: bytes) -> dict[str, str]:
    """Return what an address holds behind its question mark, each name once; RequestError where that is not so."""
    try:
        pairs = parse_qsl(query.decode("ascii"), errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # UnicodeError is one
        text = f"The address is not percent-encoded UTF-8, or has over {_MOST_PARAMETERS} parameters: "
        text += "encode each of them, or send the operation by POST."
        raise bad_request(text) from None
    return _once(pairs)


async def _body(http: HttpRequest) -> bytes:
    """Return the body; Starlette's own limit answers in plain text."""
    length = http.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > _LARGEST_BODY:
        raise _too_large()
    body = bytearray()
    is_whole = False
    while not is_whole:
        message = await http.receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
        if len(body) > _LARGEST_BODY:
            raise _too_large()
    return bytes(body)


def _too_large() -> RequestError:
    text = f"The request's body is over {_LARGEST_BODY:,} bytes: send less, or several requests."
    return RequestError(413, "PAYLOAD_TOO_LARGE", text, {"Connection": "close"})


def _fields(http: HttpRequest, body: bytes, most_values: int, wanted: str) -> dict[str, Any]:
    if not body:
        raise bad_request(f"The body is empty: send a JSON object {wanted}.")
    try:
        problem = f"The body is not JSON in UTF-8: send an object {wanted}."
        fields = decoded(body, most_values, problem)
    except RequestError:
        if http.headers.get("content-encoding", "identity").lower() != "identity":
            text = "Send the body as it is, without a 'Content-Encoding'."
            raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", text, {"Accept-Encoding": "identity"}) from None
        raise
    if isinstance(fields, list):
        raise _batch(cast(list[Any], fields))
    if not isinstance(fields, dict):
        raise bad_request(f"Send one JSON object {wanted}.")
    return cast(Json, fields)


def _batch(members: list[Any]) -> RequestError:
    is_batch = 0 < len(members) <= _MOST_ANSWERED and all(isinstance(one, dict) for one in members)
    return BatchError(len(members)) if is_batch else bad_request(_NO_BATCHES)


def decoded(text: bytes, most_values: int, problem: str) -> Any:
    """Return the value that a text is in JSON, in whose objects no name is there twice."""
    if _has_over(text, most_values + _OWN_VALUES):
        told = (
            f"The request's JSON holds more than {most_values:,} values: "
            "send fewer in its variables, or several requests."
        )
        raise RequestError(400, TooComplexError.code, told)
    try:
        value = msgspec.json.decode(text)
        if len(_COLON.findall(text)) != _names(value):  # or a string looks like more names: look closely
            json.loads(text, object_pairs_hook=_once)
    except (msgspec.MsgspecError, ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise bad_request(problem) from None
    return value


def _has_over(text: bytes, most: int) -> bool:
    """Return whether a text in JSON has more values than that; nothing reads it before.

    Each member of a list or an object comes with a comma, or with what opens it.
    """
    if text.count(b",") + text.count(b"[") + text.count(b"{") <= most:
        return False  # most of these stand in the document's text
    members = (found for found in _VALUE.finditer(text) if found[1])
    return next(islice(members, most, None), None) is not None


def _names(value: Any, depth: int = 0) -> int:
    """Return how many names all objects in a value have: in its text there may be more where one is repeated."""
    if depth > _DEEPEST:
        raise bad_request(f"This is nested over {_DEEPEST} levels deep: nothing here takes as many.")
    count, members = 0, cast(Iterable[Any], ())
    if isinstance(value, dict):
        count, members = len(cast(Json, value)), cast(Json, value).values()
    elif isinstance(value, list):
        members = cast(list[Any], value)
    for member in members:
        if isinstance(member, dict | list):
            count += _names(member, depth + 1)
    return count


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return names with their values; whoever reads a repeated one takes another value than the next reader."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise bad_request(f"'{name[:50]}' is there twice: send it once.")
        fields[name] = value
    return fields


def _request(fields: dict[str, Any]) -> Request:
    for name, kind in _KINDS.items():
        if fields.get(name) is not None and not isinstance(fields[name], kind):
            wanted = "a text" if kind is str else "an object"
            raise bad_request(f"'{name}' must be {wanted}.")
    request = Request(
        fields.get("query") or "",
        fields.get("variables"),
        fields.get("operationName") or None,
        fields.get("documentId") or None,
        _hash(fields.get("extensions")),
    )
    if not (request.query or request.document_id or request.sha256):
        raise bad_request("'query' is missing: send the GraphQL document there.")
    return request


def _hash(extensions: dict[str, Any] | None) -> str | None:
    """Return the hash of an automatic persisted query, where the request is one.

    Source: https://www.apollographql.com/docs/apollo-server/performance/apq
    """
    given: Any = (extensions or {}).get("persistedQuery")
    if given is None:
        return None
    match given:
        case {"version": 1, "sha256Hash": str(sha256)} if sha256:
            return sha256
        case _:
            raise bad_request("'persistedQuery' must be an object with 'version': 1 and 'sha256Hash'.")
