//! Statements of the delivery queue. Those that write run inside the writer's transaction, which holds the database's lock:
//! what they read stays true until they are done.

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, Error, OptionalExtension, Result, params};

use super::row::{self, DELIVERY, LISTED, limit, micros};
use super::writer::Batch;
use crate::delivery::{Delivery, DeliveryId, Verdict};
use crate::store::outcome::{Outcome, Totals};
use crate::store::{Claim, Counts, Filter, Leased, Listed, Status};
use crate::telemetry::TraceContext;

/// `choices` is JSON, made by the caller so that the writer's thread need not.
pub(super) fn enqueue(database: &Connection, batch: &mut Batch, delivery: &Delivery, choices: &str) -> Result<()> {
    let inserted = database
        .prepare_cached(
            "INSERT INTO delivery (id, connection, work_item_type, source, choices, accepted_at, since, due, payload, trace)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            delivery.id.0.as_bytes(),
            delivery.connection,
            delivery.work_item_type.name(),
            row::source(delivery.source),
            choices,
            micros(delivery.accepted_at),
            &delivery.payload[..],
            delivery.trace.as_ref().map(TraceContext::text),
        ])?;
    if inserted > 0 {
        batch.count(&delivery.connection, Totals::ACCEPTED);
        batch.changed = true;
    }
    Ok(())
}

