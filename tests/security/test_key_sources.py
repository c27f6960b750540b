import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from cds_service.security.jwks import KeySet
from cds_service.security.key_sources import (
    FRESH_SECONDS,
    KEPT_SECONDS,
    PAUSE_SECONDS,
    FetchedKeys,
    KeyServerError,
    KeysUnavailableError,
    PinnedKeys,
)
from cds_service.security.minting import SigningKey

URL = "https://ehr.example.nhs.uk/jwks"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class KeyServer:
    """A key server that answers when it is let.

    Args:
        keys: the `kid`s of the keys that it publishes.
    """

    def __init__(self, *keys: str) -> None:
        self.publishes(*keys)
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    def publishes(self, *kids: str) -> None:
        """Change its keys."""
        self.answer: object = {"keys": [{**PUBLIC, "kid": kid} for kid in kids]}

    def fails(self) -> None:
        """Let it be out of reach."""
        self.answer = KeyServerError("unreachable")

    async def __call__(self, url: str) -> object:
        """Answer a request."""
        self.asked.append(url)
        self.was_asked.set()
        await self.may_answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


PUBLIC = SigningKey.made("ES384").public_jwk


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test that waits, on a loop that hides no failed task."""
    unhandled: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unhandled.append(context))
        await test()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert others == set()

    asyncio.run(watched())
    assert unhandled == []


async def settled() -> None:
    """Let what runs in the background get as far as it can without a change of the world."""
    for _ in range(20):
        await asyncio.sleep(0)


async def known(source: FetchedKeys, *kids: str) -> list[bool]:
    """Which kids a source has keys of."""
    return [bool(await source.matching(kid, "ES384")) for kid in kids]


def test_pinned_keys_are_here_at_once() -> None:
    """Nothing to fetch, warm or close."""

    async def test() -> None:
        source = PinnedKeys(KeySet.pinned({"keys": [PUBLIC]}, ["ES384"]))
        await source.warm()

        assert len(await source.matching(PUBLIC["kid"], "ES384")) == 1
        assert await source.matching(PUBLIC["kid"], "RS384") == []
        assert await source.matching("other", "ES384") == []
        await source.close()

    run(test)


def test_the_first_call_waits_for_the_keys() -> None:
    """They come from the client's own address."""

    async def test() -> None:
        server = KeyServer("one")

        assert await known(FetchedKeys(URL, server, Clock()), "one") == [True]
        assert server.asked == [URL]

    run(test)


def test_with_the_key_cached_no_request_is_made() -> None:
    """As long as the answer is fresh."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        for seconds in (0, 1, PAUSE_SECONDS, FRESH_SECONDS - PAUSE_SECONDS - 1):
            clock.forward(seconds)

            assert await known(source, "one") == [True]
        assert len(server.asked) == 1

    run(test)


def test_warming_gets_the_keys_before_a_call_needs_them() -> None:
    """And a failure is no trouble yet: the next call asks once the pause is over."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        assert len(server.asked) == 1
        assert await known(source, "one") == [True]
        assert len(server.asked) == 1

        server.fails()
        cold = FetchedKeys(URL, server, clock)
        await cold.warm()
        server.publishes("one")
        clock.forward(PAUSE_SECONDS)
        assert await known(cold, "one") == [True]

    run(test)


def test_an_unknown_kid_asks_once_and_then_only_after_the_pause() -> None:
    """Tokens with invented kids must not drive requests to the key server."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        clock.forward(PAUSE_SECONDS)

        assert await known(source, *["invented"] * 50, "another") == [False] * 51
        assert len(server.asked) == 2
        clock.forward(PAUSE_SECONDS - 0.1)
        assert await known(source, *["invented"] * 50) == [False] * 50
        assert len(server.asked) == 2
        clock.forward(0.1)
        assert await known(source, "invented") == [False]
        assert len(server.asked) == 3

    run(test)


def test_a_kid_of_another_algorithm_counts_as_unknown() -> None:
    """A key that cannot check the token is as good as none."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)

        assert await source.matching("one", "RS384") == []
        assert await source.matching("one", "RS384") == []
        assert len(server.asked) == 1

    run(test)


def test_a_new_key_is_found_at_the_first_token_that_names_it() -> None:
    """While the answer is fresh."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.publishes("one", "two")
        clock.forward(PAUSE_SECONDS)

        assert await known(source, "two") == [True]
        assert len(server.asked) == 2

    run(test)


def test_a_new_key_is_found_at_the_first_token_that_names_it_when_the_answer_is_stale() -> None:
    """The client rotated its key while nobody called: its first good call must not be refused."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.publishes("two")
        clock.forward(FRESH_SECONDS + 1)

        assert await known(source, "two") == [True]
        assert len(server.asked) == 2

    run(test)


