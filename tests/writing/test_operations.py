# pyright: basic
"""Several mutations of one operation, and what is read after them."""

from writing.mutations import gid, writes, written

from gateway.sandbox import ALL_SCOPES, Sandbox

RENAME = (
    "mutation($id: ID!) {"
    ' first: updateEvent(input: {id: $id, title: "One"}) { event { title } }'
    ' second: updateEvent(input: {id: $id, city: "Gent"}) { event { title city } } }'
)


async def test_mutations_run_in_order(ask):
    """The second's payload sees the first's effect."""
    data = await ask(RENAME, id=gid("Event", 1))

    assert data == {
        "first": {"event": {"title": "One"}},
        "second": {"event": {"title": "One", "city": "Gent"}},
    }
    assert [request.body for request in writes(ask.sandbox)] == [{"title": "One"}, {"city": "Gent"}]


async def test_the_second_sees_the_first_in_every_way(way):
    """So it is where the payload has to be read, and where PUT sends the whole."""
    way.ask.sandbox.tables.events.get(1)
    data = await way.ask(
        "mutation($id: ID!) {"
        ' first: updateCategory(input: {id: $id, title: "One"}) { category { title } }'
        " second: updateCategory(input: {id: $id, sortOrder: 3}) { category { title sortOrder } } }",
        id=gid("Category", 1),
    )

    assert data == {
        "first": {"category": {"title": "One"}},
        "second": {"category": {"title": "One", "sortOrder": 3}},
    }
    row = way.ask.sandbox.tables.categories.get(1)
    assert (row.title, row.sort_order) == ("One", 3)


async def test_what_one_makes_the_next_refers_to(way):
    """An event and a contact just made take part at once, and the payload leads to both."""
    data = await way.ask(
        "mutation {"
        ' createEvent(input: {title: "Fair", eventKey: "fair"}) { event { databaseId } }'
        ' createContact(input: {customerNumber: "N-1", email: "n@example.org"}) { contact { databaseId } }'
        ' createParticipant(input: {event: {databaseId: 13}, contact: {customerNumber: "N-1"}}) {'
        "  userErrors { code } participant { event { title participantCount } contact { email } } } }"
    )

    assert data == {
        "createEvent": {"event": {"databaseId": 13}},
        "createContact": {"contact": {"databaseId": 301}},
        "createParticipant": {
            "userErrors": [],
            "participant": {
                "event": {"title": "Fair", "participantCount": 1},
                "contact": {"email": "n@example.org"},
            },
        },
    }


async def test_relations_read_by_the_first_are_read_anew_by_the_second(way):
    """The parent's children are those of each moment."""
    parent = "category { parent { children { categoryKey } } }"
    data = await way.ask(
        "mutation($toys: ID!, $wine: ID!) {"
        f" first: updateCategory(input: {{id: $toys, parent: {{databaseId: 5}}}}) {{ {parent} }}"
        f" second: updateCategory(input: {{id: $wine, parent: {{databaseId: 5}}}}) {{ {parent} }} }}",
        toys=gid("Category", 16),
        wine=gid("Category", 19),
    )

    assert data["first"]["category"]["parent"]["children"] == [{"categoryKey": "toys"}]
    assert data["second"]["category"]["parent"]["children"] == [
        {"categoryKey": "toys"},
        {"categoryKey": "wine"},
    ]


async def test_a_refused_one_spares_the_next(ask):
    """User errors are data: what follows is still carried out."""
    data = await ask(
        "mutation($id: ID!) {"
        " first: createContact(input: {rating: 9}) { userErrors { code field } contact { email } }"
        " second: deleteContact(input: {id: $id}) { userErrors { code } deletedId } }",
        id=gid("Contact", 1),
    )

    assert data == {
        "first": {
            "userErrors": [{"code": "VALIDATION_FAILED", "field": ["input", "rating"]}],
            "contact": None,
        },
        "second": {"userErrors": [], "deletedId": gid("Contact", 1)},
    }


async def test_a_failed_one_spares_the_next(gateway):
    """An error stands at its own field, and what follows is still carried out."""
    ask = gateway(Sandbox(keys={"bo": ALL_SCOPES - {"events"}}), api_key=None)
    answer = await ask.answer(
        "mutation($id: ID!) {"
        ' first: createEvent(input: {title: "Fair"}) { event { databaseId } }'
        " second: deleteContact(input: {id: $id}) { deletedId } }",
        headers={"X-API-Key": "bo"},
        id=gid("Contact", 1),
    )

    assert answer["data"] == {"first": None, "second": {"deletedId": gid("Contact", 1)}}
    assert [error["path"] for error in answer["errors"]] == [["first"]]


async def test_a_query_sees_what_a_mutation_did(way):
    """No operation keeps anything for the next."""
    query = "{ category(by: {databaseId: 3}) { title children { title } } }"
    await way.ask(query)
    await written(way.ask, "updateCategory", {"id": gid("Category", 3), "title": "Dienste"})
    await written(way.ask, "createCategory", {"title": "Strom", "parent": {"databaseId": 3}})
    await written(way.ask, "deleteCategory", {"id": gid("Category", 12)})
    data = await way.ask(query)

    assert data["category"] == {
        "title": "Dienste",
        "children": [{"title": "Sponsoring"}, {"title": "Strom"}],
    }


async def test_what_is_deleted_is_not_found(way):
    """Its id leads nowhere."""
    await written(way.ask, "deleteEvent", {"id": gid("Event", 2)})

    assert await way.ask("{ event(by: {databaseId: 2}) { title } }") == {"event": None}


async def test_a_mutation_is_not_sent_by_get(ask):
    """A link cannot write."""
    params = {"query": RENAME, "variables": '{"id": "x"}'}
    response = await ask.http.get("/graphql", params=params, headers={"X-Requested-With": "a test"})

    assert response.status_code == 405
    assert writes(ask.sandbox) == []
