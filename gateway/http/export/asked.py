"""What an export is asked for: the same in an address, each value as a text, and as JSON in a body."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request as HttpRequest

from gateway.errors import BadInputError
from gateway.graph.caller import Access
from gateway.http.export.columns import columns_of, document_of, exported
from gateway.http.graphql.request import decoded, parameters, posted
from gateway.http.refusal import RequestError, bad_request

FORMS = ("csv", "ndjson")
ONCE = "once"
"""What an address that holds once has, and nothing beside it."""

_LARGEST = 20_000  # bytes of filter and order: an address that holds once is kept with them
_TEXTS = ("fields", "for", "language")
_IN_JSON = ("filter", "orderBy")
# Where decimals have a comma, spreadsheets take a semicolon. Source: CLDR, numbers/symbols/decimal
_DECIMAL_COMMA = "bg cs da de el es et fi fr hr hu it lt lv nb nl pl pt ro ru sk sl sv tr uk"
_DECIMAL_POINT = "en ga he ja ko mt zh"
_SEPARATORS = dict.fromkeys(_DECIMAL_COMMA.split(), ";") | dict.fromkeys(_DECIMAL_POINT.split(), ",")


class Asked(msgspec.Struct, frozen=True):
    """A list, and the file that is made of it."""

    path: str
    form: str
    columns: tuple[str, ...]
    document: str
    variables: dict[str, Any]
    separator: str = ","
    is_for_spreadsheet: bool = False

    @property
    def file(self) -> str:
        """Its name."""
        return f"{self.path}.{self.form}"


def file_of(http: HttpRequest) -> tuple[str, str]:
    """Return the path of a resource, and a form; RequestError where an address names none."""
    path, form = http.path_params["path"], http.path_params["form"]
    if path not in exported() or form not in FORMS:
        known = " and ".join(f"/export/{{{','.join(exported())}}}.{form}" for form in FORMS)
        raise RequestError(404, "NOT_FOUND", f"There is no such export: there are {known}.")
    return path, form


def in_address(http: HttpRequest, most_values: int) -> dict[str, Any]:
    """Return what a GET asks for; RequestError where that cannot be read."""
    given: dict[str, Any] = parameters(http.scope["query_string"])
    for name in _IN_JSON:
        if given.get(name):
            problem = (
                f"'{name}' is not JSON: send it as GraphQL's variables have it, such as {{\"not\": null}}."
            )
            given[name] = decoded(given[name].encode(), most_values, problem)
    return given


async def in_body(http: HttpRequest, most_values: int) -> dict[str, Any]:
    """Return what a POST asks for; RequestError, ClientLeftError as `posted`."""
    return await posted(http, most_values, "of what an address would have: 'filter', 'orderBy', 'fields'")


def asked_of(path: str, form: str, given: Mapping[str, Any], access: Access) -> Asked:
    """Return what is asked for, with the columns that a caller may see unless it names some.

    Raises:
        RequestError, BadInputError: there is no such thing to ask for. GraphQL judges filter and order.
    """
    given = {name: value for name, value in given.items() if value not in (None, "")}
    if unknown := given.keys() - {*_TEXTS, *_IN_JSON}:
        text = f"An export has no '{min(unknown)[:50]}': it takes {', '.join((*_IN_JSON, *_TEXTS))}."
        raise bad_request(text)
    if wrong := [name for name in _TEXTS if not isinstance(given.get(name, ""), str)]:
        raise bad_request(f"'{wrong[0]}' must be a text.")
    columns = columns_of(path, given.get("fields", ""), access)
    variables = {name: given[name] for name in _IN_JSON if name in given}
    if len(msgspec.json.encode((columns, variables))) > _LARGEST:
        raise bad_request(f"Filter, order and fields come to over {_LARGEST:,} bytes: ask for less at once.")
    is_for_spreadsheet, separator = _spreadsheet(form, given)
    document = document_of(path, columns)
    return Asked(path, form, columns, document, variables, separator, is_for_spreadsheet)


def _spreadsheet(form: str, given: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether a spreadsheet is to open the file, and its separator."""
    if "for" not in given and "language" not in given:
        return False, ","
    if given.get("for") != "spreadsheet" or form != "csv":
        raise BadInputError(
            "'for' is 'spreadsheet' or not there, 'language' stands beside it, and both are for .csv."
        )
    language = given.get("language", "en").partition("-")[0].lower()
    if language not in _SEPARATORS:
        raise BadInputError(f"'language' must be one of {', '.join(sorted(_SEPARATORS))}.")
    return True, _SEPARATORS[language]
