import pytest

from cds_service.commands.directory_report import show_import
from cds_service.directory.importing import Change, ImportReport, Listed

REGION_OF = {"W2U3Z": "nwl", "QRV": "nwl", "A3A8R": "nel"}


def row(code: str, *, sub_icb: str = "W2U3Z", pcn: str = "") -> dict[str, str]:
    """A row of organisations.csv."""
    return {"ods_code": code, "name": "Demo", "setting": "general-practice", "sub_icb": sub_icb, "pcn": pcn}


def shown(
    capsys: pytest.CaptureFixture[str], report: ImportReport, *rows: dict[str, str], exempting: tuple[str, ...] = ()
) -> list[str]:
    """What a person reads, line by line."""
    show_import(report, rows, REGION_OF, exempting)
    return capsys.readouterr().out.splitlines()


def test_every_change_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody accepts what was counted away; of what stays the first twenty are enough."""
    codes = [f"Z99{number}" for number in range(100, 150)]
    changes = [Change(code, "Demo", "Z1", "Z2") for code in codes]
    report = ImportReport(
        joiners=[Listed(code, "Demo") for code in codes],
        leavers=[Listed(f"{code}L", "Demo") for code in codes],
        moved=changes,
        renamed=changes,
        boroughs_changed=changes,
        networks_changed=changes,
        kept=[Listed(f"{code}K", "Demo") for code in codes],
    )
    lines = shown(capsys, report, *map(row, codes))
    assert [sum(line.startswith(f"  {code}  ") for line in lines) for code in codes] == [5] * 50
    assert sum(line.startswith(f"  {code}L  ") for line in lines for code in codes) == 50
    assert lines[-1] == "  and 30 more"


def test_who_leaves_a_footprint_comes_first_and_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """Another pathway speaks there, or none; within a footprint nothing is lost."""
    report = ImportReport(
        moved=[
            Change("Z99001", "Demo", "QRV", "W2U3Z"),
            Change("Z99002", "Demo", "72Q", "W2U3Z"),
            Change("Z99003", "Demo", "W2U3Z", "A3A8R"),
            Change("Z99004", "Demo", "w2u3z", "93C"),
        ]
    )
    assert shown(capsys, report)[1:] == [
        "4 have another commissioner:",
        "  Z99003  Demo: W2U3Z -> A3A8R (LEAVES nwl, now in nel)",
        "  Z99004  Demo: w2u3z -> 93C (LEAVES nwl, now in no footprint)",
        "  Z99001  Demo: QRV -> W2U3Z",
        "  Z99002  Demo: 72Q -> W2U3Z (now in nwl)",
    ]


def test_a_practice_that_leaves_is_told_to_be_on_the_register(capsys: pytest.CaptureFixture[str]) -> None:
    """Its listings count nowhere once its row is gone, and would count again if it came back."""
    report = ImportReport(leavers=[Listed("Z99101", "Demo"), Listed("Z99102", "Demo")])
    assert shown(capsys, report, exempting=("Z99101",))[1:] == [
        "2 leave: ODS says that they are closed, their rows go:",
        "  Z99101  Demo; listings at Z99101 in fcp-register.csv then count nowhere: end them",
        "  Z99102  Demo",
    ]


def test_a_network_of_the_register_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A listing by network exempts at every practice of it: who joins it is exempted by that."""
    report = ImportReport(
        joiners=[Listed("Z99001", "Demo"), Listed("Z99002", "Demo")],
        networks_changed=[Change("Z99003", "Demo", "Z99P01", "Z99P02"), Change("Z99004", "Demo", "Z99P02", "Z99P03")],
        networks_kept=[Listed("Z99005", "Demo")],
    )
    rows = [row("Z99001", pcn="Z99P02"), row("Z99002", pcn="Z99P03"), row("Z99005", pcn="z99p02")]
    lists = "listings at Z99P02 in fcp-register.csv count here, and exempt from cards"
    assert shown(capsys, report, *rows, exempting=("Z99P02",))[1:] == [
        "2 join:",
        f"  Z99001  Demo: general-practice, W2U3Z (nwl), network Z99P02; {lists}",
        "  Z99002  Demo: general-practice, W2U3Z (nwl), network Z99P03",
        "2 have another network:",
        f"  Z99003  Demo: Z99P01 -> Z99P02; {lists}",
        "  Z99004  Demo: Z99P02 -> Z99P03; listings at Z99P02 in fcp-register.csv count here no longer",
        "1 keep a network of which ODS states nothing:",
        f"  Z99005  Demo: Z99P02; {lists}",
    ]
