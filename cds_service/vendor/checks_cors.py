"""CORS for clients that are browsers (CDS Hooks 2.0, "Cross-Origin Resource Sharing"; the Fetch standard).

The requests are those of the public sandbox, whose preflights carry no token.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from cds_service.vendor.address import Address
from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_calls import Made
from cds_service.vendor.hooks_known import with_new_instance
from cds_service.vendor.wire import Answer, Wire
from cds_service.vendor.words import quoted

MUST, SHOULD, INFO = Level
_CORS: Final = "2.0 Cross-Origin Resource Sharing, r208"
_MEND: Final = (
    "Answer OPTIONS without a token, with Access-Control-Allow-Origin and Access-Control-Allow-Headers: Authorization, "
    "Content-Type; '*' does not cover Authorization. If no browser is to call, or this origin is not to, this is fine."
)

PREFLIGHT_DISCOVERY = Rule("cors.preflight-discovery", SHOULD, "discovery answers a browser's preflight", _CORS, _MEND)
PREFLIGHT_SERVICE = Rule("cors.preflight-service", SHOULD, "a service answers a browser's preflight", _CORS, _MEND)
PREFLIGHT_FEEDBACK = Rule("cors.preflight-feedback", SHOULD, "feedback answers a browser's preflight", _CORS, _MEND)
ANSWERS = Rule(
    "cors.answers",
    SHOULD,
    "answers may be read by a browser",
    _CORS,
    "Send Access-Control-Allow-Origin, once, with each answer.",
)
ERRORS = Rule(
    "cors.errors",
    SHOULD,
    "errors may be read by a browser",
    _CORS,
    "Send Access-Control-Allow-Origin with errors too: without it a developer sees 'network error' and no reason.",
)
CREDENTIALS = Rule(
    "cors.credentials",
    SHOULD,
    "credentials are not allowed to every origin",
    "Fetch standard, CORS protocol and credentials",
    "Leave Access-Control-Allow-Credentials out: a hook call carries a bearer token, never a cookie.",
)

RULES: Final = (PREFLIGHT_DISCOVERY, PREFLIGHT_SERVICE, PREFLIGHT_FEEDBACK, ANSWERS, ERRORS, CREDENTIALS)


def cors_checks(wire: Wire, address: Address, made: Sequence[Made], origin: str) -> list[Check]:
    """The service asked as a page at `origin` asks."""
    if not made:
        return all_skipped(RULES, "no service is listed, or none answers")
    first = made[0]
    page = {"Origin": origin}
    discovery = wire.get(address.discovery, page)
    answers = [
        ("discovery", discovery),
        (first.place, wire.post(first.url, with_new_instance(first.body), page)),
    ]
    errors = [
        ("a body that is no JSON", wire.post(first.url, b"not JSON", page)),
        ("an unknown service", wire.post(f"{address.discovery}/doctor-no-such-service", first.body, page)),
    ]
    services = {one.url: one for one in made}.values()
    return [
        PREFLIGHT_DISCOVERY.check(_refused(wire, address.discovery, "GET", origin)),
        PREFLIGHT_SERVICE.check(p for one in services for p in _refused(wire, one.url, "POST", origin)),
        PREFLIGHT_FEEDBACK.check(p for one in services for p in _refused(wire, f"{one.url}/feedback", "POST", origin)),
        ANSWERS.check(problem for what, answer in answers for problem in _unreadable(what, answer, origin)),
        ERRORS.check(problem for what, answer in errors for problem in _unreadable(what, answer, origin)),
        CREDENTIALS.check(
            f"{what} is answered with Access-Control-Allow-Credentials: true"
            for what, answer in (*answers, *errors)
            if answer.headers.get("access-control-allow-credentials", "").lower() == "true"
        ),
    ]


def _refused(wire: Wire, url: str, method: str, origin: str) -> Iterator[str]:
    """What a browser would refuse to go on with, in its order."""
    wanted = {"authorization"} if method == "GET" else {"authorization", "content-type"}
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ",".join(sorted(wanted)),
    }
    answer = wire.send("OPTIONS", url, headers=asked, credentials=False)
    if not answer.accepted:
        yield f"OPTIONS {url} {answer.said()}"
        return
    yield from _unreadable(f"OPTIONS {url}", answer, origin)
    stated = answer.headers.get("access-control-allow-headers", "")
    allowed = {name.strip().lower() for name in stated.split(",")}
    if not wanted <= allowed:
        yield f"OPTIONS {url} allows the headers {quoted(stated)}"


def _unreadable(what: str, answer: Answer, origin: str) -> Iterator[str]:
    if answer.status == 0:
        yield f"{what} {answer.said()}"
    elif answer.headers.get("access-control-allow-origin") not in {"*", origin}:
        stated = quoted(answer.headers.get("access-control-allow-origin", "nothing"))
        yield f"{what} ({answer.status}) has Access-Control-Allow-Origin {stated}"
