"""What was answered, what is in the card log, and the verdict of the two: nothing acknowledged missing, nothing twice.

The uuid of the card in an answer ties a call to its rows, and tells nothing of a patient.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

ON_A_DISK_WITHIN = 0.075
"""Seconds from sending a call to its answer within which the answer cannot have gone out before the call was on a disk.

The service lets calls wait for 100 ms, counted from the first of those that share a sync, which may have come 20 ms
earlier; 5 ms are for coarse clocks. It judges the calls that a killed process answered, whose counters died with it.
"""


class Answered(NamedTuple):
    """A call answered with 200.

    Attributes:
        card_id: the uuid of its card.
        evaluations: orders in the call, and so rows that it leaves.
        seconds: from sending it to the end of its answer.
    """

    card_id: str
    evaluations: int
    seconds: float

    @property
    def was_on_a_disk(self) -> bool:
        """Whether it was on a disk before it was answered, whatever became of the process."""
        return self.seconds < ON_A_DISK_WITHIN


@dataclass(slots=True)
class Ledger:
    """What a client was told."""

    answered: list[Answered] = field(default_factory=list)
    feedback: list[str] = field(default_factory=list)
    """Cards whose feedback was answered with 200: it is stored, says the service."""
    feedback_refused: int = 0
    """Feedback answered with 503."""
    broken: int = 0
    """Requests without an answer: the connection was refused or broke."""
    unexpected: Counter[str] = field(default_factory=Counter)
    """What no scenario allows for, and how often it was seen."""

    @property
    def evaluations(self) -> int:
        """Evaluations that were answered."""
        return sum(call.evaluations for call in self.answered)


@dataclass(frozen=True, slots=True)
class Logged:
    """What is in the card log's database.

    Attributes:
        evaluations: rows of evaluations, by the card that speaks of them.
        cards: rows of cards, by card.
        feedback: rows of feedback, by card.
        repeated_events: evaluations whose event id is there more than once.
    """

    evaluations: Counter[str]
    cards: Counter[str]
    feedback: Counter[str]
    repeated_events: int


class Health(NamedTuple):
    """What a process says of itself at `/health/ready`; evaluations, but for `spooled` (records)."""

    is_ready: bool
    state: str
    answered: int
    stored: int
    lost: int
    late: int
    spooled: int

    @property
    def adds_up(self) -> bool:
        """Whether every answered evaluation is either stored or lost."""
        return self.answered == self.stored + self.lost


@dataclass(slots=True)
class Sums:
    """What the processes of a scenario said of themselves.

    Attributes:
        lost: evaluations that they counted as lost at their end.
        late: evaluations whose answers went out before they were on a disk.
        seen: how often they were asked.
        wrong: answers in which answered was not stored + lost.
        answered: evaluations answered, where every process lived to be asked at its end; None elsewhere.
    """

    lost: int = 0
    late: int = 0
    seen: int = 0
    wrong: int = 0
    answered: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scenario showed. All but `feedback` count evaluations.

    Attributes:
        answered: of calls answered with 200.
        acknowledged: those of them that must be in the log.
        stored: rows in the log, those of calls whose answer was cut off among them.
        missing: acknowledged, and not in the log.
        doubled: rows too many.
        torn: calls of which a part is in the log.
        late: said by the service: answered before they were on a disk.
        lost: said by the service: answered, and on no disk.
        feedback: entries whose sender was told that they are stored.
        feedback_wrong: those of them that are not there once.
        sums_wrong: moments at which answered was not stored + lost, or the sums differed from what the client saw.
        broken: requests without an answer.
        unexpected: answers and states that a scenario does not allow for.
    """

    answered: int
    acknowledged: int
    stored: int
    missing: int
    doubled: int
    torn: int
    late: int
    lost: int
    feedback: int
    feedback_wrong: int
    sums_wrong: int
    broken: int
    unexpected: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether each acknowledged evaluation, and each feedback entry, is there exactly once, and the sums hold."""
        faults = self.missing, self.doubled, self.torn, self.feedback_wrong, self.sums_wrong
        return self.acknowledged > 0 and not any(faults) and not self.unexpected


def judge(ledger: Ledger, logged: Logged, sums: Sums, *, by_time: bool) -> Verdict:
    """Hold what was answered against what is there.

    Args:
        ledger: what the client was told.
        logged: what is in the database after everything was delivered.
        sums: what the service said.
        by_time: judge only the calls whose time shows that they were on a disk, since a process was killed; otherwise
            every call, less what the service itself counts as lost.
    """
    judged = [call for call in ledger.answered if call.was_on_a_disk] if by_time else ledger.answered
    excused = 0 if by_time else sums.lost
    evaluations, cards = logged.evaluations, logged.cards
    absent = sum(max(0, call.evaluations - evaluations[call.card_id]) for call in judged)
    doubled = sum(max(0, evaluations[call.card_id] - call.evaluations) for call in ledger.answered)
    return Verdict(
        answered=ledger.evaluations,
        acknowledged=sum(call.evaluations for call in judged) - excused,
        stored=evaluations.total(),
        missing=max(0, absent - excused),
        doubled=doubled + logged.repeated_events + sum(rows - 1 for rows in cards.values()),
        torn=_torn(ledger.answered, logged),
        late=sums.late,
        lost=sums.lost,
        feedback=len(ledger.feedback),
        feedback_wrong=sum(logged.feedback[card_id] != 1 for card_id in ledger.feedback),
        sums_wrong=sums.wrong + (sums.answered is not None and sums.answered != ledger.evaluations),
        broken=ledger.broken,
        unexpected=tuple(f"{number} x {what}" for what, number in sorted(ledger.unexpected.items())),
    )


def _torn(answered: Sequence[Answered], logged: Logged) -> int:
    """Calls that are neither wholly there nor wholly absent, and cards without an evaluation or the other way round."""
    torn = sum(0 < logged.evaluations[call.card_id] < call.evaluations for call in answered)
    return torn + len(logged.evaluations.keys() ^ logged.cards.keys())