def test_a_new_key_is_found_by_all_who_ask_at_once() -> None:
    """After a rotation the first calls come together: each of them is good."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.publishes("one", "two")
        server.may_answer.clear()
        clock.forward(PAUSE_SECONDS)
        calls = asyncio.gather(*(known(source, "two") for _ in range(5)))
        await settled()
        server.may_answer.set()

        assert await calls == [[True]] * 5
        assert len(server.asked) == 2

    run(test)


def test_a_stale_answer_serves_while_it_is_renewed() -> None:
    """A call with a known key waits for nobody."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.may_answer.clear()
        clock.forward(FRESH_SECONDS + 1)

        assert await known(source, "one", "one", "one") == [True] * 3
        await settled()
        assert len(server.asked) == 2
        server.may_answer.set()
        await settled()
        assert await known(source, "one") == [True]
        assert len(server.asked) == 2

    run(test)


def test_a_withdrawn_key_is_refused_once_the_keys_are_renewed() -> None:
    """And a key that came with it is known."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.publishes("two")
        clock.forward(FRESH_SECONDS + 1)
        await known(source, "one")
        await settled()

        assert await known(source, "one", "two") == [False, True]

    run(test)


def test_a_client_that_withdraws_all_its_keys_is_known_by_none() -> None:
    """An empty set is an answer."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.publishes()
        clock.forward(FRESH_SECONDS + 1)
        await known(source, "one")
        await settled()

        assert await known(source, "one") == [False]

    run(test)


def test_keys_are_kept_through_an_outage_for_a_day() -> None:
    """The server is asked again no oftener than the pause allows; then it is not known whether there is a key."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.fails()
        clock.forward(KEPT_SECONDS - 2 * PAUSE_SECONDS)
        for _ in range(3):
            assert await known(source, "one", "one") == [True, True]
            await settled()
            clock.forward(PAUSE_SECONDS)
        assert len(server.asked) == 4

        for _ in range(2):
            with pytest.raises(KeysUnavailableError):
                await known(source, "one")
        assert len(server.asked) == 5

    run(test)


def test_an_unknown_kid_in_an_outage_is_refused_and_known_keys_still_serve() -> None:
    """The kept answer says that there is no such key."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.fails()
        clock.forward(PAUSE_SECONDS)

        assert await known(source, "two", "one", "two") == [False, True, False]
        assert len(server.asked) == 2

    run(test)


def test_after_an_outage_the_keys_are_renewed() -> None:
    """As soon as the pause is over."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        server.fails()
        source = FetchedKeys(URL, server, clock)
        with pytest.raises(KeysUnavailableError):
            await known(source, "one")
        server.publishes("one")
        with pytest.raises(KeysUnavailableError):
            await known(source, "one")
        assert len(server.asked) == 1
        clock.forward(PAUSE_SECONDS)

        assert await known(source, "one") == [True]
        assert len(server.asked) == 2

    run(test)


@pytest.mark.parametrize("answer", [None, "<html>", [], {}, {"keys": None}, {"keys": [{}] * 65}])
def test_an_answer_that_is_no_key_set_does_not_replace_one(answer: object) -> None:
    """An error page of a proxy is as good as an outage."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.answer = answer
        clock.forward(FRESH_SECONDS + 1)
        await known(source, "one")
        await settled()

        assert await known(source, "one") == [True]

    run(test)


@pytest.mark.parametrize("junk", [[1, None, "key"], [{"kid": "a", "kty": "EC", "use": []}], [{"kid": "a", "kty": {}}]])
def test_junk_beside_a_key_does_not_hide_it(junk: list[object]) -> None:
    """Nothing that a key server sends ends a call with an error of ours."""

    async def test() -> None:
        server = KeyServer("one")
        server.answer = {"keys": [*junk, {**PUBLIC, "kid": "one"}]}

        assert await known(FetchedKeys(URL, server, Clock()), "one") == [True]

    run(test)


def test_callers_at_the_same_time_share_one_request() -> None:
    """Nobody's first calls flood a key server."""

    async def test() -> None:
        server = KeyServer("one")
        server.may_answer.clear()
        source = FetchedKeys(URL, server, Clock())
        calls = asyncio.gather(source.warm(), *(known(source, "one") for _ in range(10)))
        await server.was_asked.wait()
        await settled()
        server.may_answer.set()

        assert (await calls)[1:] == [[True]] * 10
        assert len(server.asked) == 1

    run(test)


