//! Reading a table in the order of (a date column, `sys_id`), one step after another: which statement comes next, when a list
//! is at its end, how to get past records that may not be read, and whether what came is what was asked for. Offsets slide when
//! records change under them, so there are none, but inside one second of hidden records.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::cells::Listed;
use super::classify::{NOUN, Trouble};
use super::client::{Client, List};
use super::hidden;
use crate::provider::ProviderError;
use crate::provider::order::{
    Listing, Place, Placed, Side, Wrong, end_at_whole_instant, seconds_later, strictly, verify, whole_second,
};
use crate::provider::pace::SMALLEST;
use crate::provider::records::{Position, Remark};

/// ServiceNow's own largest page.
pub(super) const LARGEST: u32 = 10_000;

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) table: &'static str,
    /// The date column; seconds are its finest part.
    pub(super) stamp: &'static str,
    /// An encoded query that narrows the table; may be empty.
    pub(super) base: &'a str,
    /// The setting in which `base` stands; empty when it is ours.
    pub(super) setting: &'static str,
    /// Columns, separated by commas; `sys_id` and `stamp` among them.
    pub(super) fields: &'a str,
    /// Whether to look behind records that may not be read.
    pub(super) search_hidden: bool,
}

/// What a step gave.
#[derive(Debug)]
pub(super) struct Step<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Position,
    pub(super) more: bool,
    /// Records behind `next`, as far as the instance says.
    pub(super) remaining: Option<u64>,
    /// So many records match and not one of them may be read; zero when that is not so.
    pub(super) unreadable: u64,
    pub(super) remarks: Vec<Remark>,
}

impl<T> Step<T> {
    pub(super) const fn empty(next: Position, more: bool) -> Self {
        Self { items: Vec::new(), next, more, remaining: None, unreadable: 0, remarks: Vec::new() }
    }
}

/// The part of the order that a statement asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// Behind a record, in its second; all of the second behind an empty id.
    Same(&'a Position),
    /// From an instant on, up to another.
    From(Timestamp, Option<Timestamp>),
}

impl Part<'_> {
    pub(super) fn query(&self, source: &Source<'_>) -> String {
        let Source { base, stamp, .. } = source;
        let caret = if base.is_empty() { "" } else { "^" };
        match self {
            Self::Same(Position { at, id }) => {
                let behind = if id.is_empty() { String::new() } else { format!("^sys_id>{id}") };
                format!("{base}{caret}{stamp}={}{behind}^ORDERBYsys_id", told(*at))
            }
            Self::From(from, until) => {
                let until = until.map(|until| format!("^{stamp}<={}", told(until))).unwrap_or_default();
                format!("{base}{caret}{stamp}>={}{until}^ORDERBY{stamp}^ORDERBYsys_id", told(*from))
            }
        }
    }

    /// How a place lies to what was asked for.
    fn side(&self, place: Place<'_>) -> Side {
        let (before, behind) = match self {
            Self::Same(after) => (place <= (after.at, &after.id), place.0 > after.at),
            Self::From(from, until) => (place.0 < *from, until.is_some_and(|until| place.0 > until)),
        };
        if before {
            Side::Before
        } else if behind {
            Side::Behind
        } else {
            Side::Inside
        }
    }
}

