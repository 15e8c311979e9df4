"""Cross-site request forgery: pages of other sites must not make a browser send operations.

A POST is taken as JSON only, which a browser sends to another origin only after a preflight. An address,
though, is fetched for any form or image, so a GET must bring a header that those cannot send: one that is not
safelisted, that no browser adds by itself, and that no proxy on the way is known to add. Source of the first two:
https://fetch.spec.whatwg.org/#cors-safelisted-request-header and #forbidden-request-header
"""

from starlette.requests import Request

from gateway.http.bearer import bearer_of
from gateway.http.client_names import HEADERS as OF_CLIENTS
from gateway.http.negotiation import media_type
from gateway.http.refusal import RequestError

HEADERS = ("X-Requested-With", "Apollo-Require-Preflight", "GraphQL-Require-Preflight")
_PROOFS = (*HEADERS, *OF_CLIENTS, "X-API-Key", "X-Apollo-Operation-Name")
_SIMPLE = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def refuse_forgeable(http: Request) -> None:
    """Raise RequestError for a request that a page of another origin can have a browser send without a preflight."""
    if http.method == "POST" or _has_proof(http):
        return
    raise RequestError(
        403,
        "CSRF_REFUSED",
        "Any web page can make a browser send this GET: add a header that none can, such as "
        f"'{HEADERS[0]}: anything' or your key as 'Authorization: Bearer KEY', or send the operation by POST.",
    )


def _has_proof(http: Request) -> bool:
    if any(http.headers.get(name) for name in _PROOFS):
        return True
    # Browsers send `Basic`, `Digest` and `Negotiate` by themselves, for whichever page.
    if bearer_of(http):
        return True
    kind = media_type(http.headers.get("content-type", "")).name
    return bool(kind) and kind not in _SIMPLE
