"""The check of a SNOMED CT identifier: its check digit (Verhoeff) and its partition.

A code that lost or changed a digit on its way (a spreadsheet rounds the sixteenth digit to zero) is caught
here, before it sits in a value set and never matches. Source: SNOMED CT Release File Specification, "SCTID".
"""

_SHORTEST = 6
_SHORTEST_WITH_NAMESPACE = 11  # at least one digit of its own, seven of namespace, two of partition, one of check
_LONGEST = 18
_CONCEPT_PARTITIONS = ("00", "10")
_NAMESPACE_PARTITION = "10"

# Multiplication in the dihedral group of order ten: row times column.
_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)

# How a digit is permuted by its place, counted from the right; the pattern repeats every eight places.
_PERMUTED = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def is_concept_id(text: str) -> bool:
    """Say whether the text is a well-formed SNOMED CT concept identifier."""
    return concept_id_fault(text) is None


def concept_id_fault(text: str) -> str | None:
    """Say what is wrong with a SNOMED CT concept identifier, or None when nothing is.

    The identifier is text and stays text: as a number it would lose digits. Whether the concept exists is
    not asked here; only a terminology server knows that.
    """
    if not (text.isascii() and text.isdigit()):
        return "has a character that is not a digit"
    if not _SHORTEST <= len(text) <= _LONGEST:
        return f"has {len(text)} digits, not {_SHORTEST} to {_LONGEST}"
    if text.startswith("0"):
        return "starts with a zero"
    partition = text[-3:-1]
    if partition not in _CONCEPT_PARTITIONS:
        return f"has partition {partition}, which is not a concept's"
    if partition == _NAMESPACE_PARTITION and len(text) < _SHORTEST_WITH_NAMESPACE:
        return "is too short to hold the namespace that its partition announces"
    if _verhoeff(text) != 0:
        return "has a wrong check digit"
    return None


def _verhoeff(digits: str) -> int:
    """Return the Verhoeff sum of the digits with their check digit; zero when it is right."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total = _PRODUCT[total][_PERMUTED[place % 8][int(digit)]]
    return total
