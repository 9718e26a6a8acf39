//! Settings of the way back: which records flow, when, and into which workspace.

use super::{Check, is_loopback};
use crate::settings::record_flow::is_immutable_id;
use crate::settings::{Schedule, SyncSettings, Workspace};
use crate::sync;

const LEAST_BUDGET: u64 = 10;

impl Check<'_> {
    pub(super) fn sync(&mut self, key: &str, sync: &SyncSettings) {
        let at = |setting: &str| format!("{key}.{setting}");
        if !(1..=120).contains(&sync.days) {
            self.wrong(&at("days"), "is out of bounds", "choose 1 to 120");
        }
        if !(10..=10_000).contains(&sync.page_size) {
            self.wrong(&at("page_size"), "is out of bounds", "choose 10 to 10000");
        }
        self.at_most(&at("overlap"), sync.overlap, 3600);
        for (setting, query) in [("incident_query", &sync.incident_query), ("change_query", &sync.change_query)] {
            // These would end the condition that the sync itself puts on time and order.
            let found = ["^NQ", "ORDERBY", "^GROUPBY"].into_iter().find(|word| query.contains(word));
            if let Some(word) = found {
                let remedy = "write conditions only, joined by ^ and ^OR";
                self.wrong(&at(setting), format!("holds {word}, and order and alternatives are the sync's own"), remedy);
            }
            if query.chars().any(char::is_control) {
                self.wrong(&at(setting), "holds a line break or control character", "write it in one line");
            }
        }
    }

    pub(super) fn schedule(&mut self, schedule: &Schedule) {
        let texts = [("schedule.sync", &schedule.sync), ("schedule.configuration_refresh", &schedule.configuration_refresh)];
        for (key, text) in texts {
            if let Err(message) = sync::schedule::Schedule::parse(text) {
                let (message, remedy) = message.split_once("; ").unwrap_or((&message, ""));
                self.wrong(key, message, remedy);
            }
        }
        if schedule.sync_budget.get().as_secs() < LEAST_BUDGET {
            let remedy = format!("at least {LEAST_BUDGET}s, so that every run gets somewhere");
            self.wrong("schedule.sync_budget", "is too short", remedy);
        }
    }

    pub(super) fn workspace(&mut self, workspace: &Workspace) {
        self.address("workspace.endpoint", &workspace.endpoint);
        if !matches!(workspace.endpoint.path(), "" | "/") {
            let remedy = "name the endpoint only: https://NAME.REGION.ingest.monitor.azure.com";
            self.wrong("workspace.endpoint", "must not have a path", remedy);
        }
        if !is_immutable_id(&workspace.rule) {
            let remedy = "it is dcr- and 32 hexadecimal digits: properties.immutableId of the data collection rule, not its name";
            self.wrong("workspace.rule", "is not an immutable id", remedy);
        }
        let streams =
            [("workspace.service_desk_stream", &workspace.service_desk_stream), ("workspace.log_stream", &workspace.log_stream)];
        for (key, stream) in streams {
            let name = stream.strip_prefix("Custom-").unwrap_or_default();
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
                let remedy = "a stream is named Custom- and letters, digits, _ or -, as in the data collection rule";
                self.wrong(key, "is not the name of a stream", remedy);
            }
        }
        if workspace.service_desk_stream == workspace.log_stream {
            self.wrong("workspace.log_stream", "is the same as service_desk_stream", "each table has a stream of its own");
        }
        self.credential("workspace.credential", &workspace.credential, is_loopback(&workspace.endpoint));
    }
}
