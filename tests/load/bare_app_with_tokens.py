"""The yardstick for calls with a client token: the bare app, and the checks as a developer would first write them.

One call of PyJWT, in line, and a dictionary of the token ids seen. A path stands for an algorithm and its key, so that
nothing of the token need be read to find them.
"""

import os
from pathlib import Path

import jwt
import orjson
from answers import ONE_CARD
from bare_app import ONE_CARD_PATH, Message, Receive, Send, answer, whole_body
from trust import AUDIENCE, ISSUER, JWKS_VARIABLE

_KEY_SET = jwt.PyJWKSet.from_json(Path(os.environ[JWKS_VARIABLE]).read_text())
_KEYS = {f"{ONE_CARD_PATH}/{key.algorithm_name}": (key.key, key.algorithm_name) for key in _KEY_SET.keys}
_REQUIRED = ["iss", "aud", "exp", "iat", "jti"]

_seen: dict[str, int] = {}


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """Answer a POST that bears a good token with the constant card, and a GET (the health check) without one."""
    if scope["method"] == "GET":
        await answer(send, 200, b"{}")
        return
    orjson.loads(await whole_body(receive))
    if _is_good(scope):
        await answer(send, 200, ONE_CARD)
    else:
        await answer(send, 401, b"{}")


def _is_good(scope: Message) -> bool:
    """Whether the request's token is genuine, for us, in time, and used for the first time."""
    key, algorithm = _KEYS[scope["path"]]
    token = dict(scope["headers"]).get(b"authorization", b"").removeprefix(b"Bearer ")
    try:
        claims = jwt.decode(
            token, key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER, options={"require": _REQUIRED}
        )
    except jwt.InvalidTokenError:
        return False
    if claims["jti"] in _seen:
        return False
    _seen[claims["jti"]] = claims["exp"]
    return True
