use std::sync::Arc;

use emulators::servicenow::options::INTEGRATION_ROLES;
use emulators::servicenow::{Options, ServiceNow, Time, User};
use tests::stage::BARE;

use crate::subject::{Opened, Opening, Subject, Words};

/// ServiceNow by the Table API, with the old connector's OAuth password grant.
pub(crate) const SUBJECT: Subject = Subject {
    key: "servicenow",
    title: "ServiceNow",
    open,
    words: Words {
        followed: ("urgency", "3"),
        not_a_choice: ("impact", "17"),
        template: Some(("Network trouble", "category", "network")),
        person: "Abel Tuter",
        group: "Database",
    },
    without: &[(
        "records_deleted",
        "deletions stand in sys_audit_delete, which administrators alone may read unless an instance has it otherwise; where it may be \
         read, they are marked (told by the provider's own tests)",
    )],
};

fn open(now: i64) -> Opening {
    Box::pin(async move {
        // Everything that docs/servicenow.md names, the dictionary too.
        let roles: Vec<_> = INTEGRATION_ROLES.into_iter().chain(["personalize_dictionary"]).collect();
        let users = vec![User::new("itsm", "p", &roles)];
        let tool = ServiceNow::start_with(Options { time: Time::Manual(now), seed: BARE, users, ..Options::default() }).await;
        Opened {
            desk: Arc::new(tool),
            settings: "provider = \"servicenow\"\nauth = { type = \"oauth_password\", client_id = \"itsm-client\", \
                       client_secret = \"$SECRET\", username = \"itsm\", password = \"$PASSWORD\" }\n",
            secrets: &[("SECRET", "itsm-secret"), ("PASSWORD", "p")],
        }
    })
}
