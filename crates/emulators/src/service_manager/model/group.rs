//! The management group: what is in the operational database, and how it is found. Reading by (`LastModified`, `Id`) walks an index,
//! so that a page costs what it holds, whatever stands before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use super::{
    catalogue,
    class::{self, Class, Property},
    computers::{self, Computer},
    enumerations::Enumerations,
    people::Person,
    seed::{self, Seed},
    template::Template,
    work_item::{ObjectStatus, WorkItem},
};

/// How this installation differs from others.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether a new comment or link moves `LastModified` of its work item. Inferred that it does not (entries of logs and relationships
    /// are objects of their own), so off by default.
    pub relations_move_last_modified: bool,
    /// The text property in which an integration leaves its key; indexed. `ContactMethod` is free text that hardly anybody uses; a
    /// careful customer extends the class instead (see `extensions`).
    pub key_property: String,
    /// Properties of the customer's class extensions.
    pub extensions: Vec<(Class, Property)>,
    /// The number of the first work item.
    pub first_number: u64,
    /// How much is there at the start.
    pub seed: Seed,
    /// Start of the generator of GUIDs.
    pub chance: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            relations_move_last_modified: false,
            key_property: "ContactMethod".to_owned(),
            extensions: Vec::new(),
            first_number: 1001,
            seed: Seed::default(),
            chance: 1,
        }
    }
}

/// Everything in one operational database.
#[derive(Debug)]
pub struct ManagementGroup {
    pub(super) settings: Settings,
    pub(super) enumerations: Enumerations,
    pub(super) templates: Vec<Template>,
    pub(super) computers: Vec<Computer>,
    pub(super) people: Vec<Person>,
    /// By place; a groomed one leaves a hole.
    pub(super) items: Vec<Option<WorkItem>>,
    by_id: HashMap<String, usize>,
    by_base_id: HashMap<Uuid, usize>,
    by_change: BTreeMap<(Class, i64, String), usize>,
    by_key: BTreeSet<(Class, String, usize)>,
    properties: HashMap<Class, Vec<Property>>,
    pub(super) next_number: u64,
    chance: StdRng,
}

impl ManagementGroup {
    /// An installation with its demo people, computers and templates, as it is at `now`.
    #[must_use]
    pub fn new(settings: Settings, now: i64) -> Self {
        let properties = Class::ALL.map(|class| {
            let mut all = class::properties(class);
            all.extend(settings.extensions.iter().filter(|(of, _)| *of == class).map(|(_, property)| property.clone()));
            (class, all)
        });
        let mut group = Self {
            enumerations: catalogue::enumerations(),
            templates: Vec::new(),
            computers: Vec::new(),
            people: Vec::new(),
            items: Vec::new(),
            by_id: HashMap::new(),
            by_base_id: HashMap::new(),
            by_change: BTreeMap::new(),
            by_key: BTreeSet::new(),
            properties: properties.into_iter().collect(),
            next_number: settings.first_number,
            chance: StdRng::seed_from_u64(settings.chance),
            settings,
        };
        seed::fill(&mut group, now);
        group
    }

    /// The enumeration trees.
    #[must_use]
    pub fn enumerations(&self) -> &Enumerations {
        &self.enumerations
    }

    /// The enumeration trees, for an administrator.
    pub fn enumerations_mut(&mut self) -> &mut Enumerations {
        &mut self.enumerations
    }

    /// All templates.
    #[must_use]
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// Adds a template, as an administrator does.
    pub fn add_template(&mut self, template: Template) {
        self.templates.push(template);
    }

