//! Reading a business object in the order of the last change, one page after another. Cherwell has no `>=`, no ranges, and dates of
//! whole minutes, so a page asks for everything behind a bound and ends before the last [`Stretch`] on it, with which the next page
//! begins. A stretch with more records than a page is asked for with a longer page, and one that is longer still in the order of
//! `RecID`, which no change moves. Page numbers are never used: what they count differs between releases, and pages by number slide
//! under changes.

use jiff::Timestamp;

use super::classify::NOUN;
use super::client::{Filter, Operator, Search};
use super::dates::{Stretch, Wall};
use super::definitions::Shape;
use super::shapes::{Field, Found, Record};
use super::{Cherwell, ProviderError};
use crate::provider::order::{Listing, Place, Placed, Side, Wrong, in_time, seconds_later, strictly, verify};
use crate::provider::pace::SMALLEST;
use crate::provider::records::Position;
use crate::provider::trouble::Trouble;

/// The longest page that is asked for. None is documented; much longer ones are known to work, but weigh on the server.
pub(super) const LARGEST: u32 = 10_000;
/// A stretch is given pages up to this length before it is read in the order of `RecID`: about what fits into an answer.
const STRETCH: u32 = 4_000;
/// Begins ids of places inside a stretch that is read in the order of `RecID`: all up to the id behind it was read. It sorts behind
/// every `RecID`.
const INSIDE: char = '~';
/// A server that passes over the seconds of a bound gives records of the minute before it, which are left out here; earlier ones say
/// that it passed over the filter.
const SLACK: i64 = 120;

/// What is read.
pub(super) struct Source<'a> {
    pub(super) shape: &'a Shape,
    pub(super) wall: &'a Wall,
    /// What narrows it.
    pub(super) filters: Vec<Filter<'a>>,
    /// The setting of that.
    pub(super) setting: &'static str,
    pub(super) fields: Vec<&'a Field>,
    modified: &'a Field,
    rec_id: &'a Field,
}

impl<'a> Source<'a> {
    pub(super) fn new(
        shape: &'a Shape,
        wall: &'a Wall,
        filters: Vec<Filter<'a>>,
        setting: &'static str,
        fields_setting: &'static str,
    ) -> Result<Self, ProviderError> {
        let modified = shape.need("modified", fields_setting)?;
        let rec_id = shape.object.rec_id().ok_or_else(|| ProviderError::Refused {
            cause: format!("{} does not say which field is the record's id", shape.object.name),
            remedy: "give the integration user the right to see the field RecID".to_owned(),
        })?;
        Ok(Self { shape, wall, filters, setting, fields: vec![rec_id, modified], modified, rec_id })
    }

    fn what(&self) -> String {
        format!("reading {}", self.shape.object.name)
    }

    fn refused(&self, wrong: Wrong) -> ProviderError {
        let narrowing = if wrong == Wrong::Order {
            "set cherwell.zone to the IANA name of the server's zone; if that is right, ask the server's administrator"
        } else {
            "see that the field is filled in every record, and correct the sync's narrowing in this connection"
        };
        tracing::debug!(setting = self.setting, "the narrowing of the list that went wrong");
        wrong.refused(&Listing {
            noun: NOUN,
            table: &self.shape.object.name,
            id: &self.rec_id.name,
            stamp: &self.modified.name,
            narrowing,
        })
    }
}

/// A record at its place: the beginning of its stretch, and its id.
pub(super) struct Item {
    pub(super) record: Record,
    stretch: Option<Stretch>,
}

impl Placed for Item {
    fn id(&self) -> &str {
        &self.record.rec_id
    }
    fn at(&self) -> Option<Timestamp> {
        self.stretch.map(|stretch| stretch.start)
    }
}

/// What a step gave.
pub(super) struct Step {
    pub(super) items: Vec<Item>,
    pub(super) next: Position,
    pub(super) more: bool,
    pub(super) remaining: Option<u64>,
}

/// One list, whole, and whether it is all there is.
struct Listed {
    items: Vec<Item>,
    more: bool,
    total: Option<u64>,
}

