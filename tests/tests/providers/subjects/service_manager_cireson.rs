use std::sync::Arc;

use emulators::service_manager::cireson::{Cireson, Options, Time};

use crate::subject::{Opened, Opening, Subject, Words};

/// System Center Service Manager through the Cireson portal.
pub(crate) const SUBJECT: Subject = Subject {
    key: "service_manager_cireson",
    title: "Service Manager (Cireson)",
    open,
    words: Words {
        followed: ("Urgency", "System.WorkItem.TroubleTicket.UrgencyEnum.Low"),
        not_a_choice: ("Impact", "Nonsense"),
        template: Some(("Networking Issue Incident Template", "Classification", "IncidentClassificationEnum.Networking")),
        person: "Beth Anglin",
        group: "Cloud Operations",
    },
    without: &[(
        "failures_rate_limit",
        "the portal counts nobody's calls: it has no rate limit, and no answer that would tell of one",
    )],
};

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let tool = Cireson::start_with(Options { time: Time::Manual(now), ..Options::default() }).await;
        Opened {
            desk: Arc::new(tool),
            settings: "provider = \"service_manager\"\nauth = { type = \"password\", username = 'CONTOSO\\svc-itsm', \
                       password = \"$PASSWORD\" }\n",
            secrets: &[("PASSWORD", "p")],
        }
    })
}
