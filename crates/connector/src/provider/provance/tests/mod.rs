//! Stories over real HTTP against the stateful stand-in.

use std::collections::BTreeMap;
use std::sync::Arc;

use emulators::dataverse::options::{APPLICATION, SECRET};
use emulators::dataverse::{Dataverse, Options, Time};
use emulators::desk::{Desk, Kind, Seen};

use crate::alert::Severity;
use crate::clock::{Clock, ManualClock};
use crate::provider::product::Product;
use crate::provider::{Provider, ProviderError, Surroundings, WaitReason, build};
use crate::secret::FixedSecrets;
use crate::settings::Connection;
use crate::work_item::{Draft, WorkItemKey, WorkItemType};

/// 2026-09-01 10:00:00
const NOW: i64 = 1_788_256_800;

/// A minimal connection; `more` are settings of `[provance]`.
pub(super) fn connection(more: &str) -> super::Connection {
    let connection = settings("http://127.0.0.1:1", &format!("[provance]\n{more}"));
    let Product::Provance(own) = connection.product.clone() else { unreachable!("the settings say provance") };
    super::Connection::new(&connection, &own)
}

/// A draft as the engine makes it.
pub(super) fn draft() -> Draft {
    Draft {
        kind: WorkItemType::Incident,
        key: WorkItemKey { correlation: "0123456789abcdef0123456789abcdef".to_owned(), generation: 1 },
        title: "CPU over 90% on web01".to_owned(),
        description: "Percentage CPU was 97.3, greater than 90".to_owned(),
        severity: Severity::Sev2,
        resolved: false,
        fields: BTreeMap::new(),
        template: None,
        configuration_item: None,
        resource: "web01".to_owned(),
        measure: "Percentage CPU".to_owned(),
        rule: "cpu-high".to_owned(),
        occurred_at: "2026-09-01T12:00:00Z".parse().unwrap(),
        follows: None,
    }
}

/// Settings for the environment at `url`; `more` is TOML, and may hold its own `auth`.
fn settings(url: &str, more: &str) -> Connection {
    let auth = if more.contains("auth =") {
        String::new()
    } else {
        format!("auth = {{ type = \"client_credentials\", client_id = \"{APPLICATION}\", client_secret = \"$SECRET\" }}\n")
    };
    toml::from_str(&format!("provider = \"provance\"\nurl = \"{url}\"\n{auth}{more}")).unwrap()
}
