"""Builders for configuration folders: each test writes only the rows that it is about."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.directory import ConfigurationError, Directory, load_directory

FOOTPRINTS = {"W2U3Z": "nwl", "QRV": "nwl", "A3A8R": "nel", "QMF": "nel"}

HEADERS = {
    "organisations": "ods_code,name,setting,sub_icb,borough,pcn",
    "fcp-register": "identifier_system,identifier_value,organisation,valid_from,valid_to",
    "destinations": "region,borough,kind,name,ods_code,phone,url",
    "procedures": "system,code,modality,body_region,display",
}

WriteFolder = Callable[..., Path]
Load = Callable[..., Directory]
Refuse = Callable[..., tuple[str, ...]]


def _as_bytes(header: str, content: list[str] | str | bytes) -> bytes:
    if isinstance(content, bytes):
        return content
    text = content if isinstance(content, str) else "\n".join([header, *content]) + "\n"
    return text.encode()


@pytest.fixture
def footprints() -> dict[str, str]:
    """The two footprints, as the wiring hands them over."""
    return dict(FOOTPRINTS)


@pytest.fixture
def write_folder(tmp_path: Path) -> WriteFolder:
    """Write a folder of CSV files: rows under the contract's header, or a file's whole text or bytes."""

    def write(**files: list[str] | str | bytes) -> Path:
        for keyword, content in {"organisations": [], **files}.items():
            stem = keyword.replace("_", "-")
            (tmp_path / f"{stem}.csv").write_bytes(_as_bytes(HEADERS[stem], content))
        return tmp_path

    return write


@pytest.fixture
def load(write_folder: WriteFolder) -> Load:
    """Write a folder and read it."""

    def write_and_load(**files: list[str] | str | bytes) -> Directory:
        return load_directory(write_folder(**files), FOOTPRINTS)

    return write_and_load


@pytest.fixture
def refuse(write_folder: WriteFolder) -> Refuse:
    """Write a folder that must not be read, and return the problems as an operator reads them."""

    def write_and_refuse(**files: list[str] | str | bytes) -> tuple[str, ...]:
        with pytest.raises(ConfigurationError) as raised:
            load_directory(write_folder(**files), FOOTPRINTS)
        return tuple(str(problem) for problem in raised.value.problems)

    return write_and_refuse
