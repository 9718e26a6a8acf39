//! How Azure Storage is reached: addresses, one HTTP client with short patience, and its errors in our words. No address or signature
//! goes into a message.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use azure_core::Error;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, StatusCode, Transport};
use url::Url;

use crate::secret::{Secret, SecretRef, Secrets};
use crate::store::StoreError;

/// Repetitions of a call that failed for the moment.
const RETRIES: u32 = 2;
const FIRST_WAIT: azure_core::time::Duration = azure_core::time::Duration::milliseconds(150);
const LONGEST_WAIT: azure_core::time::Duration = azure_core::time::Duration::seconds(1);

/// An endpoint as the settings name it: written there, or `"$NAME"` or `"@NAME"` of a secret that is one, or a connection string. Only a
/// secret may hold a signature; without one a credential is wanted.
pub(super) struct Endpoint {
    written: String,
    setting: &'static str,
    credential: Option<Arc<dyn TokenCredential>>,
    secrets: Arc<dyn Secrets>,
    /// What it was when it was last good.
    known: RwLock<Secret>,
}

impl Endpoint {
    pub(super) fn new(
        written: &str,
        setting: &'static str,
        credential: Option<&Arc<dyn TokenCredential>>,
        secrets: &Arc<dyn Secrets>,
    ) -> Result<Arc<Self>, StoreError> {
        let (credential, secrets) = (credential.cloned(), Arc::clone(secrets));
        let known = RwLock::new(Secret::new(""));
        let endpoint = Self { written: written.to_owned(), setting, credential, secrets, known };
        let text = endpoint.text()?;
        endpoint.address(&text)?;
        *endpoint.known.write().unwrap_or_else(PoisonError::into_inner) = text;
        Ok(Arc::new(endpoint))
    }

    /// What it is now. While that cannot be read, or is no address, what it was before.
    fn current(&self) -> Secret {
        let before = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(text) = self.text().ok().filter(|text| *text != before) else { return before };
        match self.address(&text) {
            Ok(_) => {
                tracing::info!(setting = self.setting, "the address of the storage account has changed; the new one is used");
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = text.clone();
                text
            }
            Err(error) => {
                tracing::warn!(%error, "the new address of the storage account cannot be used; the one known before is");
                before
            }
        }
    }

    fn wrong(&self, why: &str) -> StoreError {
        StoreError::Unavailable(format!("storage.{} {why}", self.setting))
    }

    /// What is written, or what the secret holds at this moment.
    fn text(&self) -> Result<Secret, StoreError> {
        match SecretRef::parse(&self.written) {
            Some(reference) => self.secrets.get(&reference).map_err(|error| self.wrong(&format!("cannot be read: {error}"))),
            None => Ok(Secret::new(self.written.clone())),
        }
    }

    fn address(&self, text: &Secret) -> Result<Address, StoreError> {
        let (text, secret) = (text.expose(), SecretRef::parse(&self.written).is_some());
        let in_string = if secret { of_connection_string(text, self.setting).map_err(|why| self.wrong(why))? } else { None };
        let url = Url::parse(in_string.as_deref().unwrap_or(text))
            .map_err(|_| self.wrong("is not a URL; write the endpoint of the storage account, https://..."))?;
        let loopback = url.host_str().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host));
        if url.cannot_be_a_base() || !(url.scheme() == "https" || (url.scheme() == "http" && loopback)) {
            return Err(self.wrong("must begin with https://; plain http is allowed to loopback only"));
        }
        if url.query().is_some() {
            if secret {
                return Ok(Address { url, credential: None });
            }
            return Err(self.wrong(
                "holds a signature; put the whole address into an environment variable (\"$NAME\") or into Key Vault (\"@NAME\")",
            ));
        }
        match &self.credential {
            Some(credential) => Ok(Address { url, credential: Some(Arc::clone(credential)) }),
            None => Err(self.wrong("needs a credential; choose one in storage.credential")),
        }
    }
}

type Make<C> = dyn Fn(&Address) -> Result<C, StoreError> + Send + Sync;

/// A client of one container or queue, made anew when the secret with its address has changed: signatures are rotated.
pub(super) struct Fresh<C> {
    endpoint: Arc<Endpoint>,
    made: RwLock<(Secret, Arc<C>)>,
    make: Box<Make<C>>,
}

impl<C> Fresh<C> {
    pub(super) fn new(
        endpoint: &Arc<Endpoint>,
        make: impl Fn(&Address) -> Result<C, StoreError> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let text = endpoint.current();
        let client = Arc::new(make(&endpoint.address(&text)?)?);
        Ok(Self { endpoint: Arc::clone(endpoint), made: RwLock::new((text, client)), make: Box::new(make) })
    }

    /// The client for the address as it is now.
    pub(super) fn get(&self) -> Arc<C> {
        let text = self.endpoint.current();
        let (before, client) = self.made.read().unwrap_or_else(PoisonError::into_inner).clone();
        if text == before {
            return client;
        }
        match self.endpoint.address(&text).and_then(|address| (self.make)(&address)) {
            Ok(client) => {
                let client = Arc::new(client);
                *self.made.write().unwrap_or_else(PoisonError::into_inner) = (text, Arc::clone(&client));
                client
            }
            Err(error) => {
                tracing::warn!(%error, "no client can be made for the new address of the storage account; the one before stays in use");
                client
            }
        }
    }
}

