//! Stories over real sockets: a served router, a queue that can be told to fail, a clock that can be moved.

mod entra;
mod files;
mod hosted;
mod hostile;
mod intake;
mod keys;
mod metrics;
mod refusals;
mod sign_in;
mod status;
mod sync_now;
mod work_items;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector::clock::{Chance, ManualClock};
use connector::delivery::{Delivery, DeliveryId, Verdict};
use connector::metrics::Metrics;
use connector::secret::{MissingSecret, Secret, SecretRef, Secrets};
use connector::store::memory::MemoryStore;
use connector::store::{Claim, Counts, DeliveryQueue, Filter, Leased, Listed, StoreError};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::edge::{ConnectionStates, Elsewhere};
use crate::records::{NoRecords, Records};
use crate::server::{ServerLimits, serve_with};
use crate::{Edge, router};

pub(super) const KEY: &str = "k-9+/=";

/// How the queue behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Well,
    Down,
    Silent,
    Panicking,
}

/// The store in memory, with moods, and with a note of each delivery it was given.
#[derive(Debug)]
pub(super) struct FakeQueue {
    pub(super) store: Arc<MemoryStore>,
    pub(super) mood: Mutex<Mood>,
    pub(super) taken: Mutex<Vec<Delivery>>,
}

impl FakeQueue {
    async fn answer(&self) -> Result<(), StoreError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => Ok(()),
            Mood::Down => Err(StoreError::Unavailable("disk full at /secret/path".to_owned())),
            Mood::Silent => std::future::pending().await,
            Mood::Panicking => panic!("a defect"),
        }
    }
}

#[async_trait]
impl DeliveryQueue for FakeQueue {
    async fn enqueue(&self, delivery: Delivery) -> Result<(), StoreError> {
        self.answer().await?;
        self.taken.lock().unwrap().push(delivery.clone());
        self.store.enqueue(delivery).await
    }
    async fn lease(&self, _: &str, _: Timestamp, _: Timestamp, _: usize) -> Result<Vec<Leased>, StoreError> {
        unimplemented!("the edge never leases")
    }
    async fn claim(&self, _: DeliveryId, _: Timestamp, _: Timestamp) -> Result<Claim, StoreError> {
        unimplemented!("the edge never claims")
    }
    async fn settle(&self, _: &Leased, _: &Verdict, _: Timestamp) -> Result<(), StoreError> {
        unimplemented!("the edge never settles")
    }
    async fn next_due(&self, _: &str) -> Result<Option<Timestamp>, StoreError> {
        self.answer().await.map(|()| None)
    }
    async fn connections(&self) -> Result<Vec<String>, StoreError> {
        unimplemented!("the edge never asks for them")
    }
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
    async fn list(&self, _: &Filter) -> Result<Vec<Listed>, StoreError> {
        unimplemented!("the edge never lists")
    }
    async fn show(&self, _: DeliveryId) -> Result<Option<(Listed, Option<Bytes>)>, StoreError> {
        unimplemented!("the edge never shows")
    }
    async fn redrive(&self, _: DeliveryId, _: Timestamp) -> Result<bool, StoreError> {
        unimplemented!("the edge never redrives")
    }
    async fn drop_delivery(&self, _: DeliveryId) -> Result<bool, StoreError> {
        unimplemented!("the edge never drops")
    }
    async fn counts(&self, connection: Option<&str>) -> Result<Counts, StoreError> {
        self.answer().await?;
        self.store.counts(connection).await
    }
    async fn prune(&self, _: Timestamp, _: Timestamp, _: usize) -> Result<usize, StoreError> {
        unimplemented!("the edge never prunes")
    }
}

/// Secrets that a test can rotate or take away.
#[derive(Debug, Default)]
pub(super) struct Vault(pub(super) Mutex<BTreeMap<String, String>>);

impl Secrets for Vault {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let name = reference.name().unwrap_or_default().to_owned();
        self.0.lock().unwrap().get(&name).map(Secret::new).ok_or_else(|| MissingSecret::variable(&name))
    }
}

