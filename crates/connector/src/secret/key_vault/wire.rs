//! How Key Vault and the token service before it are reached: one HTTP client with short patience, no redirects, few repetitions.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport};

use super::Trouble;
use crate::settings::Cloud;
use crate::sink::credential;

const TIMEOUT: Duration = Duration::from_secs(4);
const RETRIES: u32 = 2;
const FIRST_WAIT: azure_core::time::Duration = azure_core::time::Duration::milliseconds(200);
const LONGEST_WAIT: azure_core::time::Duration = azure_core::time::Duration::seconds(1);
/// Shorter than the patience with one secret, so that the last repetition is heard.
const ALL_ATTEMPTS: azure_core::time::Duration = azure_core::time::Duration::seconds(6);

pub(super) fn client() -> Result<reqwest::Client, Trouble> {
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(TIMEOUT / 2)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|_| Trouble::new("no HTTP client can be made here", "check the machine's certificates"))
}

/// Options of the client of secrets.
pub(super) fn options(client: reqwest::Client) -> ClientOptions {
    let retry = ExponentialRetryOptions {
        initial_delay: FIRST_WAIT,
        max_retries: RETRIES,
        max_total_elapsed: ALL_ATTEMPTS,
        max_delay: LONGEST_WAIT,
    };
    ClientOptions {
        retry: RetryOptions::exponential(retry),
        transport: Some(Transport::new(Arc::new(client))),
        ..ClientOptions::default()
    }
}

/// Options of whoever fetches the token.
pub(super) fn credential_options(client: reqwest::Client, cloud: Cloud) -> ClientOptions {
    ClientOptions { cloud: credential::of(cloud).cloud, ..options(client) }
}
