//! Finding a page of records: by `sys_id` or an indexed column when the query names one, along the order of last change when it
//! asks for that, and only otherwise by reading everything.

use std::collections::HashMap;

use super::{
    matcher::{Condition, Context, Matcher, Path},
    parse::{Operator, Query},
};
use crate::{
    clock::parse_stamp,
    servicenow::{
        database::{Database, Moment, Place, Rows, key_of},
        schema::{Table, TableId},
    },
};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The table asked, whose children are searched too.
    pub table: TableId,
    /// The parsed query.
    pub query: &'a Query,
    /// Who asks, and when.
    pub context: Context<'a>,
    /// How many records to leave out first.
    pub offset: usize,
    /// The most records to return.
    pub limit: usize,
    /// Whether all matches have to be counted.
    pub count: bool,
    /// Whether a query with a senseless term matches nothing instead of ignoring the term.
    pub strict: bool,
}

/// A page of records.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order asked for.
    pub places: Vec<Place>,
    /// All matches; exact only when counted.
    pub total: usize,
}

/// Finds a page.
#[must_use]
pub fn find(database: &Database, request: Request<'_>) -> Found {
    let Some(view) = database.schema.table(request.table) else { return Found::default() };
    let searches: Vec<Search<'_>> = view
        .family
        .iter()
        .filter_map(|id| Search::new(database, view, *id, &request))
        .filter(|search| !search.rows.is_empty())
        .collect();
    if request.strict && searches.iter().any(|search| search.matcher.invalid > 0) {
        return Found::default();
    }
    if let [search] = searches.as_slice() {
        return search.page(database, &request);
    }
    // Several tables: the head of each, merged.
    let needed = Request { offset: 0, limit: request.offset.saturating_add(request.limit), ..request };
    let mut total = 0;
    let mut heads = Vec::new();
    for search in &searches {
        let found = search.page(database, &needed);
        total += found.total;
        heads.extend(found.places.into_iter().map(|place| (search.matcher.keys(database, place), place)));
    }
    if let Some(first) = searches.first() {
        heads.sort_by(|left, right| first.matcher.compare(&left.0, &right.0));
    }
    Found { places: heads.into_iter().skip(request.offset).take(request.limit).map(|(_, place)| place).collect(), total }
}

/// Leaves only the records that the query does not select.
pub(crate) fn leave_out(database: &Database, places: &mut Vec<Place>, query: &Query, context: Context<'_>) {
    let mut matchers: HashMap<TableId, Option<Matcher>> = HashMap::new();
    places.retain(|place| {
        let matcher = matchers.entry(place.table).or_insert_with(|| {
            let table = database.schema.table(place.table)?;
            Some(Matcher::new(database, table, table, query, context))
        });
        !matcher.as_ref().is_some_and(|matcher| matcher.matches(database, *place))
    });
}

/// The query on one table.
struct Search<'a> {
    id: TableId,
    table: &'a Table,
    rows: &'a Rows,
    matcher: Matcher,
}

impl<'a> Search<'a> {
    fn new(database: &'a Database, view: &Table, id: TableId, request: &Request<'_>) -> Option<Self> {
        let table = database.schema.table(id)?;
        let rows = database.rows(id)?;
        Some(Self { id, table, rows, matcher: Matcher::new(database, view, table, request.query, request.context) })
    }

    fn page(&self, database: &Database, request: &Request<'_>) -> Found {
        if let Some(slots) = self.by_index() {
            let places =
                slots.into_iter().map(|slot| self.place(slot)).filter(|place| self.matcher.matches(database, *place)).collect();
            return self.sorted(database, places, request);
        }
        let (first, end, exact) = self.span();
        let timeline = self.rows.timeline();
        if let Some(descending) = self.follows_timeline() {
            let moments = timeline.between(first, end);
            let moments: Box<dyn Iterator<Item = Moment>> = if descending { Box::new(moments.rev()) } else { Box::new(moments) };
            return self.along(database, moments, exact.then_some(end - first), request);
        }
        if first > 0 || end < timeline.len() {
            let places = timeline.between(first, end).map(|moment| self.place(moment.2));
            let places = places.filter(|place| self.matcher.matches(database, *place)).collect();
            return self.sorted(database, places, request);
        }
        let all = self.rows.iter().map(|(slot, _)| self.place(slot));
        if self.matcher.order.is_empty() {
            let known = self.matcher.alternatives.iter().any(Vec::is_empty).then_some(self.rows.len());
            return self.take(database, all, known, request);
        }
        let places = all.filter(|place| self.matcher.matches(database, *place)).collect();
        self.sorted(database, places, request)
    }

