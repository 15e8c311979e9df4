# pyright: basic
"""Each documented filter, search, sort and include, in the schema dialect."""

import pytest


def ids(rows):
    """Return the ids of the rows."""
    return [row["id"] for row in rows]


async def test_lists_are_by_id(box):
    """Without a sort, rows come in order of their ids."""
    for path, size in [("participants", 1500), ("events", 12), ("contacts", 300), ("categories", 20)]:
        assert ids(await box.every(path)) == list(range(1, size + 1))


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("participants/1", "id event_id contact_id is_confirmed created_at updated_at"),
        (
            "events/1",
            "id event_key title description country state city date_from date_to application_deadline "
            "is_visible image",
        ),
        (
            "contacts/1",
            "id customer_number company_name first_name last_name address postal_code city country state "
            "phone fax mobile email website notes tax_id rating account_access_enabled has_account "
            "created_at updated_at",
        ),
        (
            "categories/1",
            "id category_key title content parent_category_id event_keys is_visible applicant_visibility "
            "account_access_enabled sort_order level created_at updated_at",
        ),
    ],
)
async def test_a_row_has_the_columns_of_its_response_table(box, path, columns):
    """No more and no fewer, in the documented order."""
    assert list(await box.data(path)) == columns.split()


async def test_participants_of_an_event(box):
    """`event_key` filters by the event's string key."""
    rows = await box.every("participants", {"event_key": "craft-market-2026"})
    assert len(rows) == 96
    assert {row["event_id"] for row in rows} == {2}


async def test_participants_of_a_contact(box):
    """`customer_number` filters by the contact's number."""
    rows = await box.every("participants", {"customer_number": "C-10001"})
    assert rows
    assert {row["contact_id"] for row in rows} == {1}


async def test_confirmed_participants(box):
    """`confirmed` splits all participants in two."""
    sizes = []
    for flag in ("0", "1"):
        rows = await box.every("participants", {"confirmed": flag})
        assert {row["is_confirmed"] for row in rows} == {flag == "1"}
        sizes.append(len(rows))
    assert sum(sizes) == 1500


async def test_filters_narrow_together(box):
    """Two filters give the rows both let through."""
    params = {"event_key": "craft-market-2026", "confirmed": "1"}
    both = await box.every("participants", params)
    assert 0 < len(both) < 96
    assert {(row["event_id"], row["is_confirmed"]) for row in both} == {(2, True)}


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("participants", "event_key"),
        ("participants", "customer_number"),
        ("contacts", "category_key"),
        ("contacts", "event_key"),
    ],
)
@pytest.mark.parametrize("value", ["unknown", ""])
async def test_an_unknown_key_filters_everything_out(box, path, parameter, value):
    """It is not an error, the list is empty."""
    assert await box.data(path, {parameter: value}) == []


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("participants", "confirmed"),
        ("events", "visible"),
        ("events", "upcoming"),
        ("categories", "hierarchical"),
    ],
)
@pytest.mark.parametrize("value", ["true", "2", ""])
async def test_a_boolean_filter_is_0_or_1(box, path, parameter, value):
    """Anything else is 422 and blames the parameter."""
    answer = await box.get(path, params={parameter: value})
    assert answer.status_code == 422
    assert answer.json()["error"] == "Validation failed"
    assert list(answer.json()["errors"]) == [parameter]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("participants", "search=x&sort=x&order=x&upcoming=x&category_key=wood"),
        ("events", "event_key=spring-fair-2026&ids=1,2&fields=id"),
        ("contacts", "customer_number=C-10001&email=contact1@example.org&visible=x"),
        ("categories", "search=wood&sort=title&order=x&event_key=x"),
    ],
)
async def test_undocumented_parameters_are_ignored(box, path, query):
    """The list is the same with and without them."""
    assert await box.data(f"{path}?{query}") == await box.data(path)


async def test_visible_events(box):
    """`visible` splits the events in two."""
    hidden = await box.data("events", {"visible": "0"})
    assert ids(hidden) == [6, 11, 12]
    assert len(await box.data("events", {"visible": "1"})) == 9


async def test_upcoming_events_are_those_not_over(box):
    """The running one is among them, judged by its last day."""
    assert ids(await box.data("events", {"upcoming": "1"})) == [7, 8, 9, 10, 11, 12]


async def test_upcoming_0_is_no_filter(box):
    """Only `1` is documented to narrow."""
    assert len(await box.data("events", {"upcoming": "0"})) == 12


@pytest.mark.parametrize(("days", "upcoming"), [(1, True), (2, False)])
async def test_an_event_on_a_pure_date_lasts_to_its_end(box, clock, days, upcoming):
    """The Boat Show's last day is 2026-11-24, and its hours are not known."""
    clock.seconds += days * 86_400
    assert (7 in ids(await box.data("events", {"upcoming": "1"}))) is upcoming


async def test_an_event_without_a_last_day_goes_by_its_first(box, clock):
    """Makers' Day has only `date_from`, 2027-04-24."""
    clock.seconds += 153 * 86_400
    assert ids(await box.data("events", {"upcoming": "1"})) == []
    clock.seconds -= 86_400
    assert ids(await box.data("events", {"upcoming": "1"})) == [11]


@pytest.mark.parametrize("text", ["food-lyon-2026", "SALON DU", "lyon"])
async def test_events_are_searched_by_title_key_and_city(box, text):
    """Parts are enough and case does not matter."""
    assert ids(await box.data("events", {"search": text})) == [4]


@pytest.mark.parametrize("text", ["C-10042", "contact42@example.com"])
async def test_contacts_are_searched_by_number_and_mail(box, text):
    """The default dialect finds them so."""
    assert ids(await box.data("contacts", {"search": text})) == [42]


