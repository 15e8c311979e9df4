# pyright: basic
"""Creates, updates and deletes: rules, defaults, and what follows from them."""

import pytest

NOW = "2026-11-23T12:00:00+00:00"


async def written(answer, status=200):
    """Return the row a write answered."""
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


async def blamed(answer):
    """Return the fields a 422 blames."""
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "Validation failed"
    assert all(messages and isinstance(messages[0], str) for messages in answer.json()["errors"].values())
    return list(answer.json()["errors"])


@pytest.fixture
async def pair(box):
    """Return the keys of an event and a contact made for the test."""
    await box.post("events", json={"title": "Fair", "event_key": "fair"})
    await box.post("contacts", json={"customer_number": "N-1"})
    return {"event_key": "fair", "customer_number": "N-1"}


async def test_a_participation_is_written_by_keys_and_read_by_ids(box, pair):
    """It is not confirmed unless the body says so."""
    row = await written(await box.post("participants", json=pair), 201)
    stamps = {"created_at": NOW, "updated_at": NOW}
    assert row == {"id": 1501, "event_id": 13, "contact_id": 301, "is_confirmed": False, **stamps}


async def test_a_participation_may_be_confirmed_at_once(box, pair):
    """`is_confirmed` counts on create."""
    row = await written(await box.post("participants", json={**pair, "is_confirmed": True}), 201)
    assert row["is_confirmed"] is True


async def test_a_participation_needs_both_keys(box):
    """All missing fields are named in one answer."""
    assert await blamed(await box.post("participants", json={})) == ["event_key", "customer_number"]


@pytest.mark.parametrize("field", ["event_key", "customer_number"])
async def test_a_participation_needs_known_keys(box, pair, field):
    """An unknown key blames its field."""
    assert await blamed(await box.post("participants", json={**pair, field: "unknown"})) == [field]


async def test_confirming_moves_updated_at_only(box, clock):
    """PATCH merges: everything else stays."""
    before = await box.data("participants/1")
    clock.seconds += 60
    row = await written(await box.patch("participants/1", json={"is_confirmed": not before["is_confirmed"]}))
    changes = {"is_confirmed": not before["is_confirmed"], "updated_at": "2026-11-23T12:01:00+00:00"}
    assert row == {**before, **changes}


async def test_a_participation_may_change_its_event_and_contact(box, pair):
    """Both keys count on update, alone too."""
    assert (await written(await box.patch("participants/1", json={"event_key": "fair"})))["event_id"] == 13
    assert (await written(await box.patch("participants/1", json={"customer_number": "N-1"})))[
        "contact_id"
    ] == 301


async def test_a_participation_may_not_become_another(box, pair):
    """Moving onto an existing pair is a duplicate; writing its own pair again is none."""
    await box.post("participants", json=pair)
    assert await blamed(await box.patch("participants/1", json=pair)) == ["customer_number"]
    assert (await box.patch("participants/1501", json=pair)).status_code == 200


async def test_an_event_has_its_defaults(box):
    """Country DE, visible, a key from the title, and null for the rest."""
    row = await written(await box.post("events", json={"title": "Größte Schau 2027!"}), 201)
    assert row == {
        "id": 13,
        "event_key": "grote-schau-2027",
        "title": "Größte Schau 2027!",
        "description": None,
        "country": "DE",
        "state": None,
        "city": None,
        "date_from": None,
        "date_to": None,
        "application_deadline": None,
        "is_visible": True,
        "image": None,
    }


async def test_generated_keys_are_unique(box):
    """The second of a title is numbered, and a title without letters has a key too."""
    titles = ["Fair", "Fair", "Fair", "展"]
    rows = [await written(await box.post("events", json={"title": title}), 201) for title in titles]
    assert [row["event_key"] for row in rows] == ["fair", "fair-2", "fair-3", "untitled"]
    rows = [await written(await box.post("categories", json={"title": "Wood"}), 201) for _ in range(2)]
    assert [row["category_key"] for row in rows] == ["wood-2", "wood-3"]


