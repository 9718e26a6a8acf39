//! Ids that are given out before their work items are there, and relations that are taken away again: what a form does that holds a
//! whole work item while a person edits it.

use uuid::Uuid;

use super::{
    class::Class,
    group::ManagementGroup,
    work_item::Relation,
    writing::{Actor, Refused},
};

/// An `Id` and a GUID that no work item has yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// `IR1043`
    pub id: String,
    /// GUID of the object to be.
    pub base_id: Uuid,
}

impl ManagementGroup {
    /// Gives out the next `Id`; it is used up, whether or not a work item follows.
    pub fn reserve(&mut self, class: Class) -> Reserved {
        let id = format!("{}{}", class.prefix(), self.next_number);
        self.next_number += 1;
        Reserved { id, base_id: self.new_id() }
    }

    /// Sets or takes away the person whom a work item is about.
    pub fn set_affected_user(
        &mut self,
        class: Class,
        id: &str,
        person: Option<Uuid>,
        actor: &Actor,
        now: i64,
    ) -> Result<(), Refused> {
        self.open(class, id, actor)?;
        self.change(class, id, |item| item.affected_user = person);
        self.related(class, id, now);
        Ok(())
    }

    /// Takes a work item away from whom it was assigned to.
    pub fn unassign(&mut self, class: Class, id: &str, actor: &Actor, now: i64) -> Result<(), Refused> {
        self.open(class, id, actor)?;
        self.change(class, id, |item| item.assigned_to = None);
        self.related(class, id, now);
        Ok(())
    }

    /// Takes a relation to a configuration item away; the item stays.
    pub fn unlink(&mut self, class: Class, id: &str, link: (Relation, Uuid), actor: &Actor, now: i64) -> Result<(), Refused> {
        self.open(class, id, actor)?;
        self.change(class, id, |item| item.config_items.retain(|other| *other != link));
        self.related(class, id, now);
        Ok(())
    }
}
