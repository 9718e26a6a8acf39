//! ServiceNow as every tool looks from inside: an administrator and `beth.anglin` at work.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Effect, Fault, Partial, Record, ServiceNow};
use crate::desk::{Desk, Edit, Kind, Phase, Seen, Trouble};

/// The page of a load balancer whose instance is down.
const DOWN: &str = "<html><head><title>Service unavailable</title></head><body>The service is unavailable.</body></html>";

const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Incident => "incident",
        Kind::ChangeRequest => "change_request",
    }
}

fn phase(kind: Kind, state: &str) -> Phase {
    match (kind, state) {
        (Kind::Incident, "6") => Phase::Resolved,
        (Kind::Incident, "7" | "8") | (Kind::ChangeRequest, "3" | "4") => Phase::Closed,
        _ => Phase::Open,
    }
}

impl ServiceNow {
    fn seen(&self, kind: Kind, record: &Record) -> Seen {
        let value = |name: &str| record.get(name).cloned().unwrap_or_default();
        let linked = self.record("cmdb_ci", &value("cmdb_ci"));
        let state = value("state");
        Seen {
            id: value("sys_id"),
            number: value("number"),
            key: value("correlation_id"),
            title: value("short_description"),
            description: value("description"),
            phase: phase(kind, &state),
            state: self.label(table(kind), "state", &state),
            notes: self.notes(&value("sys_id")),
            computers: linked.and_then(|item| item.get("name").cloned()).into_iter().collect(),
            fields: record.clone(),
        }
    }

    /// What people see of a choice.
    fn label(&self, table: &str, element: &str, value: &str) -> String {
        let choices = self.records("sys_choice");
        let of = |owner: &str| {
            let fits = |choice: &&Record| {
                [("name", owner), ("element", element), ("value", value)]
                    .iter()
                    .all(|(column, wanted)| choice.get(*column).is_some_and(|found| found == wanted))
            };
            choices.iter().find(fits).and_then(|choice| choice.get("label").cloned())
        };
        of(table).or_else(|| of("task")).unwrap_or_else(|| value.to_owned())
    }

    /// The first record whose column has a value.
    fn named(&self, table: &str, column: &str, name: &str) -> String {
        let all = self.records(table);
        let found = all.iter().find(|record| record.get(column).is_some_and(|found| found == name));
        found.and_then(|record| record.get("sys_id").cloned()).unwrap_or_default()
    }
}

impl Desk for ServiceNow {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }

    fn all(&self, kind: Kind) -> Vec<Seen> {
        self.records(table(kind)).iter().map(|record| self.seen(kind, record)).collect()
    }

    fn file(&self, kind: Kind, title: &str) -> String {
        let id = self.insert(table(kind), &[("short_description", title)]);
        self.update(table(kind), &id, &[("description", "Filed by a person.")]);
        id
    }

    fn edit(&self, kind: Kind, id: &str, edit: &Edit) {
        let person;
        let fields: &[(&str, &str)] = match (edit, kind) {
            (Edit::Field(name, value), _) => &[(name, value)],
            (Edit::Title(title), _) => &[("short_description", title)],
            (Edit::Note(note), _) => &[("work_notes", note)],
            (Edit::Assign(name), _) => {
                person = self.named("sys_user", "name", name);
                &[("assigned_to", &person)]
            }
            (Edit::Resolve, Kind::Incident) => {
                &[("state", "6"), ("close_code", "Solution provided"), ("close_notes", "It was the cable.")]
            }
            (Edit::Close, Kind::Incident) => {
                &[("state", "7"), ("close_code", "Solution provided"), ("close_notes", "It was the cable.")]
            }
            (Edit::Reopen, Kind::Incident) => &[("state", "2")],
            (Edit::Resolve | Edit::Close, Kind::ChangeRequest) => {
                &[("state", "3"), ("close_code", "successful"), ("close_notes", "Done.")]
            }
            (Edit::Reopen, Kind::ChangeRequest) => &[("state", "-1")],
        };
        self.update(table(kind), id, fields);
    }

    fn remove(&self, kind: Kind, id: &str) {
        self.delete(table(kind), id);
    }

    fn add_computer(&self, name: &str) -> String {
        self.insert("cmdb_ci_computer", &[("name", name)])
    }

    fn computers(&self) -> Vec<String> {
        self.records("cmdb_ci_computer").into_iter().filter_map(|record| record.get("name").cloned()).collect()
    }

    fn strike(&self, trouble: &Trouble) -> bool {
        let page = |code, body: &str| Effect::Status { code, body: body.to_owned(), headers: Vec::new() };
        let create = |effect| Fault::new(effect).method("POST").path("/api/now/table/incident");
        let faults = self.faults();
        match trouble {
            Trouble::Down => {
                faults.add(Fault::new(page(503, DOWN)));
            }
            Trouble::LoginPage => {
                faults.add(Fault::new(Effect::LoginPage));
            }
            Trouble::CredentialsRefused => {
                self.forget_tokens(true);
                faults.add(Fault::new(Effect::Unauthorized));
            }
            Trouble::TokensExpired => self.forget_tokens(false),
            Trouble::RateLimited(length) => {
                let until = self.now().saturating_add(i64::try_from(length.as_secs()).unwrap_or(i64::MAX));
                self.instance.busy_until.store(until, Ordering::Relaxed);
            }
            Trouble::CreateLost => {
                faults.add(create(Effect::ResetBeforeCommit).times(1));
            }
            Trouble::CreateAnswerLost => {
                faults.add(create(Effect::ResetAfterCommit).times(1));
            }
            Trouble::HalfPage => {
                let half = Fault::new(Effect::PartialPage(Partial::ArrayOpen));
                faults.add(half.method("GET").path("/api/now/table/incident").times(1));
            }
            Trouble::CreateRefused(rule) => {
                faults.add(create(Effect::BusinessRuleAbort { name: rule.clone() }));
            }
        }
        true
    }

    fn calm(&self) {
        self.faults().clear();
        self.instance.busy_until.store(0, Ordering::Relaxed);
    }

    fn requests(&self) -> u64 {
        self.request_count()
    }
}
