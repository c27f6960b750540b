import os
from pathlib import Path

import pytest
import servers
from scenarios import Scenario
from servers import Kind, VoidRunError, cpu_seconds_of, memory_of, path_for, running, service_command
from trust import AUDIENCE, Trust


def test_a_server_is_up_inside_the_block_and_gone_after_it(tmp_path: Path) -> None:
    """The responder is started, answers its health check, and is ended."""
    with running(Kind.RESPONDER, tmp_path) as server:
        assert server.process.poll() is None
        assert server.start_seconds > 0

    assert server.process.poll() is not None


def test_a_server_is_gone_after_an_interruption(tmp_path: Path) -> None:
    """Ctrl-C inside the block leaves no process behind."""
    started = []

    def interrupted() -> None:
        with running(Kind.RESPONDER, tmp_path) as server:
            started.append(server.process)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert started[0].poll() is not None


def test_a_server_that_does_not_start_voids_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message carries what the server said last."""
    monkeypatch.setattr(servers, "responder_command", lambda _port: ["sh", "-c", "echo no such thing; exit 3"])

    with pytest.raises(VoidRunError, match="no such thing"), running(Kind.RESPONDER, tmp_path):
        pass


def test_memory_and_processor_time_are_read_from_the_kernel() -> None:
    """Our own process has used some of both, and its highest memory is no less than the present."""
    memory = memory_of(os.getpid())

    assert 1 < memory.resident <= memory.peak
    assert cpu_seconds_of(os.getpid()) > 0


def test_the_service_runs_as_one_process_with_its_card_log_on() -> None:
    """The command names the demo's configuration, a SQLite file and one worker on this machine."""
    command = " ".join(service_command(8123, Path("/folder/card-log.sqlite")))

    assert "cds_service serve --config" in command
    assert "--database-url sqlite:////folder/card-log.sqlite" in command
    assert "--host 127.0.0.1 --port 8123 --workers 1" in command


def test_the_services_settings_of_the_shell_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the authentication switch is set, and it is off."""
    monkeypatch.setenv("CDS_SERVICE_AUTH", "required")
    monkeypatch.setenv("CDS_SERVICE_CONFIG", "elsewhere")

    environment = servers._environment()

    ours = {name: value for name, value in environment.items() if name.startswith("CDS_SERVICE_")}
    assert ours == {"CDS_SERVICE_AUTH": "off"}


def test_a_guarded_service_asks_for_tokens_of_the_load(tmp_path: Path) -> None:
    """Authentication is required, at a public address that the tokens name."""
    trust = Trust(tmp_path)

    environment = servers._environment(trust)
    command = servers._command(Kind.SERVICE, 8123, tmp_path, trust)

    assert environment["CDS_SERVICE_AUTH"] == "required"
    assert AUDIENCE.startswith(environment["CDS_SERVICE_BASE_URL"])
    assert command[command.index("--config") + 1] == str(trust.configuration)


def test_a_guarded_bare_app_gets_the_public_keys(tmp_path: Path) -> None:
    """It is another application, started in the same way."""
    trust = Trust(tmp_path)

    assert servers._environment(trust)["LOAD_JWKS"] == str(trust.jwks)
    assert "bare_app_with_tokens:app" in servers._command(Kind.BARE_APP, 8123, tmp_path, trust)
    assert "bare_app:app" in servers._command(Kind.BARE_APP, 8123, tmp_path, None)


def test_the_service_has_one_address_for_every_scenario() -> None:
    """Only the stand-ins choose their answer, and the key of a token, by path."""
    assert {path_for(Kind.SERVICE, scenario) for scenario in Scenario} == {"/cds-services/msk-imaging-pathway"}
    assert len({path_for(Kind.BARE_APP, scenario) for scenario in Scenario}) == 4
