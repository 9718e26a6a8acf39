//! Settings of `[telemetry]`.

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::{Check, is_loopback};
use crate::settings::Telemetry;
use crate::settings::span::Span;

/// Words in the name of a header whose value is no plain text.
const SECRET_WORDS: [&str; 6] = ["authorization", "key", "token", "secret", "password", "cookie"];
/// Headers that the call itself decides.
const OWN: [&str; 5] = ["content-type", "content-length", "content-encoding", "host", "transfer-encoding"];
const LEAST_INTERVAL: Span = Span::seconds(5);
const LONGEST: usize = 255;

impl Check<'_> {
    pub(super) fn telemetry(&mut self, telemetry: &Telemetry) {
        let shows = !telemetry.headers.is_empty() || telemetry.credential.is_some();
        let addresses = [
            ("telemetry.otlp", &telemetry.otlp),
            ("telemetry.otlp_traces", &telemetry.otlp_traces),
            ("telemetry.otlp_metrics", &telemetry.otlp_metrics),
        ];
        for (key, url) in addresses {
            if let Some(url) = url {
                self.collector(key, url, shows);
            }
        }
        for (name, value) in &telemetry.headers {
            let key = format!("telemetry.headers.{}", name.escape_debug());
            let lower = name.to_ascii_lowercase();
            if name.parse::<HeaderName>().is_err() {
                self.wrong(&key, "is not the name of a header", "use letters, digits and -");
            } else if OWN.contains(&lower.as_str()) {
                self.wrong(&key, "is decided by the call itself", "remove it");
            } else if let Some(secret) = value.secret() {
                self.secret(&key, &secret);
            } else if SECRET_WORDS.into_iter().any(|word| lower.contains(word)) {
                let remedy = "write \"$NAME\" and put the value into the environment variable NAME, or \"@NAME\" for a secret in Key Vault";
                self.wrong(&key, "must name a secret, not hold the secret itself", remedy);
            } else if value.text().trim().is_empty() || HeaderValue::from_str(value.text()).is_err() {
                self.wrong(&key, "cannot be the value of a header", "write it in one line of visible characters");
            }
        }
        if let Some(credential) = &telemetry.credential {
            let near = addresses.iter().filter_map(|(_, url)| url.as_ref()).all(is_loopback);
            self.credential("telemetry.credential", credential, near);
            if telemetry.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")) {
                self.wrong("telemetry.credential", "sends the header authorization, too", "choose the header or the credential");
            }
        }
        if !(0.0..=1.0).contains(&telemetry.sample) {
            self.wrong("telemetry.sample", "is out of bounds", "choose 0.0 to 1.0");
        }
        if telemetry.interval < LEAST_INTERVAL {
            self.wrong(
                "telemetry.interval",
                format!("{} is too short", telemetry.interval),
                format!("at least {LEAST_INTERVAL}"),
            );
        }
        self.at_most("telemetry.interval", telemetry.interval, 3600);
        self.positive("telemetry.timeout", telemetry.timeout);
        self.at_most("telemetry.timeout", telemetry.timeout, 60);
        if let Some(path) = &telemetry.ca_certificate {
            self.certificate("telemetry.ca_certificate", path);
        }
        self.not_blank("telemetry.service_name", telemetry.service_name.as_deref());
        for (name, value) in &telemetry.attributes {
            if name.trim().is_empty() || name.len() > LONGEST || value.len() > LONGEST {
                let key = format!("telemetry.attributes.{}", name.escape_debug());
                self.wrong(&key, "is out of bounds", format!("name and value have 1 to {LONGEST} characters"));
            }
        }
    }

    /// Plain http is allowed where nothing is shown that others must not see: a collector is often a neighbour in the same network.
    fn collector(&mut self, key: &str, url: &Url, shows: bool) {
        if url.scheme() == "http" && !is_loopback(url) && !shows {
            let mut same = url.clone();
            // Everything else is as for other addresses.
            if same.set_scheme("https").is_ok() {
                self.address(key, &same);
            }
            return;
        }
        if url.scheme() == "http" && !is_loopback(url) {
            self.wrong(key, "plain http with headers or a credential is allowed to loopback only", "use https");
            return;
        }
        self.address(key, url);
    }
}
