"""HTTP as the vendor's commands speak it: bounded in time and size, never following a redirect.

The client is asynchronous inside, since only a task can be given a time limit as a whole: httpx's own limits start
again with each piece that trickles in.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx
import orjson

from cds_service.vendor.address import is_loopback
from cds_service.vendor.words import quoted

Mint = Callable[[str], str]
"""From the URL to be called (the audience) to a fresh JWT for it."""

OK = 200
"""The HTTP status of a good answer."""

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer that are read."""

SHORTEST_SECRET = 8
"""Characters from which on the value of a stated header is masked where a service repeats it."""

MASK = b"[a secret of the caller's]"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: the HTTP status; 0 when no answer came.
        headers: by lower-case name; those that came several times are joined with a comma.
        body: what came, with the caller's secrets masked; empty when there was a failure.
        milliseconds: from sending to the last byte.
        failure: why there is no usable answer, in words.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float
    failure: str | None = None

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def accepted(self) -> bool:
        """Whether the status is 2xx and the whole answer came."""
        return self.failure is None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own classes

    @property
    def refused(self) -> bool:
        """Whether the status is 4xx."""
        return 400 <= self.status < 500  # noqa: PLR2004 - HTTP's own classes

    def json(self) -> object:
        """The body as JSON; None when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def said(self) -> str:
        """What came, in a few words."""
        if self.failure is not None:
            return self.failure
        if "location" in self.headers:
            return f"answered {self.status} to {quoted(self.headers['location'])}; redirects are not followed"
        body = quoted(self.body.decode(errors="replace")) if self.body else "nothing"
        return f"answered {self.status} with {body}"


class Wire:
    """Sends requests one by one; use it in a `with` block.

    Args:
        headers: sent with each request, unless it is to go without credentials.
        mint: gives the bearer token of each such request.
        timeout: seconds that one request may take, from connecting to the last byte.
    """

    def __init__(self, headers: Sequence[tuple[str, str]] = (), mint: Mint | None = None, timeout: float = 10) -> None:
        self._headers = tuple(headers)
        self._mint = mint
        self._timeout = timeout
        self._runner = asyncio.Runner()
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self.secrets_echoed: list[str] = []

    @property
    def has_credentials(self) -> bool:
        """Whether requests carry an Authorization header."""
        return self._mint is not None or any(name.lower() == "authorization" for name, _ in self._headers)

    def __enter__(self) -> Self:
        """Nothing is opened before the first request."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        for client in self._clients.values():
            self._runner.run(client.aclose())
        self._runner.close()

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, credentials: bool = True) -> Answer:
        """GET a URL."""
        return self.send("GET", url, headers=headers, credentials=credentials)

    def post(
        self, url: str, body: object, headers: Mapping[str, str] | None = None, *, credentials: bool = True
    ) -> Answer:
        """POST a JSON value, or bytes as they stand, as `application/json` unless a header says otherwise."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        stated = {"Content-Type": "application/json", **(headers or {})}
        return self.send("POST", url, content=content, headers=stated, credentials=credentials)

    def send(
        self,
        method: str,
        url: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        credentials: bool = True,
    ) -> Answer:
        """Send a request; whatever happens on the way is told in the answer."""
        sent = [
            ("Accept", "application/json, application/fhir+json;q=0.9"),
            ("Accept-Encoding", "identity"),
            *(headers or {}).items(),
        ]
        if credentials:
            sent += self._headers
            if self._mint is not None:
                sent.append(("Authorization", f"Bearer {self._mint(url)}"))
        try:
            request = httpx.Request(method, url, content=content, headers=sent)
            _ = request.url.host  # decoded here: an `xn--` name may be no name
        except (httpx.InvalidURL, UnicodeError) as error:
            return _no_answer(f"could not be asked (no URL: {quoted(error)})")
        started = time.perf_counter()
        return self._masked(self._runner.run(self._answer(request, started)), request)

    async def _answer(self, request: httpx.Request, started: float) -> Answer:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request, started)
        except TimeoutError:
            return _no_answer(f"gave no whole answer within {self._timeout:g} s")
        except httpx.RequestError as error:
            return _no_answer(f"could not be asked ({type(error).__name__}: {quoted(error)})")

    async def _exchange(self, request: httpx.Request, started: float) -> Answer:
        response = await self._client_for(request).send(request, stream=True)
        try:
            body, failure = await _body_of(response)
        finally:
            await response.aclose()
        elapsed = (time.perf_counter() - started) * 1000
        return Answer(response.status_code, _joined(response.headers), body, elapsed, failure)

    def _client_for(self, request: httpx.Request) -> httpx.AsyncClient:
        """A client that heeds the environment's proxies, or for this machine one that does not."""
        local = is_loopback(str(request.url))
        if local not in self._clients:
            self._clients[local] = httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, trust_env=not local)
        return self._clients[local]

    def _masked(self, answer: Answer, request: httpx.Request) -> Answer:
        """The answer without what the caller must keep to itself; an echo is remembered."""
        values = [value for _, value in self._headers] + request.headers.get_list("authorization")
        secrets = {value.removeprefix("Bearer ") for value in values}
        body, headers = answer.body, dict(answer.headers)
        for secret in (one for one in secrets if len(one) >= SHORTEST_SECRET):
            body = body.replace(secret.encode(), MASK)
            headers = {name: value.replace(secret, MASK.decode()) for name, value in headers.items()}
        if (body, headers) == (answer.body, dict(answer.headers)):
            return answer
        self.secrets_echoed.append(f"{request.method} {request.url} repeated a secret that was sent to it")
        return Answer(answer.status, headers, body, answer.milliseconds, answer.failure)


async def _body_of(response: httpx.Response) -> tuple[bytes, str | None]:
    """The body as it came over the wire, and why it cannot be used."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return b"", f"answered {response.status_code} compressed, which was not asked for"
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            return b"", f"answered {response.status_code} with more than {LARGEST_ANSWER} bytes"
        chunks.append(chunk)
    return b"".join(chunks), None


def _joined(headers: httpx.Headers) -> dict[str, str]:
    return {name: headers[name] for name in headers}


def _no_answer(failure: str) -> Answer:
    return Answer(0, {}, b"", 0.0, failure)
