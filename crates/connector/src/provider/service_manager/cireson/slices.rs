//! Reading without paging: the portal answers a question whole, in no order, so time is cut into slices and each slice is asked for
//! whole. Slices begin and end at whole seconds, which every text of an instant can tell exactly. They grow while answers are short
//! and are halved when one is too long, too slow or breaks off.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Cireson;
use super::classify::NOUN;
use super::client::Unanswered;
use super::criteria::{Operator, all, generic};
use super::shape::Projection;
use crate::provider::ProviderError;
use crate::provider::order::{Listing, Wrong, seconds_later, whole_second};
use crate::provider::records::Position;
use crate::provider::trouble::Trouble;

/// First width of a slice, in seconds.
const FIRST: u64 = 24 * 3600;
const WIDEST: u64 = 60 * 24 * 3600;
/// So many smaller slices are tried at once; then the sync comes again.
const TRIES: u32 = 6;
/// A record may be dated later than a slice that was asked for before: it was changed meanwhile, by a clock that differs by so much.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(15);

/// How wide slices may be, by what is read.
#[derive(Debug, Default)]
pub(super) struct Widths(Mutex<BTreeMap<&'static str, u64>>);

impl Widths {
    fn get(&self, table: &'static str) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(table).copied().unwrap_or(FIRST)
    }

    fn set(&self, table: &'static str, width: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(table, width.clamp(1, WIDEST));
    }
}

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// Names it.
    pub(super) table: &'static str,
    pub(super) projection: &'a str,
}

/// An object with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) place: Position,
    pub(super) object: Projection,
}

/// Part of the order.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) items: Vec<Item>,
    pub(super) next: Position,
    pub(super) more: bool,
}

/// Whole seconds; without an end everything that is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slice {
    from: Timestamp,
    to: Option<Timestamp>,
}

/// The next records behind `after`, at most about `limit`. Where to go on is always the place of a record, never the end of a slice: the
/// tool's clock may be behind ours, and then the end of a slice is still to come for it.
pub(super) async fn step(
    tool: &Cireson,
    source: Source<'_>,
    after: &Position,
    until: Option<Timestamp>,
    limit: u32,
) -> Result<Step, ProviderError> {
    let mut from = whole_second(after.at);
    // The second of the last instant that is wanted belongs to it whole.
    let end = until.map(|until| seconds_later(whole_second(until), 1));
    let mut tries = 0;
    while end.is_none_or(|end| from < end) {
        let asked = tool.clock.now();
        let width = tool.widths.get(source.table).min(span(from, end.unwrap_or(asked)));
        let to = seconds_later(from, i64::try_from(width).unwrap_or(i64::MAX));
        let last = end.map_or(to > asked, |end| to >= end);
        let slice = Slice { from, to: if last { end } else { Some(to) } };
        match read(tool, source, slice).await? {
            Ok(objects) => {
                let count = objects.len();
                let mut items = place(objects, slice, asked).map_err(|wrong| refused(wrong, source))?;
                items.retain(|item| item.place > *after && until.is_none_or(|until| item.place.at <= until));
                learn(&tool.widths, source.table, width, count, limit, last);
                if last || !items.is_empty() {
                    return Ok(cut(in_order(items), after, !last, limit));
                }
                from = to;
            }
            Err(unanswered) if width <= 1 || tries >= TRIES => return Err(too_much(unanswered, source, slice, width)),
            Err(_) => {
                tries += 1;
                tool.widths.set(source.table, width / 2);
            }
        }
    }
    Ok(Step { items: Vec::new(), next: after.clone(), more: false })
}

/// Whole seconds from one instant to a later one, at least one.
fn span(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or_default().saturating_add(1)
}

/// Asks for a slice; in the other text of instants when the portal does not take this one.
async fn read(tool: &Cireson, source: Source<'_>, slice: Slice) -> Result<Result<Vec<Projection>, Unanswered>, ProviderError> {
    let dates = tool.client.dates();
    match ask(tool, source, slice, dates).await? {
        Err(Unanswered::Told(text)) if speaks_of_dates(&text) => {
            let other = dates.other();
            match ask(tool, source, slice, other).await? {
                Ok(objects) => {
                    tool.client.takes(other);
                    Ok(Ok(objects))
                }
                Err(_) => Ok(Err(Unanswered::Told(text))),
            }
        }
        answered => Ok(answered),
    }
}

/// Whether the portal complains of the text of an instant. The words are not documented, and may be in its language.
fn speaks_of_dates(told: &str) -> bool {
    let lower = told.to_ascii_lowercase();
    lower.contains("datetime") || lower.contains(" date")
}

async fn ask(
    tool: &Cireson,
    source: Source<'_>,
    slice: Slice,
    dates: super::criteria::Dates,
) -> Result<Result<Vec<Projection>, Unanswered>, ProviderError> {
    let bound = |operator, at| generic("LastModified", operator, &dates.write(at));
    let mut parts = vec![bound(Operator::GreaterEqual, slice.from)];
    parts.extend(slice.to.map(|to| bound(Operator::Less, to)));
    let what = format!("reading {}", source.table);
    match tool.client.ask(source.projection, &all(parts), &what).await {
        Ok(answered) => Ok(answered),
        // Too slow or too long an answer is likely to be so again.
        Err(Trouble::Error(ProviderError::Retry { cause, .. })) => Ok(Err(Unanswered::Half(cause))),
        Err(trouble) => Err(trouble.into()),
    }
}

