"""How schemathesis makes values of the schema's own scalars, and what it holds every answer to."""

# pyright: basic
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

MOMENTS = ("2027-03-19", "2027-03-19T09:00:00Z", "2027-02-30", "1704067200", "nonsense", "")

for name in ("DateTime", "DateOrDateTime"):
    schemathesis.graphql.scalar(name, st.sampled_from(MOMENTS).map(nodes.String))
schemathesis.graphql.scalar(
    "JSON", st.text(max_size=20).map(nodes.String) | st.integers().map(nodes.Int) | st.just(nodes.Null)
)


@schemathesis.check
def no_failure_within(ctx, response, case) -> None:
    """No answer is a 5xx, or tells of an exception within the gateway.

    schemathesis' own check takes any field that fails for the server's failure, such as one that asks too much.
    """
    assert response.status_code < 500
    assert "INTERNAL_SERVER_ERROR" not in response.text