    /// All people.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// A person by `DOMAIN\user` or GUID.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&Person> {
        let id = Uuid::try_parse(name).ok();
        self.people.iter().find(|person| Some(person.base_id) == id || person.account().eq_ignore_ascii_case(name))
    }

    /// All computers.
    #[must_use]
    pub fn computers(&self) -> &[Computer] {
        &self.computers
    }

    /// A computer by its GUID.
    #[must_use]
    pub fn computer(&self, base_id: Uuid) -> Option<&Computer> {
        self.computers.iter().find(|computer| computer.base_id == base_id)
    }

    /// The computers that a name means: those with this FQDN, else those with this `NetBIOS` or display name. Several: it is ambiguous.
    #[must_use]
    pub fn computers_named(&self, name: &str) -> Vec<&Computer> {
        computers::named(&self.computers, name)
    }

    /// Adds a computer; `from_connector` when Active Directory or Configuration Manager brings it.
    pub fn add_computer(&mut self, name: &str, from_connector: bool) -> Uuid {
        let id = self.new_id();
        self.computers.push(Computer::new(id, name, from_connector));
        id
    }

    /// The properties of a class, extensions last.
    #[must_use]
    pub fn properties(&self, class: Class) -> &[Property] {
        self.properties.get(&class).map_or(&[], Vec::as_slice)
    }

    /// One property of a class, by its exact name.
    #[must_use]
    pub fn property(&self, class: Class, name: &str) -> Option<&Property> {
        self.properties(class).iter().find(|property| property.name == name)
    }

    /// How this installation differs from others.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A work item by `Id`, deleted ones included. Like the database's collation, case does not matter.
    #[must_use]
    pub fn item(&self, class: Class, id: &str) -> Option<&WorkItem> {
        self.at(*self.by_id.get(&id.to_ascii_uppercase())?).filter(|item| item.class == class)
    }

    /// A work item by the GUID of its object, deleted ones included.
    #[must_use]
    pub fn item_by_base_id(&self, base_id: Uuid) -> Option<&WorkItem> {
        self.at(*self.by_base_id.get(&base_id)?)
    }

    /// All work items of a class in the order of creation, deleted ones included.
    pub fn items(&self, class: Class) -> impl Iterator<Item = &WorkItem> {
        self.items.iter().flatten().filter(move |item| item.class == class)
    }

    /// Work items of a class in the order of (`LastModified`, `Id`), behind a position (exclusive) or from an instant on; deleted ones
    /// included.
    pub fn changed<'a>(&'a self, class: Class, from: &Position) -> impl Iterator<Item = &'a WorkItem> + use<'a> {
        use std::ops::Bound;
        let start = match from {
            Position::From(at) => Bound::Included((class, *at, String::new())),
            Position::Behind(at, id) => Bound::Excluded((class, *at, id.clone())),
        };
        self.by_change
            .range((start, Bound::Unbounded))
            .take_while(move |((of, ..), _)| *of == class)
            .filter_map(|(_, place)| self.at(*place))
    }

    /// Work items whose key property holds exactly this, oldest first; deleted ones included.
    pub fn keyed<'a>(&'a self, class: Class, key: &str) -> impl Iterator<Item = &'a WorkItem> + use<'a> {
        let (from, to) = ((class, key.to_owned(), 0), (class, key.to_owned(), usize::MAX));
        self.by_key.range(from..=to).filter_map(|(.., place)| self.at(*place))
    }

    /// Work items whose key property begins with this; deleted ones included.
    pub fn keyed_with_prefix<'a>(&'a self, class: Class, prefix: &'a str) -> impl Iterator<Item = &'a WorkItem> {
        self.by_key
            .range((class, prefix.to_owned(), 0)..)
            .take_while(move |(of, key, _)| *of == class && key.starts_with(prefix))
            .filter_map(|(.., place)| self.at(*place))
    }

    /// A GUID that nothing has yet.
    pub fn new_id(&mut self) -> Uuid {
        Uuid::from_u128(self.chance.random())
    }

    fn at(&self, place: usize) -> Option<&WorkItem> {
        self.items.get(place).and_then(Option::as_ref)
    }

    pub(super) fn living(&self, class: Class, id: &str) -> Option<&WorkItem> {
        self.item(class, id).filter(|item| item.status == ObjectStatus::Active)
    }

    pub(super) fn insert(&mut self, item: WorkItem) {
        let place = self.items.len();
        self.by_id.insert(item.id.to_ascii_uppercase(), place);
        self.by_base_id.insert(item.base_id, place);
        self.items.push(Some(item));
        self.index(place, true);
    }

    /// Changes a work item; the indexes follow.
    pub(super) fn change<R>(&mut self, class: Class, id: &str, change: impl FnOnce(&mut WorkItem) -> R) -> Option<R> {
        let place = *self.by_id.get(&id.to_ascii_uppercase())?;
        self.at(place).filter(|item| item.class == class)?;
        self.index(place, false);
        let done = self.items.get_mut(place).and_then(Option::as_mut).map(change);
        self.index(place, true);
        done
    }

    pub(super) fn forget(&mut self, class: Class, id: &str) {
        let Some(place) = self.item(class, id).and_then(|_| self.by_id.get(&id.to_ascii_uppercase()).copied()) else { return };
        self.index(place, false);
        self.by_id.remove(&id.to_ascii_uppercase());
        if let Some(item) = self.items.get_mut(place).and_then(Option::take) {
            self.by_base_id.remove(&item.base_id);
        }
    }

    fn index(&mut self, place: usize, add: bool) {
        let Some(item) = self.items.get(place).and_then(Option::as_ref) else { return };
        let change = (item.class, item.last_modified, item.id.clone());
        let key = item.text(&self.settings.key_property);
        let key = (!key.is_empty()).then(|| (item.class, key.to_owned(), place));
        if add {
            self.by_change.insert(change, place);
            self.by_key.extend(key);
        } else {
            self.by_change.remove(&change);
            if let Some(key) = key {
                self.by_key.remove(&key);
            }
        }
    }
}

/// Where in the order of changes a reader stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// At this instant (milliseconds since 1970), inclusive.
    From(i64),
    /// Behind this work item: (`LastModified`, `Id`).
    Behind(i64, String),
}
