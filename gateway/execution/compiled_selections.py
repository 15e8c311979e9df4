"""Rows to response objects without graphql-core, wherever a selection is provably plain.

graphql-core costs some 20 us for every field of every row. A *projection* is a function compiled once
for a selection of a document, which turns all rows of a list into response objects, field by field for
all of them. It gives what graphql-core would: same values, same key order.

A selection is plain when each of its fields is one of

* an attribute of the row (a column, or a property of a page), of a type whose values go out as they are,
* declared to come of the row alone ("pure" in the field's metadata: the global id),
* a declared relation (`Relation` in the metadata) whose rows the operation knows already,
* an object or list of objects that an attribute holds, itself plain.

Anything else steps aside, for graphql-core to do: arguments, other resolvers, abstract types, a
relation to a row that is not at hand or that PlanDocket does not have, an include that the server
ignored. What steps aside for a whole selection is remembered; what depends on the rows is tried.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_object_type,
)

from gateway.execution.root_field import RootExecutor
from gateway.graph.connection import PageInfo
from gateway.graph.context import Context
from gateway.graph.load_by_id import Stub
from gateway.graph.look_ahead import IDS, Relation
from gateway.mirror.answers.seen import UNAVAILABLE
from gateway.upstream.record import Many, Row, row_class
from gateway.upstream.wire.columns import required

Project = Callable[[Sequence[Any], Context], list[Any]]
Column = Callable[[Sequence[Any], Context], Iterable[Any]]
"""One field of all rows, in their order."""
Details = list[Any]
"""A field's `FieldDetails`: graphql-core's generics are not all typed, so its values are Any here."""

_ID = attrgetter("id")
_AS_THEY_ARE = frozenset({"String", "Int", "Boolean", "ID", "JSON", "DateOrDateTime"})
_MOST_PROJECTIONS = 100  # of a document: a client chooses how many conditions it has


class StepAsideError(Exception):
    """These rows cannot be projected: graphql-core completes them."""


class ProjectingExecutor(RootExecutor):
    """graphql-core's executor, which lets projections complete what they can."""

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Details,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete one object."""
        projected = self._project(return_type, field_details_list, (result,))
        if projected is not None:
            return projected[0]
        return cast(Any, super()).complete_object_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def complete_list_value(
        self,
        return_type: Any,
        field_details_list: Details,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a list."""
        item_type = _nullable(return_type.of_type)
        if is_object_type(item_type) and isinstance(result, list | tuple) and result:
            projected = self._project(item_type, field_details_list, cast(Sequence[Any], result))
            if projected is not None:
                return projected
        return cast(Any, super()).complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def _project(self, of: GraphQLObjectType, details: Details, values: Sequence[Any]) -> list[Any] | None:
        first: Any = values[0]
        kind = cast(type[Any], type(first))
        context = cast(Context, self.context_value)
        variables = self.variable_values.coerced
        conditions = (variables.get(name) for name in context.condition_names)
        key = (of.name, kind, *(id(detail.node) for detail in details), *conditions)
        projections = context.projections
        if key not in projections:
            if len(projections) >= _MOST_PROJECTIONS:
                projections.clear()
            try:
                projections[key] = self._compiled(of, details, kind)
            except GraphQLError:  # a condition without a value: graphql-core says so where it belongs
                projections[key] = None
        project = projections[key]
        if project is None:
            return None
        wanted = context.wanted
        try:
            return project(values, context)
        except (StepAsideError, KeyError):
            context.wanted = wanted
            return None

    def _compiled(self, of: GraphQLObjectType, details: Details, kind: type[Any]) -> Project | None:
        """Return the projection of a selection for values of one class; None where it is not plain."""
        if kind is not Stub and _class_of(of) is not kind:
            return None
        fields = self.collect_subfields(of, details).grouped_field_set
        columns: list[Column] = []
        for found in fields.values():
            column = self._column(of, found, kind)
            if column is None:
                return None
            columns.append(column)
        return _projection(kind, tuple(fields), columns)

    def _column(self, of: GraphQLObjectType, details: Details, kind: type[Any]) -> Column | None:
        """Return what gives one field of all rows; None where it is not plain."""
        node = details[0].node
        if node.name.value == "__typename":
            return lambda rows, _: [of.name] * len(rows)
        field = of.fields[node.name.value]
        declared = field.extensions.get("strawberry-definition")
        if field.args or declared is None:
            return None
        if (pure := declared.metadata.get("pure")) is not None:
            return _mapped(pure.attribute, None if pure.table is None else pure.table(of.name).__getitem__)
        if (relation := declared.metadata.get("relation")) is not None:
            return self._relation(field, relation, details)
        if declared.base_resolver is not None:
            return None
        return self._attribute(field, declared.python_name, details, kind)

    def _attribute(self, field: Any, name: str, details: Details, kind: type[Any]) -> Column | None:
        named = _named(field.type)
        if not is_leaf_type(named):
            return self._object(field, named, name, details)
        if isinstance(field.type, GraphQLNonNull) and issubclass(kind, Row) and name not in required(kind):
            return None
        if named.name in ("Date", "DateTime"):
            return _mapped(name, lambda moment: None if moment is None else moment.isoformat())
        return _mapped(name) if named.name in _AS_THEY_ARE else None

    def _object(self, field: Any, named: Any, name: str, details: Details) -> Column | None:
        kind, get = _class_of(named), attrgetter(name)
        nested = None if kind is None else self._compiled(named, details, kind)
        if nested is None:
            return None
        if isinstance(_nullable(field.type), GraphQLList):
            return lambda rows, context: [nested(get(row), context) for row in rows]
        return lambda rows, context: nested([*map(get, rows)], context)

    def _relation(self, field: Any, relation: Relation, details: Details) -> Column | None:
        """Return what completes all related rows at once, and gives each row its own."""
        named = _named(field.type)
        if relation.target is None:
            find = _values(relation, named.name)
        else:
            fields = self.collect_subfields(named, details).grouped_field_set
            ids_only = all(found[0].node.name.value in IDS for found in fields.values())
            nested = self._compiled(named, details, Stub if ids_only else relation.target.row)
            if nested is None:
                return None
            find = _rows(relation, relation.target.row, nested, ids_only=ids_only)
        if relation.key is None:
            return lambda rows, context: map(find(rows, context).__getitem__, map(_ID, rows))
        key = attrgetter(relation.key)

        def by_key(rows: Sequence[Any], context: Context) -> Iterable[Any]:
            keys = [*map(key, rows)]
            return map(find(keys, context).get, keys)

        return by_key