    fn place(&self, slot: u32) -> Place {
        Place { table: self.id, slot }
    }

    /// Terms that every match has to meet, when the query is one conjunction.
    fn required(&self) -> impl Iterator<Item = &Condition> {
        let only = match self.matcher.alternatives.as_slice() {
            [groups] => groups.as_slice(),
            _ => &[],
        };
        only.iter().filter_map(|group| match group.as_slice() {
            [condition] => Some(condition),
            _ => None,
        })
    }

    fn by_index(&self) -> Option<Vec<u32>> {
        self.required().find_map(|condition| {
            let Path::Own(column) = condition.path else { return None };
            if !self.rows.has_index(column) || condition.value.is_empty() {
                return None;
            }
            match condition.operator {
                Operator::Equal => Some(self.rows.equal(column, &condition.value)),
                Operator::StartsWith => self.rows.beginning_with(column, &condition.value),
                Operator::In => {
                    let wanted: Vec<&str> = condition.value.split(',').map(str::trim).collect();
                    if wanted.contains(&"") {
                        return None;
                    }
                    let mut slots: Vec<u32> = wanted.into_iter().flat_map(|value| self.rows.equal(column, value)).collect();
                    slots.sort_unstable();
                    slots.dedup();
                    Some(slots)
                }
                _ => None,
            }
        })
    }

    /// The part of the timeline that the query allows, and whether that is all it asks.
    fn span(&self) -> (usize, usize, bool) {
        let timeline = self.rows.timeline();
        let (mut first, mut end) = (0, timeline.len());
        let mut used = 0;
        if let Some((second, id)) = self.second_behind() {
            first = timeline.rank(&(second, id, u32::MAX));
            used += 1;
        }
        let updated = self.table.column_id("sys_updated_on");
        for condition in self.required() {
            let Path::Own(column) = condition.path else { continue };
            if Some(column) != updated {
                continue;
            }
            // The text compares like the time only when it is a whole stamp.
            let Some(at) = parse_stamp(&condition.value, 0).filter(|_| condition.value.len() == 19) else { continue };
            let (start, after) = (timeline.rank(&(at, 0, 0)), timeline.rank(&(at.saturating_add(1), 0, 0)));
            used += 1;
            match condition.operator {
                Operator::Equal => {
                    first = first.max(start);
                    end = end.min(after);
                }
                Operator::Greater | Operator::RelativeGreater => first = first.max(after),
                Operator::GreaterOrEqual => first = first.max(start),
                Operator::Less | Operator::RelativeLess => end = end.min(start),
                Operator::LessOrEqual => end = end.min(after),
                _ => used -= 1,
            }
        }
        let terms = self.matcher.alternatives.iter().map(Vec::len).sum::<usize>();
        (first, end.max(first), self.matcher.alternatives.len() == 1 && terms == used)
    }

    /// The one second that the query asks for.
    fn second(&self) -> Option<i64> {
        let updated = self.table.column_id("sys_updated_on")?;
        self.required().find_map(|condition| match condition.path {
            Path::Own(column) if column == updated && condition.operator == Operator::Equal && condition.value.len() == 19 => {
                parse_stamp(&condition.value, 0)
            }
            _ => None,
        })
    }

    /// The one second that the query asks for and the `sys_id` behind which it asks, once.
    fn second_behind(&self) -> Option<(i64, u128)> {
        let (second, sys_id) = (self.second()?, self.table.column_id("sys_id")?);
        let mut asked = self.required().filter(|condition| condition.path == Path::Own(sys_id));
        let condition =
            asked.next().filter(|condition| condition.operator == Operator::Greater && condition.value.len() == 32)?;
        // Digits compare like their number only when all are there and small.
        let digits = condition.value.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        (digits && asked.next().is_none()).then(|| (second, key_of(&condition.value)))
    }

    /// Whether the order asked for is the timeline's own; `Some(true)` when backwards.
    fn follows_timeline(&self) -> Option<bool> {
        let (updated, sys_id) = (self.table.column_id("sys_updated_on")?, self.table.column_id("sys_id")?);
        match self.matcher.order.as_slice() {
            [(Path::Own(only), descending, _)] if *only == sys_id && self.second().is_some() => Some(*descending),
            [(Path::Own(first), descending, _)] if *first == updated => Some(*descending),
            [(Path::Own(first), descending, _), (Path::Own(second), same, _)]
                if (*first, *second) == (updated, sys_id) && descending == same =>
            {
                Some(*descending)
            }
            _ => None,
        }
    }

