"""The monitor of one process, from its settings: who may see it, and its pages."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cds_service.cardlog.databases import open_engine
from cds_service.london_time import london_day
from cds_service.monitor.access.access_file import WITHOUT_FOOTPRINT, NoClientSecretError, Provider, ReadAccess
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
from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.site import monitor_pages
from cds_service.monitor.sources import Sources
from cds_service.monitor.surroundings import TEMPLATES as FIGURE_TEMPLATES
from cds_service.pages.render import Pages
from cds_service.pathway.model import Pathway
from cds_service.pathway.sign_off import state_of
from cds_service.settings import Settings
from cds_service.wiring.folder import FolderInForce

if TYPE_CHECKING:
    from cds_service.monitor.access.openid import OpenIdProvider

_POLICY_OF_DEMO: Final = "demo"


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
        today = london_day(now())
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
            rules=Rules(
                trend_points=settings.monitor_trend_points,
                screen_moving_ranges=settings.monitor_screen_moving_ranges == "on",
                lock_after=settings.monitor_lock_after,
            ),
            window_days=settings.episode_window_days,
            is_demo=settings.demo,
        )
        return monitor_pages(sources, pages)

    return made


class Monitor:
    """The monitor of one process: its pages of figures and the way to their database, and who may see them now.

    Args:
        settings: the process's settings.
        regions: tells the ids of the pathways, which may become others while the process runs.
        clock: the aware time now.
        pages_of: makes the monitor's pages of figures, given the way to the database.

    Attributes:
        engine: the way to the database; None where there is no card log.
    """

    def __init__(
        self,
        settings: Settings,
        regions: Callable[[], Iterable[str]],
        clock: Callable[[], datetime],
        pages_of: Callable[[Engine], Iterable[GuardedPage]],
    ) -> None:
        self._settings = settings
        self._regions = regions
        self._clock = clock
        self._base_path = urlsplit(settings.public_url).path.rstrip("/")
        self._pages = AccessPages(Pages(TEMPLATES, prefix=self._base_path), is_demo=settings.demo)
        self._provider: tuple[Provider, OpenIdProvider] | None = None
        self.engine = None if settings.card_log == "off" else open_engine(settings.database_url)
        self._pages_of = pages_of
        self._figures: list[GuardedPage] | None = None

    def routes(self, read: ReadAccess | None) -> list[BaseRoute]:
        """Everything below `/monitor`, by one reading of the configuration folder.

        Args:
            read: its `monitor-access.yaml`; None where there is none, and in the demo.

        Raises:
            NoClientSecretError: it names a provider, and the client secret is not set.
        """
        pages, engine = self._pages, self.engine
        if engine is None:
            return _everywhere(pages.nothing_logged)
        if read is None and not self._settings.demo:
            return _everywhere(pages.not_set_up)
        cookie = self._cookie("cds-monitor")
        access_log, tokens = AccessLog(engine, self._clock), ApiTokens(engine, self._clock)
        sessions = _sessions(engine, read, self._clock)
        guard = Guard(sessions, cookie, tokens, access_log, pages, self._footprints)
        signing_in = SigningIn(self._base_path, sessions, cookie, access_log)
        if read is None:
            before = self._cookie("cds-monitor-sign-in")
            sign_in = DemoSignIn(self._footprints, signing_in, before, pages).routes()
            sign_out = SignOut(sessions, cookie, access_log, pages)
        else:
            provider = self._provider_of(read.access.provider)
            sign_in = self._openid_sign_in(engine, read, provider, signing_in, access_log)
            sign_out = SignOut(sessions, cookie, access_log, pages, provider.sign_out_address)
        return [
            *sign_in,
            sign_out.route(),
            *guard.routes(OwnPages(sessions, tokens, access_log, pages).guarded()),
            *guard.routes(self._figures_of(engine)),
            *_everywhere(pages.no_such_page),
        ]

    def close(self) -> None:
        """Let go of the database."""
        if self.engine is not None:
            self.engine.dispose()

    def _figures_of(self, engine: Engine) -> list[GuardedPage]:
        """Made once, where somebody could see them: they outlive a reading of the folder, with what they remember."""
        if self._figures is None:
            self._figures = [*self._pages_of(engine)]
        return self._figures

    def _footprints(self) -> tuple[str, ...]:
        return (*sorted(self._regions()), *WITHOUT_FOOTPRINT)

    def _cookie(self, name: str) -> SessionCookie:
        return SessionCookie(name, is_https=self._settings.public_url.startswith("https://"))

    def _openid_sign_in(
        self, engine: Engine, read: ReadAccess, provider: "OpenIdProvider", signing_in: SigningIn, access_log: AccessLog
    ) -> list[Route]:
        from cds_service.monitor.access.openid_sign_in import OpenIdSignIn  # noqa: PLC0415 - Authlib is slow to load

        pending = PendingSignIns(engine, self._clock)
        before = self._cookie("cds-monitor-sign-in")
        return OpenIdSignIn(read.access, provider, pending, signing_in, before, access_log, self._pages).routes()

    def _provider_of(self, provider: Provider) -> "OpenIdProvider":
        """The provider of the file; the same object as before, with what it knows, where its entry did not change."""
        if self._provider is None or self._provider[0] != provider:
            from cds_service.monitor.access.openid import OpenIdProvider  # noqa: PLC0415 - Authlib is slow to load
            from cds_service.monitor.access.openid_sign_in import CALLBACK  # noqa: PLC0415 - so is this

            secret, address = _client_secret(self._settings), f"{self._settings.public_url}{CALLBACK}"
            self._provider = (provider, OpenIdProvider(provider, secret, address))
        return self._provider[1]


def _sessions(engine: Engine, read: ReadAccess | None, clock: Callable[[], datetime]) -> Sessions:
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