/// Connections `snow` and `snow-test`, route `night`, and the section `[intake]`.
fn settings(intake: &Value) -> Value {
    let connection = json!({
        "provider": "servicenow",
        "url": "http://127.0.0.1:1",
        "auth": {"type": "basic", "username": "itsm", "password": "$SNOW_PASSWORD"},
    });
    let mut test = connection.clone();
    test["dry_run"] = json!(true);
    json!({
        "connections": {"snow": connection, "snow-test": test},
        "route": {"night": {"connection": "snow", "work_item_type": "event", "per": "rule", "fields": {"category": "network"}}},
        "intake": intake,
    })
}

/// The edge, served.
pub(super) struct Host {
    pub(super) address: SocketAddr,
    pub(super) queue: Arc<FakeQueue>,
    pub(super) vault: Arc<Vault>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) client: reqwest::Client,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) serving: JoinHandle<std::io::Result<()>>,
}

/// What a test changes of the usual host.
pub(super) struct Setup {
    pub(super) intake: Value,
    pub(super) body: Duration,
    pub(super) store: Duration,
    pub(super) server: ServerLimits,
    pub(super) states: Arc<dyn ConnectionStates>,
    pub(super) records: Arc<dyn Records>,
    /// What stands before us, and who works when called: behind the Functions host.
    pub(super) behind: Option<(crate::host::Host, Arc<dyn crate::Work>)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            intake: json!({"api_keys": ["$OLD_KEY", "$INTAKE_KEY"]}),
            body: Duration::from_secs(15),
            store: Duration::from_secs(4),
            server: ServerLimits::default(),
            states: Arc::new(Elsewhere),
            records: Arc::new(NoRecords),
            behind: None,
        }
    }
}

impl Host {
    pub(super) async fn usual() -> Self {
        Self::start(Setup::default()).await
    }

    pub(super) async fn start(setup: Setup) -> Self {
        let settings = Arc::new(serde_json::from_value(settings(&setup.intake)).unwrap());
        let queue = Arc::new(FakeQueue { store: MemoryStore::new(), mood: Mutex::default(), taken: Mutex::default() });
        let vault = Arc::new(Vault::default());
        vault.0.lock().unwrap().insert("INTAKE_KEY".to_owned(), KEY.to_owned());
        let clock = Arc::new(ManualClock::new("2026-11-23T12:00:00Z".parse().unwrap()));
        let chance = Arc::new(Chance::seeded(7));
        let edge = Edge::new(settings, queue.clone(), vault.clone(), clock.clone(), chance, setup.states).unwrap();
        let metrics = Metrics::with_text(edge.settings.connections.keys());
        let reader = setup.behind.is_none().then_some(metrics.1);
        let mut edge = edge.with_records(setup.records).with_metrics(metrics.0, reader);
        edge.limits.body = setup.body;
        edge.limits.store = setup.store;
        edge.limits.health = setup.store;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = match setup.behind {
            None => router(Arc::new(edge)),
            Some((host, work)) => {
                custom_handler::hosted(crate::hosted(Arc::new(edge.behind(host)), work), &custom_handler::Options::default())
            }
        };
        let serving = tokio::spawn(serve_with(listener, router, setup.server, stopped));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address, queue, vault, clock, client, stop: Some(stop), serving }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A post with the right key.
    pub(super) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(self.url(path)).header("x-functions-key", KEY)
    }

    pub(super) fn taken(&self) -> Vec<Delivery> {
        self.queue.taken.lock().unwrap().clone()
    }
}

/// Status and body of an answer. Checks that an error is a problem document with words and a remedy, and that it holds
/// nothing that must not get out.
pub(super) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let challenge = response.headers().contains_key("www-authenticate");
    let again = response.headers().contains_key("retry-after");
    let text = response.text().await.unwrap();
    assert!(!text.contains(KEY) && !text.contains("secret"), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}"));
    if status >= 400 {
        assert_eq!(kind.as_deref(), Some("application/problem+json"));
        assert_eq!(body["status"], status);
        assert!(body["type"].as_str().unwrap().starts_with("urn:itsm-connector:problem:"));
        for member in ["title", "detail", "remedy"] {
            assert_ne!(body[member].as_str().unwrap(), "", "{member} of {body}");
        }
    }
    assert_eq!(challenge, status == 401, "{body}");
    assert_eq!(again, status == 503, "{body}");
    (status, body)
}