/// What came, held against what was asked for.
fn place(objects: Vec<Projection>, slice: Slice, asked: Timestamp) -> Result<Vec<Item>, Wrong> {
    let mut items = Vec::with_capacity(objects.len());
    for object in objects {
        let id = object.base_id().to_ascii_lowercase();
        if id.is_empty() {
            return Err(Wrong::NoId);
        }
        let at = object.instant("LastModified").ok_or(Wrong::NoTime)?;
        if at < slice.from {
            return Err(Wrong::Bounds);
        }
        if slice.to.is_some_and(|to| at >= to) {
            // Changed while the answer was made: it comes at its new place. What is older than the question was never inside.
            if at.saturating_add(CLOCKS_APART).is_ok_and(|at| at < asked) {
                return Err(Wrong::Bounds);
            }
            continue;
        }
        items.push(Item { place: Position { at, id }, object });
    }
    Ok(items)
}

/// By last change and id, each once.
fn in_order(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by(|one, other| one.place.cmp(&other.place));
    items.dedup_by(|one, other| one.place == other.place);
    items
}

/// The next slice's width, by how much this one held.
fn learn(widths: &Widths, table: &'static str, width: u64, count: usize, limit: u32, last: bool) {
    let (count, limit) = (u64::try_from(count).unwrap_or(u64::MAX), u64::from(limit.max(1)));
    if count > limit {
        widths.set(table, width.saturating_mul(limit) / count);
    } else if !last && count * 2 < limit {
        widths.set(table, width.saturating_mul(2));
    }
}

/// What is given of a slice: all of it, or as much as a page should hold. `more` says whether further slices follow.
fn cut(mut items: Vec<Item>, after: &Position, more: bool, limit: u32) -> Step {
    let most = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
    // A little more than asked for costs less than asking again.
    let long = items.len() > most.saturating_mul(2);
    if long {
        items.truncate(most);
    }
    let next = items.last().map_or_else(|| after.clone(), |item| item.place.clone());
    Step { items, next, more: more || long }
}

fn refused(wrong: Wrong, source: Source<'_>) -> ProviderError {
    let narrowing = "the portal reads dates in criteria in another way than meant (it may take them for local time): set the time zone of its \
                     server or application pool to UTC, and report it with the portal's version";
    wrong.refused(&Listing { noun: NOUN, table: source.table, id: "BaseId", stamp: "LastModified", narrowing })
}

fn too_much(unanswered: Unanswered, source: Source<'_>, slice: Slice, width: u64) -> ProviderError {
    let what = format!("reading {} of {width} s from {}", source.table, slice.from);
    match unanswered {
        Unanswered::Told(text) => super::classify::told(&what, &text),
        Unanswered::Half(cause) => ProviderError::Retry { after: None, cause: format!("{what}: {cause}") },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn object(second: i64, id: &str) -> Projection {
        Projection::new(json!({"BaseId": id, "LastModified": at(second).to_string()})).unwrap()
    }

    fn items(places: &[(i64, &str)]) -> Vec<Item> {
        let item = |(second, id): &(i64, &str)| Item {
            place: Position { at: at(*second), id: (*id).to_owned() },
            object: object(*second, id),
        };
        places.iter().map(item).collect()
    }

    #[test]
    fn what_was_never_inside_is_refused_and_what_was_changed_meanwhile_comes_later() {
        let slice = Slice { from: at(100), to: Some(at(200)) };
        let kept = |places: &[(i64, &str)], asked| {
            let objects = places.iter().map(|(second, id)| object(*second, id)).collect();
            place(objects, slice, at(asked)).map(|items| items.len())
        };
        assert_eq!(kept(&[(100, "a"), (199, "b")], 10_000), Ok(2));
        assert_eq!(kept(&[(99, "a")], 10_000), Err(Wrong::Bounds));
        assert_eq!(kept(&[(10_001, "a")], 10_000), Ok(0));
        // The tool's clock may be behind ours.
        assert_eq!(kept(&[(9_500, "a")], 10_000), Ok(0));
        assert_eq!(kept(&[(5_000, "a")], 10_000), Err(Wrong::Bounds));
        assert_eq!(kept(&[(150, "")], 10_000), Err(Wrong::NoId));
        let undated = Projection::new(json!({"BaseId": "a"})).unwrap();
        assert_eq!(place(vec![undated], slice, at(0)), Err(Wrong::NoTime));
    }

    #[test]
    fn a_slice_is_given_whole_unless_it_is_much_longer_than_a_page() {
        let after = Position::before(at(0));
        let ordered = in_order(items(&[(3, "a"), (1, "b"), (1, "a"), (1, "a")]));
        assert_eq!(ordered.iter().map(|item| item.place.id.as_str()).collect::<String>(), "aba");
        let step = cut(ordered.clone(), &after, true, 2);
        assert_eq!((step.items.len(), step.next, step.more), (3, Position { at: at(3), id: "a".to_owned() }, true));
        let step = cut(ordered.clone(), &after, false, 1);
        assert_eq!((step.items.len(), step.next.at, step.more), (1, at(1), true));
        let step = cut(ordered, &after, false, 10);
        assert_eq!((step.next, step.more), (Position { at: at(3), id: "a".to_owned() }, false));
        let step = cut(Vec::new(), &after, false, 10);
        assert_eq!((step.next, step.more), (after, false));
    }

    #[test]
    fn slices_grow_while_answers_are_short_and_shrink_to_what_fits() {
        let widths = Widths::default();
        learn(&widths, "incident", 100, 3, 10, false);
        assert_eq!(widths.get("incident"), 200);
        learn(&widths, "incident", 200, 40, 10, false);
        assert_eq!(widths.get("incident"), 50);
        learn(&widths, "incident", 1, 1000, 10, false);
        assert_eq!(widths.get("incident"), 1);
        // The last slice is as long as there is time.
        learn(&widths, "incident", 1, 0, 10, true);
        assert_eq!(widths.get("incident"), 1);
        assert_eq!((span(at(0), at(0)), span(at(0), at(9)), span(at(9), at(0))), (1, 10, 1));
    }
}