@pytest.mark.parametrize("path", ["events", "categories"])
async def test_a_title_is_required(box, path):
    """Missing, blank and null titles are refused."""
    for body in ({}, {"title": " "}, {"title": None}):
        assert await blamed(await box.post(path, json=body)) == ["title"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2027-05-01", "2027-05-01"),
        ("2027-05-01T10:00:00", "2027-05-01T10:00:00+00:00"),
        ("2027-05-01T10:00:00+02:00", "2027-05-01T08:00:00+00:00"),
        ("2027-05-01T10:00:00Z", "2027-05-01T10:00:00+00:00"),
    ],
)
async def test_dates_are_kept_as_precise_as_written(box, text, read):
    """A day stays a day, a moment is kept in UTC."""
    assert (await written(await box.patch("events/1", json={"date_from": text})))["date_from"] == read


@pytest.mark.parametrize(
    "text", ["soon", "", "1.5.2027", "2027-02-30", "0001-01-01T00:00:00+02:00", 1777593600]
)
async def test_a_date_is_iso_8601(box, text):
    """No other format, and no unix seconds."""
    assert await blamed(await box.patch("events/1", json={"date_from": text})) == ["date_from"]


async def test_opening_hours_are_kept_as_written(box):
    """The shape of an entry is not documented, so any will do."""
    hours = [{"day": "Mon", "open": ["9", 18.5]}, "late"]
    await box.patch("events/1", json={"opening_hours": hours})
    assert (await box.data("events/1?include=opening_hours"))["opening_hours"] == hours


async def test_a_contact_needs_nothing(box):
    """No field is required: rating 3, no number, no access, and null for the rest."""
    row = await written(await box.post("contacts", json={}), 201)
    shown = {name: value for name, value in row.items() if value is not None}
    assert shown == {
        "id": 301,
        "rating": 3,
        "account_access_enabled": False,
        "has_account": False,
        "created_at": NOW,
        "updated_at": NOW,
    }


async def test_a_contact_is_linked_on_create(box):
    """`event_keys` makes participations, `category_keys` assigns."""
    body = {"event_keys": ["boat-show-2026", "boat-show-2026"], "category_keys": ["wine", "wood"]}
    row = await written(await box.post("contacts", json=body), 201)
    row = await box.data(f"contacts/{row['id']}?include=events,categories")
    assert [event["event_key"] for event in row["events"]] == ["boat-show-2026"]
    assert [category["category_key"] for category in row["categories"]] == ["wood", "wine"]
    assert (await box.data("participants/1501"))["is_confirmed"] is False


async def test_a_contacts_links_are_replaced(box):
    """Those named before and after keep their participation, the others come and go."""
    await box.post(
        "contacts", json={"customer_number": "N-1", "event_keys": ["boat-show-2026", "wine-fair-2027"]}
    )
    await box.patch("contacts/301", json={"event_keys": ["wine-fair-2027", "book-fair-2027"]})
    rows = await box.every("participants", {"customer_number": "N-1"})
    assert [(row["id"], row["event_id"]) for row in rows] == [(1502, 9), (1503, 10)]


async def test_a_contacts_links_stay_when_left_out(box):
    """PATCH without them changes none; an empty list takes them away."""
    before = await box.data("contacts/1?include=events,categories")
    await box.patch("contacts/1", json={"city": "Bonn"})
    after = await box.data("contacts/1?include=events,categories")
    assert (after["events"], after["categories"]) == (before["events"], before["categories"])
    await box.patch("contacts/1", json={"event_keys": [], "category_keys": []})
    after = await box.data("contacts/1?include=events,categories")
    assert (after["events"], after["categories"]) == ([], [])


@pytest.mark.parametrize("field", ["event_keys", "category_keys"])
async def test_a_contact_links_to_known_keys_only(box, field):
    """A refused body changes nothing, not even the fields that were right."""
    before = await box.data("contacts/1?include=events,categories")
    assert await blamed(await box.patch("contacts/1", json={field: ["unknown"], "city": "Bonn"})) == [field]
    assert await box.data("contacts/1?include=events,categories") == before


