//! The rows of one table with what finds them quickly: `sys_id`, a few columns that are asked for by equality, and the order of last change.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    super::schema::{ColumnId, Table},
    Row, Timeline,
};
use crate::clock::parse_stamp;

/// Columns that get an index wherever they occur.
const INDEXED: [&str; 12] = [
    "number",
    "correlation_id",
    "message_key",
    "name",
    "user_name",
    "email",
    "element_id",
    "documentkey",
    "fqdn",
    "task",
    "cmdb_ci",
    "assigned_to",
];

/// The column that is asked for by its beginning, too.
const BY_BEGINNING: &str = "correlation_id";

/// Nearly all values are held by one row.
#[derive(Debug, Clone)]
enum Slots {
    One(u32),
    Many(Vec<u32>),
}

/// One table's rows; slots are never used again, so that slot order is order of insertion.
#[derive(Debug)]
pub struct Rows {
    slots: Vec<Option<Row>>,
    live: usize,
    by_id: HashMap<u128, u32>,
    indexed: Vec<ColumnId>,
    index: HashMap<(ColumnId, u64), Slots>,
    by_beginning: Option<ColumnId>,
    beginnings: BTreeSet<(String, u32)>,
    timeline: Timeline,
    sys_id: ColumnId,
    sys_updated_on: ColumnId,
}

/// The number a `sys_id` stands for; any other text (`global`) gets one of its own.
#[must_use]
pub fn key_of(sys_id: &str) -> u128 {
    match u128::from_str_radix(sys_id, 16) {
        Ok(key) if sys_id.len() == 32 => key,
        _ => u128::from(hash(sys_id)) << 64 | u128::from(hash(&format!("{sys_id}.")).rotate_left(7)),
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        letter.hash(&mut hasher);
    }
    hasher.finish()
}

