use std::sync::Arc;
use std::time::Duration;

use emulators::desk::{Desk, Edit, Kind, Seen, Trouble};
use emulators::relay::{Listener, Options, Relay, SEND_KEY, Time};
use emulators::service_manager::gateway::{Gateway, SECRET};

use super::service_manager_gateway::{WITHOUT, WORDS, gateway};
use crate::subject::{Opened, Opening, Subject};

/// The hybrid connection.
const PATH: &str = "scsm";

/// Service Manager by a gateway that listens at a hybrid connection of Azure Relay.
pub(crate) const SUBJECT: Subject = Subject {
    key: "service_manager_relay",
    title: "Service Manager (gateway behind Azure Relay)",
    open,
    words: WORDS,
    without: WITHOUT,
};

fn open(now: i64) -> Opening {
    Box::pin(async move {
        let gateway = gateway(now).await;
        // A gateway that dies with a request is given up sooner than by Azure, whose minute no story can wait for.
        let options = Options { time: Time::Manual(now), answer_within: Duration::from_secs(2), ..Options::default() };
        let relay = Relay::start_with(options).await;
        let listener = relay.listen(PATH, gateway.service()).await.unwrap();
        Opened {
            desk: Arc::new(Behind { gateway, relay, _listener: listener }),
            settings: "provider = \"service_manager\"\nauth = { type = \"shared_secret\", secret = \"$SECRET\" }\n\
                       service_manager = { relay = { rule = \"send\", key = \"$RELAY_KEY\", token_life = \"10m\" } }\n",
            secrets: &[("SECRET", SECRET), ("RELAY_KEY", SEND_KEY)],
        }
    })
}

/// A gateway that is reached only by its hybrid connection.
#[derive(Debug)]
struct Behind {
    gateway: Gateway,
    relay: Relay,
    _listener: Listener,
}

impl Desk for Behind {
    fn url(&self) -> String {
        format!("{}/{PATH}", self.relay.url())
    }

    fn advance(&self, by: Duration) {
        // The listener's token is good for a day; that it renews it is its own affair, and the stories' clock is not.
        self.relay.advance(by);
        Desk::advance(&self.gateway, by);
    }

    fn all(&self, kind: Kind) -> Vec<Seen> {
        self.gateway.all(kind)
    }

    fn file(&self, kind: Kind, title: &str) -> String {
        self.gateway.file(kind, title)
    }

    fn edit(&self, kind: Kind, id: &str, edit: &Edit) {
        self.gateway.edit(kind, id, edit);
    }

    fn remove(&self, kind: Kind, id: &str) {
        self.gateway.remove(kind, id);
    }

    fn add_computer(&self, name: &str) -> String {
        self.gateway.add_computer(name)
    }

    fn computers(&self) -> Vec<String> {
        Desk::computers(&self.gateway)
    }

    fn strike(&self, trouble: &Trouble) -> bool {
        self.gateway.strike(trouble)
    }

    fn calm(&self) {
        self.gateway.calm();
    }

    fn requests(&self) -> u64 {
        Desk::requests(&self.gateway)
    }
}
