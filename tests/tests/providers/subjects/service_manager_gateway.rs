use std::sync::Arc;

use emulators::service_manager::gateway::{Gateway, Options, SECRET, Time};

use crate::subject::{Opened, Opening, Subject, Words};

/// Service Manager by a gateway that is reached directly.
pub(crate) const SUBJECT: Subject =
    Subject { key: "service_manager_gateway", title: "Service Manager (gateway)", open, words: WORDS, without: WITHOUT };

/// The same whichever way leads to the gateway.
pub(super) const WORDS: Words = Words {
    followed: ("Urgency", "System.WorkItem.TroubleTicket.UrgencyEnum.Low"),
    not_a_choice: ("Impact", "Disastrous"),
    template: Some(("Networking Issue Incident Template", "Classification", "IncidentClassificationEnum.Networking")),
    person: "Beth Anglin",
    group: "Tier 2",
};

/// The same whichever way leads to the gateway.
pub(super) const WITHOUT: &[(&str, &str)] = &[(
    "failures_tokens_expired",
    "the gateway gives out no tokens; its shared secret does not expire, and Entra's tokens cannot be recalled before they end",
)];

/// A gateway whose administrator has allowed it to create computers.
pub(super) async fn gateway(now: i64) -> Gateway {
    Gateway::start_with(Options { time: Time::Manual(now), create_computers: true, ..Options::default() }).await
}

fn open(now: i64) -> Opening {
    Box::pin(async move {
        Opened {
            desk: Arc::new(gateway(now).await),
            settings: "provider = \"service_manager\"\nauth = { type = \"shared_secret\", secret = \"$SECRET\" }\n",
            secrets: &[("SECRET", SECRET)],
        }
    })
}
