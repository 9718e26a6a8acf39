//! Enumerations are trees of GUIDs: a list is a root, and every node below it is a legal value, parents too. What people see is the
//! label in their language; only id and name are safe to compare.

use std::collections::HashMap;

use uuid::Uuid;

/// Windows' three letter language names; labels exist in these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// `ENU`
    #[default]
    English,
    /// `DEU`
    German,
}

impl Language {
    /// From a three letter Windows name or an IETF tag; anything unknown is English, as the console falls back.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        if name == "deu" || name == "de" || name.starts_with("de-") { Self::German } else { Self::English }
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enumeration {
    /// Its GUID.
    pub id: Uuid,
    /// Full name, such as `IncidentStatusEnum.Active.Pending`.
    pub name: String,
    /// The node above; `None` for a list.
    pub parent: Option<Uuid>,
    /// Place among its siblings, from 1.
    pub ordinal: i64,
    /// What English people see.
    pub english: String,
    /// What German people see.
    pub german: String,
}

impl Enumeration {
    /// What people see.
    #[must_use]
    pub fn label(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::German => &self.german,
        }
    }

    /// The last part of the name, such as `Pending`.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }
}

/// All trees.
#[derive(Debug, Clone, Default)]
pub struct Enumerations {
    nodes: HashMap<Uuid, Enumeration>,
    children: HashMap<Uuid, Vec<Uuid>>,
}

impl Enumerations {
    /// Adds a node below one that is there already, or a list; the last among its siblings.
    pub fn add(&mut self, id: Uuid, name: &str, parent: Option<Uuid>, english: &str, german: &str) {
        let ordinal = parent.map_or(1, |parent| {
            let siblings = self.children.entry(parent).or_default();
            siblings.push(id);
            i64::try_from(siblings.len()).unwrap_or(i64::MAX)
        });
        let (name, english, german) = (name.to_owned(), english.to_owned(), german.to_owned());
        self.nodes.insert(id, Enumeration { id, name, parent, ordinal, english, german });
    }

    /// Gives a node other labels, as an administrator does.
    pub fn rename(&mut self, id: Uuid, english: &str, german: &str) {
        if let Some(node) = self.nodes.get_mut(&id) {
            english.clone_into(&mut node.english);
            german.clone_into(&mut node.german);
        }
    }

    /// One node.
    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<&Enumeration> {
        self.nodes.get(&id)
    }

    /// How many nodes there are, lists included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes right below one, in order.
    #[must_use]
    pub fn children(&self, id: Uuid) -> Vec<&Enumeration> {
        self.children.get(&id).into_iter().flatten().filter_map(|child| self.nodes.get(child)).collect()
    }

    /// Every value of a list, parents before their children; the list itself is none.
    #[must_use]
    pub fn values(&self, list: Uuid) -> Vec<&Enumeration> {
        let mut found = Vec::new();
        for child in self.children(list) {
            found.push(child);
            found.extend(self.values(child.id));
        }
        found
    }

    /// Whether `value` lies below `ancestor` or is it.
    #[must_use]
    pub fn within(&self, value: Uuid, ancestor: Uuid) -> bool {
        let mut at = Some(value);
        while let Some(id) = at {
            if id == ancestor {
                return true;
            }
            at = self.nodes.get(&id).and_then(|node| node.parent);
        }
        false
    }

    /// The value of a list by GUID, full name or, when only one has it, last part of the name. Never by label: those are translated and
    /// renamed.
    #[must_use]
    pub fn resolve(&self, list: Uuid, text: &str) -> Option<&Enumeration> {
        if let Ok(id) = Uuid::try_parse(text) {
            return self.nodes.get(&id).filter(|node| node.id != list && self.within(node.id, list));
        }
        let values = self.values(list);
        if let Some(full) = values.iter().find(|node| node.name.eq_ignore_ascii_case(text)) {
            return Some(full);
        }
        let mut short = values.into_iter().filter(|node| node.short_name().eq_ignore_ascii_case(text));
        let found = short.next();
        if short.next().is_some() { None } else { found }
    }

    /// The value of a list by what people see in any language.
    #[must_use]
    pub fn by_label(&self, list: Uuid, label: &str) -> Option<&Enumeration> {
        self.values(list).into_iter().find(|node| node.english == label || node.german == label)
    }
}
