//! The records themselves, with an order by last modification that is always kept, so that reading in pages never sorts. Dates are kept
//! as seconds since 1970, whatever is shown.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::content::Content;

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// `RecID`
    pub(crate) id: Box<str>,
    /// The id that people use.
    pub(crate) public: Box<str>,
    /// Index of the business object; the member, when it belongs to a group.
    pub(crate) object: usize,
    /// Seconds since 1970.
    pub(crate) modified: i64,
    /// By place of the field.
    pub(crate) values: Vec<Box<str>>,
}

impl Record {
    /// Empty when there is nothing.
    pub(crate) fn value(&self, place: usize) -> &str {
        self.values.get(place).map_or("", |value| value)
    }
}

/// The records of one business object or one group.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    records: Vec<Option<Record>>,
    by_id: HashMap<Box<str>, usize>,
    by_public: HashMap<Box<str>, usize>,
    by_modified: Vec<usize>,
    next_public: u64,
}

impl Rows {
    pub(crate) fn get(&self, slot: usize) -> Option<&Record> {
        self.records.get(slot).and_then(Option::as_ref)
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).or_else(|| self.by_id.get(id.to_ascii_lowercase().as_str())).copied()
    }

    pub(crate) fn find_public(&self, public: &str) -> Option<usize> {
        self.by_public.get(public).copied()
    }

    /// In order of creation.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Record)> {
        self.records.iter().enumerate().filter_map(|(slot, record)| Some((slot, record.as_ref()?)))
    }

    /// Slots by last modification, then by `RecID`.
    pub(crate) fn by_modified(&self) -> &[usize] {
        &self.by_modified
    }

    /// How many of them were modified at or before this time.
    pub(crate) fn until(&self, seconds: i64) -> usize {
        self.by_modified.partition_point(|slot| self.get(*slot).is_some_and(|record| record.modified <= seconds))
    }

    fn order(&self, slot: usize, modified: i64, id: &str) -> Ordering {
        let Some(other) = self.get(slot) else { return Ordering::Less };
        other.modified.cmp(&modified).then_with(|| (*other.id).cmp(id))
    }

    fn put_in_order(&mut self, slot: usize) {
        let Some((modified, id)) = self.get(slot).map(|record| (record.modified, record.id.clone())) else { return };
        let place = self.by_modified.partition_point(|other| self.order(*other, modified, &id) == Ordering::Less);
        self.by_modified.insert(place, slot);
    }

    fn take_from_order(&mut self, slot: usize) {
        let Some((modified, id)) = self.get(slot).map(|record| (record.modified, record.id.clone())) else { return };
        if let Ok(place) = self.by_modified.binary_search_by(|other| self.order(*other, modified, &id)) {
            self.by_modified.remove(place);
        }
    }

    /// A slot for a new record.
    pub(crate) fn insert(&mut self, record: Record) -> usize {
        let slot = self.records.len();
        self.by_id.insert(record.id.clone(), slot);
        self.by_public.insert(record.public.clone(), slot);
        self.records.push(Some(record));
        self.put_in_order(slot);
        slot
    }

    pub(crate) fn replace(&mut self, slot: usize, record: Record) {
        self.take_from_order(slot);
        if let Some(place) = self.records.get_mut(slot) {
            *place = Some(record);
        }
        self.put_in_order(slot);
    }

    pub(crate) fn remove(&mut self, slot: usize) -> Option<Record> {
        self.take_from_order(slot);
        let record = self.records.get_mut(slot)?.take()?;
        self.by_id.remove(&record.id);
        self.by_public.remove(&record.public);
        Some(record)
    }
}

/// A team of users.
#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `RecID`s of users.
    pub(crate) members: Vec<String>,
}

/// A search that somebody saved.
#[derive(Debug, Clone)]
pub(crate) struct SavedSearch {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    /// Index of the business object.
    pub(crate) object: usize,
    /// Stock name of a field and a value; equal fields are alternatives.
    pub(crate) conditions: Vec<(&'static str, &'static str)>,
}

/// Everything that is kept.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) content: Arc<Content>,
    rows: Vec<Rows>,
    /// By relationship and parent: children in order of linking.
    links: BTreeMap<(String, String), Vec<String>>,
    pub(crate) teams: Vec<Team>,
    pub(crate) searches: Vec<SavedSearch>,
    /// Records that were saved without `persist`, by cache key: object, record that is changed, values by field.
    pub(crate) cache: HashMap<String, Draft>,
    chance: StdRng,
}

