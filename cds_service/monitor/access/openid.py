"""The OpenID provider as this service talks to it: authorisation code with PKCE, and an ID token checked whole.

Imported only where `monitor-access.yaml` names a provider: Authlib and httpx are slow to load, and hooks need neither.
Addresses come from the operator's file and from the discovery document of the issuer that it names; nothing that a
browser sends is asked. Nothing of a provider's answer reaches a message or a log.
"""

import asyncio
import time
import warnings
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cds_service.monitor.access.access_file import Provider, is_safe_address

with warnings.catch_warnings():
    import authlib.deprecate  # noqa: F401 - it shows its warnings whatever was set before it was loaded

    warnings.simplefilter("ignore")  # that httpx is to become httpx2 is nothing that an operator could mend
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from authlib.oidc.core import CodeIDToken

_PATIENCE_S: Final = 5.0
_KEPT_S: Final = 3600.0
_PAUSE_S: Final = 15.0
_SKEW_S: Final = 60
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


class SignInError(Exception):
    """Nobody could be signed in.

    Attributes:
        reason: in a few words, for the access log; nothing of what the provider sent.
        is_outage: whether the provider could not be reached, so that trying again may help.
    """

    def __init__(self, reason: str, *, is_outage: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_outage = is_outage


class Metadata(NamedTuple):
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3).

    Attributes:
        authorization: where browsers are sent.
        token: where a code is exchanged.
        jwks: where the keys are.
        userinfo: where claims are asked for; None where there is no such place.
        end_session: where a browser signs out; None where there is no such place.
    """

    authorization: str
    token: str
    jwks: str
    userinfo: str | None
    end_session: str | None


class OpenIdProvider:
    """One provider.

    Args:
        provider: as the operator describes it.
        client_secret: the service's own secret there.
        redirect_uri: where the provider sends browsers back to.
    """

    def __init__(self, provider: Provider, client_secret: str, redirect_uri: str) -> None:
        self._provider = provider
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._asked_at = {"metadata": float("-inf"), "keys": float("-inf")}
        self._asking = asyncio.Lock()

    async def authorization_address(self, state: str, nonce: str, code_verifier: str) -> str:
        """Where a browser is sent to sign in.

        Raises:
            SignInError: the provider cannot be reached, or its discovery document is not usable.
        """
        metadata = await self._known_metadata()
        async with self._client() as client:
            address, _ = client.create_authorization_url(
                metadata.authorization, state=state, nonce=nonce, code_verifier=code_verifier
            )
        return str(address)

    async def claims(self, code: str, nonce: str, code_verifier: str) -> Mapping[str, Any]:
        """The claims about whoever signed in: of the ID token, with those of userinfo where the operator wants them.

        Args:
            code: as the browser brought it.
            nonce: what the ID token must carry.
            code_verifier: proves that the code was asked for here.

        Raises:
            SignInError: the code is refused, or the ID token is not good in every respect.
        """
        metadata = await self._known_metadata()
        async with self._client() as client:
            try:
                token = await client.fetch_token(
                    metadata.token, grant_type="authorization_code", code=code, code_verifier=code_verifier
                )
            except OAuthError:
                raise SignInError("code refused by the provider") from None
            except (httpx.HTTPError, ValueError, TypeError):
                raise SignInError("no answer from the token endpoint", is_outage=True) from None
            claims = await self._checked(token.get("id_token"), nonce, token.get("access_token"))
            if self._provider.claims_from == "userinfo":
                claims = {**claims, **await self._userinfo(client, metadata, claims["sub"])}
        return claims

    async def sign_out_address(self) -> str | None:
        """Where a browser signs out at the provider, too; None where that is not known (RP-Initiated Logout 1.0)."""
        try:
            metadata = await self._known_metadata()  # of a worker, too, that signed nobody in
        except SignInError:
            return None
        if metadata.end_session is None:
            return None
        return str(httpx.URL(metadata.end_session).copy_merge_params({"client_id": self._provider.client_id}))

    async def _checked(self, id_token: object, nonce: str, access_token: object) -> dict[str, Any]:
        """The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""
        if not isinstance(id_token, str):
            raise SignInError("no id token")
        for fresh in (False, True):
            keys = await self._known_keys(fresh=fresh)
            try:
                token = jwt.decode(id_token, keys, algorithms=self._provider.algorithms)
                claims = CodeIDToken(
                    token.claims,
                    token.header,
                    {
                        "iss": {"essential": True, "value": self._provider.issuer},
                        "aud": {"essential": True, "value": self._provider.client_id},
                    },
                    {"nonce": nonce, "client_id": self._provider.client_id, "access_token": access_token},
                )
                claims.validate(now=int(time.time()), leeway=_SKEW_S)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                reason = f"id token refused ({type(error).__name__})"
            else:
                return dict(claims)
        raise SignInError(reason)

    async def _userinfo(self, client: AsyncOAuth2Client, metadata: Metadata, subject: object) -> dict[str, Any]:
        """The claims of userinfo, which must be about the same person (section 5.3.2)."""
        if metadata.userinfo is None:
            raise SignInError("the provider has no userinfo endpoint")
        try:
            answer = await client.get(metadata.userinfo)
            told = answer.raise_for_status().json()
        except (httpx.HTTPError, OAuthError, ValueError):
            raise SignInError("no answer from the userinfo endpoint", is_outage=True) from None
        if not isinstance(told, dict) or told.get("sub") != subject:
            raise SignInError("userinfo is about somebody else")
        return told

    async def _known_metadata(self) -> Metadata:
        async with self._asking:
            if self._metadata is None or time.monotonic() - self._asked_at["metadata"] > _KEPT_S:
                address = self._provider.issuer.rstrip("/") + _WELL_KNOWN
                try:
                    self._metadata = self._read(await self._asked(address))
                except SignInError:
                    if self._metadata is None:
                        raise
                self._asked_at["metadata"] = time.monotonic()
        return self._metadata

    def _read(self, document: dict[str, Any]) -> Metadata:
        if document.get("issuer") != self._provider.issuer:
            raise SignInError("the discovery document is another issuer's")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint")
        found = [document.get(name) for name in names]
        safe = [one if isinstance(one, str) and is_safe_address(one) else None for one in found]
        authorization, token, jwks, userinfo, end_session = safe
        if authorization is None or token is None or jwks is None:
            raise SignInError("the discovery document lacks an https endpoint")
        return Metadata(authorization, token, jwks, userinfo, end_session)

    async def _known_keys(self, *, fresh: bool) -> KeySet:
        """The provider's keys; fresh ones at most every few seconds, whatever tokens come."""
        metadata = await self._known_metadata()
        async with self._asking:
            age = time.monotonic() - self._asked_at["keys"]
            if self._keys is None or age > (_PAUSE_S if fresh else _KEPT_S):
                try:
                    self._keys = KeySet.import_key_set(await self._asked(metadata.jwks))  # type: ignore[arg-type] # checked as it reads
                except (JoseError, ValueError, TypeError, KeyError):
                    raise SignInError("the provider's keys cannot be read") from None
                self._asked_at["keys"] = time.monotonic()
            return self._keys

    async def _asked(self, address: str) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE_S, trust_env=False) as client:
                document = (await client.get(address)).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            raise SignInError("the provider cannot be reached", is_outage=True) from None
        if not isinstance(document, dict):
            raise SignInError("the provider's answer is not usable")
        return document

    def _client(self) -> AsyncOAuth2Client:
        """A client for one sign-in: no redirect followed, no proxy or password from the environment."""
        return AsyncOAuth2Client(
            client_id=self._provider.client_id,
            client_secret=self._client_secret,
            token_endpoint_auth_method=self._provider.client_authentication,
            scope=" ".join(self._provider.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=_PATIENCE_S,
            trust_env=False,
        )
