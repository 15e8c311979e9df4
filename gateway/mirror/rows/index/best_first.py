"""The best matches of a word that many rows have: those that begin with it are told by the index of letters."""

from gateway.mirror.rows.index.base import Base
from gateway.mirror.rows.index.conditions import Bound, ranked_through, sql_of
from gateway.mirror.rows.index.question import RANK, Condition, Every, Question, Search, Term
from gateway.mirror.rows.index.search import best_matches
from gateway.mirror.rows.index.walking import Found


class BestFirst:
    """A question for the rows that match one word, the best first; or any other."""

    def __init__(self, base: Base, question: Question, bind: Bound) -> None:
        self._base, self._bind = base, bind
        self._layout = base.layouts[question.record.path]
        where = question.where
        all_ = where.conditions if isinstance(where, Every) else (where,)
        self._search = next((one for one in all_ if isinstance(one, Search) and one == question.search), None)
        self.where: Condition = Every(tuple(one for one in all_ if one is not self._search))
        """What is asked beside the search."""
        self._is_asked = question.order == (Term(RANK),)

    def take(self, most: int) -> Found | None:
        """Return the first rows; None where another question is asked, or so many do not begin with the word."""
        if self._search is None or not self._is_asked or len(self._search.words) != 1:
            return None
        place = ranked_through(self._layout)
        record = self._layout.ones[place].record if place else self._layout.record
        passing = sql_of(self._base.layouts, self._layout, self.where, self._bind)
        found: Found = []
        [word] = self._search.words
        for rank, match in best_matches(record, word, sees_sensitive=self._search.sees_sensitive):
            found += self._of_rank(rank, match, f"{record.path}_found", passing, found, most - len(found))
            if len(found) == most:
                return found
        return None

    def _of_rank(self, rank: int, match: str, texts: str, passing: str, found: Found, most: int) -> Found:
        """Return the first rows that match, and are not found yet."""
        place, name = ranked_through(self._layout), self._layout.name
        led = self._layout.to(place) if place else "id"
        seen = self._bind.list(row[-1] for row in found)
        return self._base.rows(
            f"SELECT {rank}, {f'{led}, id' if place else 'id'} FROM {texts} CROSS JOIN {name} ON {led} = {texts}.rowid "
            f"WHERE {texts} MATCH {self._bind(match)} AND ({passing}) AND id NOT IN {seen} "
            f"ORDER BY {texts}.rowid, id LIMIT {most}",
            self._bind.values,
        )
