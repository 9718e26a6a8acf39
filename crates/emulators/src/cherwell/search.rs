//! Filters, order and pages of a search. Filters on one field are alternatives, filters on different fields all hold.

use std::cmp::Ordering;

use super::{
    content::{Kind, Object},
    database::{Database, Record},
    dates::{Culture, Wall},
    options::PageNumber,
};

/// What a filter does; there are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Gt,
    Lt,
    Contains,
    StartsWith,
}

impl Operator {
    /// `=` is sent by a real client and works.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "eq" | "=" => Some(Self::Eq),
            "gt" => Some(Self::Gt),
            "lt" => Some(Self::Lt),
            "contains" => Some(Self::Contains),
            "startswith" => Some(Self::StartsWith),
            _ => None,
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order == Ordering::Equal,
            Self::Gt => order == Ordering::Greater,
            Self::Lt => order == Ordering::Less,
            Self::Contains | Self::StartsWith => false,
        }
    }
}

/// What is compared with.
#[derive(Debug, Clone)]
enum Wanted {
    /// Lower case.
    Text(String),
    Number(f64),
    /// Seconds since 1970.
    Date(i64),
}

/// One filter, made ready.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    place: usize,
    operator: Operator,
    wanted: Wanted,
}

impl Filter {
    /// `None`: the value is none of the field's kind.
    pub(crate) fn new(object: &Object, place: usize, operator: Operator, value: &str, reading: &Reading<'_>) -> Option<Self> {
        let kind = object.fields.get(place).map_or(Kind::Text, |field| field.kind);
        let compares = matches!(operator, Operator::Eq | Operator::Gt | Operator::Lt);
        let wanted = match kind {
            Kind::DateTime if compares && !value.is_empty() => Wanted::Date(reading.wall.read(value, reading.culture)?),
            Kind::Number if compares && !value.is_empty() => Wanted::Number(value.trim().parse().ok()?),
            _ => Wanted::Text(value.to_lowercase()),
        };
        Some(Self { place, operator, wanted })
    }

    fn holds(&self, record: &Record, object: &Object, reading: &Reading<'_>) -> bool {
        let value = record.value(self.place);
        match &self.wanted {
            // Nobody can name the seconds of a time that is shown without them.
            Wanted::Date(wanted) if self.operator == Operator::Eq => {
                value.parse::<i64>().is_ok_and(|value| value.div_euclid(60) == wanted.div_euclid(60))
            }
            Wanted::Date(wanted) => value.parse::<i64>().is_ok_and(|value| self.operator.holds(value.cmp(wanted))),
            Wanted::Number(wanted) => value
                .parse::<f64>()
                .ok()
                .and_then(|value| value.partial_cmp(wanted))
                .is_some_and(|order| self.operator.holds(order)),
            Wanted::Text(wanted) => {
                let kind = object.fields.get(self.place).map_or(Kind::Text, |field| field.kind);
                let shown = if kind == Kind::DateTime { reading.show(value) } else { value.to_owned() };
                let shown = shown.to_lowercase();
                match self.operator {
                    Operator::Contains => shown.contains(wanted.as_str()),
                    Operator::StartsWith => shown.starts_with(wanted.as_str()),
                    operator => operator.holds(shown.as_str().cmp(wanted)),
                }
            }
        }
    }
}

/// How dates are read and shown in one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) wall: &'a Wall,
    pub(crate) culture: Culture,
}

impl Reading<'_> {
    /// A kept date as people see it; empty stays empty.
    pub(crate) fn show(&self, kept: &str) -> String {
        kept.parse().map_or_else(|_| String::new(), |seconds| self.wall.write(seconds, self.culture))
    }
}

/// What is looked for, and in which order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    pub(crate) filters: Vec<Filter>,
    /// Text that any text field holds; empty for none.
    pub(crate) text: String,
    /// Field and whether it ascends.
    pub(crate) sorting: Vec<(usize, bool)>,
}

/// Which part of what was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) skip: usize,
    pub(crate) take: usize,
}

impl Window {
    /// 0 and less mean the first page, in both ways of counting.
    pub(crate) fn new(mode: PageNumber, number: i64, size: usize) -> Self {
        let before = usize::try_from(number.max(1) - 1).unwrap_or(usize::MAX);
        let skip = match mode {
            PageNumber::Page => before.saturating_mul(size),
            PageNumber::Row => before,
        };
        Self { skip, take: size }
    }
}

/// Slots of the page, and how many records there are in all.
pub(crate) struct Found {
    pub(crate) slots: Vec<usize>,
    pub(crate) total: usize,
}