/// An endpoint and who we are there.
pub(super) struct Address {
    url: Url,
    pub(super) credential: Option<Arc<dyn TokenCredential>>,
}

impl Address {
    /// The address of a container or queue.
    pub(super) fn of(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(name);
        }
        url
    }
}

/// The signed endpoint in a connection string; nothing when `text` is none.
fn of_connection_string(text: &str, setting: &str) -> Result<Option<String>, &'static str> {
    const SHARED_KEY: &str = "is a connection string with a shared key, which the connector does not use; name the account for an identity \
         (AzureWebJobsStorage__accountName), or use a connection string with SharedAccessSignature";
    if text.starts_with("http://") || text.starts_with("https://") || !text.contains('=') {
        return Ok(None);
    }
    let wanted = if setting == "blobs" { "BlobEndpoint" } else { "QueueEndpoint" };
    let member = |name: &str| {
        let mut members = text.split(';').filter_map(|member| member.split_once('='));
        members.find(|(found, _)| found.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let (Some(endpoint), Some(signature)) = (member(wanted), member("SharedAccessSignature")) else { return Err(SHARED_KEY) };
    Ok(Some(format!("{}?{}", endpoint.trim_end_matches('/'), signature.trim_start_matches('?'))))
}

/// Options that all clients share.
pub(super) fn options(client: reqwest::Client, timeout: Duration) -> ClientOptions {
    let retry = ExponentialRetryOptions {
        initial_delay: FIRST_WAIT,
        max_retries: RETRIES,
        max_total_elapsed: azure_core::time::Duration::try_from(timeout).unwrap_or(LONGEST_WAIT),
        max_delay: LONGEST_WAIT,
    };
    ClientOptions {
        retry: RetryOptions::exponential(retry),
        transport: Some(Transport::new(Arc::new(client))),
        ..ClientOptions::default()
    }
}

/// The client below all of it: every call ends within `timeout`. What was stored comes back as it is: an entity tag is of that, not of
/// something packed on the way.
pub(super) fn client(timeout: Duration) -> Result<reqwest::Client, StoreError> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout / 2)
        .redirect(reqwest::redirect::Policy::none())
        .no_gzip()
        .build()
        .map_err(|_| StoreError::Unavailable("no HTTP client can be made here; check the machine's certificates".to_owned()))
}

/// Whether this is what the service answered.
pub(super) fn said(error: &Error, status: StatusCode) -> bool {
    error.http_status() == Some(status)
}

/// The service's own word for what is wrong; empty when it said none.
pub(super) fn code(error: &Error) -> &str {
    match error.kind() {
        ErrorKind::HttpResponse { error_code: Some(code), .. } => code,
        _ => "",
    }
}

/// In our words. Never the error's own text: it may hold an address with a signature.
pub(super) fn explain(what: &str, error: &Error) -> StoreError {
    StoreError::Unavailable(match error.kind() {
        ErrorKind::HttpResponse { status: StatusCode::Forbidden | StatusCode::Unauthorized, .. } => format!(
            "{what} was refused ({}); give the identity the roles Storage Blob Data Contributor and Storage Queue Data Contributor, \
             or renew the shared access signature",
            code(error)
        ),
        ErrorKind::HttpResponse { status, .. } => {
            format!("{what} was answered {status} ({}); it is tried again", code(error))
        }
        ErrorKind::Credential => {
            format!("{what} failed because no token was to be had; check storage.credential and the identity of this machine")
        }
        ErrorKind::Connection | ErrorKind::Io => {
            format!("{what} had no answer in time; check that the storage account can be reached from here")
        }
        _ => format!("{what} failed; check the addresses in [storage]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::FixedSecrets;

    fn read(value: &str, setting: &'static str) -> Result<Address, String> {
        let secrets: Arc<dyn Secrets> = Arc::new(FixedSecrets::default().with("STORAGE", value));
        let endpoint = Endpoint::new("$STORAGE", setting, None, &secrets);
        endpoint.and_then(|endpoint| endpoint.address(&endpoint.current())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_connection_string_with_a_signature_holds_both_endpoints() {
        let text = "BlobEndpoint=http://127.0.0.1:1/a/;QueueEndpoint=http://127.0.0.1:2/a;SharedAccessSignature=sv=1&sig=s%3D";
        assert_eq!(read(text, "blobs").unwrap().of("c").as_str(), "http://127.0.0.1:1/a/c?sv=1&sig=s%3D");
        assert_eq!(read(text, "queues").unwrap().of("q").as_str(), "http://127.0.0.1:2/a/q?sv=1&sig=s%3D");
    }

    #[test]
    fn shared_keys_and_nonsense_are_refused_without_being_shown() {
        for (value, said) in [
            ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hidden", "shared key"),
            ("UseDevelopmentStorage=true", "shared key"),
            ("hidden", "is not a URL"),
            ("http://example.com/?sig=hidden", "https://"),
            ("https://example.com/", "needs a credential"),
        ] {
            let why = read(value, "blobs").map(|_| ()).unwrap_err();
            assert!(why.contains(said) && !why.contains("hidden"), "{value}: {why}");
        }
    }
}
