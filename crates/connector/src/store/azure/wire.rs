//! How Azure Storage is reached: addresses, one HTTP client with short patience, and its errors in our words. No address or signature
//! goes into a message.

use std::sync::Arc;
use std::time::Duration;

use azure_core::Error;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, StatusCode, Transport};
use url::Url;

use crate::secret::{SecretRef, Secrets};
use crate::store::StoreError;

/// Repetitions of a call that failed for the moment.
const RETRIES: u32 = 2;
const FIRST_WAIT: azure_core::time::Duration = azure_core::time::Duration::milliseconds(150);
const LONGEST_WAIT: azure_core::time::Duration = azure_core::time::Duration::seconds(1);

/// An endpoint and who we are there.
pub(super) struct Address {
    pub(super) url: Url,
    pub(super) credential: Option<Arc<dyn TokenCredential>>,
}

impl Address {
    /// An endpoint, or `"$NAME"` or `"@NAME"` of a secret that is one, or a connection string. Only a secret may hold a signature; without
    /// one a credential is wanted.
    pub(super) fn read(
        written: &str,
        setting: &str,
        credential: Option<&Arc<dyn TokenCredential>>,
        secrets: &dyn Secrets,
    ) -> Result<Self, StoreError> {
        let wrong = |why: &str| StoreError::Unavailable(format!("storage.{setting} {why}"));
        let secret = SecretRef::parse(written);
        let text = match &secret {
            Some(reference) => {
                secrets.get(reference).map_err(|error| wrong(&format!("cannot be read: {error}")))?.expose().to_owned()
            }
            None => written.to_owned(),
        };
        let text = if secret.is_some() { of_connection_string(&text, setting).map_err(wrong)?.unwrap_or(text) } else { text };
        let url = Url::parse(&text).map_err(|_| wrong("is not a URL; write the endpoint of the storage account, https://..."))?;
        let loopback = url.host_str().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host));
        if url.cannot_be_a_base() || !(url.scheme() == "https" || (url.scheme() == "http" && loopback)) {
            return Err(wrong("must begin with https://; plain http is allowed to loopback only"));
        }
        if url.query().is_some() {
            if secret.is_some() {
                return Ok(Self { url, credential: None });
            }
            return Err(wrong("holds a signature; put the whole address into an environment variable and write \"$NAME\""));
        }
        match credential {
            Some(credential) => Ok(Self { url, credential: Some(Arc::clone(credential)) }),
            None => Err(wrong("needs a credential; choose one in storage.credential")),
        }
    }

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

/// The client below all of it: every call ends within `timeout`.
pub(super) fn client(timeout: Duration) -> Result<reqwest::Client, StoreError> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout / 2)
        .redirect(reqwest::redirect::Policy::none())
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

    fn read(value: &str, setting: &str) -> Result<Address, String> {
        let secrets = FixedSecrets::default().with("STORAGE", value);
        Address::read("$STORAGE", setting, None, &secrets).map_err(|error| error.to_string())
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