pub(super) fn lease(
    database: &Connection,
    connection: &str,
    now: Timestamp,
    until: Timestamp,
    most: usize,
) -> Result<Vec<Leased>> {
    let mut due = database.prepare_cached(&format!(
        "SELECT {DELIVERY}, attempts, lease, row, since FROM delivery
         WHERE connection = ?1 AND status < 2 AND due <= ?2 ORDER BY due, accepted_at, row LIMIT ?3"
    ))?;
    let found = due.query_map(params![connection, micros(now), limit(most)], |found| {
        Ok((row::delivery(found), found.get(8)?, found.get(9)?, found.get(10)?, row::time(found, 11)?))
    })?;
    let found = found.collect::<Result<Vec<(Result<Delivery>, u32, i64, i64, Timestamp)>>>()?;
    let mut leased = Vec::with_capacity(found.len());
    for (delivery, attempts, lease, row, since) in found {
        match delivery {
            Ok(delivery) => {
                let receipt = take(database, row, lease, now, until)?;
                leased.push(Leased { delivery, attempts, since, receipt });
            }
            // One that cannot be read must not stand in the way of the others for ever.
            Err(error @ (Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..))) => {
                set_aside(database, row, now, &error)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(leased)
}

/// Answers the receipt.
fn take(database: &Connection, row: i64, lease: i64, now: Timestamp, until: Timestamp) -> Result<String> {
    // Never the number of an earlier lease, not even of a dropped delivery that had the same name.
    let lease = (lease + 1).max(micros(now));
    let mut take = database.prepare_cached("UPDATE delivery SET status = 1, due = ?2, lease = ?3 WHERE row = ?1")?;
    take.execute(params![row, micros(until), lease])?;
    Ok(lease.to_string())
}

pub(super) fn claim(database: &Connection, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim> {
    let found = database
        .prepare_cached(&format!(
            "SELECT {DELIVERY}, attempts, lease, row, since, due FROM delivery WHERE id = ?1 AND status < 2"
        ))?
        .query_row([id.0.as_bytes()], |found| {
            let rest: (u32, i64, i64) = (found.get(8)?, found.get(9)?, found.get(10)?);
            Ok((row::delivery(found), rest, row::time(found, 11)?, row::time(found, 12)?))
        })
        .optional()?;
    let Some((delivery, (attempts, lease, row), since, due)) = found else { return Ok(Claim::Nothing) };
    if due > now {
        return Ok(Claim::NotYet(due));
    }
    match delivery {
        Ok(delivery) => {
            let receipt = take(database, row, lease, now, until)?;
            Ok(Claim::Taken(Box::new(Leased { delivery, attempts, since, receipt })))
        }
        Err(error @ (Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..))) => {
            set_aside(database, row, now, &error)?;
            Ok(Claim::Nothing)
        }
        Err(error) => Err(error),
    }
}

fn set_aside(database: &Connection, row: i64, now: Timestamp, error: &Error) -> Result<()> {
    let mut dead = database.prepare_cached("UPDATE delivery SET status = 3, due = ?2, cause = ?3, remedy = ?4 WHERE row = ?1")?;
    let cause = format!("what is stored of this delivery cannot be read: {error}");
    let remedy = "start the version of the connector that wrote it and redrive it, or drop it";
    dead.execute(params![row, micros(now), cause, remedy])?;
    Ok(())
}

pub(super) fn settle(
    database: &Connection,
    batch: &mut Batch,
    leased: (DeliveryId, &str, &str),
    verdict: &Verdict,
    now: Timestamp,
) -> Result<()> {
    let (id, connection, receipt) = leased;
    let Ok(lease) = receipt.parse::<i64>() else { return Ok(()) };
    let outcome = Outcome::of(verdict, now);
    let summary = outcome.summary.as_ref().map(row::to_json).transpose()?;
    let settled = database
        .prepare_cached(
            "UPDATE delivery SET status = ?3, due = ?4, attempts = attempts + ?5, cause = ?6, remedy = ?7, summary = ?8,
             payload = iif(?3 = 2, NULL, payload) WHERE id = ?1 AND status = 1 AND lease = ?2",
        )?
        .execute(params![
            id.0.as_bytes(),
            lease,
            outcome.status as u8,
            micros(outcome.due),
            outcome.counts,
            outcome.cause,
            outcome.remedy,
            summary
        ])?;
    if settled > 0 {
        batch.count(connection, outcome.totals());
    }
    Ok(())
}

pub(super) fn redrive(database: &Connection, batch: &mut Batch, id: DeliveryId, now: Timestamp) -> Result<bool> {
    let redriven = database
        .prepare_cached(
            "UPDATE delivery SET status = 0, due = ?2, since = ?2, attempts = 0, cause = '', remedy = ''
             WHERE id = ?1 AND (status IN (0, 3) OR status = 1 AND due <= ?2)",
        )?
        .execute(params![id.0.as_bytes(), micros(now)])?;
    batch.changed |= redriven > 0;
    Ok(redriven > 0)
}

pub(super) fn drop_delivery(database: &Connection, id: DeliveryId) -> Result<bool> {
    let dropped = database.prepare_cached("DELETE FROM delivery WHERE id = ?1 AND status <> 1")?.execute([id.0.as_bytes()])?;
    Ok(dropped > 0)
}

pub(super) fn prune(database: &Connection, done_before: Timestamp, dead_before: Timestamp, most: usize) -> Result<usize> {
    let mut gone = 0;
    for (status, before) in [(Status::Done, done_before), (Status::DeadLetter, dead_before)] {
        gone += database
            .prepare_cached(
                "DELETE FROM delivery WHERE row IN (SELECT row FROM delivery
                 WHERE status >= 2 AND status = ?1 AND due < ?2 ORDER BY due LIMIT ?3)",
            )?
            .execute(params![status as u8, micros(before), limit(most - gone)])?;
    }
    Ok(gone)
}

/// Gives up to `pages` unused pages back to the file system unless few are unused. Answers whether there is more to give.
pub(super) fn shrink(database: &Connection, pages: u32) -> Result<bool> {
    let unused = || database.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0));
    let all: i64 = database.pragma_query_value(None, "page_count", |row| row.get(0))?;
    // Some are kept: a steady load takes them again soon, and moving pages about is not free.
    let kept = (all / 8).max(256);
    if unused()? <= kept {
        return Ok(false);
    }
    let mut shrink = database.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut steps = shrink.query([])?;
    while steps.next()?.is_some() {}
    Ok(unused()? > kept)
}

