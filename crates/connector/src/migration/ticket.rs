//! `ticketConfiguration`: JSON inside a text, with `WorkItemData` as JSON inside a text inside that. Documented are its keys
//! `PayloadRevision`, `WorkItemType`, `UseTemplate`, `WorkItemData`, `CreateOneWIPerCI`, `CreateOneWIPerLog` and the name (not the
//! meaning) of `CreateMultipleWorkItems`. The key of a template's name is not, so any key that speaks of a template is taken.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::finding::Findings;
use crate::work_item::WorkItemType;

/// JSON in a text in a text ...; real ones have two.
const DEEPEST: usize = 4;
const LOOK: &str = "look at the action in the Azure portal, and change the route";

/// What it says.
#[derive(Debug, Default)]
pub(super) struct Ticket {
    pub(super) kind: WorkItemType,
    /// `CreateOneWIPerCI`.
    pub(super) per_ci: Option<bool>,
    /// `CreateOneWIPerLog`.
    pub(super) per_row: Option<bool>,
    /// `CreateMultipleWorkItems`.
    pub(super) multiple: Option<bool>,
    pub(super) template: Option<String>,
    pub(super) fields: BTreeMap<String, String>,
}

/// Reads it; what cannot be read becomes a finding, and the rest counts.
pub(super) fn read(value: Option<&Value>, findings: &mut Findings<'_>) -> Ticket {
    let object = match decode(value) {
        Decoded::Object(object) if object.is_empty() => {
            // Azure answers 500 to it, so it stands in templates only.
            findings.lost(
                "its ticketConfiguration is empty",
                "the route makes incidents, one for each alert: choose what it shall make",
            );
            return Ticket::default();
        }
        Decoded::Object(object) => object,
        Decoded::Nothing => {
            findings.lost(
                "it has no ticketConfiguration",
                "the route makes incidents, one for each alert: choose what it shall make",
            );
            return Ticket::default();
        }
        Decoded::Broken(why) => {
            findings.lost(format!("its ticketConfiguration cannot be read: {why}"), LOOK);
            return Ticket::default();
        }
    };
    let mut reader = Reader { ticket: Ticket::default(), uses_template: None, template: None, findings };
    for (name, value) in &object {
        reader.key(name, value);
    }
    if object.keys().all(|name| folded(name) != "workitemtype") {
        reader.findings.remark("its ticketConfiguration names no WorkItemType", "the route makes incidents");
    }
    reader.finish()
}

struct Reader<'f, 'a> {
    ticket: Ticket,
    uses_template: Option<bool>,
    template: Option<String>,
    findings: &'f mut Findings<'a>,
}

impl Reader<'_, '_> {
    fn key(&mut self, name: &str, value: &Value) {
        match folded(name).as_str() {
            // Which form of payload the old action sent; the connector reads all of them.
            "payloadrevision" => {}
            "workitemtype" => self.work_item_type(value),
            "usetemplate" => self.uses_template = self.flag(name, value),
            "workitemdata" => self.data(value),
            "createonewiperci" => self.ticket.per_ci = self.flag(name, value),
            "createonewiperlog" => self.ticket.per_row = self.flag(name, value),
            "createmultipleworkitems" => self.ticket.multiple = self.flag(name, value),
            key if key.contains("template") => self.template(name, value),
            _ if says_nothing(value) => {}
            _ => self.findings.lost(format!("the key \"{name}\" of its ticketConfiguration is not known"), LOOK),
        }
    }

    fn work_item_type(&mut self, value: &Value) {
        let kind = value.as_str().map(|text| text.trim().to_ascii_lowercase());
        if let Some(Ok(kind)) = kind.as_deref().map(str::parse) {
            self.ticket.kind = kind;
        } else {
            let remedy = "the route makes incidents instead; incident, event and alert can be made";
            self.findings.lost(format!("work items of type {value} cannot be made"), remedy);
        }
    }

