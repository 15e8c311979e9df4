"""Runs one operation, and makes of its outcome what a client may see."""

import asyncio
import logging
from inspect import isawaitable
from typing import Any, cast

import msgspec
import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
)
from graphql import execute as graphql_execute  # pyright: ignore[reportUnknownVariableType]

from gateway.errors import ForbiddenError, GatewayError, OperationTimeoutError, UnauthenticatedError, cut
from gateway.execution.answer_body import (
    Outcome,
    after_the_write,
    answered,
    coded,
    raise_if_overloaded,
    refused,
    whole,
    withheld,
)
from gateway.execution.compiled_selections import ProjectingExecutor
from gateway.execution.documents import Document, Documents
from gateway.execution.input_check import fault_of_null, faults_of_variables
from gateway.execution.requirements import Required, Rules
from gateway.execution.results import Key, Results
from gateway.graph.context import Context
from gateway.settings.settings import Settings
from gateway.telemetry.events import printable, running
from gateway.upstream.way.credential import Credential

log = logging.getLogger(__name__)


NOT_SHOWN = (
    "This gateway shows its schema to nobody, here and at /schema.graphql: ask whoever runs it for the file "
    "(they print it with 'gateway schema'), or to set GATEWAY_INTROSPECTION to callers."
)
"""What is told where nobody may ask for the schema."""


class Request(msgspec.Struct, frozen=True):
    """A well-formed GraphQL request, whichever way it came."""

    query: str = ""
    """The document's text; "" as long as it is only named, by one of the last two."""
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    document_id: str | None = None
    sha256: str | None = None


class Executor:
    """Executes requests against one schema."""

    def __init__(self, schema: strawberry.Schema, access: Rules, settings: Settings) -> None:
        self._access = access
        self._timeout_s = settings.operation_timeout
        self._introspection = settings.introspection
        self._suggests = settings.suggestions == "on"
        self._tells_cost = settings.tell_cost == "on"
        self._schema = schema._schema  # pyright: ignore[reportPrivateUsage] - graphql-core's own
        self._documents = Documents(self._schema, settings, suggests=self._suggests)
        self._results = Results()

    def problems(self, text: str) -> list[str]:
        """Return what is wrong with a document, whatever it is asked with."""
        return [error.message for error in self._documents.get(text).errors]

    def document(self, request: Request, context: Context) -> Document:
        """Return a request's document, to be run; it is kept for callers who are known."""
        return self._documents.get(request.query, is_kept=context.is_known)

    def forget(self, credential: Credential | None) -> None:
        """Drop what is kept of a credential that PlanDocket does not know any more; of all where it is None."""
        self._results.forget(credential)

    async def run(self, request: Request, context: Context, document: Document | None = None) -> Outcome:
        """Return the outcome; every error in it has a code. `document` is the request's, where it is known already.

        Raises:
            OverloadedError: too many requests to PlanDocket wait already, and nothing of it was answered.
        """
        document = document or self.document(request, context)
        if document.ast is None or document.errors:
            return refused(*document.errors)
        operation = document.operation(request.operation_name)
        if operation is None:
            return refused(_no_operation(request.operation_name))
        _note(operation)
        refusal = self._refusal(document, operation, request, context)
        if refusal is not None:
            return refused(refusal)
        key = _key(request, operation, context)
        if key is not None and (data := self._results.find(key, context)) is not None:
            return answered(data, [], context, tells_cost=self._tells_cost)
        context.projections, context.lookahead = document.projections, document.lookahead
        context.arguments = document.arguments
        context.condition_names = document.condition_names
        limit = asyncio.timeout(self._timeout_s)
        try:
            async with limit:
                return await self._execute(document.ast, operation, request, context, key)
        except TimeoutError:
            if not limit.expired():
                raise
            is_mutation = operation.operation is OperationType.MUTATION
            written = "Some of it may have been written: look before you send it again."
            return withheld(whole(OperationTimeoutError(written if is_mutation else "Ask for less at once.")))

    def _refusal(
        self, document: Document, operation: OperationDefinitionNode, request: Request, context: Context
    ) -> GraphQLError | None:
        """Return why a valid operation is not executed; None where it is."""
        if self._introspection != "on" and document.introspects(operation):
            if self._introspection == "off":
                return coded(NOT_SHOWN, "FORBIDDEN")
            if not context.caller.is_let_in:
                return whole(UnauthenticatedError("Only callers may ask for the schema."))
        variables = request.variables or {}
        try:
            self._required(document, operation).check(context.caller.access, variables)
        except ForbiddenError as error:
            return whole(error)
        return self._documents.excess(document, operation, variables)

    async def _execute(
        self,
        ast: DocumentNode,
        operation: OperationDefinitionNode,
        request: Request,
        context: Context,
        key: Key | None,
    ) -> Outcome:
        async with context:
            running = graphql_execute(
                self._schema,
                ast,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
                executor_class=ProjectingExecutor,
                max_coercion_errors=1,  # all are told by `faults_of_variables`
                hide_suggestions=not self._suggests,
            )
            result = await running if isawaitable(running) else running
            try:
                await context.check_key()
            except GatewayError as error:
                return withheld(*(result.errors or ()), whole(error))
            if result.errors:
                return self._faulty(result, operation, request, context)
            data = result.data if key is None else self._results.keep(key, context, result.data)
            return answered(data, [], context, tells_cost=self._tells_cost)

    def _required(self, document: Document, operation: OperationDefinitionNode) -> Required:
        """Return what an operation needs of its caller's access; worked out once."""
        name = operation.name.value if operation.name else None
        required = document.required.get(name)
        if required is None:
            ast = cast(DocumentNode, document.ast)  # a valid document has one
            required = document.required[name] = self._access.required(ast, operation)
        return required

    def _faulty(
        self, result: ExecutionResult, operation: OperationDefinitionNode, request: Request, context: Context
    ) -> Outcome:
        errors = result.errors or []
        if result.data is None and any(error.path is None for error in errors):
            faults = faults_of_variables(
                self._schema, operation, request.variables or {}, suggests=self._suggests
            )
            return refused(*(faults or map(fault_of_null, errors)))
        raise_if_overloaded(result)
        told = [fault_of_null(error) for error in errors]
        if operation.operation is OperationType.MUTATION:
            told = [after_the_write(error) for error in told]
        return answered(result.data, told, context, tells_cost=self._tells_cost)


def _key(request: Request, operation: OperationDefinitionNode, context: Context) -> Key | None:
    """Return what an operation's result is kept by; None for a mutation."""
    if operation.operation is not OperationType.QUERY:
        return None
    variables = msgspec.json.encode(request.variables) if request.variables else b""
    caller = context.caller
    credential = caller.credential.digest if caller.credential is not None else None
    return Key(request.query, request.operation_name, variables, credential, caller.access)


def _note(operation: OperationDefinitionNode) -> None:
    if (told := running.get()) is not None:
        told.name = operation.name and printable(operation.name.value)
        told.kind = operation.operation.value


def _no_operation(name: str | None) -> GraphQLError:
    if name:
        return GraphQLError(
            f"The document has no operation named '{cut(name)}': send one of its names as 'operationName', or none."
        )
    return GraphQLError("The document has several operations, or none: say which with 'operationName'.")
