//! Where state and deliveries are kept on Azure: an account's blobs and one of its queues.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record_flow::{AzureCredential, Cloud};
use super::span::Span;
use crate::secret::{SecretRef, Secrets};

/// App setting, or the beginning of app settings, with the storage account of the Functions host.
const HOST: &str = "AzureWebJobsStorage";
/// App setting with the name of the queue; `functions/work_item_delivery/function.json` names it too.
pub const QUEUE: &str = "ITSM_QUEUE";

/// What the host adds to the name of a queue for messages that it gives up.
pub const POISON: &str = "-poison";
/// The longest name of a queue to which the host can add that.
pub const LONGEST_QUEUE: usize = 63 - POISON.len();

/// Whether Azure takes this name for a container or a queue: 3 to 63 lower case letters, digits and single hyphens between them.
#[must_use]
pub fn is_storage_name(name: &str) -> bool {
    let letters = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let hyphens = !name.starts_with('-') && !name.ends_with('-') && !name.contains("--");
    letters && hyphens && (3..=63).contains(&name.len())
}

/// Azure Storage instead of the embedded database. Containers and the queue are made when they are missing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Blob endpoint of the account, `https://NAME.blob.core.windows.net`, or `"$NAME"` or `"@NAME"`: a secret that is the endpoint
    /// with a shared access signature, which then needs no credential.
    pub blobs: String,
    /// Queue endpoint of the account, `https://NAME.queue.core.windows.net`, or `"$NAME"` as above.
    pub queues: String,
    /// Container of correlations, cursors and configuration.
    #[serde(default = "state")]
    pub state_container: String,
    /// Container of deliveries.
    #[serde(default = "deliveries")]
    pub deliveries_container: String,
    /// Queue of deliveries that are due; the Functions host moves what it gives up to `<queue>-poison`.
    #[serde(default = "queue")]
    pub queue: String,
    /// A call that takes longer is given up. Storing an alert takes twice as long at most; an action group waits ten seconds.
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// A message is hidden for so long at most; a delivery that is due later has its message sent again. Azure allows seven days.
    #[serde(default = "longest_delay")]
    pub longest_delay: Span,
    /// The cloud: decides where tokens come from.
    #[serde(default)]
    pub cloud: Cloud,
    /// Who the connector is towards Azure.
    #[serde(default)]
    pub credential: AzureCredential,
}

impl Storage {
    /// The account of the Functions host, as its app settings name it, so that settings that work on one machine work on Azure: with an
    /// identity `AzureWebJobsStorage__accountName`, or `__blobServiceUri` and `__queueServiceUri`; else the connection string
    /// `AzureWebJobsStorage`, which must hold a signature. The error says what to set.
    pub fn of_app(variables: &dyn Secrets) -> Result<Self, String> {
        let variable = |name: &str| variables.get(&SecretRef::variable(name)).ok().map(|value| value.expose().to_owned());
        let host = |name: &str| variable(&format!("{HOST}__{name}"));
        let account = host("accountName");
        let connection_string = || variable(HOST).map(|_| format!("${HOST}"));
        let endpoint = |uri: &str, service: &str| {
            let named = || Some(format!("https://{}.{service}.core.windows.net", account.as_ref()?));
            host(uri).or_else(named).or_else(connection_string)
        };
        let (Some(blobs), Some(queues)) = (endpoint("blobServiceUri", "blob"), endpoint("queueServiceUri", "queue")) else {
            return Err(format!(
                "no storage account is named; set {HOST}__accountName for an identity, or {HOST} to a connection string with a shared \
                 access signature, or add [storage] to the settings"
            ));
        };
        let queue = variable(QUEUE)
            .ok_or_else(|| format!("{QUEUE} is not set; set it to the name of the queue, for example workitems"))?;
        let credential = match host("clientId") {
            Some(client_id) => AzureCredential::UserAssignedIdentity { client_id },
            None if variable("IDENTITY_ENDPOINT").is_some() => AzureCredential::ManagedIdentity,
            None => AzureCredential::DeveloperTools,
        };
        Ok(Self { queue, credential, ..Self::at(&blobs, &queues) })
    }

    /// Whether an address holds no signature, so that a credential is wanted.
    #[must_use]
    pub fn wants_credential(&self, variables: &dyn Secrets) -> bool {
        let signed = |address: &String| {
            let secret = SecretRef::parse(address);
            secret.and_then(|secret| variables.get(&secret).ok()).is_some_and(|value| {
                // An endpoint with its query, or a connection string.
                value.expose().contains(['?', ';'])
            })
        };
        ![&self.blobs, &self.queues].into_iter().all(signed)
    }

    /// The account with this name, for whoever is signed in with the Azure CLI. Cloud, containers and queue are those that are
    /// `named` in the settings; without them the queue is the one of the app setting that functions listen to, if that is set.
    #[must_use]
    pub fn of_account(name: &str, named: Option<&Self>, variables: &dyn Secrets) -> Self {
        let cloud = named.map_or_else(Cloud::default, |named| named.cloud);
        let suffix = match cloud {
            Cloud::Public => "core.windows.net",
            Cloud::UsGovernment => "core.usgovcloudapi.net",
            Cloud::China => "core.chinacloudapi.cn",
        };
        let endpoint = |service: &str| format!("https://{name}.{service}.{suffix}");
        let bare = Self::at(&endpoint("blob"), &endpoint("queue"));
        let credential = AzureCredential::DeveloperTools;
        if let Some(named) = named {
            return Self { blobs: bare.blobs, queues: bare.queues, credential, ..named.clone() };
        }
        let listened_to = variables.get(&SecretRef::variable(QUEUE)).ok().map(|queue| queue.expose().to_owned());
        Self { credential, queue: listened_to.unwrap_or(bare.queue), ..bare }
    }

