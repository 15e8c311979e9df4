"""Makes a token for GATEWAY_AUTH=tokens."""

import sys

import typer

from gateway.http.callers.tokens import TokenError, new_token

_MADE = """\
That is the line of {name} for the file that GATEWAY_TOKENS_FILE names: append it with >>.
The token itself, shown this once (Authorization: Bearer TOKEN):
{token}
"""


def token(name: str, *, read: bool, write: bool, only: str, sensitive: bool) -> None:
    """Print a token's line for the file, and on stderr the token itself."""
    if read == write:
        print("Say --read or --write, one of them.", file=sys.stderr)
        raise typer.Exit(2)
    roles = ["write" if write else "read", *(["sensitive"] if sensitive else [])]
    try:
        made = new_token(name, roles, [path.strip() for path in only.split(",") if path.strip()])
    except TokenError as error:
        print(f"No token was made: {error}.", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        print(made.line, flush=True)
    except OSError as error:
        print(f"No token was made: its line cannot be written ({error.strerror}).", file=sys.stderr)
        raise typer.Exit(1) from None
    print(_MADE.format(name=name, token=made.token.get_secret_value()), end="", file=sys.stderr)