async def test_a_category_has_its_defaults(box):
    """As the request table documents them."""
    row = await written(await box.post("categories", json={"title": "Glass"}), 201)
    assert row == {
        "id": 21,
        "category_key": "glass",
        "title": "Glass",
        "content": None,
        "parent_category_id": 0,
        "event_keys": None,
        "is_visible": True,
        "applicant_visibility": "selectable",
        "account_access_enabled": True,
        "sort_order": 0,
        "level": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }


async def test_a_category_names_its_events(box):
    """By known keys only."""
    row = await written(await box.patch("categories/5", json={"event_keys": ["boat-show-2026"]}))
    assert row["event_keys"] == ["boat-show-2026"]
    assert await blamed(await box.patch("categories/5", json={"event_keys": ["unknown"]})) == ["event_keys"]


@pytest.mark.parametrize("root", [0, None])
async def test_a_category_moves_to_the_root(box, root):
    """Written 0 or null."""
    row = await written(await box.patch("categories/14", json={"parent_category_id": root}))
    assert (row["parent_category_id"], row["level"]) == (0, 1)


@pytest.mark.parametrize("parent", [99, -1, 1, 6, 14])
async def test_a_category_needs_a_parent_that_is_not_below_it(box, parent):
    """Unknown ones, itself, its children and theirs are refused."""
    assert await blamed(await box.patch("categories/1", json={"parent_category_id": parent})) == [
        "parent_category_id"
    ]


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("participants/1", "is_confirmed", 1),
        ("participants/1", "is_confirmed", None),
        ("participants/1", "event_key", 7),
        ("events/1", "title", 7),
        ("events/1", "event_key", None),
        ("events/1", "country", None),
        ("events/1", "is_visible", "1"),
        ("events/1", "opening_hours", {}),
        ("events/1", "opening_hours", None),
        ("contacts/1", "email", 7),
        ("contacts/1", "customer_number", ""),
        ("contacts/1", "rating", 0),
        ("contacts/1", "rating", 6),
        ("contacts/1", "rating", True),
        ("contacts/1", "rating", 3.0),
        ("contacts/1", "rating", None),
        ("contacts/1", "account_access_enabled", None),
        ("contacts/1", "event_keys", "boat-show-2026"),
        ("contacts/1", "event_keys", [1]),
        ("contacts/1", "category_keys", None),
        ("categories/1", "parent_category_id", "1"),
        ("categories/1", "sort_order", "1"),
        ("categories/1", "applicant_visibility", "hidden"),
        ("categories/1", "applicant_visibility", None),
        ("categories/1", "event_keys", "wood"),
    ],
)
async def test_types_are_checked(box, path, field, value):
    """Wrong types, values out of bounds, and null where the response cannot be null."""
    assert await blamed(await box.patch(path, json={field: value})) == [field]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        *[
            ("events/3", field)
            for field in ("description", "state", "city", "date_from", "application_deadline")
        ],
        *[("contacts/1", field) for field in ("customer_number", "company_name", "email", "notes", "tax_id")],
        *[("categories/19", field) for field in ("category_key", "content", "event_keys")],
    ],
)
async def test_null_clears_what_the_response_may_leave_null(box, path, field):
    """By the types of the response table."""
    assert (await written(await box.patch(path, json={field: None})))[field] is None


async def test_every_fault_is_named_at_once(box):
    """One answer blames all fields."""
    body = {"rating": 9, "email": 1, "event_keys": "x"}
    assert await blamed(await box.patch("contacts/1", json=body)) == ["email", "rating", "event_keys"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("contacts/1", {"id": 5, "has_account": "x", "created_at": 0, "shoe_size": 44}),
        ("events/1", {"id": 5, "image": "x", "participant_count": 0}),
        ("participants/1", {"event_id": 5, "contact_id": 5, "category": 5}),
        ("categories/1", {"level": 5, "children": []}),
    ],
)
async def test_read_only_and_unknown_fields_are_ignored(box, path, body):
    """Whatever they hold."""
    before = await box.data(path)
    after = await written(await box.patch(path, json=body))
    assert {**after, "updated_at": None} == {**before, "updated_at": None}


