"""Who works where and whom to refer to, as an ICB writes it in the CSV files of its configuration folder.

`load_directory` reads the folder once, at start; `Directory` answers from memory for every call. The room
imports nothing else of the service: the words that it shares with the pathway rules are plain strings.
"""

from cds_service.directory.errors import ConfigurationError, Problem
from cds_service.directory.loader import load_directory
from cds_service.directory.model import (
    Destination,
    Directory,
    FcpState,
    LocalProcedure,
    Organisation,
    RegisterEntry,
)

__all__ = [
    "ConfigurationError",
    "Destination",
    "Directory",
    "FcpState",
    "LocalProcedure",
    "Organisation",
    "Problem",
    "RegisterEntry",
    "load_directory",
]
