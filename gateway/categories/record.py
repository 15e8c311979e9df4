"""Categories as PlanDocket has them. Source: /en/api/categories.html"""

from gateway.upstream.record import DELETE, Instant, Int, Record, Row


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
    writable=(
        "title",
        "category_key",
        "parent_category_id",
        "content",
        "event_keys",
        "is_visible",
        "applicant_visibility",
        "account_access_enabled",
        "sort_order",
    ),
    key="category_key",
    # At most 30 on any plan but Enterprise. Source: /en/admin-guide/categories.html
    expected_rows=30,
    touches={
        "category_key": ("contacts?category_key",),
        "parent_category_id": ("categories/*",),
        DELETE: ("categories/*", "contacts?category_key", "contacts.categories", "participants.category"),
    },
)
