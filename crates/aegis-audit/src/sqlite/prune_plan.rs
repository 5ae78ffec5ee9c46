//! Which events may go: the longest prefix of the log that is old enough and cuts no action apart.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

use aegis_engine::LONGEST_GRANT_MS;
use aegis_ledger::filter::ceil_millis;
use aegis_ledger::origin::Origin;

use super::origin::origin;
use super::reader::TrailReader;
use super::sqlite_error::failed;
use crate::error::TrailError;

/// How long a grant keeps the action that it was given for: none holds longer.
const GRANT_STANDS: TimeDelta = TimeDelta::milliseconds(LONGEST_GRANT_MS.cast_signed());
/// How long a question that was not decided keeps its action. Whoever asked has long given up by then: it was
/// killed.
const QUESTION_STANDS: TimeDelta = TimeDelta::days(7);

/// Which events may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrunePlan {
    /// The id of the log: 32 hexadecimal digits.
    pub(crate) log: String,
    /// What is gone already.
    pub(crate) gone: Origin,
    /// The number of the last event that may go.
    pub(crate) through: u64,
    /// The number of the newest event.
    pub(crate) newest: u64,
    /// How many events of an earlier pruning are still there.
    pub(crate) left_over: u64,
    pub(crate) held: Option<Held>,
}

/// What keeps older events from going too: an action whose life is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The number of the action's first event.
    pub seq: u64,
    /// Its id.
    pub action_id: String,
}

impl PrunePlan {
    /// The number of the first event that may go.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.gone.through.saturating_add(1)
    }

    /// The number of the last event that may go.
    #[must_use]
    pub const fn through(&self) -> u64 {
        self.through
    }

    /// How many events may go.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.through.saturating_sub(self.gone.through)
    }

    /// How many events stay.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.newest.saturating_sub(self.through)
    }

    /// How many events of a pruning that was cut short are still there, to be deleted by the next one.
    #[must_use]
    pub const fn left_over(&self) -> u64 {
        self.left_over
    }

    /// What keeps more events from going, although they are old enough.
    #[must_use]
    pub const fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }
}

impl TrailReader {
    /// Says which events may go: the longest prefix in which all are older than `before`, and of which no
    /// action has an event behind it. A `redacted` event is not part of its action's life, and a question
    /// that stands for a week by `now` without a decision was given up. A grant that was given within a
    /// day keeps the action that it was given for.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn plan_prune(&self, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<PrunePlan, TrailError> {
        let _moment = self.moment()?;
        let connection = self.connection();
        let failed = |error| failed(self.path(), error);
        let gone = origin(connection, self.path(), self.identity())?;
        let number = |sql: &str, parameter: i64| -> Result<u64, TrailError> {
            let found: Option<i64> =
                connection.query_row(sql, [parameter], |row| row.get(0)).map_err(failed)?;
            Ok(found.unwrap_or_default().unsigned_abs())
        };
        let gone_through = i64::try_from(gone.through).unwrap_or(i64::MAX);
        let newest = number("SELECT max(seq) FROM events WHERE seq > ?1", gone_through)?.max(gone.through);
        let left_over = number("SELECT count(*) FROM events WHERE seq <= ?1", gone_through)?;
        let old = old_enough(connection, gone_through, ceil_millis(before)).map_err(failed)?;
        let old = old.unwrap_or(i64::try_from(newest).unwrap_or(i64::MAX));
        let asked_since = now.checked_sub_signed(QUESTION_STANDS).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let mut cut = Cut { connection, gone: gone_through, through: old, looked_at: i64::MAX, held: None };
        let granted_since = now.checked_sub_signed(GRANT_STANDS).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let since = (asked_since.timestamp_millis(), granted_since.timestamp_millis());
        cut.keep_actions_whole(since).map_err(failed)?;
        self.check_unchanged()?;
        let (through, held) = (cut.through.unsigned_abs(), cut.held);
        Ok(PrunePlan { log: self.id(), gone, through, newest, left_over, held })
    }
}

/// The number of the last event before the first one that is not old enough; `None` if all are.
fn old_enough(connection: &Connection, gone: i64, before: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row(
            "SELECT seq - 1 FROM events WHERE seq > ?1 AND at >= ?2 ORDER BY seq LIMIT 1",
            [gone, before],
            |row| row.get(0),
        )
        .optional()
}

/// A cut through the log, which moves towards its beginning until it goes through no action.
struct Cut<'a> {
    connection: &'a Connection,
    /// What is gone already.
    gone: i64,
    /// The last event before the cut.
    through: i64,
    /// From which event on it is known that no action reaches before the cut.
    looked_at: i64,
    held: Option<Held>,
}

impl Cut<'_> {
    fn keep_actions_whole(&mut self, (asked_since, granted_since): (i64, i64)) -> rusqlite::Result<()> {
        loop {
            let first = match self.first_behind()? {
                Some(first) => first,
                None => match self.open_question(asked_since)?.or(self.grant(granted_since)?) {
                    Some(first) => first,
                    None => return Ok(()),
                },
            };
            self.through = first.0.saturating_sub(1);
            self.held = Some(Held { seq: first.0.unsigned_abs(), action_id: first.1 });
        }
    }

    /// The earliest event before the cut whose action has one behind it. Every event is asked for only once.
    fn first_behind(&mut self) -> rusqlite::Result<Option<(i64, String)>> {
        let first = self.connection.query_row(
            "SELECT min((SELECT min(seq) FROM events e WHERE e.action_id = b.action_id AND e.seq > ?3)), action_id
             FROM events b WHERE seq > ?1 AND seq < ?2 AND action_id <> '' AND kind <> 'redacted'",
            params![self.through, self.looked_at, self.gone],
            |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<String>>(1)?)),
        )?;
        self.looked_at = self.through.saturating_add(1);
        Ok(match first {
            (Some(seq), Some(action_id)) if seq <= self.through => Some((seq, action_id)),
            _ => None,
        })
    }

    /// The first event, before the cut, of the earliest action with which a grant was given lately.
    fn grant(&self, granted_since: i64) -> rusqlite::Result<Option<(i64, String)>> {
        self.connection
            .query_row(
                "SELECT min(r.seq), r.action_id FROM events r WHERE r.seq > ?1 AND r.seq <= ?2 AND r.action_id IN
                 (SELECT g.action_id FROM events g WHERE g.seq > ?1 AND g.seq <= ?2 AND g.at >= ?3
                  AND g.kind IN ('answered', 'replied') AND json_valid(g.body)
                  AND json_extract(g.body, '$.grant') IS NOT NULL)
                 GROUP BY r.action_id ORDER BY min(r.seq) LIMIT 1",
                params![self.gone, self.through, granted_since],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
    }

    /// The earliest question before the cut that was asked lately, and not decided.
    fn open_question(&self, asked_since: i64) -> rusqlite::Result<Option<(i64, String)>> {
        self.connection
            .query_row(
                "SELECT seq, action_id FROM events r WHERE seq > ?1 AND seq <= ?2 AND kind = 'requested' AND at >= ?3
                 AND NOT EXISTS (SELECT 1 FROM events d WHERE d.action_id = r.action_id AND d.kind = 'decided')
                 ORDER BY seq LIMIT 1",
                params![self.gone, self.through, asked_since],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
    }
}