/// As dates stand in a query: UTC, whole seconds.
fn told(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// One list, whole and verified.
pub(super) struct Fetched<T> {
    pub(super) items: Vec<T>,
    pub(super) total: Option<u64>,
    /// The limit it was asked with in the end.
    limit: u32,
}

impl<T> Fetched<T> {
    fn count(&self) -> u64 {
        self.items.len().try_into().unwrap_or(u64::MAX)
    }

    /// Whether nothing follows. Access rules take records off a page after the limit has cut it, so a short page proves
    /// nothing; the total is believed only when it says that everything was seen.
    fn last(&self) -> bool {
        self.count() < u64::from(self.limit) && self.total.is_some_and(|total| total <= self.count())
    }

    /// An empty list though more records match than it looked at: not one of these may be read.
    pub(super) fn all_hidden(&self) -> bool {
        self.items.is_empty() && self.total.is_some_and(|total| total > u64::from(self.limit))
    }
}

/// The next records behind `after`, at most about `limit`.
pub(super) async fn step<T: Placed + DeserializeOwned + Send>(
    client: &Client,
    source: &Source<'_>,
    after: &Position,
    until: Option<Timestamp>,
    limit: u32,
    now: Timestamp,
) -> Result<Step<T>, ProviderError> {
    let limit = limit.clamp(1, LARGEST);
    let until = until.map(whole_second);
    let mut from = whole_second(after.at);
    let mut items: Vec<T> = Vec::new();
    let mut remarks = Vec::new();
    if !after.id.is_empty() {
        let after = Position { at: from, id: after.id.clone() };
        let same: Fetched<T> = fetch(client, source, &Part::Same(&after), limit).await?;
        let next_second = seconds_later(from, 1);
        if same.all_hidden() && source.search_hidden {
            if let Some(found) = hidden::in_second(client, source, &after, &mut remarks).await? {
                return Ok(Step { remarks, ..Step::empty(found, true) });
            }
        } else if !same.last()
            && let Some(next) = same.items.last().and_then(Placed::place)
        {
            return Ok(Step { items: same.items, ..Step::empty(next, true) });
        } else if same.items.len() * 2 >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok(Step { items: same.items, ..Step::empty(Position::before(next_second), true) });
        }
        items = same.items;
        from = next_second;
    }
    let last = items.last().and_then(Placed::place);
    let stay = last.unwrap_or_else(|| after.clone());
    if until.is_some_and(|until| from > until) {
        return Ok(Step { items, remarks, ..Step::empty(stay, false) });
    }
    let room = limit.saturating_sub(items.len().try_into().unwrap_or(u32::MAX)).max(1);
    let mut later: Fetched<T> = fetch(client, source, &Part::From(from, until), room).await?;
    let total = later.total.unwrap_or_default();
    // Whether the count holds hidden records is not documented. Until it was seen that it does, some that match and do not come
    // are looked for.
    let doubtful = later.items.is_empty() && total > 0 && !client.pace().counts_hidden(source.table);
    if (later.all_hidden() || doubtful) && source.search_hidden {
        let end = until.unwrap_or(now).max(from);
        let (next, more) = hidden::search(client, source, from, end, total, &mut remarks).await?;
        if !more {
            client.pace().saw_hidden_counted(source.table);
        }
        let unreadable = if more || !items.is_empty() { 0 } else { total };
        return Ok(Step { items, unreadable, remarks, ..Step::empty(next.unwrap_or(stay), more) });
    }
    let Some(last) = later.items.last().and_then(Placed::place) else {
        let unreadable = if items.is_empty() { total } else { 0 };
        return Ok(Step { items, remaining: Some(0), unreadable, remarks, ..Step::empty(stay, false) });
    };
    let (next, more) = if later.last() { (last, false) } else { (end_at_whole_instant(&mut later.items, last), true) };
    let remaining = later.total.map(|total| total.saturating_sub(later.count()));
    items.append(&mut later.items);
    Ok(Step { items, next, more, remaining, unreadable: 0, remarks })
}

/// One list. Half a list is asked for again with half the limit.
pub(super) async fn fetch<T: Placed + DeserializeOwned + Send>(
    client: &Client,
    source: &Source<'_>,
    part: &Part<'_>,
    limit: u32,
) -> Result<Fetched<T>, ProviderError> {
    let query = part.query(source);
    let mut disordered = false;
    loop {
        let limit = client.pace().length().limit(source.table, limit);
        match client
            .list(&List { table: source.table, query: &query, fields: source.fields, limit, offset: 0, count: true })
            .await
        {
            Ok(Ok(Listed { items, total })) => {
                match verify(&items, |place| part.side(place), strictly) {
                    Ok(()) => {
                        client.pace().whole(source.table, !items.is_empty());
                        return Ok(Fetched { items, total, limit });
                    }
                    // A record that is changed while the instance makes the page can leave its place: seen twice, it is no chance.
                    Err(Wrong::Order) if !disordered => disordered = true,
                    Err(wrong) => return Err(refused(wrong, source)),
                }
            }
            Ok(Err(cause)) if limit <= SMALLEST => return Err(ProviderError::Retry { after: None, cause }),
            Ok(Err(_)) => client.pace().length().half(source.table, limit),
            Err(trouble) => {
                // Too slow or too long an answer is likely to be so again.
                if matches!(trouble, Trouble::Error(ProviderError::Retry { .. })) {
                    client.pace().length().half(source.table, limit);
                }
                return Err(trouble.into());
            }
        }
    }
}

fn refused(wrong: Wrong, source: &Source<'_>) -> ProviderError {
    let Source { table, stamp, setting, .. } = source;
    let narrowing = if setting.is_empty() {
        "ask the instance's administrator".to_owned()
    } else {
        format!("correct {setting}: an encoded query of columns that exist, without ^NQ and ORDERBY")
    };
    wrong.refused(&Listing { noun: NOUN, table, id: "sys_id", stamp, narrowing: &narrowing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_statements_stand_behind_the_narrowing() {
        let after = Position { at: "2026-09-01T10:00:02.9Z".parse().unwrap(), id: "ab".to_owned() };
        let source = Source {
            table: "incident",
            stamp: "sys_updated_on",
            base: "active=true",
            setting: "",
            fields: "",
            search_hidden: true,
        };
        assert_eq!(Part::Same(&after).query(&source), "active=true^sys_updated_on=2026-09-01 10:00:02^sys_id>ab^ORDERBYsys_id");
        let bare = Source { base: "", ..source };
        assert_eq!(
            Part::From(after.at, Some(after.at)).query(&bare),
            "sys_updated_on>=2026-09-01 10:00:02^sys_updated_on<=2026-09-01 10:00:02^ORDERBYsys_updated_on^ORDERBYsys_id"
        );
    }
}
