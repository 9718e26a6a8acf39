//! Statements of the state documents. A version is `<row>-<change>`: rows are never numbered twice, so that the version of a
//! removed document never fits a later one.

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::row::{limit, micros};
use crate::store::outcome::collection;
use crate::store::{Document, Version};

fn version(row: i64, change: i64) -> Version {
    Version(format!("{row}-{change}"))
}

fn parse(version: &Version) -> Option<(i64, i64)> {
    let (row, change) = version.0.split_once('-')?;
    Some((row.parse().ok()?, change.parse().ok()?))
}

pub(super) fn get(database: &Connection, key: &str) -> Result<Option<Document>> {
    database
        .prepare_cached("SELECT row, version, bytes FROM document WHERE key = ?1")?
        .query_row([key], |found| {
            let bytes = Bytes::from(found.get::<_, Vec<u8>>(2)?);
            Ok(Document { bytes, version: version(found.get(0)?, found.get(1)?) })
        })
        .optional()
}

pub(super) fn put(
    database: &Connection,
    key: &str,
    expected: Option<&Version>,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Option<Version>> {
    let Some(expected) = expected else {
        return database
            .prepare_cached(
                "INSERT INTO document (key, collection, written, bytes) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO NOTHING RETURNING row",
            )?
            .query_row(params![key, collection(key), micros(now), bytes], |made| Ok(version(made.get(0)?, 0)))
            .optional();
    };
    let Some((row, change)) = parse(expected) else { return Ok(None) };
    let changed = database
        .prepare_cached(
            "UPDATE document SET version = version + 1, written = ?4, bytes = ?5 WHERE row = ?1 AND version = ?2 AND key = ?3",
        )?
        .execute(params![row, change, key, micros(now), bytes])?;
    Ok((changed > 0).then(|| version(row, change + 1)))
}

pub(super) fn remove(database: &Connection, key: &str, version: &Version) -> Result<bool> {
    let Some((row, change)) = parse(version) else { return Ok(false) };
    let removed = database
        .prepare_cached("DELETE FROM document WHERE row = ?1 AND version = ?2 AND key = ?3")?
        .execute(params![row, change, key])?;
    Ok(removed > 0)
}

pub(super) fn stale(database: &Connection, collection: &str, before: Timestamp, most: usize) -> Result<Vec<String>> {
    database
        .prepare_cached("SELECT key FROM document WHERE collection = ?1 AND written < ?2 ORDER BY written, key LIMIT ?3")?
        .query_map(params![collection, micros(before), limit(most)], |found| found.get(0))?
        .collect()
}
