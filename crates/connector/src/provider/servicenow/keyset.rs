//! Reading a table in the order of (a date column, `sys_id`), one step after another: which statement comes next, when a list
//! is at its end, how to get past records that may not be read, and whether what came is what was asked for. Offsets slide when
//! records change under them, so there are none, but inside one second of hidden records.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use super::cells::Listed;
use super::classify::Trouble;
use super::client::{Client, List, error};
use super::hidden;
use super::pace::SMALLEST;
use crate::provider::ProviderError;
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

/// A record that knows its place. Nothing: the column is not there or says nothing.
pub(super) trait Placed {
    fn id(&self) -> &str;
    fn at(&self) -> Option<Timestamp>;

    fn place(&self) -> Option<Position> {
        self.at().map(|at| Position { at, id: self.id().to_owned() })
    }
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

    /// Whether a record lies before what was asked for: no change in the meantime can move it there.
    fn behind(&self, place: (Timestamp, &str)) -> bool {
        match self {
            Self::Same(after) => place <= (after.at, &after.id),
            Self::From(from, _) => place.0 < *from,
        }
    }

    fn ahead(&self, place: (Timestamp, &str)) -> bool {
        match self {
            Self::Same(after) => place.0 > after.at,
            Self::From(_, until) => until.is_some_and(|until| place.0 > until),
        }
    }
}

/// As dates stand in a query: UTC, whole seconds.
fn told(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

pub(super) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(i64::MIN)).unwrap_or(Timestamp::MIN)
}

pub(super) fn seconds_later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
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
    let (next, more) = if later.last() { (last, false) } else { (whole_seconds(&mut later.items, last), true) };
    let remaining = later.total.map(|total| total.saturating_sub(later.count()));
    items.append(&mut later.items);
    Ok(Step { items, next, more, remaining, unreadable: 0, remarks })
}

/// A page that was cut inside a second would need a further request for the rest of it. Where that costs little the page ends
/// before that second instead, and the next one begins with it.
fn whole_seconds<T: Placed>(items: &mut Vec<T>, last: Position) -> Position {
    let begun = items.iter().rev().take_while(|item| item.at() == Some(last.at)).count();
    if begun * 10 > items.len() {
        return last;
    }
    items.truncate(items.len() - begun);
    Position::before(last.at)
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
        let limit = client.pace().limit(source.table, limit);
        match client
            .list(&List { table: source.table, query: &query, fields: source.fields, limit, offset: 0, count: true })
            .await
        {
            Ok(Ok(Listed { items, total })) => {
                match verify(&items, source, part) {
                    Ok(()) => {
                        client.pace().whole(source.table, !items.is_empty());
                        return Ok(Fetched { items, total, limit });
                    }
                    // A record that is changed while the instance makes the page can leave its place: seen twice, it is no chance.
                    Err(Wrong::Order) if !disordered => disordered = true,
                    Err(wrong) => return Err(wrong.refused(source)),
                }
            }
            Ok(Err(cause)) if limit <= SMALLEST => return Err(ProviderError::Retry { after: None, cause }),
            Ok(Err(_)) => client.pace().half(source.table, limit),
            Err(trouble) => {
                // Too slow or too long an answer is likely to be so again.
                if matches!(trouble, Trouble::Error(ProviderError::Retry { .. })) {
                    client.pace().half(source.table, limit);
                }
                return Err(error(trouble));
            }
        }
    }
}

/// What is wrong with a list.
enum Wrong {
    /// A record without this column.
    Column(&'static str),
    /// A record from before what was asked for.
    Bounds,
    /// A record from behind it, or at the wrong place.
    Order,
}

impl Wrong {
    fn refused(&self, source: &Source<'_>) -> ProviderError {
        let Source { table, stamp, setting, .. } = source;
        let narrowing = if setting.is_empty() {
            "ask the instance's administrator".to_owned()
        } else {
            format!("correct {setting}: an encoded query of columns that exist, without ^NQ and ORDERBY")
        };
        let (cause, remedy) = match self {
            Self::Column(column) => (
                format!("reading {table}: a record comes without a usable {column}, so its place in time is not known"),
                format!("give the integration user the right to read {table}.{column} (a read ACL on the column)"),
            ),
            Self::Bounds => (
                format!(
                    "reading {table}: the instance answered with records outside of the time asked for; it ignores what it does not understand in a query"
                ),
                narrowing,
            ),
            Self::Order => (format!("reading {table}: the instance did not keep to the order of {stamp} and sys_id"), narrowing),
        };
        ProviderError::Refused { cause, remedy }
    }
}

fn verify<T: Placed>(items: &[T], source: &Source<'_>, part: &Part<'_>) -> Result<(), Wrong> {
    let mut before: Option<(Timestamp, &str)> = None;
    let mut order = Ok(());
    for item in items {
        if item.id().is_empty() {
            return Err(Wrong::Column("sys_id"));
        }
        let place = (item.at().ok_or(Wrong::Column(source.stamp))?, item.id());
        if part.behind(place) {
            return Err(Wrong::Bounds);
        }
        if part.ahead(place) || before.is_some_and(|before| before >= place) {
            order = Err(Wrong::Order);
        }
        before = Some(place);
    }
    order
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

    #[test]
    fn a_second_is_cut_downwards_also_before_1970() {
        let at: Timestamp = "1969-12-31T23:59:58.5Z".parse().unwrap();
        assert_eq!(whole_second(at).as_second(), -2);
    }
}
