"""Categories as PlanDocket has them. Source: /en/api/categories.html"""

from gateway.upstream.record import CLEARABLE, DELETE, Instant, Int, Record, RequestField, Row


class CategoryRow(Row, frozen=True, gc=False):
    """A category's own columns."""

    kind = "Category"

    title: str
    category_key: str | None
    content: str | None
    parent_category_id: Int | None
    """0 and null mean the root: the API's schema says integer, /en/admin-guide/categories.html NULL."""
    event_keys: tuple[str, ...] | None
    is_visible: bool | None
    applicant_visibility: str | None
    account_access_enabled: bool | None
    sort_order: Int | None
    level: Int | None
    created_at: Instant | None
    updated_at: Instant | None


CATEGORIES = Record(
    CategoryRow,
    "categories",
    writable={
        "title": RequestField("a text"),
        "category_key": RequestField(default="PlanDocket makes one"),
        # Not `|null` in the API's schema, but /en/admin-guide/categories.html calls the root NULL.
        "parent_category_id": RequestField(cleared="makes it a root", default="The root", place="parent"),
        "content": CLEARABLE,
        "event_keys": RequestField(
            cleared="lifts the restriction; a list takes the place of the one before",
            default="No restriction",
            place="events",
        ),
        "is_visible": RequestField("true or false", default="True"),
        "applicant_visibility": RequestField("one of its values"),
        "account_access_enabled": RequestField("true or false", default="True"),
        "sort_order": RequestField("a whole number", default="0"),
    },
    # Source of the mode: /en/admin-guide/categories.html
    defaults={
        "is_visible": True,
        "applicant_visibility": "selectable",
        "account_access_enabled": True,
        "sort_order": 0,
    },
    key="category_key",
    # At most 30 on any plan but Enterprise. Source: /en/admin-guide/categories.html
    expected_rows=30,
    touches={
        "category_key": ("contacts?category_key",),
        "parent_category_id": ("categories/*",),
        DELETE: ("categories/*", "contacts?category_key", "contacts.categories", "participants.category"),
    },
)
