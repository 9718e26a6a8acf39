//! One ITSM receiver becomes one route. How many work items an alert makes is the part with a history: see [`per`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::connection::{self, Connections};
use super::finding::Findings;
use super::group::get;
use super::ticket::{self, Ticket};
use super::{NotPerCi, Options};
use crate::route::{Per, Route};
use crate::work_item::WorkItemType;

/// The receiver's name, for people.
pub(super) fn name(receiver: &Map<String, Value>) -> String {
    let name = get(receiver, "name").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

/// The receiver's route.
pub(super) fn route(
    receiver: &Map<String, Value>,
    options: &Options,
    connections: &mut Connections<'_>,
    findings: &mut Findings<'_>,
) -> Route {
    let Ticket { kind, per_ci, per_row, multiple, template, fields } =
        ticket::read(get(receiver, "ticketConfiguration"), findings);
    let target = connections.of(receiver, findings);
    connection::can_make(&target, kind, findings);
    if target.provider != "servicenow" {
        named_as_in_servicenow(&fields, findings);
    }
    let template = template.map(|template| named(template, &options.templates, findings));
    let per = per(kind, [per_ci, per_row, multiple], options.not_per_ci, findings);
    Route { connection: target.name, work_item_type: kind, per, template, fields }
}

/// - per row: documented for events only, so that it counts before "per configuration item" there and after it elsewhere;
/// - per configuration item: the same word here;
/// - neither, though asked: see [`NotPerCi`]; an event was always one for each alert;
/// - not asked: one for each alert.
fn per(kind: WorkItemType, [ci, row, multiple]: [Option<bool>; 3], not_per_ci: NotPerCi, findings: &mut Findings<'_>) -> Per {
    let event = kind == WorkItemType::Event;
    match (ci, row) {
        (Some(true), Some(true)) => {
            let per = if event { "row" } else { "ci" };
            let cause = "it asks for one work item for each configuration item and for each log entry";
            findings.remark(cause, format!("the route has per = \"{per}\"; change it if the other is meant"));
            if event { Per::Row } else { Per::Ci }
        }
        (Some(true), _) => Per::Ci,
        (_, Some(true)) => {
            if !event {
                let remedy = "the route has per = \"row\", one work item for each row; change it if that is not meant";
                findings.remark("one work item for each log entry was documented for events only", remedy);
            }
            Per::Row
        }
        (None, None) if multiple == Some(true) => {
            let (per, word) = if event { (Per::Row, "row") } else { (Per::Ci, "ci") };
            let cause = "CreateMultipleWorkItems is true, and what it did was never documented";
            findings.remark(cause, format!("the route has per = \"{word}\"; alert, rule, ci and row can be chosen"));
            per
        }
        (Some(false), _) if !event => {
            let per = Per::from(not_per_ci);
            if per == Per::Rule {
                let remedy =
                    "the route has per = \"rule\" for every kind of alert; with --not-per-ci alert it makes one for each alert";
                findings.remark(
                    "CreateOneWIPerCI is false: log alerts made one work item for each rule until that was closed, other alerts one each",
                    remedy,
                );
            }
            per
        }
        _ => Per::Alert,
    }
}

/// Templates are looked up by name; an id needs to be told apart.
fn named(template: String, names: &BTreeMap<String, String>, findings: &mut Findings<'_>) -> String {
    if let Some(name) = names.get(&template) {
        return name.clone();
    }
    let hex = template.bytes().filter(u8::is_ascii_hexdigit).count();
    if hex == 32 && template.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        let remedy = format!("look up its name in the ITSM tool and give --template {template}=NAME");
        findings.lost(format!("the template is given by its id {template}, and templates are found by name"), remedy);
    }
    template
}

fn named_as_in_servicenow(fields: &BTreeMap<String, String>, findings: &mut Findings<'_>) {
    if !fields.is_empty() {
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let remedy = "give them the ITSM tool's own names; `itsm-connector refresh` tells which it does not have";
        findings.lost(format!("the old connector's names of fields are not this tool's: {}", names.join(", ")), remedy);
    }
}
