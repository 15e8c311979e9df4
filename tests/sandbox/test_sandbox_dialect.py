# pyright: basic
"""What each option of a dialect changes on the wire."""

import dataclasses

import pytest

from gateway.sandbox import DIALECTS, Dialect


async def test_own_ids(open_box):
    """A row's own id is named after its resource, foreign keys stay as they are."""
    box = open_box(ids="own")
    row = await box.data("participants/7", {"include": "event"})
    assert row["participant_id"] == 7
    assert "id" not in row
    assert row["event"]["event_id"] == row["event_id"]
    assert (await box.data("contacts/3"))["contact_id"] == 3
    assert (await box.data("categories/5"))["category_id"] == 5


@pytest.mark.parametrize(
    ("timestamps", "made", "timed", "dated"),
    [
        ("iso_zone", "2025-01-07T15:15:00+00:00", "2026-05-29T09:00:00+00:00", "2026-03-20"),
        ("iso_naive", "2025-01-07T15:15:00", "2026-05-29T09:00:00", "2026-03-20"),
        ("date", "2025-01-07", "2026-05-29", "2026-03-20"),
        ("unix", 1736262900, 1780045200, 1773964800),
        ("unix_text", "1736262900", "1780045200", "1773964800"),
    ],
)
async def test_timestamps(open_box, timestamps, made, timed, dated):
    """Timestamps follow the dialect; an event's pure dates stay so, but in the unix dialects."""
    box = open_box(timestamps=timestamps)
    assert (await box.data("categories/1"))["created_at"] == made
    assert (await box.data("events/3"))["date_from"] == timed
    assert (await box.data("events/1"))["date_from"] == dated


@pytest.mark.parametrize("query", ["", "?page=2&per_page=5"])
async def test_without_paging_lists_are_complete(open_box, query):
    """Page parameters are ignored, and `meta` holds only the request's id."""
    answer = (await open_box(paging="none").get(f"participants{query}")).json()
    assert len(answer["data"]) == 1500
    assert list(answer["meta"]) == ["request_id"]


async def test_totals_count_pages_and_rows(box):
    """25 rows a page by default."""
    answer = (await box.get("contacts?page=12")).json()
    assert [row["id"] for row in answer["data"]] == list(range(276, 301))
    del answer["meta"]["request_id"]
    assert answer["meta"] == {"current_page": 12, "per_page": 25, "last_page": 12, "total": 300}


async def test_totals_of_an_empty_list(box):
    """It has one page, without rows."""
    meta = (await box.get("contacts?event_key=unknown")).json()["meta"]
    assert (meta["last_page"], meta["total"]) == (1, 0)


async def test_a_page_beyond_the_last_is_empty(box):
    """It is no error."""
    assert await box.data("contacts?page=13") == []


async def test_a_page_has_a_largest_size(box):
    """More rows than `max_per_page` are not refused, only not given."""
    assert len(await box.data("contacts?per_page=1000")) == 100


@pytest.mark.parametrize("parameter", ["page", "per_page"])
@pytest.mark.parametrize("value", ["0", "-1", "x", ""])
async def test_a_page_is_a_positive_integer(box, parameter, value):
    """Anything else is 422, where pages are honoured."""
    answer = await box.get("contacts", params={parameter: value})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [parameter]


async def test_page_parameters_have_other_names(open_box):
    """Then the usual names are ignored."""
    box = open_box(page_param="p", per_page_param="limit", default_per_page=10, max_per_page=20)
    assert [row["id"] for row in await box.data("contacts?p=2&limit=3")] == [4, 5, 6]
    assert len(await box.data("contacts?page=2&per_page=3")) == 10
    assert len(await box.data("contacts?limit=50")) == 20


async def test_plain_pages_tell_nothing(open_box):
    """Lists are cut without a word in `meta`."""
    answer = (await open_box(paging="plain").get("contacts?page=2&per_page=2")).json()
    assert [row["id"] for row in answer["data"]] == [3, 4]
    assert list(answer["meta"]) == ["request_id"]


async def test_links_lead_from_page_to_page(open_box):
    """`links.next` is a path with the same query, and null on the last page."""
    box = open_box(paging="links")
    path, walked = "contacts?search=GmbH&per_page=10&api_key=secret", []
    while path:
        assert len(walked) < 300
        answer = (await box.get(path if path[0] != "/" else f"http://box{path}")).json()
        assert "secret" not in str(answer["links"])
        walked += [row["id"] for row in answer["data"]]
        path = answer["links"]["next"]
    assert len(walked) > 10
    assert walked == [row["id"] for row in await box.data("contacts?search=GmbH&per_page=100")]