async def test_contacts_are_searched_by_name(box):
    """First, last and company name are looked at."""
    rows = await box.every("contacts", {"search": "RÖSTEREI"})
    assert rows
    assert all("rösterei" in f"{row['last_name']} {row['company_name']}".lower() for row in rows)


async def test_contacts_of_an_event(box):
    """`event_key` gives those who take part in it."""
    rows = await box.every("contacts", {"event_key": "craft-market-2026"})
    there = await box.every("participants", {"event_key": "craft-market-2026"})
    assert ids(rows) == sorted(row["contact_id"] for row in there)


async def test_contacts_of_a_category(box):
    """`category_key` gives those assigned to it."""
    rows = await box.every("contacts", {"category_key": "wine", "include": "categories"})
    assert 0 < len(rows) < 300
    assert all("wine" in [category["category_key"] for category in row["categories"]] for row in rows)


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["title", "event_key", "date_from", "date_to", "city"])
async def test_events_sort_by_each_documented_field(box, field, order):
    """Null is lowest, and equal values stay by id in either direction."""
    rows = await box.data("events", {"sort": field, "order": order})
    by_id = sorted(rows, key=lambda row: row["id"])
    assert rows == sorted(by_id, key=lambda row: (row[field] or "").casefold(), reverse=order == "DESC")


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize(
    "field", ["company_name", "last_name", "first_name", "email", "customer_number", "city", "created_at"]
)
async def test_contacts_sort_by_each_documented_field(open_box, field, order):
    """Null is lowest, and equal values stay by id in either direction."""
    rows = await open_box(paging="none").data("contacts", {"sort": field, "order": order})
    by_id = sorted(rows, key=lambda row: row["id"])
    assert rows == sorted(by_id, key=lambda row: (row[field] or "").casefold(), reverse=order == "DESC")


async def test_sorting_descends_by_default(box):
    """`order` is DESC when it is not given."""
    down = await box.data("events", {"sort": "title", "order": "DESC"})
    assert await box.data("events", {"sort": "title"}) == down


async def test_an_order_alone_sorts_nothing(box):
    """Without `sort` rows stay by id."""
    assert ids(await box.data("events", {"order": "DESC"})) == list(range(1, 13))


@pytest.mark.parametrize("path", ["events", "contacts"])
@pytest.mark.parametrize(("parameter", "value"), [("sort", "id"), ("order", "asc")])
async def test_an_undocumented_sort_or_order_is_422(box, path, parameter, value):
    """The fields and orders are a closed list."""
    answer = await box.get(path, params={parameter: value})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [parameter]


@pytest.mark.parametrize("path", ["participants", "participants/1"])
async def test_a_participant_embeds_its_event_and_contact(box, path):
    """Under the include's name, as the row its own path gives."""
    data = await box.data(path, {"include": "event,contact"})
    row = data if isinstance(data, dict) else data[0]
    assert row["event"] == await box.data(f"events/{row['event_id']}")
    assert row["contact"] == await box.data(f"contacts/{row['contact_id']}")


async def test_a_participant_embeds_its_category_or_null(box):
    """Only the include tells a participant's category."""
    rows = await box.every("participants", {"include": "category"})
    assert {row["category"] is None for row in rows} == {True, False}
    category = next(row["category"] for row in rows if row["category"])
    assert category == await box.data(f"categories/{category['id']}")


async def test_an_event_embeds_its_opening_hours(box):
    """A list of objects."""
    event = await box.data("events/1", {"include": "opening_hours"})
    assert event["opening_hours"][0] == {"date": "2026-03-20", "from": "09:00", "to": "18:00"}


async def test_an_event_embeds_the_count_of_its_participants(box):
    """All of them, confirmed or not."""
    rows = await box.data("events", {"include": "participant_count"})
    assert rows[1]["participant_count"] == 96
    assert sum(row["participant_count"] for row in rows) == 1500


async def test_a_contact_embeds_its_events(box):
    """By id, the same the participants tell."""
    contact = await box.data("contacts/1", {"include": "events"})
    there = await box.every("participants", {"customer_number": "C-10001"})
    assert ids(contact["events"]) == sorted(row["event_id"] for row in there)


async def test_a_contact_without_links_embeds_empty_lists(box):
    """To-many is never null."""
    rows = await box.every("contacts", {"include": "categories,events"})
    assert [] in [row["categories"] for row in rows]
    assert [] in [row["events"] for row in rows]


async def test_without_an_include_nothing_is_embedded(box):
    """A plain row has no key of an include."""
    assert "contact" not in await box.data("participants/1")


async def test_categories_as_a_tree(box):
    """`hierarchical=1` nests every category once, below its parent."""
    seen = []

    def walk(rows, parent, level):
        for row in rows:
            assert (row["parent_category_id"], row["level"]) == (parent, level)
            seen.append(row["id"])
            walk(row["children"], row["id"], level + 1)

    walk(await box.data("categories", {"hierarchical": "1"}), 0, 1)
    assert sorted(seen) == list(range(1, 21))


async def test_categories_are_flat_by_default(box):
    """Also with `hierarchical=0`; no row has children."""
    rows = await box.data("categories", {"hierarchical": "0"})
    assert len(rows) == 20
    assert not any("children" in row for row in rows)


async def test_a_category_names_its_events_by_key(box):
    """Null is "not restricted", which an empty list is not."""
    keys = {row["category_key"]: row["event_keys"] for row in await box.data("categories")}
    assert keys["wine"] == ["food-lyon-2026", "wine-fair-2027"]
    assert keys["sponsoring"] == []
    assert keys["wood"] is None