async def test_an_event_key_may_change(box):
    """Its participants and categories follow, since links are by id."""
    await box.patch("events/9", json={"event_key": "rioja"})
    assert len(await box.every("participants", {"event_key": "rioja"})) == 150
    assert (await box.data("categories/19"))["event_keys"] == ["food-lyon-2026", "rioja"]


async def test_put_merges_by_default(box):
    """What a body leaves out stays."""
    before = await box.data("contacts/1")
    row = await written(await box.put("contacts/1", json={"city": "Bonn"}))
    assert row == {**before, "city": "Bonn", "updated_at": NOW}


async def test_a_replacing_put_resets_a_contact(open_box):
    """Fields and links go back to their defaults, read-only columns stay."""
    box = open_box(put="replace")
    before = await box.data("contacts/1")
    row = await written(await box.put("contacts/1", json={"city": "Bonn"}))
    assert (row["city"], row["rating"], row["email"], row["customer_number"]) == ("Bonn", 3, None, None)
    assert (row["has_account"], row["created_at"]) == (before["has_account"], before["created_at"])
    row = await box.data("contacts/1?include=events,categories")
    assert (row["events"], row["categories"]) == ([], [])


async def test_a_replacing_put_resets_an_event(open_box):
    """All but its generated key and its image."""
    box = open_box(put="replace")
    before = await box.data("events/3")
    row = await written(await box.put("events/3", json={"title": "New"}))
    assert (row["title"], row["country"], row["city"], row["is_visible"]) == ("New", "DE", None, True)
    assert (row["event_key"], row["image"]) == (before["event_key"], before["image"])


async def test_a_replacing_put_clears_the_events_of_a_category(open_box):
    """And moves it to the root."""
    row = await written(await open_box(put="replace").put("categories/19", json={"title": "Wine"}))
    assert (row["event_keys"], row["parent_category_id"], row["category_key"]) == (None, 0, "wine")


async def test_a_replacing_put_needs_the_required_fields(open_box):
    """They have no default to go back to; PATCH still merges."""
    box = open_box(put="replace")
    assert await blamed(await box.put("participants/1", json={})) == ["event_key", "customer_number"]
    assert (await box.patch("participants/1", json={})).status_code == 200


@pytest.mark.parametrize("path", ["participants", "events", "contacts", "categories"])
async def test_what_is_deleted_is_gone(box, path):
    """204 without a body, then 404; and its id is not given again."""
    answer = await box.delete(f"{path}/1")
    assert (answer.status_code, answer.content) == (204, b"")
    for verb in ("GET", "PATCH", "DELETE"):
        assert (await box.request(verb, f"{path}/1", json={})).status_code == 404


async def test_ids_are_never_given_again(box):
    """Not even that of the newest row."""
    await box.delete("contacts/300")
    assert (await written(await box.post("contacts", json={}), 201))["id"] == 301


async def test_deleting_an_event_removes_its_participations(box):
    """And its key from the categories restricted to it."""
    await box.delete("events/9")
    assert len(await box.every("participants")) == 1350
    assert (await box.data("categories/19"))["event_keys"] == ["food-lyon-2026"]


async def test_deleting_a_contact_removes_its_participations(box):
    """No participation is left without its contact."""
    await box.delete("contacts/1")
    assert 1 not in {row["contact_id"] for row in await box.every("participants")}


async def test_deleting_a_category_moves_its_children_up(box):
    """One level, as the admin guide says."""
    await box.delete("categories/6")
    rows = {row["id"]: row for row in await box.data("categories")}
    assert [(rows[i]["parent_category_id"], rows[i]["level"]) for i in (14, 15)] == [(1, 2), (1, 2)]


async def test_deleting_a_category_takes_it_from_contacts_and_participants(box):
    """Contacts lose the link, participations have none."""
    linked = [p.id for p in box.sandbox.tables.participants if p.category_id == 19]
    assert linked
    await box.delete("categories/19")
    assert await box.data("contacts?category_key=wine") == []
    rows = {row["id"]: row for row in await box.every("participants", {"include": "category"})}
    assert {rows[i]["category"] is None for i in linked} == {True}
