"""Reads the tree of categories."""

from gateway.categories.record import CATEGORIES, CategoryRow
from gateway.graph.loader import Loader
from gateway.upstream.call import listing


class ChildrenOf(Loader[int, list[CategoryRow]]):
    """Parent ids to their children in the list's order; one walk of the list for all."""

    async def load_batch(self, keys: list[int]) -> list[list[CategoryRow] | Exception]:
        """Return the children for each parent, in their order."""
        children: dict[int, list[CategoryRow]] = {}
        for row in await self.context.reading.listing(listing(CATEGORIES)).all():
            children.setdefault(row.parent_category_id or 0, []).append(row)
        return [children.get(parent, []) for parent in keys]
