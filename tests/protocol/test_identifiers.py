from itertools import pairwise
from uuid import UUID

from cds_service.protocol.identifiers import new_uuid, ordered_uuid


def test_a_random_identifier_is_a_uuid_of_version_4() -> None:
    """And each is another."""
    made = [new_uuid() for _ in range(1000)]

    assert {(UUID(each).version, str(UUID(each)) == each) for each in made} == {(4, True)}
    assert len(set(made)) == 1000


def test_an_ordered_identifier_is_a_uuid_of_our_own_making() -> None:
    """Version 8, in lower case, and each is another."""
    made = [ordered_uuid() for _ in range(1000)]

    assert {(UUID(each).version, str(UUID(each)) == each) for each in made} == {(8, True)}
    assert len(set(made)) == 1000


def test_ordered_identifiers_grow_so_that_an_index_grows_at_its_end() -> None:
    """As text, which is how they are stored; only the running number may begin anew, once in 67 million."""
    made = [ordered_uuid() for _ in range(1000)]

    steps_back = [pair for pair in pairwise(made) if pair[0] > pair[1]]
    assert len(steps_back) <= 1


def test_an_ordered_identifier_cannot_be_guessed_from_the_one_before() -> None:
    """Its last 48 bits are random."""
    tails = {ordered_uuid().rpartition("-")[2] for _ in range(1000)}

    assert len(tails) == 1000
