//! Shared access signatures: who holds the key of a rule may make one, for an address and until an instant.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use url::{Url, form_urlencoded};

use super::options::{Options, Right};

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// 401: none, malformed, forged or expired.
    Invalid,
    /// 403: good, but not for this path or action.
    NotAllowed,
}

/// A token for an address (`http://namespace/path`), good until `expires` (seconds since 1970).
#[must_use]
pub fn token(address: &str, rule: &str, key: &str, expires: i64) -> String {
    let escaped = escape(address);
    let signature = escape(&BASE64_STANDARD.encode(sign(key, &escaped, &expires.to_string())));
    format!("SharedAccessSignature sr={escaped}&sig={signature}&se={expires}&skn={}", escape(rule))
}

fn escape(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn sign(key: &str, escaped_address: &str, expires: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::sign(&key, format!("{escaped_address}\n{expires}").as_bytes()).as_ref().to_vec()
}

/// Whether a token gives a right on a hybrid connection at `now`; when it expires.
pub(super) fn check(options: &Options, token: &str, path: &str, right: Right, now: i64) -> Result<i64, Denied> {
    let parts = token.strip_prefix("SharedAccessSignature").ok_or(Denied::Invalid)?.trim_start();
    // The address is signed as it was sent, so it must not be unescaped before.
    let raw = |name: &str| parts.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).ok_or(Denied::Invalid);
    let (address, expires) = (raw("sr")?, raw("se")?);
    let name = unescape(raw("skn")?);
    let until: i64 = expires.parse().map_err(|_| Denied::Invalid)?;
    let rule = options.rules.iter().find(|rule| rule.name == name).ok_or(Denied::Invalid)?;
    let signature = BASE64_STANDARD.decode(unescape(raw("sig")?)).map_err(|_| Denied::Invalid)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, rule.key.as_bytes());
    hmac::verify(&key, format!("{address}\n{expires}").as_bytes(), &signature).map_err(|_| Denied::Invalid)?;
    if until <= now {
        return Err(Denied::Invalid);
    }
    let address = Url::parse(&unescape(address)).map_err(|_| Denied::Invalid)?;
    let host = address.host_str().unwrap_or_default();
    let ours = host.eq_ignore_ascii_case(&options.namespace) || ["127.0.0.1", "localhost"].contains(&host);
    let signed = address.path().trim_matches('/').to_ascii_lowercase();
    let below = |outer: &str| {
        outer.is_empty() || path.eq_ignore_ascii_case(outer) || path.to_ascii_lowercase().starts_with(&format!("{outer}/"))
    };
    let covers = below(&signed) || signed.starts_with(&format!("{}/", path.to_ascii_lowercase()));
    let belongs = rule.path.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(path));
    if ours && covers && belongs && rule.rights.contains(&right) { Ok(until) } else { Err(Denied::NotAllowed) }
}

/// `%2f` and the like; a plus sign stays one, as base64 needs.
fn unescape(text: &str) -> String {
    let safe = text.replace('+', "%2B");
    form_urlencoded::parse(format!("x={safe}").as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::{LISTEN_KEY, SEND_KEY};

    #[test]
    fn a_token_gives_what_its_rule_allows_where_it_was_signed_for() {
        let options = Options::default();
        let check = |token: &str, right, now| check(&options, token, "scsm", right, now);
        let address = "http://contoso-relay.servicebus.windows.net/scsm";
        let send = token(address, "send", SEND_KEY, 100);
        assert_eq!(check(&send, Right::Send, 99), Ok(100));
        assert_eq!(check(&send, Right::Send, 100), Err(Denied::Invalid), "expired");
        assert_eq!(check(&send, Right::Listen, 99), Err(Denied::NotAllowed));
        assert_eq!(check(&token(address, "send", LISTEN_KEY, 100), Right::Send, 99), Err(Denied::Invalid), "another key");
        assert_eq!(check(&send.replace("se=100", "se=200"), Right::Send, 99), Err(Denied::Invalid), "made younger");
        let whole = token("http://contoso-relay.servicebus.windows.net/", "send", SEND_KEY, 100);
        assert_eq!(check(&whole, Right::Send, 99), Ok(100));
        for other in ["http://contoso-relay.servicebus.windows.net/other", "http://fabrikam.servicebus.windows.net/scsm"] {
            assert_eq!(check(&token(other, "send", SEND_KEY, 100), Right::Send, 99), Err(Denied::NotAllowed), "{other}");
        }
        assert_eq!(check("Bearer x", Right::Send, 99), Err(Denied::Invalid));
    }
}
