//! The columns that a profile names: those to read of a record, and all of them with the setting each stands in, to be held against the
//! environment.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Ci, CiLink, Close, Incident, Level, Profile, Template};

/// The logical name of a column that may be named as the wire has it: `_ownerid_value` is `ownerid`.
#[must_use]
pub fn logical(property: &str) -> &str {
    property.strip_prefix('_').and_then(|name| name.strip_suffix("_value")).unwrap_or(property)
}

impl Incident {
    /// Properties that are read of a record, besides those that the connection's mapping names.
    #[must_use]
    pub fn properties(&self) -> BTreeSet<&str> {
        let columns = [
            &self.id,
            &self.number,
            &self.title,
            &self.description,
            &self.state,
            &self.impact.column,
            &self.urgency.column,
            &self.priority.column,
            &self.modified_on,
            &self.resolved_on,
            &self.correlation.column,
        ];
        let columns = columns.into_iter().chain(self.resolved.keys()).chain(self.closed.keys());
        columns.map(String::as_str).filter(|column| !column.is_empty()).collect()
    }

    /// Choice columns that carry the severity of an alert, as they are written.
    #[must_use]
    pub fn severity(&self) -> Vec<&Level> {
        let both: Vec<&Level> = [&self.impact, &self.urgency].into_iter().filter(|level| !level.column.is_empty()).collect();
        if both.is_empty() { [&self.priority].into_iter().filter(|level| !level.column.is_empty()).collect() } else { both }
    }

    /// Where the close code stands.
    #[must_use]
    pub fn close_code(&self) -> &str {
        match &self.close {
            Close::Action { .. } => "statuscode",
            Close::Patch { code, .. } => code,
        }
    }
}

/// A column of the profile: the setting in which it stands, and its name.
pub type Named<'a> = (String, &'a str);

impl Profile {
    /// The tables in use by section of the profile: logical name, and the columns that the profile names.
    #[must_use]
    pub fn tables(&self) -> Vec<(&'static str, &str, Vec<Named<'_>>)> {
        let mut all = vec![("incident", self.incident.logical_name.as_str(), self.incident.named())];
        if !self.change.entity_set.is_empty() {
            all.push(("change", &self.change.logical_name, self.change.named()));
        }
        if !self.ci.entity_set.is_empty() {
            all.push(("ci", &self.ci.logical_name, self.ci.named()));
        }
        if !self.template.entity_set.is_empty() {
            all.push(("template", &self.template.logical_name, self.template.named()));
        }
        all
    }
}

fn filled<'a>(pairs: Vec<(&str, &'a str)>) -> Vec<Named<'a>> {
    pairs.into_iter().filter(|(_, column)| !column.is_empty()).map(|(setting, column)| (setting.to_owned(), column)).collect()
}

fn keyed<'a, V>(setting: &'a str, columns: &'a BTreeMap<String, V>) -> impl Iterator<Item = Named<'a>> {
    columns.keys().map(move |column| (format!("{setting}.{column}"), column.as_str()))
}

impl Incident {
    fn named(&self) -> Vec<Named<'_>> {
        let mut all = filled(vec![
            ("id", &self.id),
            ("number", &self.number),
            ("title", &self.title),
            ("description", &self.description),
            ("state", &self.state),
            ("impact.column", &self.impact.column),
            ("urgency.column", &self.urgency.column),
            ("priority.column", &self.priority.column),
            ("category", &self.category),
            ("source", &self.source),
            ("assigned_to", &self.assigned_to),
            ("created_by", &self.created_by),
            ("resolved_by", &self.resolved_by),
            ("closed_by", &self.closed_by),
            ("escalation", &self.escalation),
            ("created_on", &self.created_on),
            ("modified_on", &self.modified_on),
            ("resolved_on", &self.resolved_on),
            ("closed_on", &self.closed_on),
            ("customer", &self.customer),
            ("correlation.column", &self.correlation.column),
        ]);
        all.extend(keyed("resolved", &self.resolved).chain(keyed("closed", &self.closed)).chain(keyed("reopen", &self.reopen)));
        if let Close::Patch { values, notes, code } = &self.close {
            all.extend(filled(vec![("close.notes", notes), ("close.code", code)]));
            all.extend(keyed("close.values", values));
        }
        if let CiLink::Lookup { column } = &self.ci_link {
            all.extend(filled(vec![("ci_link.column", column)]));
        }
        all
    }
}

impl Change {
    fn named(&self) -> Vec<Named<'_>> {
        filled(vec![
            ("id", &self.id),
            ("number", &self.number),
            ("title", &self.title),
            ("description", &self.description),
            ("state", &self.state),
            ("impact", &self.impact),
            ("urgency", &self.urgency),
            ("priority", &self.priority),
            ("risk", &self.risk),
            ("type", &self.change_type),
            ("category", &self.category),
            ("source", &self.source),
            ("assigned_to", &self.assigned_to),
            ("created_by", &self.created_by),
            ("closed_by", &self.closed_by),
            ("escalation", &self.escalation),
            ("conflict_status", &self.conflict_status),
            ("ci", &self.ci),
            ("created_on", &self.created_on),
            ("modified_on", &self.modified_on),
            ("closed_on", &self.closed_on),
            ("requested_on", &self.requested_on),
            ("planned_start", &self.planned_start),
            ("planned_end", &self.planned_end),
            ("work_start", &self.work_start),
            ("work_end", &self.work_end),
        ])
    }
}

impl Ci {
    fn named(&self) -> Vec<Named<'_>> {
        let mut all = filled(vec![
            ("id", &self.id),
            ("name", &self.name),
            ("fqdn", &self.fqdn),
            ("resource_id", &self.resource_id),
            ("class", &self.class),
            ("modified_on", &self.modified_on),
        ]);
        all.extend(keyed("retired", &self.retired).chain(keyed("create", &self.create)));
        all
    }
}

impl Template {
    fn named(&self) -> Vec<Named<'_>> {
        let mut all = filled(vec![("id", &self.id), ("name", &self.name)]);
        all.extend(keyed("columns", &self.columns));
        all
    }
}