def test_links_need_an_envelope():
    """There would be no place for them."""
    with pytest.raises(ValueError, match="envelope"):
        Dialect(paging="links", envelope=False)


async def test_a_capped_list_has_only_its_first_rows(open_box):
    """Whatever page is asked for, and nothing tells that there are more."""
    box = open_box(paging="capped", cap=3)
    for page in (1, 2):
        answer = (await box.get(f"contacts?page={page}&per_page=2")).json()
        assert [row["id"] for row in answer["data"]] == [1, 2, 3]
        assert list(answer["meta"]) == ["request_id"]


@pytest.mark.parametrize(
    ("include", "query", "embedded"),
    [
        ("comma", "include=event,contact", {"event", "contact"}),
        ("comma", "include=event&include=contact", {"contact"}),
        ("comma", "include[]=event", set()),
        ("repeated", "include=event&include=contact", {"event", "contact"}),
        ("repeated", "include=event,contact", set()),
        ("brackets", "include[]=event&include[]=contact", {"event", "contact"}),
        ("brackets", "include=event", set()),
        ("ignored", "include=event", set()),
    ],
)
async def test_several_includes(open_box, include, query, embedded):
    """Each dialect understands one way of asking for several names."""
    row = await open_box(include=include).data(f"participants/1?{query}")
    assert row.keys() & {"event", "contact", "category"} == embedded


async def test_unknown_includes_are_ignored_by_default(box):
    """The known ones beside them count."""
    assert "event" in await box.data("participants/1?include=event,booth")


@pytest.mark.parametrize("path", ["participants", "participants/1"])
async def test_unknown_includes_may_be_refused(open_box, path):
    """With 422 that blames `include`, once for each name."""
    answer = await open_box(unknown_include="refuse").get(f"{path}?include=event,booth,stand")
    assert answer.status_code == 422
    assert [len(messages) for messages in answer.json()["errors"].values()] == [2]
    assert list(answer.json()["errors"]) == ["include"]


async def test_a_single_read_may_not_embed(open_box):
    """Then the include counts on lists only."""
    box = open_box(include_on_single=False)
    assert "event" not in await box.data("participants/1?include=event")
    assert "event" in (await box.data("participants?include=event"))[0]


async def test_brief_embedded_rows(open_box):
    """Id, timestamps where there are any, and a title or company name."""
    box = open_box(embed="brief")
    rows = await box.every("participants", {"include": "event,contact,category"})
    row = next(row for row in rows if row["category"])
    assert row["event"].keys() == {"id", "title"}
    assert row["contact"].keys() == {"id", "company_name", "created_at", "updated_at"}
    assert row["category"].keys() == {"id", "title", "created_at", "updated_at"}


async def test_lists_in_an_object(open_box):
    """`data` holds `items`; a single row is as ever."""
    box = open_box(lists="object")
    assert [row["id"] for row in (await box.data("events"))["items"]] == list(range(1, 13))
    assert (await box.data("events/1"))["id"] == 1


async def test_without_an_envelope(open_box):
    """A list is a bare array, a row a bare object."""
    box = open_box(envelope=False)
    assert [row["id"] for row in (await box.get("events")).json()] == list(range(1, 13))
    assert (await box.get("events/1")).json()["id"] == 1


@pytest.mark.parametrize(
    ("writes", "created", "updated"), [("full", 201, 200), ("id", 201, 200), ("empty", 204, 204)]
)
async def test_what_writes_answer(open_box, writes, created, updated):
    """The full row, its id, or nothing."""
    box = open_box(writes=writes)
    post = await box.post("events", json={"title": "Fair"})
    patch = await box.patch("events/13", json={"city": "Bonn"})
    assert (post.status_code, patch.status_code) == (created, updated)
    if writes == "full":
        assert patch.json()["data"] == await box.data("events/13")
    elif writes == "id":
        assert post.json()["data"] == patch.json()["data"] == {"id": 13}
    else:
        assert post.content == patch.content == b""


async def test_a_write_answers_its_own_id(open_box):
    """In the dialect's name for it."""
    answer = await open_box(ids="own", writes="id").post("contacts", json={})
    assert answer.json()["data"] == {"contact_id": 301}


