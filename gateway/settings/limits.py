"""What one operation may cost, and how many run at once."""

from typing import Annotated

from pydantic import Field

from gateway.settings.group import Group, Seconds


class LimitSettings(Group):
    """What one operation may cost, and how many run at once."""

    max_calls: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=25,
        validation_alias="GATEWAY_MAX_CALLS_PER_OPERATION",
        description="Requests to PlanDocket that the reads of one operation may cost, 1 to 1000.",
    )
    max_depth: Annotated[int, Field(ge=1, le=100)] = Field(
        default=12,
        description="Fields below each other in one operation, introspection aside.",
    )
    max_aliases: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=200,
        description="Aliases in one operation, fragments counted as often as they are spread.",
    )
    max_fields: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=2_000,
        description="Fields in one operation, counted likewise.",
    )
    max_directives: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=50,
        description="Directives in one operation, counted likewise.",
    )
    max_tokens: Annotated[int, Field(ge=10, le=100_000)] = Field(
        default=8_000,
        description="Tokens (names, braces, values) in one document.",
    )
    max_operations: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=5,
        description="Operations in one document.",
    )
    max_rows: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=10_000,
        description="Rows that one operation may come to by its page sizes, all lists together.",
    )
    operation_timeout: Seconds = Field(
        default=20,
        description="Seconds that one operation may take altogether, at most 300.",
    )
    max_running: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1_000,
        description="Operations that run at the same time; those beyond get 503 with `Retry-After` at once.",
    )
