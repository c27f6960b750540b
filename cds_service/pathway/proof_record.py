"""What has been proved: kept beside the pathway files, so that a start proves only what is new.

A record is a JSON file that names each proved pathway file by a hash over its text, the texts that every region starts
from, and the code of the rules and of the proof. Whatever of these changes, the file is new again.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path

from cds_service.pathway.loading import PathwayFile, PathwayFileError
from cds_service.pathway.proving import Proof, prove

_logger = logging.getLogger(__name__)

RECORD = "proofs.json"
"""The name of a record, in the folder of the pathway files."""

_ROOM = resources.files("cds_service.pathway")

PROVED_CODE = (
    "decide.py",
    "decision.py",
    "explain.py",
    "exploring.py",
    "fact_space.py",
    "facts.py",
    "model.py",
    "outcomes.py",
    "packaged/national.yaml",
    "properties.py",
    "property_cases.py",
    "proving.py",
    "scan_removal.py",
    "signs.py",
)
"""What a proof rests on besides the pathway file."""


class UnsafePathwayError(PathwayFileError):
    """A pathway breaks a fact that never bends; the message has the smallest counter-example to each."""

    def __init__(self, name: str, proof: Proof) -> None:
        found = "\n".join(f"  {broken.property}: {broken.says}\n    {broken.text}" for broken in proof.broken)
        super().__init__(
            f"{name}: this pathway can do harm; it is not used. Change it until this no longer holds:\n{found}"
        )


@cache
def _code_hash() -> bytes:
    digest = sha256()
    for name in PROVED_CODE:
        digest.update(name.encode() + b"\0" + _ROOM.joinpath(name).read_bytes() + b"\0")
    return digest.digest()


def proof_key(text: str) -> str:
    """The hash by which a record names a pathway file: hexadecimal SHA-256."""
    return sha256(_code_hash() + text.encode()).hexdigest()


def read_record(folder: Path | None) -> Mapping[str, str]:
    """What a deployment's record and the packaged one name as proved: key to a name for people.

    Raises:
        PathwayFileError: the record is not one.
    """
    packaged: dict[str, str] = json.loads((_ROOM / "packaged" / RECORD).read_text("utf-8"))
    path = folder / RECORD if folder is not None else None
    if path is None or not path.is_file():
        return packaged
    try:
        own = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        msg = f"{RECORD}: not JSON ({error}); delete it, and run cds-service pathways prove"
        raise PathwayFileError(msg) from None
    if not isinstance(own, dict):
        msg = f"{RECORD}: not a record of proofs; delete it, and run cds-service pathways prove"
        raise PathwayFileError(msg)
    return {**packaged, **own}


def record_of(files: Iterable[PathwayFile]) -> str:
    """The record of these files, as its file holds it. They must have been proved."""
    proved = {proof_key(file.text): f"{file.pathway.id} {file.pathway.version}" for file in files}
    return json.dumps(proved, indent=2, sort_keys=True) + "\n"


def not_proved(files: Iterable[PathwayFile], record: Mapping[str, str]) -> list[PathwayFile]:
    """The files that a record does not name."""
    return [file for file in files if proof_key(file.text) not in record]


_proved_here: set[str] = set()
"""The keys of what this process has proved: the folder is read again whenever any of its files changes."""


def prove_what_is_new(files: Iterable[PathwayFile], folder: Path | None) -> None:
    """Prove the files that no record names, once in the life of a process; the log says so, since it takes seconds.

    Args:
        files: the pathway files that are about to be used.
        folder: the deployment's `pathways/` folder, which may hold a record.

    Raises:
        UnsafePathwayError: a pathway breaks a fact that never bends.
        PathwayFileError: the record is not one.
    """
    for file in not_proved(files, {**read_record(folder), **dict.fromkeys(_proved_here, "this process")}):
        _logger.warning(
            "%s: not proved yet, so it is proved now; keep the proof with: cds-service pathways prove --config DIR",
            file.name,
        )
        require_proof(file)
        _proved_here.add(proof_key(file.text))


def require_proof(file: PathwayFile, on_ways: Callable[[int], None] = lambda _: None) -> Proof:
    """Prove a file.

    Args:
        file: the pathway file.
        on_ways: told of each further thousand ways through the rules.

    Raises:
        UnsafePathwayError: a property does not hold.
    """
    proof = prove(file.pathway, on_ways)
    if proof.broken:
        raise UnsafePathwayError(file.name, proof)
    return proof
