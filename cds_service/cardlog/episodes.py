"""Order episodes: what became of an order after its card, worked out from the firings that share a key.

Firings of one window share keys and those of two windows never do (decision 0023), so a window is worked out on its
own and, once its keys are dropped, never again. Times are known to the hour only. Within an hour the ids of events
tell what came before what in one process (`protocol.identifiers`); of two processes choosing is put before signing, and
else it is chance which comes first, but the same for both.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, Date, Engine, bindparam, delete, func, select, text, tuple_

from cds_service.cardlog.counting import heard_since
from cds_service.cardlog.databases import transaction
from cds_service.cardlog.episode_keys import window_start
from cds_service.cardlog.figures import begin_writing, empty_working_table, replace, sum_up, turn, would_shrink
from cds_service.cardlog.rollup_schema import episode_count, episode_state_count
from cds_service.cardlog.schema import episode_key

WITHOUT_CARD: Final = "without_card"
"""No firing of the order had a card."""
SIGNED_ANYWAY: Final = "signed_anyway"
"""It had a card, and was sent to signing for the same modality and region of the body.

Unless it was taken away there: the card of that very signing was accepted, by its last feedback, with the suggestion
that removes all orders that it speaks of. `order-sign` fires when somebody is about to sign, and shows a card itself.
"""
CHANGED: Final = "changed"
"""It had a card and was not signed; after that another scan was chosen, in the same order or session.

A scan of the same call, or one that another order had already been for, was not chosen in place of it.
"""
NOT_SIGNED: Final = "not_signed"
"""It had a card, and nothing more came of it by the end of the window, a day or more later."""
CUT: Final = "cut"
"""The same, but begun on the window's last day: what came after its end cannot be tied to it."""
OPEN: Final = "open"
"""It had a card, and the window is not over."""

_ONE_DAY: Final = timedelta(days=1)
_ROWS_AT_A_TIME: Final = 5_000