/// The next records behind `after`, about `limit`.
pub(super) async fn step(
    tool: &Cherwell,
    source: &Source<'_>,
    after: &Position,
    until: Option<Timestamp>,
    limit: u32,
) -> Result<Step, ProviderError> {
    let stretch = source.wall.stretch(after.at);
    if let Some(id) = after.id.strip_prefix(INSIDE) {
        return inside(tool, source, stretch, id, until, limit).await;
    }
    let mut wanted = limit;
    loop {
        let Listed { mut items, more, total } = by_time(tool, source, stretch, wanted).await?;
        let came = items.len();
        items.retain(|item| item.at().is_some_and(|at| at >= stretch.start));
        let last = items.last().and_then(|item| item.stretch);
        let over = until.is_some_and(|until| last.is_some_and(|last| last.start > until));
        if !more || over {
            items.retain(|item| until.is_none_or(|until| item.at().is_some_and(|at| at <= until)));
            let next = items.last().and_then(Placed::place).unwrap_or_else(|| after.clone());
            return Ok(Step { items, next: next.max(after.clone()), more: false, remaining: Some(0) });
        }
        let remaining = total.map(|total| total.saturating_sub(u64::try_from(came).unwrap_or(u64::MAX)));
        if let Some(last) = last.filter(|last| last.start > stretch.start) {
            items.retain(|item| item.at().is_some_and(|at| at < last.start));
            return Ok(Step { items, next: Position::before(last.start), more: true, remaining });
        }
        // All of it looks the same.
        if wanted >= STRETCH {
            return inside(tool, source, stretch, "", until, limit).await;
        }
        wanted = wanted.saturating_mul(4).min(STRETCH);
    }
}

/// The next records of one stretch in the order of their ids, behind `id`. Later ones are among them and left out: there is no
/// filter that ends a range.
async fn inside(
    tool: &Cherwell,
    source: &Source<'_>,
    stretch: Stretch,
    id: &str,
    until: Option<Timestamp>,
    limit: u32,
) -> Result<Step, ProviderError> {
    let Listed { mut items, more, .. } = by_id(tool, source, stretch, id, limit).await?;
    let last = items.last().map(|item| item.record.rec_id.clone());
    items.retain(|item| item.at() == Some(stretch.start));
    let (next, more) = match last {
        Some(last) if more => (Position { at: stretch.start, id: format!("{INSIDE}{last}") }, true),
        _ => (Position::before(stretch.end), until.is_none_or(|until| stretch.end <= until)),
    };
    Ok(Step { items, next, more, remaining: None })
}

/// Behind the bound, in the order of the last change.
async fn by_time(tool: &Cherwell, source: &Source<'_>, stretch: Stretch, wanted: u32) -> Result<Listed, ProviderError> {
    let bound = (source.modified, Operator::Gt, source.wall.bound(stretch));
    let earliest = seconds_later(stretch.start, -SLACK);
    let side = |place: Place<'_>| if place.0 < earliest { Side::Before } else { Side::Inside };
    let key = |item: &Item| item.at().map(|at| at.to_string());
    let sorting = [source.modified, source.rec_id];
    list(tool, source, vec![bound], &sorting, wanted, key, |items| verify(items, side, in_time)).await
}

/// Behind the bound and an id, in the order of ids.
async fn by_id(tool: &Cherwell, source: &Source<'_>, stretch: Stretch, id: &str, wanted: u32) -> Result<Listed, ProviderError> {
    let mut filters = vec![(source.modified, Operator::Gt, source.wall.bound(stretch))];
    if !id.is_empty() {
        filters.push((source.rec_id, Operator::Gt, id.to_owned()));
    }
    let behind = id.to_ascii_lowercase();
    let side = |place: Place<'_>| if place.1.to_ascii_lowercase() <= behind { Side::Before } else { Side::Inside };
    let follows = |first: Place<'_>, second: Place<'_>| {
        strictly((Timestamp::MIN, &first.1.to_ascii_lowercase()), (Timestamp::MIN, &second.1.to_ascii_lowercase()))
    };
    let key = |item: &Item| Some(item.record.rec_id.to_ascii_lowercase());
    list(tool, source, filters, &[source.rec_id], wanted, key, |items| verify(items, side, follows)).await
}

