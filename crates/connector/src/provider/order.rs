//! Lists in the order of (last change, id), whatever language asks for them: whether what came is what was asked for, and where
//! a page may end. A tool that ignores part of a question would else make a sync skip records or run in circles.

use jiff::{SignedDuration, Timestamp};

use super::ProviderError;
use super::records::Position;

/// A record that knows its place. Nothing: the field is not there or says nothing.
pub trait Placed {
    /// The record's id; empty when it is not there.
    fn id(&self) -> &str;
    /// Its last change.
    fn at(&self) -> Option<Timestamp>;

    /// Both.
    fn place(&self) -> Option<Position> {
        self.at().map(|at| Position { at, id: self.id().to_owned() })
    }
}

/// A place in the order.
pub type Place<'a> = (Timestamp, &'a str);

/// How a place lies to what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before it: no change in the meantime can move a record there.
    Before,
    /// Inside.
    Inside,
    /// Behind it: a record that is changed while the tool makes the page can come so.
    Behind,
}

/// What is wrong with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// A record without an id.
    NoId,
    /// A record without a time of its last change.
    NoTime,
    /// A record from before what was asked for.
    Bounds,
    /// A record from behind it, or at the wrong place: may be chance when seen once, for a record that changes leaves its place.
    Order,
}

/// Whether each record has a place, inside of what was asked for, and none comes before the one it follows. `follows` says
/// whether a place (second) may come next after another (first): [`strictly`] where ids sort as texts do, [`in_time`] where the
/// tool sorts them in its own way.
pub fn verify<T: Placed>(
    items: &[T],
    side: impl Fn(Place<'_>) -> Side,
    follows: impl Fn(Place<'_>, Place<'_>) -> bool,
) -> Result<(), Wrong> {
    let mut last: Option<Place<'_>> = None;
    let mut order = Ok(());
    for item in items {
        if item.id().is_empty() {
            return Err(Wrong::NoId);
        }
        let place = (item.at().ok_or(Wrong::NoTime)?, item.id());
        match side(place) {
            Side::Before => return Err(Wrong::Bounds),
            Side::Behind => order = Err(Wrong::Order),
            Side::Inside => {}
        }
        if last.is_some_and(|last| !follows(last, place)) {
            order = Err(Wrong::Order);
        }
        last = Some(place);
    }
    order
}

/// By time, then by id as texts.
#[must_use]
pub fn strictly(first: Place<'_>, second: Place<'_>) -> bool {
    first < second
}

/// By time; within an instant as it comes.
#[must_use]
pub fn in_time(first: Place<'_>, second: Place<'_>) -> bool {
    first.0 <= second.0
}

/// What a list was asked of, for messages.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// Who answers: `instance`.
    pub noun: &'a str,
    /// The table.
    pub table: &'a str,
    /// The field of the id.
    pub id: &'a str,
    /// The field of the last change.
    pub stamp: &'a str,
    /// What to do when the tool does not keep to bounds and order.
    pub narrowing: &'a str,
}

impl Wrong {
    /// The refusal that this is.
    #[must_use]
    pub fn refused(self, listing: &Listing<'_>) -> ProviderError {
        let Listing { noun, table, id, stamp, narrowing } = listing;
        let unplaced = |field: &str| {
            (
                format!("reading {table}: a record comes without a usable {field}, so its place in time is not known"),
                format!("give the integration user the right to read {table}.{field} (a read ACL on the column)"),
            )
        };
        let (cause, remedy) = match self {
            Self::NoId => unplaced(id),
            Self::NoTime => unplaced(stamp),
            Self::Bounds => (
                format!(
                    "reading {table}: the {noun} answered with records outside of the time asked for; it ignores what it does \
                     not understand in a query"
                ),
                (*narrowing).to_owned(),
            ),
            Self::Order => {
                (format!("reading {table}: the {noun} did not keep to the order of {stamp} and {id}"), (*narrowing).to_owned())
            }
        };
        ProviderError::Refused { cause, remedy }
    }
}

/// A page that was cut inside an instant would need a further request for the rest of it. Where that costs little the page ends
/// before that instant instead, and the next one begins with it. `last` is the place of the last item; answers where to go on.
pub fn end_at_whole_instant<T: Placed>(items: &mut Vec<T>, last: Position) -> Position {
    let begun = items.iter().rev().take_while(|item| item.at() == Some(last.at)).count();
    if begun * 10 > items.len() {
        return last;
    }
    items.truncate(items.len() - begun);
    Position::before(last.at)
}

/// The second that holds `at`, for tools whose times are no finer.
#[must_use]
pub fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(i64::MIN)).unwrap_or(Timestamp::MIN)
}

/// So many seconds later.
#[must_use]
pub fn seconds_later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Item(Option<i64>, &'static str);

    impl Placed for Item {
        fn id(&self) -> &str {
            self.1
        }
        fn at(&self) -> Option<Timestamp> {
            self.0.map(|second| Timestamp::from_second(second).unwrap())
        }
    }

    fn side(place: Place<'_>) -> Side {
        match place.0.as_second() {
            ..10 => Side::Before,
            10..20 => Side::Inside,
            _ => Side::Behind,
        }
    }

    fn verified(items: &[(i64, &'static str)]) -> Result<(), Wrong> {
        let items: Vec<_> = items.iter().map(|(second, id)| Item(Some(*second), id)).collect();
        verify(&items, side, strictly)
    }

    #[test]
    fn what_came_is_held_against_what_was_asked_for() {
        assert_eq!(verified(&[(10, "a"), (10, "b"), (11, "a")]), Ok(()));
        assert_eq!(verified(&[(9, "a")]), Err(Wrong::Bounds));
        assert_eq!(verified(&[(10, "a"), (20, "a")]), Err(Wrong::Order));
        assert_eq!(verified(&[(10, "b"), (10, "a")]), Err(Wrong::Order));
        assert_eq!(verified(&[(10, "a"), (10, "a")]), Err(Wrong::Order));
        // What can never be chance outweighs what can.
        assert_eq!(verified(&[(11, "a"), (10, "a"), (9, "a")]), Err(Wrong::Bounds));
        assert_eq!(verified(&[(10, "")]), Err(Wrong::NoId));
        assert_eq!(verify(&[Item(None, "a")], side, strictly), Err(Wrong::NoTime));
        let foreign = [Item(Some(10), "b"), Item(Some(10), "a"), Item(Some(11), "c")];
        assert_eq!(verify(&foreign, side, in_time), Ok(()));
        assert_eq!(verify(&[Item(Some(11), "a"), Item(Some(10), "b")], side, in_time), Err(Wrong::Order));
    }

    #[test]
    fn a_page_ends_before_an_instant_that_was_begun_when_that_costs_little() {
        let mut items: Vec<_> = (0..20).map(|second| Item(Some(second), "a")).collect();
        let last = items.last().and_then(Placed::place).unwrap();
        assert_eq!(end_at_whole_instant(&mut items, last.clone()), Position::before(last.at));
        assert_eq!(items.len(), 19);
        let mut items: Vec<_> = (0..20).map(|place| Item(Some(place / 10), "a")).collect();
        let last = items.last().and_then(Placed::place).unwrap();
        assert_eq!(end_at_whole_instant(&mut items, last.clone()), last);
        assert_eq!(items.len(), 20);
    }

    #[test]
    fn a_second_is_cut_downwards_also_before_1970() {
        let at: Timestamp = "1969-12-31T23:59:58.5Z".parse().unwrap();
        assert_eq!(whole_second(at).as_second(), -2);
        assert_eq!(seconds_later(Timestamp::MAX, 1), Timestamp::MAX);
    }
}