    fn flag(&mut self, name: &str, value: &Value) -> Option<bool> {
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            value if says_nothing(value) => return None,
            _ => None,
        };
        if flag.is_none() {
            self.findings.lost(format!("{name} is {value}, neither true nor false"), LOOK);
        }
        flag
    }

    fn template(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) if !text.trim().is_empty() => match &self.template {
                None => self.template = Some(text.trim().to_owned()),
                Some(first) if first == text.trim() => {}
                Some(first) => {
                    let cause = format!("the template is named \"{first}\", and by {name} \"{}\"", text.trim());
                    self.findings.lost(cause, "the first is used; look which is right");
                }
            },
            value if says_nothing(value) => {}
            _ => self.findings.lost(format!("{name} does not name a template: {value}"), LOOK),
        }
    }

    fn data(&mut self, value: &Value) {
        match decode(Some(value)) {
            Decoded::Nothing => {}
            Decoded::Object(data) => data.iter().for_each(|(name, value)| self.field(name, value)),
            // With a template the name may be all that it holds.
            Decoded::Broken(_) if value.as_str().is_some_and(|text| !text.contains(['{', '[', '"'])) => {
                self.template("WorkItemData", value);
            }
            Decoded::Broken(why) => self.findings.lost(format!("its WorkItemData cannot be read: {why}"), LOOK),
        }
    }

    fn field(&mut self, name: &str, value: &Value) {
        let folded = folded(name);
        if folded.contains("template") {
            return self.template(name, value);
        }
        let known = ["contact_type", "impact", "urgency", "category", "subcategory"];
        let known = known.into_iter().find(|field| field.replace('_', "") == folded);
        let text = match value {
            Value::String(text) if text.trim().is_empty() => return,
            Value::Null => return,
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return self.findings.lost(format!("the field \"{name}\" holds no plain value"), LOOK);
            }
        };
        let field = known.unwrap_or(name);
        if field.is_empty() || field.chars().any(|c| c.is_whitespace() || c.is_control()) {
            let remedy = format!("add the field to the route by the ITSM tool's own name, with the value \"{text}\"");
            return self.findings.lost(format!("\"{name}\" is not a field name"), remedy);
        }
        if known.is_none() {
            let remedy = "it is carried over as it stands; `itsm-connector refresh` tells whether the ITSM tool has such a field";
            self.findings.remark(format!("the field \"{name}\" is none of the old connector's default fields"), remedy);
        }
        self.ticket.fields.insert(field.to_owned(), text);
    }

    /// The old form let one choose either a template or fields.
    fn finish(self) -> Ticket {
        let Self { mut ticket, uses_template, template, findings } = self;
        match (uses_template, template) {
            (Some(false), Some(name)) => {
                findings.remark(
                    format!("it names the template \"{name}\", and UseTemplate is false"),
                    "the template is left out, as before",
                );
            }
            (Some(true), None) => {
                let remedy = "find its name in the Azure portal, and write it into the route: template = \"NAME\"";
                findings.lost("it uses a template and does not say which", remedy);
            }
            (_, template) => ticket.template = template,
        }
        if ticket.template.is_some() && uses_template == Some(true) && !ticket.fields.is_empty() {
            let fields: Vec<String> =
                std::mem::take(&mut ticket.fields).into_iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
            let cause = format!("it uses a template and has fields, too: {}", fields.join(", "));
            findings.lost(
                cause,
                "the old connector took one or the other: the template is carried over; add fields that are meant to win over it",
            );
        }
        ticket
    }
}

enum Decoded {
    Object(Map<String, Value>),
    Nothing,
    Broken(String),
}

/// An object, or a text that is one, however often it was made a text.
fn decode(value: Option<&Value>) -> Decoded {
    let mut value = value.cloned().unwrap_or_default();
    for _ in 0..DEEPEST {
        value = match value {
            Value::Object(object) => return Decoded::Object(object),
            Value::Null => return Decoded::Nothing,
            Value::String(text) if matches!(text.trim(), "" | "null") => return Decoded::Nothing,
            Value::String(text) => match serde_json::from_str(&text) {
                Ok(value) => value,
                // Made a text once too often by hand: `{\"WorkItemType\":...}`.
                Err(error) => match serde_json::from_str(&text.replace("\\\"", "\"")) {
                    Ok(value) => value,
                    Err(_) if text.starts_with('[') && text.ends_with(']') => {
                        let why = "it is an expression that only Azure knows (export the deployed group with `az monitor action-group show`)";
                        return Decoded::Broken(why.to_owned());
                    }
                    Err(_) => return Decoded::Broken(format!("it is not JSON ({error})")),
                },
            },
            Value::Array(_) => return Decoded::Broken("it is a list, not an object".to_owned()),
            other => return Decoded::Broken(format!("it is {other}, not an object")),
        };
    }
    Decoded::Broken("it is text in text in text without an end".to_owned())
}

fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