    /// Settings with everything but the addresses at its default.
    #[must_use]
    pub fn at(blobs: &str, queues: &str) -> Self {
        Self {
            blobs: blobs.to_owned(),
            queues: queues.to_owned(),
            state_container: state(),
            deliveries_container: deliveries(),
            queue: queue(),
            timeout: timeout(),
            longest_delay: longest_delay(),
            cloud: Cloud::default(),
            credential: AzureCredential::default(),
        }
    }
}

fn state() -> String {
    "state".to_owned()
}

fn deliveries() -> String {
    "deliveries".to_owned()
}

fn queue() -> String {
    "workitems".to_owned()
}

const fn timeout() -> Span {
    Span::seconds(4)
}

const fn longest_delay() -> Span {
    Span::hours(7 * 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::FixedSecrets;

    fn app(settings: &[(&str, &str)]) -> Result<Storage, String> {
        let settings = settings.iter().fold(FixedSecrets::default(), |all, (name, value)| all.with(name, value));
        Storage::of_app(&settings)
    }

    #[test]
    fn the_account_of_the_host_is_used_with_its_identity() {
        let named = app(&[
            ("ITSM_QUEUE", "jobs"),
            ("AzureWebJobsStorage__accountName", "itsm"),
            ("AzureWebJobsStorage__clientId", "1234"),
            ("IDENTITY_ENDPOINT", "http://localhost/msi"),
        ]);
        let named = named.unwrap();
        assert_eq!(named.blobs, "https://itsm.blob.core.windows.net");
        assert_eq!((named.queues.as_str(), named.queue.as_str()), ("https://itsm.queue.core.windows.net", "jobs"));
        assert!(matches!(named.credential, AzureCredential::UserAssignedIdentity { client_id } if client_id == "1234"));
        let by_address = app(&[
            ("ITSM_QUEUE", "jobs"),
            ("AzureWebJobsStorage__blobServiceUri", "https://b.example"),
            ("AzureWebJobsStorage__queueServiceUri", "https://q.example"),
            ("IDENTITY_ENDPOINT", "http://localhost/msi"),
        ]);
        let by_address = by_address.unwrap();
        assert_eq!((by_address.blobs.as_str(), by_address.queues.as_str()), ("https://b.example", "https://q.example"));
        assert!(matches!(by_address.credential, AzureCredential::ManagedIdentity));
        let at_a_desk = app(&[("ITSM_QUEUE", "jobs"), ("AzureWebJobsStorage__accountName", "itsm")]).unwrap();
        assert!(matches!(at_a_desk.credential, AzureCredential::DeveloperTools));
    }

    #[test]
    fn without_an_identity_the_connection_string_is_used_and_wants_no_credential() {
        let signed = "BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:2/a;SharedAccessSignature=sig=x";
        let settings = [("ITSM_QUEUE", "jobs"), (HOST, signed)];
        let storage = app(&settings).unwrap();
        assert_eq!((storage.blobs.as_str(), storage.queues.as_str()), ("$AzureWebJobsStorage", "$AzureWebJobsStorage"));
        let value = |value: &str| FixedSecrets::default().with(HOST, value);
        assert!(!storage.wants_credential(&value(signed)));
        assert!(storage.wants_credential(&value("https://itsm.blob.core.windows.net")));
    }

    #[test]
    fn an_account_by_its_name_has_the_containers_and_the_queue_of_the_connector() {
        let nothing = FixedSecrets::default();
        let plain = Storage::of_account("itsm", None, &nothing);
        assert_eq!(
            (plain.blobs.as_str(), plain.queues.as_str()),
            ("https://itsm.blob.core.windows.net", "https://itsm.queue.core.windows.net")
        );
        assert_eq!((plain.queue.as_str(), plain.state_container.as_str()), ("workitems", "state"));
        let app = nothing.with(QUEUE, "jobs");
        assert_eq!(Storage::of_account("itsm", None, &app).queue, "jobs");
        let named = Storage {
            state_container: "s".to_owned(),
            deliveries_container: "d".to_owned(),
            queue: "q".to_owned(),
            cloud: Cloud::China,
            ..Storage::at("https://elsewhere.example", "https://elsewhere.example")
        };
        let both = Storage::of_account("itsm", Some(&named), &app);
        assert_eq!(
            (both.state_container, both.deliveries_container, both.queue),
            ("s".to_owned(), "d".to_owned(), "q".to_owned())
        );
        assert_eq!(both.blobs, "https://itsm.blob.core.chinacloudapi.cn");
        assert!(matches!(both.credential, AzureCredential::DeveloperTools));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(app(&[("AzureWebJobsStorage__accountName", "itsm")]).unwrap_err().starts_with("ITSM_QUEUE is not set"));
        assert!(app(&[]).unwrap_err().starts_with("no storage account is named; set AzureWebJobsStorage__accountName"));
    }
}
