"""Who signed off a version of a pathway: kept in `sign-offs.yaml` of the configuration folder.

A sign-off is of the matrix that its signatory read, by hash, and of the file that it was drawn from. While a file has
none, was changed since, or is drawn otherwise by a newer service, the service says that the pathway is not signed off.
"""

from datetime import date
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError

from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import PathwayFile, PathwayFileError, in_words, load_yaml, read_text, with_entry
from cds_service.pathway.matrix_pages import matrix_hash
from cds_service.pathway.texts import Frozen, Line

SIGN_OFFS = "sign-offs.yaml"
"""The name of the record, in the configuration folder."""

NOT_SIGNED_OFF = "not signed off"

_Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SignOff(Frozen):
    """One signature.

    Attributes:
        pathway: the region's id.
        version: the version that was signed.
        by: who signed.
        role: as what, for example Clinical Safety Officer.
        signed_on: the day, in Europe/London.
        matrix_sha256: the matrix that was read.
        file_sha256: the pathway file that it was drawn from.
    """

    pathway: RegionId
    version: Line
    by: Line
    role: Line
    signed_on: date
    matrix_sha256: _Hash
    file_sha256: _Hash


_SIGN_OFFS = TypeAdapter(list[SignOff])


def read_sign_offs(config: Path | None) -> tuple[SignOff, ...]:
    """The signatures of a configuration folder, in the order in which they were given.

    Raises:
        PathwayFileError: the record is not one.
    """
    path = config / SIGN_OFFS if config is not None else None
    if path is None or not path.is_file():
        return ()
    try:
        return _read(read_text(path))
    except ValidationError as error:
        wrong = in_words(SIGN_OFFS, error)
    except PathwayFileError as error:
        wrong = str(error)
    msg = f"{wrong}\nRestore {SIGN_OFFS}, or delete it and sign again"
    raise PathwayFileError(msg)


def _read(text: str) -> tuple[SignOff, ...]:
    stated = load_yaml(text, SIGN_OFFS)
    return () if stated is None else tuple(_SIGN_OFFS.validate_python(stated))


def sign(file: PathwayFile, by: str, role: str, on: date) -> SignOff:
    """A signature of a pathway file as it is."""
    return SignOff(
        pathway=file.pathway.id,
        version=file.pathway.version,
        by=by,
        role=role,
        signed_on=on,
        matrix_sha256=drawn_hash(file),
        file_sha256=file_hash(file),
    )


def with_signature(config: Path, signature: SignOff) -> str:
    """The record of a folder with one signature more, and the remarks of whoever wrote in it.

    Raises:
        PathwayFileError: the record that is there is none.
    """
    record = (*read_sign_offs(config), signature)
    path = config / SIGN_OFFS
    longer = with_entry(read_text(path) if path.is_file() else "", [signature.model_dump()])
    try:
        if _read(longer) == record:
            return longer
    except (PathwayFileError, ValidationError):  # a list in brackets cannot be added to at its end
        pass
    return with_entry("", [one.model_dump() for one in record])


def file_hash(file: PathwayFile) -> str:
    """The SHA-256 of a pathway file's text, in hexadecimal digits."""
    return sha256(file.text.encode()).hexdigest()


def drawn_hash(file: PathwayFile) -> str:
    """The hash of the matrix that this service draws of a file: drawn once in a process, in about a second."""
    key = file_hash(file)
    with _drawing:
        if key not in _drawn_here:
            _drawn_here[key] = matrix_hash(file.pathway)
    return _drawn_here[key]


_drawing = Lock()
_drawn_here: dict[str, str] = {}
"""By the hash of the file: what has been drawn in this process, whose rules do not change."""


def signed(file: PathwayFile, sign_offs: tuple[SignOff, ...]) -> SignOff | None:
    """The latest signature of a file as it is, and of its matrix as this service draws it; None when there is none."""
    of_file = _of_file(file, sign_offs)
    return next((one for one in reversed(of_file) if one.matrix_sha256 == drawn_hash(file)), None)


def _of_file(file: PathwayFile, sign_offs: tuple[SignOff, ...]) -> list[SignOff]:
    wanted = file_hash(file)
    return [one for one in sign_offs if one.file_sha256 == wanted]


def state_of(file: PathwayFile, sign_offs: tuple[SignOff, ...]) -> str:
    """Whether a file is signed off, in words without a name; it may draw the matrix, so no call waits for it."""
    found = signed(file, sign_offs)
    if found is not None:
        return f"signed off on {found.signed_on.day} {found.signed_on:%B %Y} ({found.role})"
    if _of_file(file, sign_offs):
        return f"{NOT_SIGNED_OFF}: signed off for another matrix than this service draws"
    of_version = [one for one in sign_offs if (one.pathway, one.version) == (file.pathway.id, file.pathway.version)]
    return f"{NOT_SIGNED_OFF}: changed since the sign-off" if of_version else NOT_SIGNED_OFF