def test_callers_at_the_same_time_share_one_failure() -> None:
    """Each is told that the keys cannot be had."""

    async def test() -> None:
        server = KeyServer()
        server.fails()
        server.may_answer.clear()
        source = FetchedKeys(URL, server, Clock())
        calls = asyncio.gather(*(known(source, "one") for _ in range(5)), return_exceptions=True)
        await server.was_asked.wait()
        await settled()
        server.may_answer.set()

        assert [type(result) for result in await calls] == [KeysUnavailableError] * 5
        assert len(server.asked) == 1

    run(test)


def test_a_caller_that_hangs_up_does_not_end_the_request_for_others() -> None:
    """Neither the one who began it, nor one who joined."""

    async def test() -> None:
        server = KeyServer("one")
        server.may_answer.clear()
        source = FetchedKeys(URL, server, Clock())
        first, second, third = (asyncio.create_task(known(source, "one")) for _ in range(3))
        await server.was_asked.wait()
        await settled()
        first.cancel()
        third.cancel()
        await settled()
        server.may_answer.set()

        assert await second == [True]
        assert (first.cancelled(), third.cancelled(), len(server.asked)) == (True, True, 1)

    run(test)


def test_the_request_of_a_caller_that_hung_up_still_counts() -> None:
    """The next call finds the keys."""

    async def test() -> None:
        server = KeyServer("one")
        server.may_answer.clear()
        source = FetchedKeys(URL, server, Clock())
        only = asyncio.create_task(known(source, "one"))
        await server.was_asked.wait()
        only.cancel()
        await settled()
        server.may_answer.set()
        await settled()

        assert await known(source, "one") == [True]
        assert len(server.asked) == 1

    run(test)


def test_a_source_that_hangs_delays_no_other() -> None:
    """Each client's keys are its own."""

    async def test() -> None:
        hanging, good = KeyServer("one"), KeyServer("one")
        hanging.may_answer.clear()
        slow, quick = FetchedKeys(URL, hanging, Clock()), FetchedKeys(URL, good, Clock())
        waiting = asyncio.create_task(known(slow, "one"))
        await hanging.was_asked.wait()

        assert await known(quick, "one") == [True]
        assert not waiting.done()
        hanging.may_answer.set()
        assert await waiting == [True]

    run(test)


def test_a_server_that_hangs_delays_no_call_with_a_known_key() -> None:
    """Not even when the request for an unknown kid is still out after the pause."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.may_answer.clear()
        clock.forward(PAUSE_SECONDS)
        unknown = asyncio.create_task(known(source, "two"))
        await settled()
        clock.forward(PAUSE_SECONDS)

        assert await known(source, "one") == [True]
        assert len(server.asked) == 2
        server.may_answer.set()
        assert await unknown == [False]

    run(test)


def test_closing_gives_up_a_request_that_is_still_out() -> None:
    """The process ends without waiting for a key server."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        await source.warm()
        server.may_answer.clear()
        clock.forward(FRESH_SECONDS + 1)
        await known(source, "one")
        await settled()

        await source.close()

    run(test)


@pytest.mark.parametrize("before", ["nothing", "warmed"])
def test_closing_without_a_request_out_is_no_trouble(before: str) -> None:
    """Nor is closing twice."""

    async def test() -> None:
        source = FetchedKeys(URL, KeyServer("one"), Clock())
        if before == "warmed":
            await source.warm()

        await source.close()
        await source.close()

    run(test)


def test_an_outage_is_logged_with_its_reason_and_nothing_of_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    """So that an operator sees it before the keys run out."""

    async def test() -> None:
        server, clock = KeyServer("one"), Clock()
        source = FetchedKeys(URL, server, clock)
        server.fails()
        await source.warm()
        server.answer = {"marked-secret": 1}
        clock.forward(PAUSE_SECONDS)
        await source.warm()
        server.answer = {"keys": []}
        clock.forward(PAUSE_SECONDS)
        await source.warm()

    run(test)

    assert [record.getMessage() for record in caplog.records] == [
        f"keys at {URL} not renewed: unreachable",
        f"keys at {URL} not renewed: is not a key set; write an object with a list 'keys'",
        f"the key set at {URL} holds no key that can check a signature",
    ]


def test_a_key_server_that_shows_a_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Its owner does not know; the key itself is in no line."""

    async def test() -> None:
        server = KeyServer("one")
        server.answer = {"keys": [{"kty": "oct", "kid": "one", "k": "marked-secret"}]}
        await FetchedKeys(URL, server, Clock()).warm()

    run(test)

    assert [record.getMessage() for record in caplog.records] == [
        f"the key set at {URL} holds no key that can check a signature",
        f"the key set at {URL} shows a private or symmetric key; its owner must replace it",
    ]