/// One list, whole and verified, sorted upwards. A list that is all there is needs no order from the tool.
async fn list(
    tool: &Cherwell,
    source: &Source<'_>,
    filters: Vec<Filter<'_>>,
    sorting: &[&Field],
    wanted: u32,
    key: impl Fn(&Item) -> Option<String>,
    verified: impl Fn(&[Item]) -> Result<(), Wrong>,
) -> Result<Listed, ProviderError> {
    let (client, table) = (&tool.client, source.shape.object.name.as_str());
    let filters: Vec<Filter<'_>> = filters.into_iter().chain(source.filters.iter().cloned()).collect();
    let mut disordered = false;
    loop {
        let size = tool.pace.limit(table, wanted);
        let direction = client.direction.upwards();
        let proven = client.direction.proven();
        let found = match ask(tool, source, &filters, sorting, direction, size).await? {
            Ok(found) => found,
            Err(cause) if size <= SMALLEST => return Err(ProviderError::Retry { after: None, cause }),
            Err(_) => {
                tool.pace.half(table, size);
                continue;
            }
        };
        tool.pace.whole(table);
        let (more, total) = (found.more(size), found.total());
        let mut items = placed(found, source);
        if !more {
            items.sort_by_cached_key(|item| (key(item), item.record.rec_id.to_ascii_lowercase()));
        } else if items.is_empty() {
            let cause = format!("{}: the server says that there are records, and gives none", source.what());
            return Err(ProviderError::Retry { after: None, cause });
        } else if !proven {
            match seen(tool, source, &filters, sorting, direction, &items, &key).await? {
                Some(true) => client.direction.learn(direction),
                Some(false) => {
                    client.direction.learn(1 - direction);
                    continue;
                }
                None => {}
            }
        }
        match verified(&items) {
            Ok(()) => return Ok(Listed { items, more, total }),
            // A record that is changed while the tool makes the page can leave its place: seen twice, it is no chance.
            Err(Wrong::Order) if !disordered => disordered = true,
            Err(wrong) => return Err(source.refused(wrong)),
        }
    }
}

/// Whether a page that is not all there is goes upwards; nothing when all that there is looks the same. What `sortDirection` means is
/// documented nowhere, so it is believed only when it was seen: going downwards would pass over everything older.
async fn seen(
    tool: &Cherwell,
    source: &Source<'_>,
    filters: &[Filter<'_>],
    sorting: &[&Field],
    direction: u8,
    items: &[Item],
    key: &impl Fn(&Item) -> Option<String>,
) -> Result<Option<bool>, ProviderError> {
    let (first, last) = (items.first().and_then(key), items.last().and_then(key));
    if first != last {
        return Ok(Some(first < last));
    }
    // The other end, from the other side.
    let found = ask(tool, source, filters, sorting, 1 - direction, 1).await?;
    let found = found.map_err(|cause| ProviderError::Retry { after: None, cause })?;
    let other = placed(found, source).first().and_then(key);
    Ok((other.is_some() && other != first).then_some(first < other))
}

async fn ask(
    tool: &Cherwell,
    source: &Source<'_>,
    filters: &[Filter<'_>],
    sorting: &[&Field],
    direction: u8,
    size: u32,
) -> Result<Result<Found, String>, ProviderError> {
    let what = source.what();
    let search = Search { object: &source.shape.object, filters, sorting, direction, fields: &source.fields, size, what: &what };
    match tool.client.page(&search).await {
        Ok(found) => Ok(found),
        Err(trouble) => {
            // Too slow or too long an answer is likely to be so again.
            if matches!(trouble, Trouble::Error(ProviderError::Retry { .. })) {
                tool.pace.half(&source.shape.object.name, size);
            }
            Err(trouble.into())
        }
    }
}

fn placed(found: Found, source: &Source<'_>) -> Vec<Item> {
    let item = |record: Record| {
        let at = source.wall.instant(record.value(Some(source.modified)));
        Item { stretch: at.map(|at| source.wall.stretch(at)), record }
    };
    found.business_objects.into_iter().map(item).collect()
}
