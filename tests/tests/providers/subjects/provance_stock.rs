#![expect(clippy::unwrap_used, reason = "a story that cannot set its stage has failed")]

use std::sync::Arc;
use std::time::Duration;

use emulators::dataverse::options::SECRET;
use emulators::dataverse::{Dataverse, Description, Options, Time};
use emulators::desk::{Desk, Edit, Kind, Seen, Trouble};
use uuid::{Uuid, Version};

use crate::subject::{Opened, Opening, Subject, Words};

/// The stock table `incident` of Dynamics 365 Customer Service, as every Dataverse trial has it.
pub(crate) const SUBJECT: Subject = Subject {
    key: "provance_stock",
    title: "Provance: stock tables",
    open,
    words: Words {
        followed: ("prioritycode", "3"),
        not_a_choice: ("caseorigincode", "17"),
        template: None,
        person: "Abel Tuter",
        group: "Database Administration",
    },
    without: &[
        ("items_found", "the stock tables have no CMDB"),
        ("items_ambiguous", "the stock tables have no CMDB"),
        ("items_created", "the stock tables have no CMDB"),
        ("settings_template", "Dataverse has no templates of records; a profile may name a table of them, as Provance ITSM has"),
    ],
};

/// The stock tables have none; customers make one.
const CHANGES: &str = r#"
[change_request]
table = "new_change"
number = "new_number"
title = "new_name"
description = "new_description"
resolved = [100000003]
closed = [2]

[[tables]]
logical_name = "new_change"
schema_name = "new_Change"
label = "Change"
primary_name = "new_name"
type_code = 10201
custom = true
states = [
  { value = 0, label = "Active", statuses = [{ value = 1, label = "Requested" }, { value = 100000003, label = "Implemented" }] },
  { value = 1, label = "Inactive", statuses = [{ value = 2, label = "Closed" }] },
]
columns = [
  { name = "new_name", schema_name = "new_Name", label = "Name", max = 200 },
  { name = "new_number", schema_name = "new_Number", label = "Number", max = 100, number = "CR{n:5}" },
  { name = "new_description", schema_name = "new_Description", label = "Description", type = "memo", max = 2000 },
]
"#;

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let descriptions = vec![Description::from_toml(CHANGES).unwrap()];
        let tool = Dataverse::start_with(Options { time: Time::Manual(now), descriptions, ..Options::default() }).await;
        Opened {
            desk: Arc::new(Keyed(tool)),
            settings: "provider = \"provance\"\n\
                auth = { type = \"client_credentials\", client_id = \"5a1e0f34-0000-4000-8000-00000000c0de\", client_secret = \"$SECRET\" }\n\
                provance.customer = \"Contoso\"\n\
                provance.change_tracking = true\n\
                provance.profile.change = { entity_set = \"new_changes\", logical_name = \"new_change\", id = \"new_changeid\", \
                number = \"new_number\", title = \"new_name\", description = \"new_description\" }\n",
            secrets: &[("SECRET", SECRET)],
        }
    })
}

/// The stock table has no column for our key: a record of ours is known by the primary key that the connector chose, which is of
/// a kind that the server never makes.
#[derive(Debug)]
struct Keyed(Dataverse);

impl Desk for Keyed {
    fn url(&self) -> String {
        Desk::url(&self.0)
    }
    fn advance(&self, by: Duration) {
        Desk::advance(&self.0, by);
    }
    fn all(&self, kind: Kind) -> Vec<Seen> {
        let mut all = self.0.all(kind);
        for seen in &mut all {
            let id: Uuid = seen.id.parse().unwrap();
            if id.get_version() == Some(Version::Custom) {
                seen.key = format!("az-{id}");
            }
        }
        all
    }
    fn file(&self, kind: Kind, title: &str) -> String {
        self.0.file(kind, title)
    }
    fn edit(&self, kind: Kind, id: &str, edit: &Edit) {
        self.0.edit(kind, id, edit);
    }
    fn remove(&self, kind: Kind, id: &str) {
        self.0.remove(kind, id);
    }
    fn add_computer(&self, name: &str) -> String {
        self.0.add_computer(name)
    }
    fn computers(&self) -> Vec<String> {
        self.0.computers()
    }
    fn strike(&self, trouble: &Trouble) -> bool {
        self.0.strike(trouble)
    }
    fn calm(&self) {
        self.0.calm();
    }
    fn requests(&self) -> u64 {
        Desk::requests(&self.0)
    }
}
