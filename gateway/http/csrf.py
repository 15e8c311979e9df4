"""Cross-site request forgery: pages of other sites must not make a browser send operations.

A POST is taken as JSON only, which a browser sends to another origin only after a preflight. An address,
though, is fetched for any form or image, so a GET must bring a header that those cannot send.
"""

from starlette.requests import Request

from gateway.http.negotiation import media_type
from gateway.http.refusal import RequestError

HEADERS = ("X-Requested-With", "Apollo-Require-Preflight", "GraphQL-Require-Preflight")
_SIMPLE = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def refuse_forgeable(http: Request) -> None:
    """Do nothing for a request that no page of another origin can have a browser send without a preflight.

    Source of the simple content types: https://fetch.spec.whatwg.org/#cors-safelisted-request-header

    Raises:
        RequestError: any page could have sent it.
    """
    if http.method == "POST" or any(http.headers.get(name) for name in HEADERS):
        return
    kind = media_type(http.headers.get("content-type", "")).name
    if not kind or kind in _SIMPLE:
        raise RequestError(
            403,
            "CSRF_REFUSED",
            "Any web page can make a browser send this GET: add a header that none can, such as "
            f"'{HEADERS[0]}: anything', or send the operation by POST.",
        )
