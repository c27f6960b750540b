"""Reading `clients.yaml` of the configuration folder: strict, and each problem with its line and the mend."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cds_service.security.clients import SANDBOX_ISSUER, Client

NAME = "clients.yaml"

LARGEST_FILE = 1024 * 1024
"""Bytes; a list of EHRs is far smaller."""


class ClientsFileError(Exception):
    """`clients.yaml` cannot be used; the message names the line, the key and the mend."""


class _ClientsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: tuple[Client, ...] = Field(default=())


def load_clients(path: Path, regions: frozenset[str], *, demo: bool = False) -> tuple[Client, ...]:
    """Read `clients.yaml`; a missing file means no client.

    Args:
        path: the file.
        regions: ids of the loaded pathways, which `footprints` and `default_region` must name.
        demo: whether this is the demo, which alone may trust the public sandbox and read FHIR over plain http.

    Raises:
        ClientsFileError: the file is not YAML, or an entry breaks the contract.
    """
    if not path.is_file():
        return ()
    root = _parse(path)
    try:
        clients = _ClientsFile.model_validate(_with_entries(root)).clients
    except ValidationError as error:
        raise ClientsFileError("\n".join(_problems(error, root))) from None
    _check_told_apart(clients, root)
    for position, client in enumerate(clients):
        for key, problem in (*_regions_unknown(client, regions), *(() if demo else _only_in_the_demo(client))):
            raise ClientsFileError(f"{NAME}:{_line(root, ('clients', position, key))}: client {client.id}: {problem}")
    return clients


def _parse(path: Path) -> yaml.Node | None:
    """The file as YAML nodes, which know their lines; None for an empty file."""
    content = path.read_bytes()
    if len(content) > LARGEST_FILE:
        raise ClientsFileError(f"{NAME}: larger than {LARGEST_FILE} bytes; list each EHR once")
    try:
        text = content.decode("utf-8")
        loader = yaml.SafeLoader(text)
    except UnicodeDecodeError:
        raise ClientsFileError(f"{NAME}: not UTF-8 text; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise _not_yaml(_place(error)) from None
    try:
        root = loader.get_single_node()
        if root is not None:
            _check_nodes(root)
    except yaml.YAMLError as error:
        raise _not_yaml(_place(error)) from None
    except (ValueError, OverflowError):  # an escape that names no character
        raise _not_yaml(f":{loader.line + 1}") from None
    except RecursionError:
        raise ClientsFileError(f"{NAME}: nested too deeply; list the clients below 'clients:'") from None
    finally:
        loader.dispose()
    return root


def _not_yaml(place: str) -> ClientsFileError:
    return ClientsFileError(f"{NAME}{place}: not YAML; mend the indentation or the quotes there")


def _place(error: yaml.YAMLError) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return f":{mark.line + 1}" if mark is not None else ""


def _check_nodes(root: yaml.Node) -> None:
    """What YAML's reader would take without a word, or end in an error of Python's, is an error with its line here."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            _check_scalar(node)
        if isinstance(node, yaml.MappingNode):
            _check_no_key_twice(node)
        for child in _children(node):
            if id(child) not in seen:  # an alias names a node again
                seen.add(id(child))
                waiting.append(child)


def _check_scalar(node: yaml.ScalarNode) -> None:
    """Dates, numbers and tags that cannot be read stand where an operator meant text."""
    loader = yaml.SafeLoader("")
    try:
        loader.construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, OverflowError):
        line = node.start_mark.line + 1
        raise ClientsFileError(f"{NAME}:{line}: a value that cannot be read; write it in quotes") from None
    finally:
        loader.dispose()


def _check_no_key_twice(node: yaml.MappingNode) -> None:
    """YAML's reader keeps the last of two equal keys."""
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in lines:
                raise ClientsFileError(f"{NAME}:{lines[key.value]}: '{key.value}' stands twice; keep one of them")
            lines[key.value] = key.start_mark.line + 1


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _with_entries(root: yaml.Node | None) -> dict[str, Any]:
    """The file's mapping; `clients:` with nothing below it means that there are none yet."""
    if root is None:
        return {}
    loader = yaml.SafeLoader("")
    try:
        read = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise ClientsFileError(f"{NAME}{_place(error)}: a value that cannot be read; write it in quotes") from None
    finally:
        loader.dispose()
    if not isinstance(read, dict):
        raise ClientsFileError(f"{NAME}: starts with 'clients:' and a list of entries below it")
    return {key: value for key, value in read.items() if not (key == "clients" and value is None)}


def _problems(error: ValidationError, root: yaml.Node | None) -> list[str]:
    """One line for each problem. What was written is repeated only where our own message chose to."""
    return [
        f"{NAME}:{_line(root, problem['loc'])}: {_path(problem['loc'])}: {_in_words(problem['type'], problem['msg'])}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _in_words(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        return "is not a key of a client; see docs/configuration.md for those that are"
    return message.removeprefix("Value error, ")


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location) or "file"


def _line(root: yaml.Node | None, location: Sequence[int | str]) -> int:
    """The line of the deepest part of a location that stands in the file."""
    node, line = root, 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == part]
            if not found:
                break
            key, node = found[-1]  # those of a merged entry come before its own
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _check_told_apart(clients: Sequence[Client], root: yaml.Node | None) -> None:
    """Ids and issuers are each client's own."""
    for key in ("id", "issuer"):
        seen: set[str] = set()
        for position, client in enumerate(clients):
            value = client.id if key == "id" else client.issuer
            if value is not None and value in seen:
                line = _line(root, ("clients", position, key))
                raise ClientsFileError(
                    f"{NAME}:{line}: {key} {value} stands more than once; give each client an {key} of its own"
                )
            seen |= {value} if value is not None else set()


def _regions_unknown(client: Client, regions: frozenset[str]) -> list[tuple[str, str]]:
    named = {
        "footprints": {*client.footprints},
        "default_region": {*filter(None, [client.default_region])},
        "tenants": {
            region
            for tenant in client.tenants.values()
            for region in (*tenant.footprints, *filter(None, [tenant.default_region]))
        },
    }
    return [
        (key, f"no pathway for {', '.join(sorted(unknown))}; use one of {', '.join(sorted(regions))}")
        for key, values in named.items()
        if (unknown := values - regions)
    ]


def _only_in_the_demo(client: Client) -> list[tuple[str, str]]:
    problems = [
        ("fhir_servers", f"'{server}' is plain http; a FHIR server is read over https alone")
        for server in client.fhir_servers
        if not server.startswith("https://")
    ]
    addresses = {"issuer": [client.issuer or ""], "jwks_url": [client.jwks_url or ""], "jkus": list(client.jkus)}
    problems += [
        (key, "the public CDS Hooks Sandbox proves nothing, since anyone has its private key; take this client out")
        for key, named in addresses.items()
        if any(address.lower().startswith(SANDBOX_ISSUER) for address in named)
    ]
    if _has_the_sandbox_key(client):
        problems.append(("jwks", "jwks holds the public sandbox's key, whose private half is published; take it out"))
    return problems


def _has_the_sandbox_key(client: Client) -> bool:
    from cds_service.security.jwks import KeySet  # noqa: PLC0415 - cryptography is slow to load; read if needed

    return client.jwks is not None and KeySet.pinned(client.jwks, client.algorithms).holds_a_published_key
