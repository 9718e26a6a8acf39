//! The page: who gets it, with which policy, in which forms.

use std::io::Read;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::hosted::{behind, invoke};
use super::{Host, answer};

const PAGE: &str = "/api/status/console";

/// Status, headers and body, with these request headers and no key.
async fn ask(host: &Host, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    // As it comes, not unpacked.
    let client = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    let request = headers.iter().fold(client.get(host.url(path)), |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("{name}")).to_str().unwrap()
}

/// What stands in the only element of this name.
fn inside<'a>(html: &'a str, element: &str) -> &'a str {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    assert_eq!((html.matches(&open).count(), html.matches(&close).count()), (1, 1), "{element}");
    html.split_once(&open).unwrap().1.split_once(&close).unwrap().0
}

#[tokio::test]
async fn anybody_gets_the_page_and_its_policy_lets_nothing_run_but_what_stands_in_it() {
    let host = Host::usual().await;
    let (status, headers, body) = ask(&host, PAGE, &[]).await;
    assert_eq!((status, text(&headers, "content-type")), (200, "text/html; charset=utf-8"));
    let html = String::from_utf8(body).unwrap();
    let (style, script) = (inside(&html, "style"), inside(&html, "script"));
    assert!(!style.contains("/*STYLE*/") && !script.contains("/*SCRIPT*/") && script.len() > 100, "{html}");

    let hash = |content: &str| BASE64_STANDARD.encode(Sha256::digest(content));
    let policy = text(&headers, "content-security-policy");
    let directives: Vec<&str> = policy.split("; ").collect();
    assert_eq!(
        directives,
        [
            "default-src 'none'",
            &format!("script-src 'sha256-{}'", hash(script)),
            &format!("style-src 'sha256-{}'", hash(style)),
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-cache"),
        ("cross-origin-opener-policy", "same-origin"),
        ("vary", "accept-encoding"),
    ] {
        assert_eq!(text(&headers, name), value, "{name}");
    }
    // What the policy would keep from working: attributes that style or run, and what is elsewhere.
    // An icon that stands in the page itself keeps browsers from asking for one.
    let markup = html.replace(script, "").replace(style, "").to_lowercase().replace("<link rel=\"icon\" href=\"data:", "");
    for never in [" style=", " onclick=", " onsubmit=", " onload=", " src=\"http", "<link", "<iframe", "@import"] {
        assert!(!markup.contains(never), "{never}");
    }
    assert!(!style.contains("url(http"), "{style}");
}

#[tokio::test]
async fn who_has_the_page_is_told_so_and_who_takes_gzip_gets_it() {
    let host = Host::usual().await;
    let (_, plain, body) = ask(&host, PAGE, &[]).await;
    let (status, packed, small) = ask(&host, PAGE, &[("accept-encoding", "br, gzip;q=0.8")]).await;
    assert_eq!((status, text(&packed, "content-encoding")), (200, "gzip"));
    let mut unpacked = Vec::new();
    GzDecoder::new(&*small).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, body);
    let (tag, packed_tag) = (text(&plain, "etag"), text(&packed, "etag"));
    assert_ne!(tag, packed_tag, "one name for two forms");
    for (known, encoding, status) in [
        (tag, "identity", 304),
        (&format!("\"other\", W/{tag}"), "identity", 304),
        ("*", "identity", 304),
        (packed_tag, "gzip", 304),
        ("\"other\"", "gzip", 200),
        (tag, "gzip", 200),
    ] {
        let (answered, headers, body) = ask(&host, PAGE, &[("if-none-match", known), ("accept-encoding", encoding)]).await;
        assert_eq!((answered, body.is_empty()), (status, status == 304), "{known} {encoding}");
        assert!(headers.contains_key("content-security-policy") && headers.contains_key("etag"), "{headers:?}");
    }
    for refused in ["gzip;q=0", "gzip; q=0.000", "br", "", "x-gzip"] {
        let (_, headers, _) = ask(&host, PAGE, &[("accept-encoding", refused)]).await;
        assert!(!headers.contains_key("content-encoding"), "{refused}");
    }
}

#[tokio::test]
async fn the_page_is_the_same_in_an_envelope() {
    // Where the host asks for its key, and where it lets everybody in: there is nothing in the page to protect.
    for level in ["function", "anonymous"] {
        let host = behind(level, false, json!({"api_keys": ["$INTAKE_KEY"]})).await;
        let (status, headers, body) = ask(&host, "/API/Status/Console/?code=the-hosts", &[]).await;
        assert_eq!(status, 200);
        let data = json!({"req": {
            "Url": format!("https://app.azurewebsites.net{PAGE}?code=the-hosts"), "Method": "GET", "Query": {"code": "the-hosts"},
            "Headers": {"Accept-Encoding": ["gzip, br"]}, "Params": {"rest": "console"}, "Identities": [],
        }});
        let (status, enveloped) = invoke(&host, "status", data.clone()).await;
        let answer = &enveloped["Outputs"]["res"];
        assert_eq!((status, &answer["statusCode"]), (200, &json!("200")), "{enveloped}");
        assert_eq!(answer["body"].as_str().unwrap().as_bytes(), body);
        for name in ["content-type", "content-security-policy", "etag", "x-content-type-options"] {
            assert_eq!(answer["headers"][name], text(&headers, name), "{name}");
        }
        assert_eq!(answer["headers"].get("content-encoding"), None);
        let mut again = data;
        again["req"]["Headers"]["If-None-Match"] = json!([text(&headers, "etag")]);
        let answer = invoke(&host, "status", again).await.1;
        assert_eq!((&answer["Outputs"]["res"]["statusCode"], &answer["Outputs"]["res"]["body"]), (&json!("304"), &json!("")));
    }
}

#[tokio::test]
async fn behind_the_host_what_the_page_asks_for_is_asked_for_with_a_key() {
    let host = behind("anonymous", false, json!({"api_keys": ["$INTAKE_KEY"]})).await;
    let ask = |headers: &Value| {
        json!({"req": {
            "Url": "https://app.azurewebsites.net/api/status/deliveries", "Method": "GET", "Query": {}, "Headers": headers,
            "Params": {"rest": "deliveries"}, "Identities": [],
        }})
    };
    let without = invoke(&host, "status", ask(&json!({}))).await.1;
    assert_eq!(without["Outputs"]["res"]["statusCode"], "401");
    let with = invoke(&host, "status", ask(&json!({"x-functions-key": [super::KEY]}))).await.1;
    assert_eq!(with["Outputs"]["res"]["body"], "{\"deliveries\":[]}");
    assert_eq!(answer(host.get("/api/status")).await.1["console"], json!({"actions": []}));
}
