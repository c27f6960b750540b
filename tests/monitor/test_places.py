from cds_service.cardlog.report_rows import PracticeCount
from cds_service.monitor.standard_tables import counts_of
from cds_service.monitor.tables import Key
from cds_service.monitor.views.places import keys_of

PLACES = (
    ("nwl", "Brent", "Larkfield PCN", "Z99001"),
    ("nwl", "Brent", "", "Z99003"),
    ("nwl", "Brent", "", ""),
    ("nwl", "", "", ""),
    ("unresolved", "", "", ""),
)


def keys() -> list[Key]:
    """The key of each place."""
    rows = [PracticeCount(*place, "redirect", 9, 9, 0, 0, 0) for place in PLACES]
    key_of = keys_of(rows)
    return [key_of(row) for row in rows]


def test_what_is_not_known_of_a_place_stands_beside_what_is() -> None:
    """A practice without a network, a borough without a practice, a footprint without a borough."""
    assert keys() == [
        ("nwl", "Brent", "Larkfield PCN", "Z99001"),
        ("nwl", "Brent", "", "Z99003"),
        ("nwl", "Brent", "", ""),
        ("nwl", ""),
        ("unresolved",),
    ]


def test_every_place_can_be_disclosed_with_the_others() -> None:
    """No place that others belong to has a count of its own, so that sums are sums."""
    assert str(counts_of(dict.fromkeys(keys(), 9)).whole()) == "45"