async def test_delete_may_have_a_body(open_box):
    """200 with the id that went, instead of 204."""
    answer = await open_box(delete="body").delete("participants/7")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"id": 7}


@pytest.mark.parametrize(("delete_missing", "status"), [("404", 404), ("204", 204)])
async def test_deleting_what_is_gone(open_box, delete_missing, status):
    """An error, or as good as done."""
    assert (await open_box(delete_missing=delete_missing).delete("events/99")).status_code == status


@pytest.mark.parametrize(
    ("path", "text", "size"),
    [
        ("events", "food-lyon", 0),
        ("events", "Salon", 1),
        ("contacts", "C-10042", 0),
        ("contacts", "@example.com", 0),
        ("contacts", "Leipzig", 0),
    ],
)
async def test_search_may_look_at_names_only(open_box, path, text, size):
    """Then keys, numbers, addresses and cities are not found."""
    assert len(await open_box(search="names").data(path, {"search": text})) == size


@pytest.mark.parametrize(("root_parent", "shown"), [("zero", 0), ("null", None), ("missing", "absent")])
async def test_the_parent_of_a_root(open_box, root_parent, shown):
    """0, null or no such key; below the root it is always there."""
    box = open_box(root_parent=root_parent)
    assert (await box.data("categories/1")).get("parent_category_id", "absent") == shown
    assert (await box.data("categories/5"))["parent_category_id"] == 1


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("events", {"title": "x", "event_key": "spring-fair-2026"}, "event_key"),
        ("contacts", {"customer_number": "C-10001"}, "customer_number"),
        ("categories", {"title": "x", "category_key": "wood"}, "category_key"),
        ("participants", None, "customer_number"),
    ],
)
@pytest.mark.parametrize("status", [409, 422])
async def test_duplicates(open_box, status, path, body, field):
    """A taken key and a second participation: 409 with a sentence, or 422 that blames a field."""
    box = open_box(duplicate=status)
    if body is None:
        row = await box.data("participants/1?include=event,contact")
        number = row["contact"]["customer_number"]
        assert number
        body = {"event_key": row["event"]["event_key"], "customer_number": number}
    answer = await box.post(path, json=body)
    assert answer.status_code == status
    assert list(answer.json().get("errors", {})) == ([field] if status == 422 else [])


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
@pytest.mark.parametrize(("needed", "status"), [(False, 200), (True, 422)])
async def test_updates_may_need_the_required_fields(open_box, verb, needed, status):
    """Whether `is_confirmed` alone is accepted."""
    box = open_box(update_needs_required=needed)
    answer = await box.request(verb, "participants/1", json={"is_confirmed": True})
    assert answer.status_code == status
    if needed:
        assert list(answer.json()["errors"]) == ["event_key", "customer_number"]


@pytest.mark.parametrize("order", ["oldest", "newest", "shuffled"])
async def test_lists_have_an_order_of_their_own(open_box, order):
    """By ids, by ids from the last, or by none that shows; `sort` goes before it."""
    box = open_box(order=order)
    ids = [row["id"] for row in await box.every("contacts")]
    assert sorted(ids) == list(range(1, 301))
    assert (ids == sorted(ids), ids == sorted(ids, reverse=True)) == (order == "oldest", order == "newest")
    by_mail = await box.every("contacts", {"sort": "email", "order": "ASC"})
    assert by_mail == sorted(by_mail, key=lambda row: row["email"].casefold())


def test_the_named_dialects_differ():
    """Each name is another dialect, and `schema` is the default."""
    assert {"schema", "sample", "plain", "links", "capped"} <= DIALECTS.keys()
    assert len(set(DIALECTS.values())) == len(DIALECTS)
    assert DIALECTS["schema"] == Dialect()


def test_the_named_dialects_hold_every_value_of_every_choice():
    """What a client survives in all of them, it survives with any one option changed."""
    for field in dataclasses.fields(Dialect):
        values = set(getattr(field.type, "__args__", ()))
        used = {getattr(dialect, field.name) for dialect in DIALECTS.values()}
        assert values <= used, field.name


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("path", ["participants", "events", "contacts", "categories"])
async def test_every_named_dialect_serves_every_resource(open_box, name, path):
    """Lists and single rows, with all includes asked for in all ways."""
    query = "include=category,contact,event" if DIALECTS[name].unknown_include == "ignore" else ""
    box = open_box(DIALECTS[name])
    assert (await box.get(f"{path}?{query}")).status_code == 200
    assert (await box.get(f"{path}/1?{query}")).status_code == 200
