"""The versions of every region's pathway, side by side, and which of them is in force on a day.

A region's versions are chosen by date in Europe/London: the latest whose `effective` has come. A version ends when the
next begins, or with its own `until`. Where none is in force (before the first, in a gap, after the last, while
suspended) the region has no pathway that day: CES and MSCC speak from the national fallback, and the rest is silent
and logged as `not_effective`.

A later version names the one before it with the hash of its file (`supersedes`). An earlier file that was changed or
taken away is refused, so that what an old log row or an old card meant stays known. A region's own file takes the
place of the packaged one, also before it begins: to keep the packaged one until then, it is copied beside it. A
suspension is of the region and stands apart from the files (`suspensions.yaml`): it outlasts a version and touches no
seal.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Self

from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import (
    PathwayFile,
    PathwayFileError,
    check_footprints_are_apart,
    footprint_codes,
    packaged_file,
    packaged_path,
    read_pathway_files,
)
from cds_service.pathway.model import Pathway, Supersedes, Suspension
from cds_service.pathway.suspensions import NOBODY_SUSPENDED, SUSPENSIONS, read_suspensions


class Gap(NamedTuple):
    """Days on which a region has no pathway in force between two of its versions; both inclusive."""

    region: RegionId
    first: date
    last: date


class PathwayRegister:
    """Every version of every region's pathway.

    Args:
        files: the pathway files, in any order.
        suspensions: the suspension of each region that has one.

    Raises:
        PathwayFileError: two versions overlap, an earlier one was changed or is not there, two regions claim one
            footprint on one day, or a region is suspended that has no pathway.
    """

    def __init__(
        self, files: Iterable[PathwayFile], suspensions: Mapping[RegionId, Suspension] = NOBODY_SUSPENDED
    ) -> None:
        versions: dict[RegionId, list[PathwayFile]] = defaultdict(list)
        for file in files:
            versions[file.pathway.id].append(file)
        self._versions = {
            region: _suspended(
                sorted(found, key=lambda file: (file.pathway.effective, file.name)), suspensions.get(region)
            )
            for region, found in versions.items()
        }
        _check_are_regions(suspensions, self.regions)
        for found in self._versions.values():
            _check_order(found)
        for day in sorted({file.pathway.effective for file in self.files}):
            check_footprints_are_apart(file for file in self.files if self._holds_footprint(file.pathway, day))
        self._on_day: tuple[date, Mapping[RegionId, Pathway]] | None = None

    @classmethod
    def load(cls, config: Path | None = None) -> Self:
        """The register of a configuration folder's `pathways/` and `suspensions.yaml`; of the packaged files without.

        Raises:
            PathwayFileError: a file is wrong, or the versions do not fit together.
        """
        return cls(read_pathway_files(None if config is None else config / "pathways"), read_suspensions(config))

    @property
    def files(self) -> tuple[PathwayFile, ...]:
        """Every file: region by region, the earliest version first."""
        return tuple(file for found in self._versions.values() for file in found)

    @property
    def regions(self) -> frozenset[RegionId]:
        """The regions that have a pathway, in force or not."""
        return frozenset(self._versions)

    def footprints(self, day: date) -> Mapping[str, RegionId]:
        """The region of each sub-ICB location and legacy ICB code on a day.

        A version that has ended, or a first one that has not begun, holds the codes that no other does on that day:
        its region is known then, and silent.

        Args:
            day: the date in Europe/London.
        """
        pathways = sorted(self.in_force(day).values(), key=lambda one: not self._holds_footprint(one, day))
        regions: dict[str, RegionId] = {}
        for pathway in pathways:
            for code in footprint_codes(pathway):
                regions.setdefault(code, pathway.id)
        return regions

    def versions(self, region: RegionId) -> tuple[PathwayFile, ...]:
        """The versions of a region, the earliest first."""
        return self._versions[region]

    def in_force(self, day: date) -> Mapping[RegionId, Pathway]:
        """For each region the version that a day's orders are held against.

        Args:
            day: the date in Europe/London.

        Returns:
            The latest version whose `effective` has come, else the first; it may be not in force all the same, which
            `Pathway.is_effective` tells and `decide` asks.
        """
        kept = self._on_day
        if kept is None or kept[0] != day:
            kept = self._on_day = (
                day,
                MappingProxyType({region: self._chosen(region, day) for region in self._versions}),
            )
        return kept[1]

    def file_in_force(self, region: RegionId, day: date) -> PathwayFile:
        """The file of the version that `in_force` gives for a region."""
        chosen = self.in_force(day)[region]
        return next(file for file in self._versions[region] if file.pathway is chosen)

    def gaps(self) -> list[Gap]:
        """The days between two versions on which neither is in force."""
        return [
            Gap(region, earlier.pathway.until + _DAY, later.pathway.effective - _DAY)
            for region, found in self._versions.items()
            for earlier, later in pairwise(found)
            if earlier.pathway.until is not None and earlier.pathway.until + _DAY < later.pathway.effective
        ]

    def silent(self, day: date) -> dict[RegionId, str]:
        """For each region whose pathway does not speak on a day: why, without the name and words of a suspension."""
        return {
            region: f"version {pathway.version} {_out_of_force(pathway, day)}: only CES and MSCC speak"
            + _kept_until(self._versions[region][0], day)
            for region, pathway in self.in_force(day).items()
            if not pathway.is_effective(day)
        }

    def speaks_again(self, before: Self, day: date) -> list[RegionId]:
        """The regions that another register keeps silent on a day, and this one does not."""
        return [region for region in before.silent(day) if region in self.regions - self.silent(day).keys()]

    def _holds_footprint(self, pathway: Pathway, day: date) -> bool:
        """Whether a version is its region's on a day, suspended or not, and has begun and not ended."""
        is_over = pathway.until is not None and day > pathway.until
        return pathway is self._chosen(pathway.id, day) and pathway.effective <= day and not is_over

    def _chosen(self, region: RegionId, day: date) -> Pathway:
        begun = [file.pathway for file in self._versions[region] if file.pathway.effective <= day]
        return begun[-1] if begun else self._versions[region][0].pathway