impl Rows {
    pub(super) fn new(table: &Table) -> Self {
        Self {
            slots: Vec::new(),
            live: 0,
            by_id: HashMap::new(),
            indexed: INDEXED.iter().filter_map(|name| table.column_id(name)).collect(),
            index: HashMap::new(),
            by_beginning: table.column_id(BY_BEGINNING),
            beginnings: BTreeSet::new(),
            timeline: Timeline::default(),
            sys_id: table.column_id("sys_id").unwrap_or_default(),
            sys_updated_on: table.column_id("sys_updated_on").unwrap_or_default(),
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Every row, in order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Row)> {
        self.slots.iter().enumerate().filter_map(|(slot, row)| Some((u32::try_from(slot).ok()?, row.as_ref()?)))
    }

    /// A row by slot.
    #[must_use]
    pub fn row(&self, slot: u32) -> Option<&Row> {
        self.slots.get(usize::try_from(slot).ok()?)?.as_ref()
    }

    /// The slot of a `sys_id`.
    #[must_use]
    pub fn slot_of(&self, sys_id: &str) -> Option<u32> {
        let slot = *self.by_id.get(&key_of(sys_id))?;
        self.row(slot)?.get(self.sys_id).eq_ignore_ascii_case(sys_id).then_some(slot)
    }

    /// Rows in order of last change.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Whether equality on this column has an index.
    #[must_use]
    pub fn has_index(&self, column: ColumnId) -> bool {
        column == self.sys_id || self.indexed.contains(&column)
    }

    /// Slots whose column equals the text, whatever the case; by index when there is one.
    #[must_use]
    pub fn equal(&self, column: ColumnId, value: &str) -> Vec<u32> {
        if column == self.sys_id {
            return self.slot_of(value).into_iter().collect();
        }
        let same = |slot: &u32| self.row(*slot).is_some_and(|row| same_text(row.get(column), value));
        if self.indexed.contains(&column) && !value.is_empty() {
            let mut slots: Vec<u32> = match self.index.get(&(column, hash(value))) {
                None => Vec::new(),
                Some(Slots::One(slot)) => vec![*slot],
                Some(Slots::Many(slots)) => slots.clone(),
            };
            slots.retain(same);
            slots.sort_unstable();
            return slots;
        }
        self.iter().map(|(slot, _)| slot).filter(same).collect()
    }

    /// Slots whose column begins with the text, whatever the case, when there is an index for that.
    #[must_use]
    pub fn beginning_with(&self, column: ColumnId, text: &str) -> Option<Vec<u32>> {
        if self.by_beginning != Some(column) || text.is_empty() {
            return None;
        }
        let text = text.to_lowercase();
        let from = self.beginnings.range((text.clone(), 0)..);
        let mut slots: Vec<u32> = from.take_while(|(value, _)| value.starts_with(&text)).map(|(_, slot)| *slot).collect();
        slots.sort_unstable();
        Some(slots)
    }

    pub(super) fn insert(&mut self, row: Row) -> u32 {
        let slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.enter(slot, &row);
        self.slots.push(Some(row));
        self.live += 1;
        slot
    }

    pub(super) fn replace(&mut self, slot: u32, row: Row) {
        let Some(place) = usize::try_from(slot).ok().and_then(|slot| self.slots.get_mut(slot)) else { return };
        if let Some(old) = place.take() {
            self.leave(slot, &old);
            self.enter(slot, &row);
            if let Some(place) = usize::try_from(slot).ok().and_then(|slot| self.slots.get_mut(slot)) {
                *place = Some(row);
            }
        }
    }

    pub(super) fn delete(&mut self, slot: u32) {
        let row = usize::try_from(slot).ok().and_then(|slot| self.slots.get_mut(slot)).and_then(Option::take);
        if let Some(row) = row {
            self.leave(slot, &row);
            self.live -= 1;
        }
    }

    fn moment(&self, slot: u32, row: &Row) -> (i64, u128, u32) {
        (parse_stamp(row.get(self.sys_updated_on), 0).unwrap_or(i64::MIN), key_of(row.get(self.sys_id)), slot)
    }

    /// As it stands among the beginnings.
    fn beginning(&self, row: &Row) -> Option<String> {
        self.by_beginning.map(|column| row.get(column)).filter(|value| !value.is_empty()).map(str::to_lowercase)
    }

    fn enter(&mut self, slot: u32, row: &Row) {
        self.by_id.insert(key_of(row.get(self.sys_id)), slot);
        self.timeline.insert(self.moment(slot, row));
        if let Some(value) = self.beginning(row) {
            self.beginnings.insert((value, slot));
        }
        for column in &self.indexed {
            let value = row.get(*column);
            if !value.is_empty() {
                self.index
                    .entry((*column, hash(value)))
                    .and_modify(|slots| match slots {
                        Slots::One(first) => *slots = Slots::Many(vec![*first, slot]),
                        Slots::Many(all) => all.push(slot),
                    })
                    .or_insert(Slots::One(slot));
            }
        }
    }

    fn leave(&mut self, slot: u32, row: &Row) {
        self.by_id.remove(&key_of(row.get(self.sys_id)));
        let moment = self.moment(slot, row);
        self.timeline.remove(&moment);
        if let Some(value) = self.beginning(row) {
            self.beginnings.remove(&(value, slot));
        }
        for column in &self.indexed {
            let key = (*column, hash(row.get(*column)));
            let empty = match self.index.get_mut(&key) {
                None => false,
                Some(Slots::One(other)) => *other == slot,
                Some(Slots::Many(all)) => {
                    all.retain(|other| *other != slot);
                    all.is_empty()
                }
            };
            if empty {
                self.index.remove(&key);
            }
        }
    }
}

/// Equality as the usual collation has it: the case of letters does not matter.
#[must_use]
pub(crate) fn same_text(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right) || (!(left.is_ascii() && right.is_ascii()) && left.to_lowercase() == right.to_lowercase())
}
