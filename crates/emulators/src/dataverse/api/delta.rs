//! Change tracking: a full reading that ends with a delta link, and what changed or went away since a delta link was given.

use serde_json::{Value, json};

use super::{
    super::{
        database::Database,
        environment::Request,
        guid,
        query::options::Query,
        refusal::Refusal,
        schema::{Table, TableId},
    },
    list::{self, LARGEST},
    ok, render,
};
use crate::http::Answer;

/// Where a reading stands: changes above `from` up to `until`, those up to `at` being read already.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// 0: everything, and no deletions.
    from: u64,
    until: u64,
    at: u64,
}

/// A list with `Prefer: odata.track-changes`, or with a delta token.
pub(super) fn answer(
    request: &Request<'_>,
    database: &Database,
    table: (TableId, &Table),
    query: &Query,
) -> Result<Answer, Refusal> {
    let definition = table.1;
    if !definition.change_tracking {
        let text = format!("Entity: {} isn't enabled for change tracking.", definition.logical_name);
        return Err(Refusal::bad(text));
    }
    for (name, _) in &query.pairs {
        if matches!(name.as_str(), "$filter" | "$orderby" | "$expand" | "$top") {
            return Err(Refusal::bad(format!("The {name} query parameter isn't supported when tracking changes.")));
        }
    }
    let start = match &query.delta_token {
        Some(token) => Reading { from: version(request, token)?, until: database.version(), at: 0 },
        None => Reading { from: 0, until: database.version(), at: 0 },
    };
    let reading = match &query.skip_token {
        Some(token) => resumed(token).ok_or_else(|| Refusal::bad("Malformed XML in the Paging Cookie"))?,
        None => start,
    };
    let size = request.prefer.page.unwrap_or(LARGEST).min(LARGEST);
    let (value, last) = changes(request, database, table, query, reading, size)?;
    let mut body = json!({
        "@odata.context": render::context(request, definition, &query.select_text, "/$delta"),
        "value": value,
    });
    if let Some(fields) = body.as_object_mut() {
        if let Some(at) = last {
            let token = format!("$skiptoken=tracking-{}-{}-{at}", reading.from, reading.until);
            fields.insert("@odata.nextLink".to_owned(), list::link(request, definition, query, &token).into());
        } else {
            let link = list::link(request, definition, query, &delta_token(request, reading.until));
            fields.insert("@odata.deltaLink".to_owned(), link.into());
        }
    }
    let answer = ok(&body);
    Ok(match request.prefer.applied(true) {
        Some(applied) => answer.with_header("Preference-Applied", applied),
        None => answer,
    })
}

/// One page of changes in the order of their versions, and the last version when more follow.
fn changes(
    request: &Request<'_>,
    database: &Database,
    table: (TableId, &Table),
    query: &Query,
    reading: Reading,
    size: usize,
) -> Result<(Vec<Value>, Option<u64>), Refusal> {
    let Some(shelf) = database.shelf(table.0) else { return Ok((Vec::new(), None)) };
    let from = reading.from.max(reading.at);
    // The newest version of a record may have moved behind `until` since the first page; then the next delta brings it.
    let mut found: Vec<(u64, u128, bool)> = shelf
        .versions
        .range(from + 1..=reading.until.max(from + 1))
        .filter(|(version, _)| **version <= reading.until)
        .map(|(version, id)| (*version, *id, false))
        .take(size + 1)
        .collect();
    if reading.from > 0 {
        let start = shelf.gone.partition_point(|gone| gone.version <= from);
        let gone = shelf.gone.iter().skip(start).take_while(|gone| gone.version <= reading.until).take(size + 1);
        found.extend(gone.map(|gone| (gone.version, gone.id, true)));
        found.sort_unstable();
    }
    let last = (found.len() > size).then(|| found.get(size.saturating_sub(1)).map(|(version, ..)| *version)).flatten();
    let set = &table.1.set_name;
    let mut value = Vec::new();
    for (_, id, gone) in found.into_iter().take(size) {
        if gone {
            let context = format!("{}/$metadata#{set}/$deletedEntity", request.base);
            value.push(json!({"@odata.context": context, "id": guid::show(id), "reason": "deleted"}));
        } else if let Some(row) = shelf.rows.get(&id) {
            value.push(Value::Object(render::expanded(database, table.1, row, query, &request.prefer)?));
        }
    }
    Ok((value, last))
}

/// `919042%2108%2f22%2f2026%2008%3a10%3a44`
fn delta_token(request: &Request<'_>, version: u64) -> String {
    let at = jiff::Timestamp::from_second(request.environment.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("$deltatoken={version}%21{}", at.strftime("%m%%2f%d%%2f%Y%%20%H%%3a%M%%3a%S"))
}

/// The version of a token that is not too old.
fn version(request: &Request<'_>, token: &str) -> Result<u64, Refusal> {
    let malformed = || Refusal::bad("The delta token is not valid.");
    let (version, time) = token.split_once('!').ok_or_else(malformed)?;
    let version = version.parse().map_err(|_| malformed())?;
    let time =
        jiff::fmt::strtime::parse("%m/%d/%Y %H:%M:%S", time).and_then(|time| time.to_datetime()).map_err(|_| malformed())?;
    let given = time.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| malformed())?.timestamp().as_second();
    if request.environment.now() - given > request.environment.options.delta_days * 86_400 {
        let text = "Version stamp associated with the client has expired. Please perform a full sync.";
        return Err(Refusal::new(400, "0x80044352", text));
    }
    Ok(version)
}

fn resumed(token: &str) -> Option<Reading> {
    let mut numbers = token.strip_prefix("tracking-")?.split('-').map(|part| part.parse().ok());
    Some(Reading { from: numbers.next()??, until: numbers.next()??, at: numbers.next()?? })
}