    /// `known` is the number of matches when every record is one.
    fn along(
        &self,
        database: &Database,
        moments: Box<dyn Iterator<Item = Moment> + '_>,
        known: Option<usize>,
        request: &Request<'_>,
    ) -> Found {
        self.take(database, moments.map(|moment| self.place(moment.2)), known, request)
    }

    fn take(&self, database: &Database, all: impl Iterator<Item = Place>, known: Option<usize>, request: &Request<'_>) -> Found {
        if let Some(total) = known {
            return Found { places: all.skip(request.offset).take(request.limit).collect(), total };
        }
        let mut found = Found::default();
        for place in all.filter(|place| self.matcher.matches(database, *place)) {
            if found.total >= request.offset && found.places.len() < request.limit {
                found.places.push(place);
            } else if !request.count && found.places.len() >= request.limit {
                break;
            }
            found.total += 1;
        }
        found
    }

    fn sorted(&self, database: &Database, places: Vec<Place>, request: &Request<'_>) -> Found {
        let total = places.len();
        let places = if self.matcher.order.is_empty() {
            places
        } else {
            let mut keyed: Vec<_> = places.into_iter().map(|place| (self.matcher.keys(database, place), place)).collect();
            keyed.sort_by(|left, right| self.matcher.compare(&left.0, &right.0));
            keyed.into_iter().map(|(_, place)| place).collect()
        };
        Found { places: places.into_iter().skip(request.offset).take(request.limit).collect(), total }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::servicenow::{options::Options, query::parse, schema::Schema, seed};

    static DATABASE: LazyLock<Database> = LazyLock::new(|| {
        let mut database = Database::new(Schema::base(true), 1);
        let mut options = Options::default();
        options.seed.incidents = 60;
        seed::fill(&mut database, &options, 1_788_256_800);
        database
    });

    fn found(text: &str) -> Found {
        let context = Context { now: 1_788_256_800, zone: 0, user: "" };
        let table = DATABASE.schema.id("incident").unwrap();
        find(&DATABASE, Request { table, query: &parse(text), context, offset: 3, limit: 10, count: true, strict: false })
    }

    proptest! {
        #[test]
        fn any_text_is_answered_with_a_page(text in "((state|sys_id|number|opened_at|cmdb_ci\\.name|sys_updated_on|x)(=|>|<=|IN|LIKE|BETWEEN|RELATIVEGT@|ISEMPTY|.{0,3})[\\^@,a-zA-Z0-9:.'() -]{0,30}\\^?){0,4}") {
            let found = found(&text);
            prop_assert!(found.places.len() <= 10 && found.total <= 60);
            prop_assert_eq!(found.places.len(), found.total.saturating_sub(3).min(10));
        }
    }

    #[test]
    fn a_second_behind_a_record_and_a_sort_of_it_agree() {
        let mut database = Database::new(Schema::base(true), 1);
        let mut options = Options::default();
        options.seed.incidents = 60;
        seed::fill(&mut database, &options, 1_788_256_800);
        let table = database.schema.id("incident").unwrap();
        let places: Vec<Place> = database.rows(table).unwrap().iter().map(|(slot, _)| Place { table, slot }).collect();
        let column = database.schema.table(table).unwrap().column_id("sys_updated_on").unwrap();
        for place in &places {
            let row = database.row(*place).unwrap();
            let same = row.values().filter(|(id, _)| *id != column).chain([(column, "2026-08-31 00:00:00")]);
            let row = crate::servicenow::database::Row::pack(same);
            database.replace(*place, row);
        }
        let ask = |text: &str| {
            let context = Context { now: 1_788_256_800, zone: 0, user: "" };
            let query = parse(text);
            find(&database, Request { table, query: &query, context, offset: 0, limit: 10, count: true, strict: false })
        };
        let behind = database.value(places[20], "sys_id");
        let terms = format!("sys_updated_on=2026-08-31 00:00:00^sys_id>{behind}");
        let quick = ask(&format!("{terms}^ORDERBYsys_id"));
        assert_eq!(quick, ask(&format!("{terms}^ORDERBYsys_id^ORDERBYnumber")));
        assert!(quick.total > 0 && quick.places.iter().all(|place| database.value(*place, "sys_id") > behind));
    }

    #[test]
    fn the_order_of_last_change_and_a_sort_by_the_same_columns_agree() {
        let by_timeline = found("stateIN1,2^ORDERBYsys_updated_on^ORDERBYsys_id");
        let by_sorting = found("stateIN1,2^ORDERBYsys_updated_on^ORDERBYsys_id^ORDERBYnumber");
        assert_eq!(by_timeline, by_sorting);
    }
}