# An episode is read off its first firing with a card, else off its first: "lead". "elsewhere" are firings of another
# scan in the same order or session; the last of those that were chosen "instead", signed ones before others, is what
# the order was changed to. The first 13 characters of two ids are the same within an hour and process. A call makes its
# cards before its events: a scan whose card is older than the lead's event is of the same call; so is one without a
# card, where its call showed as many and took as long.
# An "answer" of place 1 is what `counting.last_feedback` says of a card.
# SQLite takes each part for a handful of rows, and may read one that is joined from its start for each row before it.
# So what became of a lead is told by a window function and NOT IN, and not by a LEFT JOIN.
_FILL: Final = text("""
    INSERT INTO fresh_episode_count (
        window_start, region, borough, pcn, organisation, client_id, modality, body_region_group, outcome, state,
        changed_to_modality, changed_to_body_region_group, episodes, firings
    )
    WITH fired AS (
        SELECT k.order_key, k.session_key, e.event_id, e.occurred_on, e.occurred_hour, e.region,
            COALESCE(e.borough, '') AS borough, COALESCE(e.pcn, '') AS pcn,
            COALESCE(e.organisation, '') AS organisation, e.client_id, e.modality, e.body_region_group, e.outcome,
            CASE WHEN e.card_id IS NULL THEN 0 ELSE 1 END AS with_card,
            e.card_id, e.card_count, e.latency_ms, CASE WHEN e.hook = 'order-sign' THEN 1 ELSE 0 END AS at_signing
        FROM episode_key AS k JOIN evaluation AS e ON e.event_id = k.event_id AND e.occurred_on = k.occurred_on
        WHERE k.occurred_on >= :first AND k.occurred_on < :after AND e.occurred_on >= :first AND e.occurred_on < :after
    ),
    answer AS (
        SELECT card_id, suggestion_id, CASE WHEN outcome = 'accepted' THEN 1 ELSE 0 END AS accepted,
            ROW_NUMBER() OVER (
                PARTITION BY card_id
                ORDER BY outcome_timestamp DESC, received_on DESC, received_hour DESC, event_id DESC
            ) AS place
        FROM feedback
        WHERE received_on >= :heard_since AND card_id IN (SELECT card_id FROM fired WHERE at_signing = 1)
    ),
    removing AS (
        SELECT s.suggestion_id, s.card_id
        FROM suggestion AS s JOIN card AS c ON c.card_id = s.card_id AND c.occurred_on = s.occurred_on
        WHERE s.occurred_on >= :first AND s.occurred_on < :after AND c.occurred_on >= :first AND c.occurred_on < :after
            AND s.deletes >= c.orders
    ),
    taken_away AS (
        SELECT DISTINCT answer.card_id
        FROM answer JOIN removing ON removing.card_id = answer.card_id
            AND removing.suggestion_id = answer.suggestion_id
        WHERE answer.place = 1 AND answer.accepted = 1
    ),
    firing AS (
        SELECT fired.*, CASE WHEN at_signing = 1 AND taken_away.card_id IS NULL THEN 1 ELSE 0 END AS signing
        FROM fired LEFT JOIN taken_away ON taken_away.card_id = fired.card_id
    ),
    ranked AS (
        SELECT firing.*,
            ROW_NUMBER() OVER (
                PARTITION BY order_key ORDER BY with_card DESC, occurred_on, occurred_hour, at_signing, event_id
            ) AS place,
            COUNT(*) OVER (PARTITION BY order_key) AS firings,
            MIN(occurred_on) OVER (PARTITION BY order_key) AS begun_on,
            MAX(signing) OVER (PARTITION BY order_key, modality, body_region_group) AS was_signed
        FROM firing WHERE order_key IS NOT NULL
    ),
    lead AS (SELECT * FROM ranked WHERE place = 1),
    session AS (
        SELECT DISTINCT order_key, session_key FROM firing WHERE order_key IS NOT NULL AND session_key IS NOT NULL
    ),
    unsigned AS (
        SELECT order_key AS lead_key, modality AS lead_modality, body_region_group AS lead_body,
            occurred_on AS lead_on, occurred_hour AS lead_hour, event_id AS lead_id,
            at_signing AS lead_at_signing, card_count AS lead_card_count, latency_ms AS lead_latency_ms
        FROM lead WHERE with_card = 1 AND was_signed = 0
    ),
    another AS (
        SELECT u.*, f.* FROM unsigned AS u JOIN firing AS f ON f.order_key = u.lead_key
        WHERE f.modality <> u.lead_modality OR f.body_region_group <> u.lead_body
        UNION ALL
        SELECT u.*, f.* FROM unsigned AS u JOIN session AS s ON s.order_key = u.lead_key
            JOIN firing AS f ON f.session_key = s.session_key AND (f.order_key <> u.lead_key OR f.order_key IS NULL)
        WHERE f.modality <> u.lead_modality OR f.body_region_group <> u.lead_body
    ),
    compared AS (
        SELECT another.*,
            CASE
                WHEN occurred_on > lead_on OR (occurred_on = lead_on AND occurred_hour > lead_hour) THEN 1
                WHEN occurred_on < lead_on OR occurred_hour < lead_hour THEN 0
                WHEN SUBSTR(event_id, 1, 13) <> SUBSTR(lead_id, 1, 13) THEN
                    CASE
                        WHEN at_signing > lead_at_signing THEN 1
                        WHEN at_signing = lead_at_signing AND event_id > lead_id THEN 1
                        ELSE 0
                    END
                WHEN event_id < lead_id OR card_id < lead_id THEN 0
                WHEN card_id IS NULL AND at_signing = lead_at_signing AND card_count = lead_card_count
                    AND latency_ms = lead_latency_ms THEN 0
                ELSE 1
            END AS later
        FROM another
    ),
    elsewhere AS (
        SELECT compared.*,
            CASE
                WHEN order_key = lead_key THEN later
                ELSE MIN(later) OVER (
                    PARTITION BY lead_key, order_key, modality, body_region_group,
                        CASE WHEN order_key IS NULL THEN event_id ELSE '' END
                )
            END AS instead
        FROM compared
    ),
    change AS (
        SELECT lead_key, modality, body_region_group,
            ROW_NUMBER() OVER (
                PARTITION BY lead_key ORDER BY signing DESC, occurred_on DESC, occurred_hour DESC, event_id DESC
            ) AS place
        FROM elsewhere WHERE instead = 1
    ),
    chosen AS (SELECT * FROM change WHERE place = 1),
    episode AS (
        SELECT lead.*,
            CASE
                WHEN with_card = 0 THEN 'without_card'
                WHEN was_signed = 1 THEN 'signed_anyway'
                WHEN :today < :after THEN 'open'
                WHEN begun_on < :last_day THEN 'not_signed'
                ELSE 'cut'
            END AS state,
            '' AS changed_to_modality, '' AS changed_to_body_region_group
        FROM lead WHERE order_key NOT IN (SELECT lead_key FROM chosen)
        UNION ALL
        SELECT lead.*, 'changed', chosen.modality, chosen.body_region_group
        FROM chosen JOIN lead ON lead.order_key = chosen.lead_key
    )
    SELECT :first, region, borough, pcn, organisation, client_id, modality, body_region_group, outcome, state,
        changed_to_modality, changed_to_body_region_group, COUNT(*), SUM(firings)
    FROM episode
    GROUP BY region, borough, pcn, organisation, client_id, modality, body_region_group, outcome, state,
        changed_to_modality, changed_to_body_region_group
""").bindparams(*(bindparam(name, type_=Date) for name in ("first", "after", "last_day", "today", "heard_since")))


