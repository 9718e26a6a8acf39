//! One GET of one small blob. Plain reqwest: the storage client would bring its own retries and hide what a stranger in between
//! answers, and here everything but the text matters (a sign-in page, a redirect, a body without end).

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport};
use url::Url;

use super::Unreadable;
use super::answer::{self, Attempt, Way};
use super::identity;
use crate::clock::{Clock, later};
use crate::secret::Variables;
use crate::settings::read::LARGEST;
use crate::settings::{Cloud, is_loopback};
use crate::sink::credential;

const TIMEOUT: Duration = Duration::from_secs(5);
const TOKEN_TIMEOUT: Duration = Duration::from_secs(8);
/// All attempts, with the token: `initializationTimeout` of host.json is for this, the secrets and the start together.
const LONGEST: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Tokens are taken since 2017; any version that all clouds and the emulator know will do.
const STORAGE_VERSION: &str = "2021-12-02";
const SCOPE: &str = "https://storage.azure.com/.default";
/// Where blobs are, by cloud. A token for storage is sent nowhere else.
const CLOUDS: [(&str, Cloud); 4] = [
    (".blob.core.windows.net", Cloud::Public),
    (".blob.storage.azure.net", Cloud::Public),
    (".blob.core.usgovcloudapi.net", Cloud::UsGovernment),
    (".blob.core.chinacloudapi.cn", Cloud::China),
];

/// Reads the text at `url`.
pub(super) async fn read(url: &Url, variables: &Variables, clock: &dyn Clock) -> Result<String, Unreadable> {
    let cloud = allowed(url)?;
    let client = client(reqwest::Client::builder())
        .map_err(|_| Unreadable::new("cannot be read: no HTTP client can be made here", "check the machine's certificates"))?;
    let Some(cloud) = cloud else { return fetch(&client, url, None, clock).await };
    let identity = identity::of(variables)?;
    let name = identity::name(&identity);
    let no_token = |_| answer::no_token(&name);
    let credential = identity.credential(token_options(client.clone(), cloud)).map_err(no_token)?;
    fetch(&client, url, Some((credential.as_ref(), &name)), clock).await
}

/// The cloud whose token is needed; none when the address has a signature or is an emulator's.
fn allowed(url: &Url) -> Result<Option<Cloud>, Unreadable> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unreadable::new("must not hold a user name or password", "use a shared access signature or an identity"));
    }
    match (url.scheme(), is_loopback(url)) {
        ("https", false) => {}
        (_, true) => return Ok(None),
        _ => return Err(Unreadable::new("must begin with https://", "plain http is allowed to loopback only")),
    }
    if url.query_pairs().any(|(name, _)| name == "sig") {
        return Ok(None);
    }
    let host = url.host_str().unwrap_or_default();
    match CLOUDS.iter().find(|(suffix, _)| host.ends_with(suffix)) {
        Some((_, cloud)) => Ok(Some(*cloud)),
        None => Err(Unreadable::new(
            "is not an address of Azure blob storage, and no token is sent elsewhere",
            "write https://ACCOUNT.blob.core.windows.net/CONTAINER/connector.toml, or add a shared access signature",
        )),
    }
}

pub(super) fn client(builder: reqwest::ClientBuilder) -> reqwest::Result<reqwest::Client> {
    builder.timeout(TIMEOUT).connect_timeout(TIMEOUT / 2).redirect(reqwest::redirect::Policy::none()).build()
}

fn token_options(client: reqwest::Client, cloud: Cloud) -> ClientOptions {
    let retry = ExponentialRetryOptions { max_retries: 2, ..ExponentialRetryOptions::default() };
    ClientOptions {
        retry: RetryOptions::exponential(retry),
        transport: Some(Transport::new(Arc::new(client))),
        ..credential::of(cloud)
    }
}

/// `credential` comes with its name for people.
pub(super) async fn fetch(
    client: &reqwest::Client,
    url: &Url,
    credential: Option<(&dyn TokenCredential, &str)>,
    clock: &dyn Clock,
) -> Result<String, Unreadable> {
    fetch_within(LONGEST, client, url, credential, clock).await
}

pub(super) async fn fetch_within(
    longest: Duration,
    client: &reqwest::Client,
    url: &Url,
    credential: Option<(&dyn TokenCredential, &str)>,
    clock: &dyn Clock,
) -> Result<String, Unreadable> {
    let fetched = tokio::time::timeout(longest, fetch_at_leisure(client, url, credential, clock)).await;
    fetched.unwrap_or_else(|_| Err(answer::too_late()))
}

async fn fetch_at_leisure(
    client: &reqwest::Client,
    url: &Url,
    credential: Option<(&dyn TokenCredential, &str)>,
    clock: &dyn Clock,
) -> Result<String, Unreadable> {
    let token = match credential {
        None => None,
        Some((credential, name)) => match tokio::time::timeout(TOKEN_TIMEOUT, credential.get_token(&[SCOPE], None)).await {
            Ok(Ok(token)) => Some(token),
            _ => return Err(answer::no_token(name)),
        },
    };
    let way = match (&token, url.query_pairs().any(|(name, _)| name == "sig")) {
        (Some(_), _) => Way::Identity(credential.map(|(_, name)| name).unwrap_or_default()),
        (None, true) => Way::Signature,
        (None, false) => Way::Nobody,
    };
    let mut wait = FIRST_WAIT;
    let mut attempt = 1;
    loop {
        match once(client, url, token.as_ref(), way).await {
            Attempt::Read(text) => return Ok(text),
            Attempt::Failed(unreadable) => return Err(unreadable),
            Attempt::Again(unreadable) if attempt == ATTEMPTS => return Err(unreadable),
            Attempt::Again(_) => {}
        }
        clock.sleep_until(later(clock.now(), wait)).await;
        attempt += 1;
        wait *= 2;
    }
}

async fn once(client: &reqwest::Client, url: &Url, token: Option<&AccessToken>, way: Way<'_>) -> Attempt {
    let mut request = client.get(url.clone()).header("x-ms-version", STORAGE_VERSION);
    if let Some(token) = token {
        request = request.bearer_auth(token.token.secret());
    }
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return answer::unreachable(&error),
    };
    if response.status().as_u16() != 200 {
        return answer::refused(&response, way);
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(more)) if body.len() + more.len() <= LARGEST => body.extend_from_slice(&more),
            Ok(Some(_)) => return answer::too_large(LARGEST),
            Ok(None) => return answer::text(body),
            Err(error) => return answer::unreachable(&error),
        }
    }
}
