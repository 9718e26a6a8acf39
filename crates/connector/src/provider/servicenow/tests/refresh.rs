use std::sync::Mutex;

use super::*;
use crate::clock::Chance;
use crate::configuration::refresh::{Refreshed, Refresher};
use crate::configuration::{Configuration, EVENT_MANAGEMENT, Gap};
use crate::journal::{Entry, Journal, LogType};
use crate::metrics::Metrics;
use crate::route::Route;
use crate::store::memory::MemoryStore;
use crate::telemetry::Tracing;
use emulators::servicenow::User;

mod told;

/// Remembers what it is told.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<Entry>>);

impl Journal for Told {
    fn record(&self, entry: Entry) {
        self.0.lock().unwrap().push(entry);
    }
}

impl Told {
    /// What was told since the last time.
    fn taken(&self) -> Vec<Entry> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// An instance and a refresher for it.
struct Refreshing {
    stage: Stage,
    refresher: Refresher,
    told: Arc<Told>,
    connection: Connection,
    routes: BTreeMap<String, Route>,
}

impl Refreshing {
    async fn new(more: &str) -> Self {
        Self::on(Stage::settings(more).await, more)
    }

    fn on(stage: Stage, more: &str) -> Self {
        let told = Arc::new(Told::default());
        let refresher = Refresher {
            store: MemoryStore::new(),
            journal: Arc::clone(&told) as Arc<dyn Journal>,
            clock: Arc::clone(&stage.clock) as Arc<dyn Clock>,
            chance: Arc::new(Chance::seeded(7)),
            tracing: Tracing::off(stage.clock.clone(), Arc::new(Chance::seeded(8))),
            metrics: Metrics::default(),
        };
        let connection = settings(&stage.instance.url(), more);
        Self { stage, refresher, told, connection, routes: BTreeMap::new() }
    }

    async fn refresh(&self) -> Refreshed {
        self.refresher.refresh("snow", &self.connection, &self.routes, &*self.stage.provider).await
    }

