//! The console: one HTML document with its style and scripts inside, made once from the files in `console/`. It holds no data, so
//! anybody who reaches it may have it; what it shows it asks for with the key that a person gives it. Nothing is loaded from anywhere
//! else: the policy that is sent with it names what stands in it by its hash, and the browser runs nothing more.

use std::io::Write;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("console/page.html");
/// Joined in this order, and put where the page says [`STYLE`].
const STYLES: &[&str] = &[include_str!("console/vendor/uPlot.min.css"), include_str!("console/style.css")];
/// Joined in this order, and put where the page says [`SCRIPT`].
const SCRIPTS: &[&str] = &[
    include_str!("console/dom.js"),
    concat!("/*! uPlot\n\n", include_str!("console/vendor/uPlot.LICENSE"), "*/"),
    include_str!("console/vendor/uPlot.iife.min.js"),
    include_str!("console/words.js"),
    include_str!("console/api.js"),
    include_str!("console/state.js"),
    include_str!("console/dialogs.js"),
    include_str!("console/dialog_contents.js"),
    include_str!("console/charts.js"),
    include_str!("console/view_overall.js"),
    include_str!("console/view_deliveries.js"),
    include_str!("console/view_trends.js"),
    include_str!("console/view_records.js"),
    include_str!("console/examples.js"),
    include_str!("console/preview.js"),
    include_str!("console/preview_result.js"),
    include_str!("console/app.js"),
];

const STYLE: &str = "/*STYLE*/";
const SCRIPT: &str = "/*SCRIPT*/";

static CONSOLE: LazyLock<Document> = LazyLock::new(|| Document::of(PAGE, STYLES, SCRIPTS));

/// `GET /api/status/console`.
pub async fn console(headers: HeaderMap) -> Response {
    CONSOLE.answer(&headers)
}

/// A document as it is served.
pub(crate) struct Document {
    html: Bytes,
    /// The same, compressed; nothing when that failed, which costs bytes only.
    gzip: Option<Bytes>,
    /// Names this content, in both forms.
    digest: String,
    policy: String,
}

impl Document {
    fn of(page: &str, styles: &[&str], scripts: &[&str]) -> Self {
        // Where files are checked out with the line breaks of Windows, hashes would differ from what browsers make of them.
        let page = page.replace("\r\n", "\n");
        let (page, style) = put(&page, STYLE, &joined(styles));
        let (page, script) = put(&page, SCRIPT, &joined(scripts));
        let policy = format!(
            "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        );
        let digest = Sha256::digest(&page).iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let html = Bytes::from(page);
        Self { gzip: compressed(&html), html, digest, policy }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| accepts_gzip(asked));
        let tag = if gzip.is_some() { format!("\"{}-gzip\"", self.digest) } else { format!("\"{}\"", self.digest) };
        let mut response = if has(asked, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let html = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
            let mut response = (html, gzip.unwrap_or(&self.html).clone()).into_response();
            if gzip.is_some() {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        };
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, self.policy.as_str()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "accept-encoding"),
            (header::ETAG, &tag),
        ] {
            // All of them are visible ASCII.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

fn joined(files: &[&str]) -> String {
    files.join("\n").replace("\r\n", "\n")
}

/// `page` with `content` in the place of `marker`, and the source for the policy of the element around it.
fn put(page: &str, marker: &str, content: &str) -> (String, String) {
    let (before, after) = page.split_once(marker).unwrap_or((page, ""));
    let start = before.rsplit_once('>').map_or("", |(_, start)| start);
    let end = after.split_once("</").map_or("", |(end, _)| end);
    let hash = BASE64_STANDARD.encode(Sha256::digest(format!("{start}{content}{end}")));
    (format!("{before}{content}{after}"), format!("'sha256-{hash}'"))
}

fn compressed(html: &[u8]) -> Option<Bytes> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(html).ok()?;
    gzip.finish().ok().map(Bytes::from)
}

/// Whether the caller takes gzip, by name: `*` or a weight of nothing are not gone into.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    let told = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    told.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.any(|weight| weight.strip_prefix("q=").is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty()))
    })
}

/// Whether the caller has what `tag` names.
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let told = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    told.flat_map(|value| value.split(',')).map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Browsers make one line break of two characters, and hash all that stands in the element.
    #[test]
    fn what_is_hashed_is_what_a_browser_finds_in_the_element() {
        let page = "<style>\r\n/*STYLE*/ </style>\r\n<script>\n  /*SCRIPT*/\n</script>\r\n";
        let document = Document::of(page, &["a\r\n", "b"], &["x", "y"]);
        assert_eq!(document.html, "<style>\na\n\nb </style>\n<script>\n  x\ny\n</script>\n");
        let hash = |content: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(content)));
        assert!(document.policy.contains(&format!("script-src {};", hash("\n  x\ny\n"))), "{}", document.policy);
        assert!(document.policy.contains(&format!("style-src {};", hash("\na\n\nb "))), "{}", document.policy);
        assert_ne!(document.digest, Document::of(page, &["a"], &["x", "y"]).digest);
    }
}
