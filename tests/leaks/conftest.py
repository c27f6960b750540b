"""One deployment, driven through every error path and stopped, for all tests of this folder.

The folder of the proof of identity is on the import path, as `python tests/load/identity.py` puts it there.
"""

import sys
from pathlib import Path

import pytest

from tests.leaks.deployment import Deployment
from tests.leaks.driving import (
    allow_rows,
    bad_addresses,
    bad_bodies,
    bad_callers,
    faults_of_our_own,
    raw_requests,
    reads_that_fail,
)
from tests.leaks.fhir_server import certificate_of_loopback, echoing_fhir_server
from tests.leaks.marked import METRICS_TOKEN, Left, Marked, marked_call
from tests.leaks.talkative import FROM_HERE_ON, LAST_PATIENT

sys.path.append(str(Path(__file__).parents[1] / "load"))

GIVEN_TO_IT = ("configuration", "fhir-server.pem")
"""What is in the deployment's folder and not its own doing."""


@pytest.fixture(scope="session")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Drive a deployment through every error path, stop it, and hand over all that it left."""
    marked = Marked()
    folder = tmp_path_factory.mktemp("leaks")
    with echoing_fhir_server(certificate_of_loopback(folder / "fhir-server.pem")) as fhir_server:
        service = Deployment(folder, marked, fhir_server)
        service.configure()
        with service.running():
            bad_callers(service)
            bad_addresses(service)
            bad_bodies(service)
            raw_requests(service)
            reads_that_fail(service)
            faults_of_our_own(service)
            access = {"Authorization": f"Bearer {METRICS_TOKEN}"}
            metrics = service.client.get("/metrics", headers=access).text
            allow_rows(service)
            service.call("the last patient", 200, marked_call(marked, LAST_PATIENT))
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in GIVEN_TO_IT
    }
    output, _, output_of_the_end = service.output.partition(FROM_HERE_ON)
    return Left(marked, service.told, output, output_of_the_end, metrics, files)
