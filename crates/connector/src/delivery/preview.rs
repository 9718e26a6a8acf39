//! The work items that an alert would make, field by field, as the provider would send them. Pure: nothing is looked up, so neither
//! a template kept in the ITSM tool nor a configuration item shows in the fields.

use std::collections::BTreeMap;

use serde::Serialize;

use super::line::Line;
use crate::alert::{Alert, AlertState, Part};
use crate::provider::Lifecycle;
use crate::route::Choices;
use crate::settings::OnResolve;
use crate::work_item::render::PartView;
use crate::work_item::{WorkItemKey, WorkItemType};

/// What an alert would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Previewed {
    /// The connection's name.
    pub connection: String,
    /// What is made.
    pub work_item_type: WorkItemType,
    /// What the alert says.
    pub state: AlertState,
    /// Notes with which existing work items would be resolved; nothing when none would be.
    pub close_notes: Option<String>,
    /// Each work item, in the order in which they would be made.
    pub work_items: Vec<PreviewedItem>,
    /// What a person should know of all of them.
    pub remarks: Vec<String>,
}

/// One work item of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewedItem {
    /// The key of the first work item for this part.
    pub key: String,
    /// What tells it from the alert's others; empty when there is only one.
    pub label: String,
    /// The template kept in the ITSM tool that fills it first.
    pub template: Option<String>,
    /// The name that is looked up.
    pub configuration_item: Option<String>,
    /// Fields by the tool's own names.
    pub fields: BTreeMap<String, String>,
    /// What a person should know of it.
    pub remarks: Vec<String>,
}

impl Line {
    /// What `alert` would make here, as a work item of type `kind`; nothing when the tool has no such type.
    #[must_use]
    pub fn preview(&self, kind: WorkItemType, alert: &Alert, choices: &Choices) -> Option<Previewed> {
        let lifecycle = self.provider.lifecycle(kind)?;
        let (work_items, mut remarks) = self.previewed_items(kind, alert, choices);
        let mut close_notes = None;
        if alert.state == AlertState::Resolved && lifecycle == Lifecycle::Tracked {
            match self.settings.policy.on_resolve {
                OnResolve::Resolve => {
                    let (notes, more) = self.renderer.close_notes(alert);
                    close_notes = Some(notes);
                    remarks.extend(more);
                }
                OnResolve::Note => {
                    remarks.push("resolved: a work item that exists gets a work note (policy.on_resolve)".to_owned());
                }
                OnResolve::Ignore => {
                    remarks.push("resolved: a work item that exists stays as it is (policy.on_resolve)".to_owned());
                }
            }
        }
        let (connection, state) = (self.name.clone(), alert.state);
        Some(Previewed { connection, work_item_type: kind, state, close_notes, work_items, remarks })
    }

    fn previewed_items(&self, kind: WorkItemType, alert: &Alert, choices: &Choices) -> (Vec<PreviewedItem>, Vec<String>) {
        let mut remarks = Vec::new();
        let parts = alert.parts(choices.per);
        let most = self.settings.policy.max_work_items;
        if parts.len() > most {
            remarks.push(format!("the alert has {} parts; policy.max_work_items lets it make {most}", parts.len()));
        }
        let item = |part: &Part| {
            let view =
                PartView { label: &part.label, configuration_item: part.configuration_item.as_deref(), row: part.row.as_ref() };
            let key = WorkItemKey { correlation: part.correlation_key.clone(), generation: 1 };
            let (draft, remarks) = self.renderer.draft(kind, alert, view, choices, key, None, None);
            PreviewedItem {
                key: draft.key.to_string(),
                label: part.label.clone(),
                configuration_item: part.configuration_item.clone().filter(|_| self.settings.configuration_item.link),
                fields: self.provider.fields(&draft),
                template: draft.template,
                remarks,
            }
        };
        (parts.iter().take(most).map(item).collect(), remarks)
    }
}
