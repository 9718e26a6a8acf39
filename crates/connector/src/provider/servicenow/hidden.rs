//! Getting past records that may not be read. An access rule hides records after the limit has cut the page, so a long run of
//! them is a row of empty pages with nothing to go on from: the stretch of time is halved until something shows or nothing is
//! left. Only places are asked for here, so that these lists can be long.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::cells::Cell;
use super::client::{Client, List};
use super::keyset::{Fetched, LARGEST, Part, Source, fetch};
use crate::provider::ProviderError;
use crate::provider::order::{Placed, seconds_later};
use crate::provider::records::{Position, Remark};

/// So many questions in one step, then the caller is given what is known.
const QUESTIONS: u32 = 24;

/// A record's place and nothing else.
struct Place {
    id: String,
    at: Option<Timestamp>,
}

impl Placed for Place {
    fn id(&self) -> &str {
        &self.id
    }
    fn at(&self) -> Option<Timestamp> {
        self.at
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        /// The columns by which lists are ordered; one of the two dates is asked for.
        #[derive(Deserialize)]
        struct Columns<'a> {
            #[serde(rename = "sys_id", borrow, default)]
            id: Cell<'a>,
            #[serde(rename = "sys_updated_on", borrow, default)]
            updated: Cell<'a>,
            #[serde(rename = "sys_created_on", borrow, default)]
            created: Cell<'a>,
        }
        let Columns { id, updated, created } = Columns::deserialize(value)?;
        let at = super::records::date(&updated.value).or_else(|| super::records::date(&created.value));
        Ok(Self { id: id.value.into_owned(), at })
    }
}

/// Stands just before the record.
fn just_before(place: &Place) -> Option<Position> {
    let at = place.at?;
    let id = match u128::from_str_radix(&place.id, 16).ok().and_then(|id| id.checked_sub(1)) {
        Some(before) if place.id.len() == 32 => format!("{before:032x}"),
        // The beginning of an id comes before the id.
        _ => place.id.char_indices().next_back().and_then(|(last, _)| place.id.get(..last)).unwrap_or_default().to_owned(),
    };
    Some(Position { at, id })
}

/// Where to go on behind hidden records from `from` on, and whether more may follow there; nothing and no when none up to `end`
/// may be read. `total` is how many there are.
pub(super) async fn search(
    client: &Client,
    source: &Source<'_>,
    from: Timestamp,
    end: Timestamp,
    total: u64,
    remarks: &mut Vec<Remark>,
) -> Result<(Option<Position>, bool), ProviderError> {
    let fields = format!("sys_id,{}", source.stamp);
    let places = Source { fields: &fields, ..*source };
    let stretch = end.duration_since(from).as_secs().saturating_add(1);
    // A first guess as if the records were spread evenly.
    let share = i128::from(stretch) * i128::from(LARGEST) / i128::from(total.max(1));
    let mut width = i64::try_from(share).unwrap_or(stretch).clamp(1, stretch.max(1));
    let (mut low, mut reached, mut questions) = (from, from, 0);
    while low <= end {
        let high = seconds_later(low, width - 1).min(end);
        let probe: Fetched<Place> = fetch(client, &places, &Part::From(low, Some(high)), LARGEST).await?;
        questions += 1;
        if let Some(first) = probe.items.first() {
            return Ok((just_before(first), true));
        }
        if probe.all_hidden() && high > low {
            width = (width / 2).max(1);
            continue;
        }
        if probe.all_hidden() {
            let start = Position { at: low, id: String::new() };
            if let Some(found) = in_second(client, source, &start, remarks).await? {
                return Ok((Some(found), true));
            }
        }
        if probe.total.is_some_and(|total| total > 0) {
            // Only as far as there are records is it known that the instance's clock has come.
            reached = low;
        }
        low = seconds_later(high, 1);
        width = width.saturating_mul(2);
        if questions >= QUESTIONS && reached > from {
            return Ok((Some(Position::before(reached)), true));
        }
    }
    Ok(((reached > from).then(|| Position::before(reached)), false))
}

/// Where to go on behind hidden records of one second; nothing when none of its records behind `after` may be read.
pub(super) async fn in_second(
    client: &Client,
    source: &Source<'_>,
    after: &Position,
    remarks: &mut Vec<Remark>,
) -> Result<Option<Position>, ProviderError> {
    let fields = format!("sys_id,{}", source.stamp);
    let query = Part::Same(after).query(source);
    let mut offset = 0_u64;
    loop {
        let list = List { table: source.table, query: &query, fields: &fields, limit: LARGEST, offset, count: true };
        let found = client.list::<Place>(&list).await.map_err(ProviderError::from)?;
        let found = found.map_err(|cause| ProviderError::Retry { after: None, cause })?;
        if let Some(first) = found.items.iter().find(|place| place.at == Some(after.at) && place.id > after.id) {
            return Ok(just_before(first).map(|position| position.max(after.clone())));
        }
        offset += u64::from(LARGEST);
        if found.total.is_none_or(|total| total <= offset) {
            return Ok(None);
        }
        if offset == u64::from(LARGEST) {
            let cause = format!(
                "more than {LARGEST} records of {} that may not be read were changed in the second {}; they are stepped over by counting",
                source.table, after.at
            );
            let remedy = format!(
                "nothing to do when they are hidden on purpose; else give the integration user the right to read {}",
                source.table
            );
            remarks.push(Remark { cause, remedy });
        }
    }
}