impl Search {
    fn holds(&self, database: &Database, record: &Record, object: usize, definition: &Object, reading: &Reading<'_>) -> bool {
        let mut rest = self.filters.as_slice();
        // Filters stand grouped by field.
        while let Some(first) = rest.first() {
            let end = rest.iter().position(|filter| filter.place != first.place).unwrap_or(rest.len());
            let (same, others) = rest.split_at(end);
            if !same.iter().any(|filter| filter.holds(record, definition, reading)) {
                return false;
            }
            rest = others;
        }
        let text = self.text.to_lowercase();
        database.is_of(record, object)
            && (text.is_empty() || record.values.iter().any(|value| value.to_lowercase().contains(&text)))
    }

    /// `turn` moves the order of an unsorted search.
    pub(crate) fn run(
        &mut self,
        database: &Database,
        object: usize,
        window: Window,
        reading: &Reading<'_>,
        turn: usize,
    ) -> Found {
        self.filters.sort_by_key(|filter| filter.place);
        let Some(definition) = database.content.objects.get(object) else { return Found { slots: Vec::new(), total: 0 } };
        let rows = database.rows(object);
        let modified = definition.role("LastModifiedDateTime");
        let record_id = definition.role("RecID");
        let kept = |slot: &usize| rows.get(*slot).is_some_and(|record| self.holds(database, record, object, definition, reading));
        let ascending = match self.sorting.as_slice() {
            [(first, ascending)] if Some(*first) == modified => Some(*ascending),
            [(first, ascending), (second, same)]
                if Some(*first) == modified && Some(*second) == record_id && ascending == same =>
            {
                Some(*ascending)
            }
            _ => None,
        };
        if let Some(ascending) = ascending {
            // The order is kept all the time; only what can hold is looked at.
            let mine: Vec<&Filter> = self.filters.iter().filter(|filter| Some(filter.place) == modified).collect();
            let after = match mine.as_slice() {
                [Filter { operator: Operator::Gt, wanted: Wanted::Date(seconds), .. }] => Some(rows.until(*seconds)),
                _ => None,
            };
            let slots = rows.by_modified().get(after.unwrap_or_default()..).unwrap_or_default();
            let nothing_else = self.filters.len() == mine.len() && self.text.is_empty();
            let whole = nothing_else && (mine.is_empty() || after.is_some()) && database.content.base(object) == object;
            let candidates: Box<dyn Iterator<Item = usize> + '_> =
                if ascending { Box::new(slots.iter().copied()) } else { Box::new(slots.iter().rev().copied()) };
            if whole {
                let slots_of_page = candidates.skip(window.skip).take(window.take).collect();
                return Found { slots: slots_of_page, total: slots.len() };
            }
            return cut(candidates.filter(kept), window);
        }
        let mut slots: Vec<usize> = rows.iter().map(|(slot, _)| slot).collect();
        if self.sorting.is_empty() {
            let by = turn.wrapping_mul(7).checked_rem(slots.len()).unwrap_or_default();
            slots.rotate_left(by);
        }
        self.among(database, object, slots, window, reading)
    }

    /// Searches only these slots, in their own order when there is no sorting.
    pub(crate) fn among(
        &mut self,
        database: &Database,
        object: usize,
        mut slots: Vec<usize>,
        window: Window,
        reading: &Reading<'_>,
    ) -> Found {
        self.filters.sort_by_key(|filter| filter.place);
        let Some(definition) = database.content.objects.get(object) else { return Found { slots: Vec::new(), total: 0 } };
        let rows = database.rows(object);
        slots.retain(|slot| rows.get(*slot).is_some_and(|record| self.holds(database, record, object, definition, reading)));
        if !self.sorting.is_empty() {
            slots.sort_by(|one, other| match (rows.get(*one), rows.get(*other)) {
                (Some(one), Some(other)) => self.order(definition, one, other),
                _ => Ordering::Equal,
            });
        }
        cut(slots.into_iter(), window)
    }

    fn order(&self, definition: &Object, one: &Record, other: &Record) -> Ordering {
        let orders = self.sorting.iter().map(|(place, ascending)| {
            let (one, other) = (one.value(*place), other.value(*place));
            let order = match definition.fields.get(*place).map_or(Kind::Text, |field| field.kind) {
                // Empty ones first.
                Kind::DateTime => one.parse::<i64>().ok().cmp(&other.parse::<i64>().ok()),
                Kind::Number => one.parse::<f64>().ok().partial_cmp(&other.parse::<f64>().ok()).unwrap_or(Ordering::Equal),
                Kind::Text | Kind::Logical => one.to_lowercase().cmp(&other.to_lowercase()),
            };
            if *ascending { order } else { order.reverse() }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

fn cut(found: impl Iterator<Item = usize>, window: Window) -> Found {
    let mut total = 0;
    let mut slots = Vec::new();
    for slot in found {
        if total >= window.skip && slots.len() < window.take {
            slots.push(slot);
        }
        total += 1;
    }
    Found { slots, total }
}
