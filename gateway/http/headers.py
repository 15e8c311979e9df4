"""Headers that every answer has: nothing on the way keeps it, and no browser makes more of it than it is."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Answers hold personal data of whoever asked. GraphiQL's page and files bring what differs for them.
ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"Accept-Encoding"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)

_ALSO = b"vary"  # an answer may vary by more: each line of it counts


def safe_headers(app: ASGIApp) -> ASGIApp:
    """Return the app with the headers that an answer of it does not have yet."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                given = {name for name, _ in headers if name != _ALSO}
                headers += [header for header in ALWAYS if header[0] not in given]
            await send(message)

        await app(scope, receive, send_safe if scope["type"] == "http" else send)

    return answer
