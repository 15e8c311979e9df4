"""Reads categories."""

from typing import ClassVar

from gateway.categories.record import CATEGORIES, CategoryRow
from gateway.graph.loader import Loader
from gateway.graph.row_loaders import ById, ByKey
from gateway.upstream.call import listing
from gateway.upstream.record import Record


class CategoryById(ById[CategoryRow]):
    """Ids to categories, in key order; None where PlanDocket answers 404."""

    record: ClassVar[Record[CategoryRow]] = CATEGORIES


class CategoryByKey(ByKey[CategoryRow]):
    """Category keys to categories, in key order; None where no category has the key."""

    record: ClassVar[Record[CategoryRow]] = CATEGORIES
    column: ClassVar[str] = "category_key"
    has_search: ClassVar[bool] = False


class ChildrenOf(Loader[int, list[CategoryRow]]):
    """Parent ids to their children in the list's order; one walk of the list for all."""

    async def load_batch(self, keys: list[int]) -> list[list[CategoryRow] | Exception]:
        """Return the children for each parent, in their order."""
        children: dict[int, list[CategoryRow]] = {}
        for row in await self.context.reading.listing(listing(CATEGORIES)).all():
            children.setdefault(row.parent_category_id or 0, []).append(row)
        return [children.get(parent, []) for parent in keys]
