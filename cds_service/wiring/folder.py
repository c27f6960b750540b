"""The configuration folder as it was read at one moment, and the one that is in force now."""

from datetime import date
from importlib import resources
from typing import NamedTuple

from cds_service.directory import Directory, load_directory
from cds_service.monitor.access.access_file import NAME, ReadAccess, load_access
from cds_service.pathway.proof_record import prove_what_is_new
from cds_service.pathway.register import PathwayRegister
from cds_service.pathway.sign_off import SignOff, read_sign_offs
from cds_service.security.clients import Client
from cds_service.security.clients_file import load_clients
from cds_service.settings import Settings
from cds_service.terminology import Terminology, load_terminology


class Folder(NamedTuple):
    """The configuration folder, as it was read at one moment.

    Attributes:
        register: the versions of each region's pathway.
        directory: organisations, assured-FCP register, destinations and local procedures.
        clients: who may call; empty where `clients.yaml` is missing, or names nobody.
        sign_offs: who has signed which pathway version.
        terminology: the value sets, with the deployment's own codes.
        monitor_access: who signs people in to the monitor, and what they may see; None where no file says so.
    """

    register: PathwayRegister
    directory: Directory
    clients: tuple[Client, ...]
    sign_offs: tuple[SignOff, ...]
    terminology: Terminology
    monitor_access: ReadAccess | None


class FolderInForce:
    """The folder by which requests are answered now, for what outlives a reading of it: it asks here each time.

    Attributes:
        folder: the one that is in force.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def regions(self) -> frozenset[str]:
        """The regions that have a pathway in it."""
        return self.folder.register.regions

    def put(self, folder: Folder) -> None:
        """Put another in its place."""
        self.folder = folder


def read_folder(settings: Settings, today: date) -> Folder:
    """Read the configuration folder.

    Args:
        settings: the process's settings.
        today: the date in Europe/London, for whose footprints warnings are given.

    Raises:
        PathwayFileError, ConfigurationError, ClientsFileError, ValueSetError, AccessFileError: a file of it is wrong,
            or a pathway could do harm.
    """
    register = PathwayRegister.load(settings.config)
    prove_what_is_new(register.files, settings.config / "pathways")
    directory = load_directory(settings.config, register.footprints(today), register.regions)
    clients = _clients(settings, register.regions)
    terminology = load_terminology(settings.config / "value-sets")
    # The demo asks nobody who they are.
    access = None if settings.demo else load_access(settings.config / NAME, frozenset(register.regions))
    return Folder(register, directory, clients, read_sign_offs(settings.config), terminology, access)


def _clients(settings: Settings, regions: frozenset[str]) -> tuple[Client, ...]:
    """The deployment's clients; a demo that asks for tokens and names none trusts the public sandbox."""
    clients = load_clients(settings.config / "clients.yaml", regions, demo=settings.demo)
    if settings.demo and settings.auth == "required" and not clients:
        here = (settings.public_url, settings.public_url.replace("127.0.0.1", "localhost"))
        with resources.as_file(resources.files("cds_service.demo") / "sandbox-clients.yaml") as path:
            sandbox = load_clients(path, regions, demo=True)
        return tuple(client.model_copy(update={"audiences": here}) for client in sandbox)
    return clients
