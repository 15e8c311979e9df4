"""What the sandbox remembers of a request, for tests to count calls by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recorded:
    """One request, refused ones too; never its key."""

    method: str
    path: str  # below /api/v1, no leading slash: "participants/7"
    query: tuple[tuple[str, str], ...]
    body: object  # parsed JSON, None where there was none to parse
    status: int
    page_param: str = "page"
    per_page_param: str = "per_page"

    def __str__(self) -> str:
        """Return one line a test can expect: `GET participants?event_key=x&include=contact,event&page=2`.

        The same in every dialect: parameters by name, includes as one sorted list, no
        size of a page, and no first page.
        """
        shown = sorted(
            pair for pair in self.query if pair[0] not in {*INCLUDE, self.page_param, self.per_page_param}
        )
        names = {name for key, value in self.query if key in INCLUDE for name in value.split(",") if name}
        if names:
            shown.append(("include", ",".join(sorted(names))))
        page = dict(self.query).get(self.page_param, "1")
        if page != "1":
            shown.append(("page", page))
        query = "&".join(f"{name}={value}" for name, value in sorted(shown))
        return f"{self.method} {self.path}?{query}" if query else f"{self.method} {self.path}"


INCLUDE = ("include", "include[]")