pub(super) fn next_due(database: &Connection, connection: &str) -> Result<Option<Timestamp>> {
    database
        .prepare_cached("SELECT due FROM delivery WHERE connection = ?1 AND status < 2 ORDER BY due LIMIT 1")?
        .query_row([connection], |found| row::time(found, 0))
        .optional()
}

pub(super) fn connections(database: &Connection) -> Result<Vec<String>> {
    let mut names = database.prepare_cached("SELECT DISTINCT connection FROM delivery WHERE status < 2")?;
    names.query_map([], |found| found.get(0))?.collect()
}

pub(super) fn list(database: &Connection, filter: &Filter) -> Result<Vec<Listed>> {
    // Few are unfinished or dead letters: their partial index finds them and they are sorted. Most are done: walking back from
    // the newest soon finds enough. The status is written out because a bound one cannot use a partial index.
    let (index, status) = match filter.status {
        Some(Status::Waiting) => ("INDEXED BY delivery_unfinished", "AND status < 2 AND status = 0"),
        Some(Status::Working) => ("INDEXED BY delivery_unfinished", "AND status < 2 AND status = 1"),
        Some(Status::Done) => ("", "AND status = 2"),
        Some(Status::DeadLetter) => ("INDEXED BY delivery_finished", "AND status >= 2 AND status = 3"),
        None => ("", ""),
    };
    let connection = filter.connection.as_deref();
    let mut newest = database.prepare_cached(&format!(
        "SELECT {LISTED} FROM delivery {index} WHERE (?1 IS NULL OR connection = ?1) {status} ORDER BY id DESC LIMIT ?2"
    ))?;
    newest.query_map(params![connection, limit(filter.limit)], row::listed)?.collect()
}

pub(super) fn show(database: &Connection, id: DeliveryId) -> Result<Option<(Listed, Option<Bytes>)>> {
    database
        .prepare_cached(&format!("SELECT {LISTED}, payload FROM delivery WHERE id = ?1"))?
        .query_row([id.0.as_bytes()], |found| {
            let payload: Option<Vec<u8>> = found.get(10)?;
            Ok((row::listed(found)?, payload.map(Bytes::from)))
        })
        .optional()
}

pub(super) fn counts(database: &Connection, connection: Option<&str>) -> Result<Counts> {
    // One snapshot for all three questions.
    let snapshot = database.unchecked_transaction()?;
    let mut counts = Counts::default();
    snapshot
        .prepare_cached(
            "SELECT ifnull(sum(accepted), 0), ifnull(sum(work_items), 0), ifnull(sum(updates), 0),
             ifnull(sum(duplicates_suppressed), 0), ifnull(sum(retried), 0)
             FROM total WHERE ?1 IS NULL OR connection = ?1",
        )?
        .query_row([connection], |sums| {
            let totals = Totals {
                accepted: row::count(sums, 0)?,
                work_items: row::count(sums, 1)?,
                updates: row::count(sums, 2)?,
                duplicates_suppressed: row::count(sums, 3)?,
                retried: row::count(sums, 4)?,
            };
            totals.add_to(&mut counts);
            Ok(())
        })?;
    (counts.backlog, counts.oldest) = snapshot
        .prepare_cached("SELECT count(*), min(accepted_at) FROM delivery WHERE status < 2 AND (?1 IS NULL OR connection = ?1)")?
        .query_row([connection], |found| {
            let count = row::count(found, 0)?;
            Ok((count, if count == 0 { None } else { Some(row::time(found, 1)?) }))
        })?;
    counts.dead_letters = snapshot
        .prepare_cached("SELECT count(*) FROM delivery WHERE status >= 2 AND status = 3 AND (?1 IS NULL OR connection = ?1)")?
        .query_row([connection], |found| row::count(found, 0))?;
    Ok(counts)
}