_DAY = timedelta(days=1)


def seal_of(file: PathwayFile) -> Supersedes:
    """What the next version states of this one."""
    return Supersedes(version=file.pathway.version, sha256=sha256(file.text.encode()).hexdigest())


def _out_of_force(pathway: Pathway, day: date) -> str:
    if day < pathway.effective:
        return f"is not in force before {pathway.effective}"
    if pathway.until is not None and day > pathway.until:
        return f"was in force until {pathway.until}, and none has followed"
    return "is suspended (suspensions.yaml)"


def _suspended(found: list[PathwayFile], suspension: Suspension | None) -> tuple[PathwayFile, ...]:
    """The versions of a region, each with the suspension that falls on days of it."""
    if suspension is None:
        return tuple(found)
    lasts = [*(later.pathway.effective - _DAY for later in found[1:]), date.max]
    return tuple(
        file._replace(pathway=file.pathway.model_copy(update={"suspension": suspension}))
        if suspension.since <= last and (suspension.until or date.max) >= file.pathway.effective
        else file
        for file, last in zip(found, lasts, strict=True)
    )


def _check_are_regions(suspensions: Iterable[RegionId], regions: frozenset[RegionId]) -> None:
    for region in suspensions:
        if region not in regions:
            known = ", ".join(sorted(regions))
            msg = f"{SUSPENSIONS}: no pathway '{region}': there are {known}; correct the id, or take the entry out"
            raise PathwayFileError(msg)


def _check_order(found: tuple[PathwayFile, ...]) -> None:
    _check_first(found[0])
    for earlier, later in pairwise(found):
        _check_pair(earlier, later)


def _check_first(first: PathwayFile) -> None:
    """Nothing is missing before a region's first file, the packaged version included, whose place it takes."""
    packaged = None if first.packaged else packaged_file(first.pathway.id)
    stated = first.pathway.supersedes
    if stated is not None:
        mend = "put its file back"
        if packaged is not None and stated == seal_of(packaged):
            mend = _copying(packaged, first)
        msg = f"{first.name}: supersedes: version {stated.version} is not in the folder; {mend}"
        raise PathwayFileError(msg)


def _kept_until(first: PathwayFile, day: date) -> str:
    """How the packaged version stays in force until a region's own first one begins."""
    packaged = None if first.packaged else packaged_file(first.pathway.id)
    if packaged is None or not packaged.pathway.effective <= day < first.pathway.effective:
        return ""
    seal = seal_of(packaged)
    return (
        f". {first.name} takes the place of the packaged version {seal.version}; to keep that one until then "
        f"{_copying(packaged, first)}, and write "
        f'supersedes: {{version: "{seal.version}", sha256: {seal.sha256}}} into {first.name}'
    )


def _copying(packaged: PathwayFile, first: PathwayFile) -> str:
    name = f"{packaged.pathway.id}-{packaged.pathway.version}.yaml"
    if name == first.name:
        name = f"packaged-{name}"
    return f"copy the packaged file {packaged_path(packaged)}, byte for byte, into the folder as {name}"


def _check_pair(earlier: PathwayFile, later: PathwayFile) -> None:
    begins, until = later.pathway.effective, earlier.pathway.until
    if earlier.pathway.effective == begins or earlier.pathway.version == later.pathway.version:
        msg = (
            f"{later.name}: id '{later.pathway.id}', version {later.pathway.version}, effective {begins}: "
            f"{earlier.name} has version {earlier.pathway.version} from {earlier.pathway.effective}; a region's "
            "versions have numbers and days of their own"
        )
        raise PathwayFileError(msg)
    if until is not None and until >= begins:
        msg = f"{earlier.name}: until {until} overlaps {later.name}, effective {begins}: end it before, or drop 'until'"
        raise PathwayFileError(msg)
    seal = seal_of(earlier)
    if later.pathway.supersedes != seal:
        stated = later.pathway.supersedes
        was = "it does not say so" if stated is None else f"it says {stated.version} with sha256 {stated.sha256}"
        msg = (
            f"{later.name}: supersedes: follows {earlier.name}, and {was}. If that file is as it was signed off, write "
            f'supersedes: {{version: "{seal.version}", sha256: {seal.sha256}}}; if it was changed, put it back'
        )
        raise PathwayFileError(msg)