def _projection(kind: type[Any], names: tuple[str, ...], columns: Sequence[Column]) -> Project:
    """Return what makes response objects with these names, in their order, of rows of one class."""
    kinds = {kind}

    def project(rows: Sequence[Any], context: Context) -> list[Any]:
        if {*map(type, rows)} - kinds:
            raise StepAsideError
        if not names:
            return [{} for _ in rows]
        cells = zip(*[column(rows, context) for column in columns], strict=True)
        return [dict(zip(names, found, strict=True)) for found in cells]

    return project


def _mapped(attribute: str, shown: Callable[[Any], Any] | None = None) -> Column:
    get = attrgetter(attribute)
    if shown is None:
        return lambda rows, _: map(get, rows)
    return lambda rows, _: map(shown, map(get, rows))


def _rows(
    relation: Relation, kind: type[Row], nested: Project, *, ids_only: bool
) -> Callable[[Sequence[Any], Context], Mapping[Any, Any]]:
    """Return what completes the rows that a relation leads to: by its key's values, or by the rows' own ids."""

    def complete(row_ids: set[int], context: Context) -> dict[int, Any]:
        if ids_only:
            targets: list[Any] = [Stub(kind.kind, row_id) for row_id in row_ids]
        else:
            # None, of a row that is not there, is of no projection's class.
            targets = list(map(context.reading.known.table(kind).__getitem__, row_ids))
        return dict(zip(row_ids, nested(targets, context) if targets else (), strict=True))

    def by_key(keys: Sequence[int | None], context: Context) -> Mapping[Any, Any]:
        row_ids = [key for key in keys if key and key > 0]  # others lead nowhere
        if not ids_only:
            context.wanted += len(row_ids)
        return complete(set(row_ids), context)

    def by_link(rows: Sequence[Any], context: Context) -> Mapping[Any, Any]:
        links = _links(relation, rows, context)
        context.wanted += len(rows)
        if is_many:
            found = complete({row_id for link in links.values() for row_id in link or ()}, context)
            return {row_id: [found[one] for one in link or ()] for row_id, link in links.items()}
        found = complete({link for link in links.values() if link is not None}, context)
        return {row_id: found.get(link) for row_id, link in links.items()}

    is_many = isinstance(relation.embed, Many)
    return by_key if relation.key else by_link


def _values(relation: Relation, type_name: str) -> Callable[[Sequence[Any], Context], Mapping[Any, Any]]:

    def find(rows: Sequence[Any], context: Context) -> Mapping[Any, Any]:
        links = _links(relation, rows, context)
        if type_name == "Int" and not all(
            type(value) is int and abs(value) < 2**31 for value in links.values()
        ):
            raise StepAsideError
        return links

    return find


def _links(relation: Relation, rows: Sequence[Any], context: Context) -> dict[int, Any]:
    told = context.reading.known.links(relation.owner.row, relation.include)  # pyright: ignore[reportOptionalMemberAccess,reportArgumentType]
    links = {row.id: told[row.id] for row in rows}
    if UNAVAILABLE in links.values():
        raise StepAsideError
    return links


def _named(of: Any) -> Any:
    return cast(Any, get_named_type)(of)


def _nullable(of: Any) -> Any:
    return cast(Any, of).of_type if isinstance(of, GraphQLNonNull) else of


def _class_of(of: GraphQLObjectType) -> type[Any] | None:
    """Return the class of the values that a type is resolved from; None where it may be several."""
    if of.name == "PageInfo":
        return PageInfo
    declared = of.extensions.get("strawberry-definition")
    return getattr(declared and declared.origin, "resolved_from", None) or row_class(of.name)
