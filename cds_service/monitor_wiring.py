"""The monitor of one process, from its settings: who may see it, and its pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cds_service.cardlog.coarse import london_day_and_hour
from cds_service.cardlog.databases import open_engine
from cds_service.folder import FolderInForce
from cds_service.monitor.access.access_file import NAME, MonitorAccess, load_access
from cds_service.monitor.access.access_log import AccessLog
from cds_service.monitor.access.api_tokens import ApiTokens
from cds_service.monitor.access.cookies import SessionCookie
from cds_service.monitor.access.demo_sign_in import DemoSignIn
from cds_service.monitor.access.guard import Guard, GuardedPage
from cds_service.monitor.access.own_pages import OwnPages
from cds_service.monitor.access.pages import TEMPLATES, AccessPages
from cds_service.monitor.access.pending_sign_ins import PendingSignIns
from cds_service.monitor.access.sessions import SessionLimits, Sessions
from cds_service.monitor.access.sign_out import SignOut
from cds_service.monitor.access.signing_in import SigningIn
from cds_service.monitor.asked import Sources
from cds_service.monitor.site import monitor_pages
from cds_service.monitor.surroundings import TEMPLATES as FIGURE_TEMPLATES
from cds_service.pages.render import Pages
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED
from cds_service.pathway.model import Pathway
from cds_service.pathway.sign_off import state_of
from cds_service.settings import Settings

WITHOUT_FOOTPRINT: Final = (OUTSIDE, UNRESOLVED)
"""What the card log has as region where no footprint applied: seen by those alone to whom it was granted by name."""

_POLICY_OF_DEMO: Final = "demo"


class NoClientSecretError(Exception):
    """`monitor-access.yaml` names a provider, and the service has no secret to show there."""

    def __init__(self) -> None:
        super().__init__(
            f"{NAME} names a provider, and CDS_SERVICE_MONITOR_CLIENT_SECRET is not set. Set it to the client secret"
            " that the provider gave, in the environment alone; or take the file away, and the monitor is off"
        )


@dataclass(frozen=True, slots=True)
class Monitor:
    """The monitor of one process.

    Attributes:
        routes: everything below `/monitor`.
        engine: the way to the database for its pages; None where there is no monitor.
    """

    routes: Sequence[BaseRoute]
    engine: Engine | None = None

    def close(self) -> None:
        """Let go of the database."""
        if self.engine is not None:
            self.engine.dispose()


def figure_pages(
    settings: Settings,
    in_force: FolderInForce,
    now: Callable[[], datetime],
) -> Callable[[Engine], list[GuardedPage]]:
    """What makes the monitor's pages of figures, given the way to the database.

    Args:
        settings: the process's settings.
        in_force: the configuration folder, which each page asks for pathways, sign-offs, names of organisations
            and the footprints of clients.
        now: the aware time now.
    """
    pages = Pages(FIGURE_TEMPLATES, prefix=urlsplit(settings.public_url).path)

    def pathways() -> dict[str, Pathway]:
        today, _ = london_day_and_hour(now())
        return {str(region): pathway for region, pathway in in_force.folder.register.in_force(today).items()}

    def sign_offs() -> dict[tuple[str, str], str]:
        folder = in_force.folder
        return {
            (file.pathway.id, file.pathway.version): state_of(file, folder.sign_offs) for file in folder.register.files
        }

    def organisation_name(code: str) -> str | None:
        organisation = in_force.folder.directory.organisations.get(code)
        return None if organisation is None else organisation.name

    def client_footprints() -> dict[str, frozenset[str]]:
        bound = {client.id: client.every_footprint for client in in_force.folder.clients}
        return {client: footprints for client, footprints in bound.items() if footprints}

    def made(engine: Engine) -> list[GuardedPage]:
        sources = Sources(
            engine=engine,
            now=now,
            pathways=pathways,
            versions=lambda: [file.pathway for file in in_force.folder.register.files],
            sign_offs=sign_offs,
            organisation_name=organisation_name,
            client_footprints=client_footprints,
            window_days=settings.episode_window_days,
            is_demo=settings.demo,
        )
        return monitor_pages(sources, pages)

    return made


def build_monitor(
    settings: Settings,
    regions: Callable[[], Iterable[str]],
    clock: Callable[[], datetime],
    pages_of: Callable[[Engine], Iterable[GuardedPage]],
) -> Monitor:
    """Everything below `/monitor`.

    Args:
        settings: the process's settings.
        regions: tells the ids of the pathways, which may become others while the process runs.
        clock: the aware time now.
        pages_of: makes the monitor's pages of figures, given the way to the database.

    Raises:
        AccessFileError: `monitor-access.yaml` is wrong.
        NoClientSecretError: it names a provider, and the client secret is not set.
    """
    base_path = urlsplit(settings.public_url).path.rstrip("/")
    pages = AccessPages(Pages(TEMPLATES, prefix=base_path), is_demo=settings.demo)

    def footprints() -> tuple[str, ...]:
        return (*sorted(regions()), *WITHOUT_FOOTPRINT)

    read = None if settings.demo else load_access(settings.config / NAME, frozenset(footprints()))
    if settings.card_log == "off" or (read is None and not settings.demo):
        return Monitor(_everywhere(pages.not_set_up))
    is_https = settings.public_url.startswith("https://")
    cookie = SessionCookie("cds-monitor", is_https=is_https)
    engine = open_engine(settings.database_url)
    access_log = AccessLog(engine, clock)
    sessions = _sessions(engine, read, clock)
    tokens = ApiTokens(engine, clock)
    guard = Guard(sessions, cookie, tokens, access_log, pages, footprints)
    signing_in = SigningIn(base_path, sessions, cookie, access_log)
    before = SessionCookie("cds-monitor-sign-in", is_https=is_https)
    if read is None:
        sign_in = DemoSignIn(footprints, signing_in, before, pages).routes()
        sign_out = SignOut(sessions, cookie, access_log, pages)
    else:
        from cds_service.monitor.access.openid import OpenIdProvider  # noqa: PLC0415 - Authlib is slow to load
        from cds_service.monitor.access.openid_sign_in import CALLBACK, OpenIdSignIn  # noqa: PLC0415 - so is this

        access = read[0]
        provider = OpenIdProvider(access.provider, _client_secret(settings), f"{settings.public_url}{CALLBACK}")
        pending = PendingSignIns(engine, clock)
        sign_in = OpenIdSignIn(access, provider, pending, signing_in, before, access_log, pages).routes()
        sign_out = SignOut(sessions, cookie, access_log, pages, provider.sign_out_address)
    return Monitor(
        [
            *sign_in,
            sign_out.route(),
            *guard.routes(OwnPages(sessions, tokens, access_log, pages).guarded()),
            *guard.routes(pages_of(engine)),
            *_everywhere(pages.no_such_page),
        ],
        engine,
    )


def _sessions(engine: Engine, read: tuple[MonitorAccess, str] | None, clock: Callable[[], datetime]) -> Sessions:
    if read is None:
        return Sessions(engine, _POLICY_OF_DEMO, clock=clock)
    access, policy = read
    limits = SessionLimits(
        timedelta(minutes=access.session.idle_minutes), timedelta(hours=access.session.absolute_hours)
    )
    return Sessions(engine, policy, limits, clock)


def _client_secret(settings: Settings) -> str:
    if settings.monitor_client_secret is None:
        raise NoClientSecretError
    return settings.monitor_client_secret.get_secret_value()


def _everywhere(page: Callable[[], Response]) -> list[BaseRoute]:
    async def show(_request: Request) -> Response:
        return page()

    return [Route("/monitor", show), Route("/monitor/{rest:path}", show)]
