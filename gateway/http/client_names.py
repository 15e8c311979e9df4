"""What an application calls itself: its name and version, in the headers in which GraphQL clients send them.

Nobody vouches for them: they say whose operations a log or metric is about, and open nothing.
"""

from collections.abc import Mapping

from gateway.telemetry.events import printable

# Sources: https://www.apollographql.com/docs/graphos/platform/insights/client-segmentation (the first), and
# https://the-guild.dev/graphql/hive/docs/schema-registry/usage-reporting (the others).
_NAMED = (
    (b"apollographql-client-name", b"apollographql-client-version"),
    (b"x-graphql-client-name", b"x-graphql-client-version"),
    (b"graphql-client-name", b"graphql-client-version"),
)

HEADERS = tuple(header.decode() for pair in _NAMED for header in pair)


def client_of(headers: Mapping[bytes, bytes]) -> tuple[str, str]:
    """Return a client's name and version, each "" where it does not tell; at most 64 printable characters."""
    for name, version in _NAMED:
        if name in headers and (told := printable(headers[name].decode("latin-1"))):
            return told, printable(headers.get(version, b"").decode("latin-1"))
    return "", ""
