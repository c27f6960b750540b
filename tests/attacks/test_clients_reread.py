"""`clients.yaml` re-read: who is taken out is shut out, who stays keeps its keys, a wrong file opens nothing."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
import respx
import yaml

from tests.attacks.conftest import Deploy, Signer, refused
from tests.attacks.test_registered_clients import KEYS, post
from tests.conftest import InProcess, JsonObject


class Reread:
    """A service that looks at its folder all the time, and what writes its clients."""

    def __init__(self, deploy: Deploy, *clients: JsonObject) -> None:
        settings, start = deploy(*clients, reload_seconds=0.02)
        self._path = settings.config / "clients.yaml"
        self.service: InProcess = start()

    def write(self, *clients: JsonObject) -> None:
        """Put other clients in the place of those that there are."""
        self.write_text(yaml.safe_dump({"clients": list(clients)}))

    def write_text(self, text: str) -> None:
        """Put another file in the place of it, in one step."""
        temporary = self._path.with_name(".clients.yaml")
        temporary.write_text(text, "utf-8")
        temporary.replace(self._path)

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the service go on until something holds."""
        for _ in range(400):
            if holds():
                return
            self.service._runner.run(asyncio.sleep(0.025))
        pytest.fail("it never held")

    def reason(self) -> object:
        """Why the folder was refused, as health says."""
        return self.service.send("GET", "/health/ready").json()["configuration"].get("reason")


def pinned(name: str, signer: Signer) -> JsonObject:
    """A client whose key stands in its entry."""
    return {"id": name, "issuer": signer.issuer, "jwks": {"keys": [signer.jwk]}}


def test_a_client_that_is_taken_out_is_refused_and_a_new_one_let_in(
    deploy: Deploy, signers: tuple[Signer, Signer, Signer]
) -> None:
    """Without a restart: an EHR whose key was stolen is shut out in seconds."""
    ehr, other, _ = signers
    running = Reread(deploy, pinned("ehr", ehr))
    assert post(running.service, ehr.token()).status_code == 200
    assert refused(post(running.service, other.token()))

    running.write(pinned("other", other))
    running.until(lambda: post(running.service, other.token()).status_code == 200)

    assert refused(post(running.service, ehr.token()))


def test_a_used_token_stays_used(deploy: Deploy, signers: tuple[Signer, Signer, Signer]) -> None:
    """A replay is not let in because another client's entry changed meanwhile."""
    ehr, other, _ = signers
    running = Reread(deploy, pinned("ehr", ehr))
    token = ehr.token()
    assert post(running.service, token).status_code == 200

    running.write(pinned("ehr", ehr), pinned("other", other))
    running.until(lambda: post(running.service, other.token()).status_code == 200)

    assert refused(post(running.service, token))


def test_calls_of_before_count_against_a_rate(deploy: Deploy, signers: tuple[Signer, Signer, Signer]) -> None:
    """A change of the folder is no new hour for somebody who calls too often."""
    ehr, other, _ = signers
    limited = {**pinned("ehr", ehr), "rate": "2/hour"}
    running = Reread(deploy, limited)
    assert [post(running.service, ehr.token()).status_code for _ in range(2)] == [200, 200]

    running.write(limited, pinned("other", other))
    running.until(lambda: post(running.service, other.token()).status_code == 200)

    assert post(running.service, ehr.token()).status_code == 429


def test_keys_are_kept_for_a_client_whose_entry_stays(
    network: respx.MockRouter, deploy: Deploy, signers: tuple[Signer, Signer, Signer]
) -> None:
    """Its key server may be away at the moment: nobody waits for it because another client came."""
    ehr, other, _ = signers
    route = network.get(KEYS).mock(return_value=httpx.Response(200, json={"keys": [ehr.jwk]}))
    entry = {"id": "ehr", "issuer": ehr.issuer, "jwks_url": KEYS}
    running = Reread(deploy, entry)
    assert post(running.service, ehr.token()).status_code == 200
    network.get(KEYS).mock(side_effect=httpx.ConnectError("away"))

    running.write(entry, pinned("other", other))
    running.until(lambda: post(running.service, other.token()).status_code == 200)

    assert post(running.service, ehr.token()).status_code == 200
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("clients: []\n", "clients.yaml names nobody who could be let in"),
        ("clients: [{id: sandbox, issuer: 'https://sandbox.cds-hooks.org', jwks_url: x}]\n", "clients.yaml; "),
        ("{{{", "clients.yaml; "),
    ],
    ids=["nobody", "the public sandbox", "not YAML"],
)
def test_a_wrong_file_opens_nothing_and_shuts_nobody_out(
    deploy: Deploy, signers: tuple[Signer, Signer, Signer], text: str, reason: str
) -> None:
    """Least of all to everyone: who was let in still is, who was not is not."""
    ehr, other, _ = signers
    running = Reread(deploy, pinned("ehr", ehr))

    running.write_text(text)
    running.until(lambda: running.reason() is not None)

    assert str(running.reason()).startswith(reason)
    assert post(running.service, ehr.token()).status_code == 200
    assert refused(post(running.service, other.token()))
