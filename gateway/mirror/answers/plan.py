"""Which requests answer what is wanted, the fewest of them. Pure: numbers in, a way out.

PlanDocket has no filter by several ids, no bulk endpoint and 1,000 requests an hour, so the request
is the unit of cost. A collection's size is known once a total was told or the list was walked; until
then a first page is worth a request where many would follow.
Source: /en/getting-started/rate-limiting.html
"""

from enum import Enum

WORTH_A_LOOK = 3
"""From so many requests on, one more to learn the collection's size is worth its cost."""


class Way(Enum):
    """What to do next."""

    EACH = "one request for each"
    SCAN = "walk the collection to its end"
    PAGE = "read the collection's next page, then decide again"
    FIRST = "ask for the first, then decide again"


def rows_by_id(missing: int, *, pages_left: int | None, pages_read: int = 0) -> Way:
    """Return how to get rows by their ids, or what only an include tells of rows.

    `missing` rows are not known yet; `pages_left` of the collection are unread, None where its size
    is unknown. Reading on without knowing the size never costs more than twice the single reads.
    """
    if pages_left is not None:
        return Way.SCAN if 0 < pages_left <= missing and missing > 1 else Way.EACH
    return Way.PAGE if missing >= WORTH_A_LOOK and pages_read < missing else Way.EACH


def lists_by_filter(lists: int, *, pages: int | None, tells_totals: bool, affordable: int) -> Way:
    """Return how to get several lists, when a wider list holds them all.

    `pages` is what a walk of the wider list costs at the most; None where its size is unknown. Where the server
    tells totals, the first of the lists hints at that size for no extra cost; where it does not, only
    the wider list's first page shows whether lists come whole. Where one for each is more than the
    operation can afford, the walk may still end in time.
    """
    if pages is not None:
        return Way.SCAN if pages < lists else Way.EACH
    if lists < WORTH_A_LOOK:
        return Way.EACH
    if lists > affordable:
        return Way.SCAN
    return Way.FIRST if tells_totals else Way.PAGE


def after_first_list(total: int | None, lists: int, page_size: int, *, of: int | None = None) -> Way:
    """Return how to get on, once the first of `lists` lists told that it has `total` rows.

    If all are about as long, the wider list has `total` times as many rows as there are such lists: `of`,
    or `lists` where nobody knows. Worth a look where that is fewer pages than lists are left.
    """
    if total is None or pages_of(total * max(lists, of or 0), page_size) >= lists - 1:
        return Way.EACH
    return Way.PAGE


def pages_of(total: int, size: int) -> int:
    """Return how many pages a list of `total` rows has; an empty one has one."""
    return max(1, -(-total // size))
