//! What happens to work items besides changed properties: statuses with their dates, comments, links, deletion and grooming.

use uuid::Uuid;

use super::{
    class::Class,
    group::ManagementGroup,
    ids,
    work_item::{Comment, CommentKind, ObjectStatus, Relation, Value},
    writing::{Actor, Refused},
};

/// Longest comment, inferred from `Description`.
const LONG: usize = 4000;

/// Changes of properties; `None` empties one.
type Changes = Vec<(String, Option<Value>)>;

fn changes<const N: usize>(list: [(&str, Option<Value>); N]) -> Changes {
    list.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl ManagementGroup {
    /// Resolves an incident: status, date, category, description and who. Resolving a resolved one changes category and text alone.
    pub fn resolve(
        &mut self,
        id: &str,
        category: Option<Uuid>,
        description: &str,
        actor: &Actor,
        now: i64,
    ) -> Result<(), Refused> {
        let class = Class::Incident;
        let was = self.open(class, id, actor)?;
        let resolved = if was.enumeration("Status") == Some(ids::RESOLVED) { was.date("ResolvedDate") } else { None };
        let mut wanted = changes([
            ("Status", Some(Value::Enumeration(ids::RESOLVED))),
            ("ResolutionDescription", Some(Value::Text(description.to_owned()))),
        ]);
        wanted.extend(category.map(|category| ("ResolutionCategory".to_owned(), Some(Value::Enumeration(category)))));
        for (name, value) in &wanted {
            self.check(class, name, value.as_ref())?;
        }
        wanted.push(("ResolvedDate".to_owned(), Some(Value::Date(resolved.unwrap_or(now)))));
        let by = self.person(&actor.account).map(|person| person.base_id);
        self.write(class, id, &wanted, now);
        self.change(class, id, |item| item.resolved_by = by);
        Ok(())
    }

    /// Takes a resolved incident up again. Category, text and date of the resolution go, which is inferred from the console.
    pub fn reopen(&mut self, id: &str, actor: &Actor, now: i64) -> Result<(), Refused> {
        let class = Class::Incident;
        self.open(class, id, actor)?;
        let wanted = changes([
            ("Status", Some(Value::Enumeration(ids::ACTIVE))),
            ("ResolvedDate", None),
            ("ClosedDate", None),
            ("ResolutionCategory", None),
            ("ResolutionDescription", None),
        ]);
        self.write(class, id, &wanted, now);
        self.change(class, id, |item| item.resolved_by = None);
        Ok(())
    }

    /// Closes a work item.
    pub fn close(&mut self, class: Class, id: &str, actor: &Actor, now: i64) -> Result<(), Refused> {
        self.open(class, id, actor)?;
        let mut wanted = changes([("Status", Some(Value::Enumeration(class.closed())))]);
        match class {
            Class::Incident => wanted.push(("ClosedDate".to_owned(), Some(Value::Date(now)))),
            Class::ChangeRequest => wanted.push(("ActualEndDate".to_owned(), Some(Value::Date(now)))),
        }
        self.write(class, id, &wanted, now);
        Ok(())
    }

    /// Assigns a work item to a person.
    pub fn assign(&mut self, class: Class, id: &str, person: Uuid, actor: &Actor, now: i64) -> Result<(), Refused> {
        let first = self.open(class, id, actor)?.date("FirstAssignedDate").is_none() && class == Class::Incident;
        self.change(class, id, |item| item.assigned_to = Some(person));
        if first {
            // A workflow writes the date, so the item itself changes.
            self.write(class, id, &changes([("FirstAssignedDate", Some(Value::Date(now)))]), now);
        } else {
            self.related(class, id, now);
        }
        Ok(())
    }

    /// Appends to a log of a work item; the GUID of the entry.
    pub fn comment(
        &mut self,
        class: Class,
        id: &str,
        (kind, text, private): (CommentKind, &str, bool),
        actor: &Actor,
        now: i64,
    ) -> Result<Uuid, Refused> {
        self.open(class, id, actor)?;
        if text.encode_utf16().count() > LONG {
            return Err(Refused::TooLong("Comment".to_owned(), LONG));
        }
        let entry = self.new_id();
        let (text, entered_by) = (text.to_owned(), actor.account.clone());
        self.change(class, id, |item| item.comments.push(Comment { id: entry, kind, text, entered_by, entered: now, private }));
        self.related(class, id, now);
        Ok(entry)
    }

    /// Relates a work item to a configuration item; linking twice is linking once.
    pub fn link(&mut self, class: Class, id: &str, link: (Relation, Uuid), actor: &Actor, now: i64) -> Result<(), Refused> {
        self.open(class, id, actor)?;
        if self.computer(link.1).is_none() {
            return Err(Refused::NoConfigItem(link.1));
        }
        let new = self.change(class, id, |item| {
            let new = !item.config_items.contains(&link);
            if new {
                item.config_items.push(link);
            }
            new
        });
        if new == Some(true) {
            self.related(class, id, now);
        }
        Ok(())
    }

    /// Only relations changed: whether that moves `LastModified` is a setting.
    pub(super) fn related(&mut self, class: Class, id: &str, now: i64) {
        if self.settings.relations_move_last_modified {
            self.write(class, id, &[], now);
        }
    }

    /// A workflow touches an item: nothing changes but `LastModified`.
    pub fn touch(&mut self, class: Class, id: &str, now: i64) {
        self.write(class, id, &[], now);
    }

    /// Deletes a work item: it is marked, and gone for everybody who does not ask for deleted ones.
    pub fn delete(&mut self, class: Class, id: &str, now: i64) {
        self.change(class, id, |item| {
            item.status = ObjectStatus::PendingDelete;
            item.last_modified = now;
            item.revision += 1;
        });
    }

    /// The grooming workflow: takes out what was deleted, and closed items that nobody changed since `closed_before`.
    pub fn groom(&mut self, closed_before: i64) {
        let finished = |item: &&super::work_item::WorkItem| {
            item.status == ObjectStatus::PendingDelete
                || item.enumeration("Status") == Some(item.class.closed()) && item.last_modified < closed_before
        };
        let found: Vec<(Class, String)> =
            self.items.iter().flatten().filter(finished).map(|item| (item.class, item.id.clone())).collect();
        for (class, id) in found {
            self.forget(class, &id);
        }
    }
}
