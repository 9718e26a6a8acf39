//! The definitions of business objects: fields with their ids, relationships, states. The server's own rules know fields by their stock
//! names; what a customer calls them is only a label on the wire.

mod catalogue;
pub(crate) use catalogue::made_up_id;
pub(crate) mod choices;

use std::collections::HashMap;

use super::options::Options;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    DateTime,
    Logical,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Number => "Number",
            Self::DateTime => "DateTime",
            Self::Logical => "Logical",
        }
    }
}

/// Where a validated field's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Anything goes.
    Free,
    /// A lookup list by name.
    List(&'static str),
    /// A lookup list that depends on other fields of the record.
    Services(choices::Level),
    /// Full names of users.
    People,
    /// Names of teams.
    Teams,
    /// Record ids of a business object.
    Records(&'static str),
}

/// A field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The stock name: what the server's rules go by.
    pub(crate) role: String,
    /// The name at this customer.
    pub(crate) name: String,
    pub(crate) label: String,
    /// Short form.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    pub(crate) required: bool,
    pub(crate) read_only: bool,
    pub(crate) source: Source,
    /// What a new record begins with.
    pub(crate) default: &'static str,
}

/// A relationship, seen from its parent.
#[derive(Debug, Clone)]
pub(crate) struct Relationship {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) cardinality: &'static str,
    /// Index of the target object.
    pub(crate) target: usize,
    pub(crate) owns: bool,
}

/// A business object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) major: bool,
    pub(crate) supporting: bool,
    /// Members, when this is a group.
    pub(crate) members: Vec<usize>,
    /// The group that it is a member of. Members share the fields of their group and its records.
    pub(crate) group: Option<usize>,
    pub(crate) fields: Vec<Field>,
    by_id: HashMap<String, usize>,
    by_role: HashMap<String, usize>,
    /// The field with the id that people use.
    pub(crate) public: &'static str,
    /// First of these ids.
    pub(crate) first_public: u64,
    /// Comma-separated, as on the wire; empty without states.
    pub(crate) states: &'static str,
    /// What a search without a list of fields shows.
    pub(crate) grid: &'static [&'static str],
    pub(crate) relationships: Vec<Relationship>,
}

impl Object {
    /// The place of a field, by any form of its id.
    pub(crate) fn field(&self, id: &str) -> Option<usize> {
        self.by_id.get(&short_id(id)).copied()
    }

    pub(crate) fn role(&self, role: &str) -> Option<usize> {
        self.by_role.get(role).copied()
    }

    /// The place of a field by the customer's name of it.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn relationship(&self, id: &str) -> Option<&Relationship> {
        self.relationships.iter().find(|relationship| relationship.id.eq_ignore_ascii_case(id))
    }

    fn index(&mut self) {
        self.by_id = self.fields.iter().enumerate().map(|(place, field)| (field.id.to_ascii_lowercase(), place)).collect();
        self.by_role = self.fields.iter().enumerate().map(|(place, field)| (field.role.clone(), place)).collect();
    }
}

/// The part of a field id after `FI:`, or all of it.
fn short_id(id: &str) -> String {
    let mut parts = id.split(',').map(str::trim);
    let field = parts.find_map(|part| part.get(..3).filter(|head| head.eq_ignore_ascii_case("FI:")).and(part.get(3..)));
    field.unwrap_or(id).trim().to_ascii_lowercase()
}

/// Every definition.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) objects: Vec<Object>,
}

impl Content {
    /// The stock content with what this customer made of it.
    pub(crate) fn new(options: &Options) -> Self {
        let mut content = Self { objects: catalogue::objects() };
        let external =
            options.external_id_field.iter().map(|name| ("Incident".to_owned(), name.clone(), "ExternalID".to_owned()));
        let own = options.fields.iter().map(|(object, name)| (object.clone(), name.clone(), name.clone()));
        for (object, name, role) in external.chain(own) {
            content.change(&object, |object| {
                let id = catalogue::made_up_id(&format!("{}.{name}", object.name));
                object.fields.push(Field::text(&role, &name, id, 255));
            });
        }
        for (object, role) in &options.required {
            content.change(object, |object| {
                object.fields.iter_mut().filter(|field| field.role == *role).for_each(|field| field.required = true);
            });
        }
        for (object, role, name) in &options.renames {
            content.change(object, |object| {
                object.fields.iter_mut().filter(|field| field.role == *role).for_each(|field| field.name.clone_from(name));
            });
        }
        content.objects.iter_mut().for_each(Object::index);
        content
    }

    /// Changes an object, and its group and fellow members with it: they share fields.
    fn change(&mut self, name: &str, change: impl Fn(&mut Object)) {
        let Some(place) = self.objects.iter().position(|object| object.name == name) else { return };
        let base = self.objects.get(place).and_then(|object| object.group).unwrap_or(place);
        for (other, object) in self.objects.iter_mut().enumerate() {
            if other == base || object.group == Some(base) {
                change(object);
            }
        }
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<usize> {
        self.objects.iter().position(|object| object.id.eq_ignore_ascii_case(id))
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<usize> {
        self.objects.iter().position(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// Where the records of an object are kept: at its group, or at itself.
    pub(crate) fn base(&self, object: usize) -> usize {
        self.objects.get(object).and_then(|object| object.group).unwrap_or(object)
    }

    /// What a new record asked for under this id becomes: the first member of a group, or the object itself.
    pub(crate) fn leaf(&self, object: usize) -> usize {
        self.objects.get(object).and_then(|object| object.members.first().copied()).unwrap_or(object)
    }
}

impl Field {
    fn text(role: &str, name: &str, id: String, size: usize) -> Self {
        Self {
            role: role.to_owned(),
            name: name.to_owned(),
            label: catalogue::label(name),
            id,
            kind: Kind::Text,
            size,
            required: false,
            read_only: false,
            source: Source::Free,
            default: "",
        }
    }
}
