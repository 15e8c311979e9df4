"""The choices PlanDocket's documentation leaves open, one option each.

A server built from the documentation alone has to guess; a `Dialect` is one set
of guesses. A client is right when it gives the same results in all `DIALECTS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One way the server may behave; the defaults follow the schema tables."""

    ids: Literal["id", "own"] = "id"
    """A row's own id: `id` in the schema, `participant_id` in the sample (/de/api/participants.html)."""

    timestamps: Literal["iso_zone", "iso_naive", "date", "unix", "unix_text"] = "iso_zone"
    """Moments: the schema says string, no format; the sample shows unix seconds (/de/api/participants.html).

    `iso_naive` is UTC without an offset. An event's dates stay pure dates in the ISO
    dialects where they are stored so (/en/api/events.html names ISO 8601, no precision).
    """

    paging: Literal["none", "totals", "plain", "links", "capped"] = "totals"
    """How lists are cut; no page documents any paging.

    none: lists are complete. totals: `meta` counts pages and rows (nothing is told
    without an envelope). plain: cut, but nothing is told. links: `links.next` is a
    path with a query, or null. capped: the first `cap` rows are all there ever is.
    """

    cap: int = 100
    """Rows a capped list holds."""

    default_per_page: int = 25
    """Rows of a page when none are asked for; no page documents it."""

    max_per_page: int = 100
    """Most rows of a page; more are not refused, only not given."""

    page_param: str = "page"
    """Name of the parameter that takes the page, from 1; no page documents it."""

    per_page_param: str = "per_page"
    """Name of the parameter that takes the size of a page."""

    order: Literal["oldest", "newest", "shuffled"] = "oldest"
    """How rows follow each other where no `sort` is asked for, stated nowhere; shuffled: ids show no order."""

    include: Literal["comma", "repeated", "brackets", "ignored"] = "comma"
    """How several names are asked for: /en/api/participants.html lists names, no separator.

    comma: the last `include` is split at commas. repeated: each `include` is one
    name. brackets: each `include[]` is one name.
    """

    unknown_include: Literal["ignore", "refuse"] = "ignore"
    """Whether a name no resource page lists is an error; stated nowhere."""

    include_on_single: bool = True
    """Whether `GET /{id}` embeds too; the pages list `include` among the list's parameters."""

    embed: Literal["full", "brief"] = "full"
    """Shape of an embedded row, stated nowhere; brief: id, timestamps, and title or company_name."""

    lists: Literal["array", "object"] = "array"
    """`data` of a list: an object in the sample (/de/api/participants.html); object: `{"items": [...]}`."""

    envelope: bool = True
    """Whether `data` and `meta` are there; error samples have neither (/en/getting-started/errors.html)."""

    writes: Literal["full", "id", "empty"] = "full"
    """What POST, PUT and PATCH answer, stated nowhere; empty: 204 without a body."""

    put: Literal["replace", "merge"] = "merge"
    """Whether PUT resets what it leaves out; the pages write `PUT/PATCH` without a difference.

    replace: PUT must carry the required fields, since they have no default to go back to.
    """

    update_needs_required: bool = False
    """Whether PATCH (and a merging PUT) must carry the required fields; the request tables do not say."""

    delete: Literal["empty", "body"] = "empty"
    """204, as /en/getting-started/errors.html names for DELETE, or 200 with the id that went."""

    delete_missing: Literal["404", "204"] = "404"
    """What DELETE of something already gone answers; stated nowhere."""

    search: Literal["all", "names"] = "all"
    """What `search` looks at (/en/api/events.html, /en/api/contacts.html: "text search").

    names: an event's title, a contact's names and company; keys and numbers are not found.
    """

    root_parent: Literal["zero", "null", "missing"] = "zero"
    """`parent_category_id` at the root: not nullable in /en/api/categories.html, NULL in the admin guide.

    Source: /en/admin-guide/categories.html
    """

    duplicate: Literal[409, 422] = 422
    """Status of a second participation or a taken key; /en/getting-started/errors.html does not list 409."""

    def __post_init__(self) -> None:
        if self.paging == "links" and not self.envelope:
            raise ValueError("paging 'links' needs an envelope: links stand beside data")


SCHEMA = Dialect()

DIALECTS: Mapping[str, Dialect] = {
    "schema": SCHEMA,
    "sample": Dialect(ids="own", timestamps="unix", paging="none", lists="object", include="comma"),
    "plain": Dialect(
        envelope=False,
        timestamps="iso_naive",
        paging="plain",
        include="repeated",
        writes="id",
        root_parent="null",
    ),
    "links": Dialect(
        timestamps="unix_text",
        paging="links",
        include="ignored",
        writes="empty",
        root_parent="missing",
        search="names",
    ),
    "capped": Dialect(timestamps="date", paging="capped", embed="brief"),
    "newest": Dialect(order="newest", max_per_page=40),
    "shuffled": Dialect(order="shuffled", paging="plain"),
    "strict": Dialect(
        include="brackets",
        unknown_include="refuse",
        include_on_single=False,
        put="replace",
        delete="body",
        delete_missing="204",
        duplicate=409,
    ),
}
"""Dialects to run a client against, by name.

Together they hold every value of every option but one: `update_needs_required` forbids
what a client cannot do without (to confirm a participant and say nothing else).
"""