/// A record on its way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) object: usize,
    /// The record that is changed.
    pub(crate) slot: Option<usize>,
    /// What was sent: place of the field, and the value as it is kept.
    pub(crate) values: Vec<(usize, String)>,
}

impl Database {
    pub(crate) fn new(content: Content, chance: u64) -> Self {
        let rows = content.objects.iter().map(|object| Rows { next_public: object.first_public, ..Rows::default() });
        Self {
            rows: rows.collect(),
            content: Arc::new(content),
            links: BTreeMap::new(),
            teams: Vec::new(),
            searches: Vec::new(),
            cache: HashMap::new(),
            chance: StdRng::seed_from_u64(chance),
        }
    }

    /// 42 hexadecimal digits.
    pub(crate) fn new_id(&mut self) -> String {
        format!("94{:08x}{:032x}", self.chance.random::<u32>(), self.chance.random::<u128>())
    }

    /// The rows of an object or of its group.
    pub(crate) fn rows(&self, object: usize) -> &Rows {
        static NONE: std::sync::LazyLock<Rows> = std::sync::LazyLock::new(Rows::default);
        self.rows.get(self.content.base(object)).unwrap_or(&NONE)
    }

    pub(crate) fn rows_mut(&mut self, object: usize) -> Option<&mut Rows> {
        let base = self.content.base(object);
        self.rows.get_mut(base)
    }

    /// Whether a record is one of an object: of itself, or of a member of the group.
    pub(crate) fn is_of(&self, record: &Record, object: usize) -> bool {
        record.object == object || self.content.base(record.object) == object
    }

    /// A record by its `RecID`.
    pub(crate) fn record(&self, object: usize, id: &str) -> Option<(usize, &Record)> {
        let slot = self.rows(object).find(id)?;
        let record = self.rows(object).get(slot)?;
        self.is_of(record, object).then_some((slot, record))
    }

    /// A record by the id that people use.
    pub(crate) fn public(&self, object: usize, public: &str) -> Option<(usize, &Record)> {
        let slot = self.rows(object).find_public(public)?;
        let record = self.rows(object).get(slot)?;
        self.is_of(record, object).then_some((slot, record))
    }

    /// A value by the stock name of its field.
    pub(crate) fn value<'a>(&self, record: &'a Record, role: &str) -> &'a str {
        let place = self.content.objects.get(record.object).and_then(|object| object.role(role));
        place.map_or("", |place| record.value(place))
    }

    /// Puts a new record in, with ids of its own.
    pub(crate) fn insert(&mut self, object: usize, mut values: Vec<Box<str>>, modified: i64) -> usize {
        let id = self.new_id();
        let content = Arc::clone(&self.content);
        let Some(definition) = content.objects.get(object) else { return usize::MAX };
        let Some(rows) = self.rows_mut(object) else { return usize::MAX };
        let public = rows.next_public.to_string();
        rows.next_public += 1;
        for (role, value) in [("RecID", &id), (definition.public, &public)] {
            if let Some(value_here) = definition.role(role).and_then(|place| values.get_mut(place)) {
                *value_here = value.as_str().into();
            }
        }
        rows.insert(Record { id: id.into(), public: public.into(), object, modified, values })
    }

    /// Takes a record out with its links.
    pub(crate) fn remove(&mut self, object: usize, slot: usize) -> Option<Record> {
        let record = self.rows_mut(object)?.remove(slot)?;
        self.links.retain(|(_, parent), _| **parent != *record.id);
        for children in self.links.values_mut() {
            children.retain(|child| **child != *record.id);
        }
        Some(record)
    }

    /// Links once; whether it is new.
    pub(crate) fn link(&mut self, relationship: &str, parent: &str, child: &str) -> bool {
        let children = self.links.entry((relationship.to_owned(), parent.to_owned())).or_default();
        let new = !children.iter().any(|other| other == child);
        if new {
            children.push(child.to_owned());
        }
        new
    }

    /// Whether there was a link.
    pub(crate) fn unlink(&mut self, relationship: &str, parent: &str, child: &str) -> bool {
        let Some(children) = self.links.get_mut(&(relationship.to_owned(), parent.to_owned())) else { return false };
        let before = children.len();
        children.retain(|other| other != child);
        children.len() < before
    }

    pub(crate) fn children(&self, relationship: &str, parent: &str) -> &[String] {
        self.links.get(&(relationship.to_owned(), parent.to_owned())).map_or(&[], Vec::as_slice)
    }
}
