//! Pages for people that come where JSON was asked for: whether an answer is one, whether it asks for a sign-in, and its title,
//! by which a person knows it again.

use super::wire::Answer;

/// Whether the answer is HTML, by its content type or by how it begins.
#[must_use]
pub fn is_html(answer: &Answer) -> bool {
    let named = answer.headers.get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = answer.body.trim_ascii_start();
    let begins = |mark: &[u8]| body.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    named.contains("html") || begins(b"<!doctype") || begins(b"<html")
}

/// Whether a page asks its reader to sign in.
#[must_use]
pub fn asks_to_sign_in(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    let titled =
        title(&lower).is_some_and(|title| ["log in", "login", "sign in", "logon"].iter().any(|word| title.contains(word)));
    titled || ["login.do", "user_password", "samlrequest", "type=\"password\""].iter().any(|mark| lower.contains(mark))
}

/// The page's title, at most 80 characters.
#[must_use]
pub fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find("</title>")?;
    Some(html.get(start..end)?.trim().chars().take(80).collect())
}

/// Whether an address is one where people sign in.
#[must_use]
pub fn leads_to_sign_in(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    ["login", "saml", "sso", "adfs", "oauth2", "signin", "auth_redirect"].iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

    use super::*;

    fn answer(kind: &'static str, body: &'static str) -> Answer {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        Answer { status: 200, headers, body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn a_page_is_known_by_its_type_or_its_beginning() {
        assert!(is_html(&answer("text/html;charset=UTF-8", "x")));
        assert!(is_html(&answer("application/json", "\n <!DocType html>")));
        assert!(is_html(&answer("", "<HTML>")));
        assert!(!is_html(&answer("application/json", "{\"a\": \"<html>\"}")));
    }

    #[test]
    fn a_sign_in_page_is_known_by_its_title_or_its_fields() {
        assert!(asks_to_sign_in("<title> Sign in to your account</title>"));
        assert!(asks_to_sign_in("<form><input name=p type=\"password\">"));
        assert!(!asks_to_sign_in("<title>502 Bad Gateway</title>nginx"));
        assert_eq!(title("<TITLE> Ok </TITLE>").as_deref(), Some("Ok"));
        assert!(leads_to_sign_in("https://idp.example/SAML2/x") && !leads_to_sign_in("https://www.example/home"));
    }
}