    /// A provider that has just started, on the same instance and store.
    async fn restarted(&self) -> Arc<dyn Provider> {
        let provider = provider_for(&self.connection, &self.stage.clock);
        self.refresher.adopt_last("snow", &*provider).await.unwrap();
        provider
    }
}

async fn with_roles(roles: &[&str], kinds: &[WorkItemType]) -> Configuration {
    let options = Options { users: vec![User::new("itsm", "p", roles)], ..Options::default() };
    Stage::with(options, "").await.provider.configuration(kinds).await.unwrap()
}

fn gaps(configuration: &Configuration) -> Vec<&str> {
    configuration.gaps.iter().map(|gap| gap.part.as_str()).collect()
}

fn templated() -> Draft {
    Draft { template: Some("Network trouble".to_owned()), ..draft(WorkItemType::Incident) }
}

/// Nothing of this table can be read.
fn broken(table: &str) -> Fault {
    Fault::new(status(500, r#"{"error":{"message":"script error","detail":null},"status":"failure"}"#)).path(table)
}

#[tokio::test]
async fn an_administrator_sees_all_of_it() {
    let configuration = with_roles(&["admin"], &WorkItemType::ALL).await;
    assert_eq!(configuration.gaps, Vec::new());
    let templates: Vec<&str> = configuration.templates.iter().flatten().map(|template| template.name.as_str()).collect();
    assert_eq!(templates, ["Azure alert", "Due tomorrow", "Network trouble", "Server down"]);
    let incident = &configuration.choices["incident"];
    let values = |field: &str| incident[field].iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>();
    // The table's own list wins over the one of `task`, and what it does not have is inherited.
    assert_eq!(values("state"), ["1", "2", "3", "6", "7", "8"]);
    assert_eq!(values("impact"), ["1", "2", "3"]);
    assert_eq!(configuration.choices["em_event"]["severity"].len(), 6);
    assert!(configuration.groups.as_ref().unwrap().contains(&"Network".to_owned()));
    let fields = &configuration.fields.as_ref().unwrap();
    assert_eq!(fields["incident"]["short_description"].max_length, Some(160));
    assert!(fields["em_alert"].contains_key("message_key") && fields["cmdb_ci"].contains_key("correlation_id"));
    assert!(configuration.plugins[EVENT_MANAGEMENT]);
}

#[tokio::test]
async fn each_missing_role_is_one_gap_with_its_remedy_and_the_rest_is_read() {
    let all = ["itil", "personalize_choices", "template_editor", "personalize_dictionary"];
    let complete = with_roles(&all, &[WorkItemType::Incident]).await;
    assert_eq!(gaps(&complete), Vec::<&str>::new());
    for (missing, part) in [
        ("template_editor", "templates"),
        ("personalize_choices", "choices"),
        ("itil", "groups"),
        ("personalize_dictionary", "fields"),
    ] {
        let roles: Vec<&str> = all.into_iter().filter(|role| *role != missing).collect();
        let found = with_roles(&roles, &[WorkItemType::Incident]).await;
        assert_eq!(gaps(&found), [part], "without {missing}");
        assert!(found.gaps[0].remedy.contains(missing), "{:?}", found.gaps);
        let keep = |name: &str, there: bool| assert_eq!(there, name != part, "{name} without {missing}");
        keep("templates", found.templates.is_some());
        keep("choices", !found.choices.is_empty());
        keep("groups", found.groups.is_some());
        keep("fields", found.fields.is_some());
    }
}

#[tokio::test]
async fn a_missing_plugin_is_known() {
    let stage =
        Stage::with(Options { event_management: false, ..Options::default() }, "servicenow = { write = \"import_set\" }").await;
    let found = stage.provider.configuration(&WorkItemType::ALL).await.unwrap();
    assert!(!found.plugins[EVENT_MANAGEMENT]);
    assert!(found.plugins["x_mioms_microsoft_oms_incident"]);
}

#[tokio::test]
async fn pages_cut_short_by_read_rights_lose_nothing_that_may_be_read() {
    let whole = with_roles(&["admin"], &[WorkItemType::Incident]).await;
    let options = Options { users: vec![User::new("itsm", "p", &["admin"])], ..Options::default() };
    let stage = Stage::with(options, "").await;
    for number in 0..1200 {
        stage.instance.insert("sys_user_group", &[("name", &format!("Team {number:04}"))]);
    }
    // Each of the first pages comes short by more than a few; later ones are whole.
    stage.fault(Fault::new(Effect::ShortPage { rows: 130 }).path("sys_user_group").times(3));
    stage.fault(Fault::new(Effect::ShortPage { rows: 3 }).path("sys_choice").times(1));
    let found = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    assert_eq!(found.groups.unwrap().len(), whole.groups.unwrap().len() + 1200);
    assert_eq!(found.choices, whole.choices);
    assert_eq!(found.gaps, Vec::new());
}

#[tokio::test]
async fn a_whole_page_that_is_hidden_does_not_end_the_list() {
    let stage = Stage::new().await;
    for number in 0..600 {
        stage.instance.insert("sys_user_group", &[("name", &format!("Team {number:04}"))]);
    }
    stage.fault(Fault::new(Effect::ShortPage { rows: 500 }).path("sys_user_group").times(1));
    let found = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    assert_eq!(found.groups.unwrap().len(), 606);
    assert!(found.gaps.iter().all(|gap| gap.part != "groups"), "{:?}", found.gaps);
}

#[tokio::test]
async fn more_groups_than_are_kept_are_a_gap_and_groups_are_not_judged() {
    let more = "incident = { fields = { assignment_group = \"No such team\" } }";
    let story = Refreshing::new(more).await;
    assert_eq!(story.refresh().await.findings.len(), 1);
    for number in 0..5000 {
        story.stage.instance.insert("sys_user_group", &[("name", &format!("Team {number:04}"))]);
    }
    let refreshed = story.refresh().await;
    let configuration = refreshed.configuration.unwrap();
    assert!(configuration.gap("groups").unwrap().cause.contains("more than 5000"), "{:?}", configuration.gaps);
    assert_eq!((configuration.groups.unwrap().len(), refreshed.findings), (5000, Vec::new()));
}

#[tokio::test]
async fn records_that_stay_hidden_are_a_gap_and_the_others_are_there() {
    let stage = Stage::new().await;
    stage.fault(Fault::new(Effect::ShortPage { rows: 1 }).path("sys_user_group"));
    let found = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    let gap = found.gap("groups").unwrap();
    assert!(gap.cause.contains("may not be read"), "{gap:?}");
    assert_eq!(found.groups.unwrap().len(), 5);
}

#[tokio::test]
async fn one_part_that_fails_is_a_gap_and_an_instance_that_fails_altogether_is_an_error() {
    let stage = Stage::new().await;
    stage.fault(broken("sys_template"));
    let found = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap();
    assert!(found.gap("templates").unwrap().cause.contains("script error"), "{:?}", found.gaps);
    assert!(!found.choices.is_empty());
    stage.fault(broken("/api/now/table"));
    let error = stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap_err();
    assert_eq!(waits(&error), WaitReason::Outage);
    for (fault, reason) in [
        (Fault::new(Effect::Hibernating), WaitReason::Hibernating),
        (Fault::new(Effect::RateLimit { retry_after: 60 }), WaitReason::RateLimit),
        (Fault::new(status(503, "<html>maintenance</html>")), WaitReason::Outage),
    ] {
        stage.instance.faults().clear();
        stage.fault(fault);
        assert_eq!(waits(&stage.provider.configuration(&[WorkItemType::Incident]).await.unwrap_err()), reason);
    }
}

#[tokio::test]
async fn when_a_template_cannot_be_read_the_adopted_copy_is_used_and_its_age_said() {
    let story = Refreshing::new("").await;
    story.refresh().await;
    let provider = story.restarted().await;
    story.stage.advance(26 * 3600);
    story.stage.fault(broken("sys_template"));
    let written = provider.create(&templated()).await.unwrap();
    assert_eq!(written.item.values["category"], "network");
    assert!(written.remarks.iter().any(|remark| remark.contains("as read 26 h ago")), "{:?}", written.remarks);
    // Live again: no word of a copy.
    story.stage.instance.faults().clear();
    let mut second = templated();
    second.key.generation = 2;
    assert_eq!(provider.create(&second).await.unwrap().remarks, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_read_live_and_later_wins_over_the_adopted_copy() {
    let story = Refreshing::new("").await;
    story.refresh().await;
    story.stage.advance(24 * 3600);
    let template = story.stage.instance.records("sys_template").into_iter().find(|row| row["name"] == "Network trouble").unwrap();
    story.stage.instance.update("sys_template", &template["sys_id"], &[("template", "category=software^EQ")]);
    let first = story.stage.provider.create(&templated()).await.unwrap();
    assert_eq!(first.item.values["category"], "software");
    // Past the 15 minutes of the cache, and the instance fails.
    story.stage.advance(3600);
    story.stage.fault(broken("sys_template"));
    let mut second = templated();
    second.key.generation = 2;
    let written = story.stage.provider.create(&second).await.unwrap();
    assert_eq!(written.item.values["category"], "software");
    assert!(written.remarks.iter().any(|remark| remark.contains("as read 60 min ago")), "{:?}", written.remarks);
}

#[tokio::test]
async fn a_template_that_was_taken_away_is_not_used_from_the_copy() {
    let story = Refreshing::new("").await;
    story.refresh().await;
    let provider = story.restarted().await;
    let template = story.stage.instance.records("sys_template").into_iter().find(|row| row["name"] == "Network trouble").unwrap();
    story.stage.instance.update("sys_template", &template["sys_id"], &[("active", "false")]);
    let written = provider.create(&templated()).await.unwrap();
    assert_ne!(written.item.values["category"], "network");
    assert!(written.remarks.iter().any(|remark| remark.contains("was not found")), "{:?}", written.remarks);
}

#[tokio::test]
async fn lists_hidden_since_the_last_refresh_are_used_from_the_copy() {
    let story = Refreshing::new("policy = { close_code = \"Resolved by caller\" }").await;
    story.refresh().await;
    let provider = story.restarted().await;
    story.stage.advance(3 * 24 * 3600);
    // Roles were taken away: ServiceNow answers 200 and nothing.
    for table in ["sys_choice", "sys_template"] {
        story.stage.fault(Fault::new(Effect::ReadDenied { table: table.to_owned(), field: None }));
    }
    let written = provider.create(&templated()).await.unwrap();
    assert_eq!(written.item.values["category"], "network");
    let change = Change { transition: Some(Transition::Resolve), ..Change::default() };
    let resolved = provider.update(&written.item, &change).await.unwrap();
    assert_eq!(resolved.sent["close_code"], "Resolved by caller");
    assert!(resolved.remarks.iter().any(|remark| remark.contains("as read 3 days ago")), "{:?}", resolved.remarks);
}