def work_out_window(engine: Engine, start: date, window_days: int, today: date) -> bool:
    """Work out the episodes of a window anew.

    Where fewer firings are found than were counted before, keys have been dropped since, and the figures stay.

    Args:
        engine: to the card log's database.
        start: the window's first day.
        window_days: its length in days.
        today: the day in London, which tells whether the window is over.

    Returns:
        False when another process is working out figures, or keys have been dropped; nothing is changed then.

    Raises:
        CardLogStoreError: the database failed; nothing is changed.
    """
    with turn(engine) as connection:
        return connection is not None and _work_out(connection, start, window_days, today)


def work_out_windows_of(connection: Connection, days: Iterable[date], window_days: int, today: date) -> None:
    """Work out anew the windows in which days lie, so far as their keys are there: feedback may have changed them.

    Args:
        connection: of a turn (`figures.turn`), with nothing written that is not committed.
        days: the days.
        window_days: length of a window in days.
        today: the day in London.
    """
    for start in sorted({window_start(day, window_days) for day in days}, reverse=True):
        of_window = episode_key.c.occurred_on.between(start, start + timedelta(days=window_days - 1))
        if connection.execute(select(episode_key.c.event_id).where(of_window).limit(1)).first() is not None:
            _work_out(connection, start, window_days, today)


def _work_out(connection: Connection, start: date, window_days: int, today: date) -> bool:
    after = start + timedelta(days=window_days)
    days = {"first": start, "after": after, "last_day": after - _ONE_DAY, "heard_since": heard_since(start)}
    empty_working_table(connection, episode_count)
    connection.execute(_FILL, {**days, "today": today})
    if would_shrink(connection, episode_count, start, "firings"):
        return False
    begin_writing(connection)
    replace(connection, episode_count, start)
    sum_up(connection, episode_count, episode_state_count, start, start, start)
    replace(connection, episode_state_count, start)
    # Another window may follow, and events are to be written while it is worked out.
    begin_writing(connection)
    return True


def needs_work(engine: Engine, start: date, window_days: int, today: date) -> bool:
    """Whether a window has firings that no episode counts, or open episodes though it is over.

    Args:
        engine: to the card log's database.
        start: the window's first day.
        window_days: its length in days.
        today: the day in London.

    Raises:
        CardLogStoreError: the database failed.
    """
    after = start + timedelta(days=window_days)
    keyed = select(func.count()).where(
        episode_key.c.occurred_on >= start, episode_key.c.occurred_on < after, episode_key.c.order_key.is_not(None)
    )
    counted = select(func.coalesce(func.sum(episode_state_count.c.firings), 0)).where(
        episode_state_count.c.window_start == start
    )
    still_open = select(episode_state_count.c.state).where(
        episode_state_count.c.window_start == start, episode_state_count.c.state == OPEN
    )
    with transaction(engine) as connection:
        if connection.execute(keyed).scalar_one() > connection.execute(counted).scalar_one():
            return True
        return today >= after and connection.execute(still_open.limit(1)).first() is not None


def windows_with_keys(engine: Engine, window_days: int, today: date) -> list[date]:
    """The first days of the windows from that of the oldest key to today's, the latest first.

    Raises:
        CardLogStoreError: the database failed.
    """
    with transaction(engine) as connection:
        oldest = connection.execute(select(func.min(episode_key.c.occurred_on))).scalar_one()
    windows = [window_start(today, window_days)]
    while oldest is not None and windows[-1] > oldest:
        windows.append(windows[-1] - timedelta(days=window_days))
    return windows


def drop_keys_before(engine: Engine, day: date) -> int:
    """Delete the keys of firings before a day, a few thousand at a time so that events can be written in between.

    Args:
        engine: to the card log's database.
        day: the first day whose keys are kept.

    Returns:
        How many were deleted.

    Raises:
        CardLogStoreError: the database failed; what was deleted so far is gone.
    """
    key = tuple_(episode_key.c.event_id, episode_key.c.occurred_on)
    some = select(episode_key.c.event_id, episode_key.c.occurred_on).where(episode_key.c.occurred_on < day)
    statement = delete(episode_key).where(episode_key.c.occurred_on < day, key.in_(some.limit(_ROWS_AT_A_TIME)))
    dropped = 0
    while True:
        with transaction(engine) as connection:
            batch = connection.execute(statement).rowcount
        dropped += batch
        if batch < _ROWS_AT_A_TIME:
            return dropped
