//! Whether a browser sends a request for our own page. What changes something is refused when it comes from a page of somebody
//! else's; programs send none of these headers, and are known by their key alone.

use axum::http::StatusCode;

use crate::auth::Verified;
use crate::problem::Problem;

/// Refuses what a browser sends for another page. What the browser itself says of it (`Sec-Fetch-Site`) counts more than a comparison
/// of names, which a proxy may have changed; one that says nothing is judged by its `Origin`.
pub(crate) fn check(request: &Verified) -> Result<(), Problem> {
    let [site, origin, host] = ["sec-fetch-site", "origin", "host"].map(|name| request.header(name));
    if of_our_page(site, origin, host) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "other-origin", "Not from this page")
        .detail("a browser sent this request for a page that is not the connector's own")
        .remedy("use the console at /api/status/console of the same address; behind a proxy, let it pass on the header Host"))
}

fn of_our_page(site: Option<&[u8]>, origin: Option<&[u8]>, host: Option<&[u8]>) -> bool {
    match (site, origin) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, None) => true,
        (None, Some(origin)) => {
            let authority = [b"http://".as_slice(), b"https://"].into_iter().find_map(|scheme| origin.strip_prefix(scheme));
            authority.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_our_page;

    #[test]
    fn the_browsers_word_counts_most_then_the_origin() {
        let judged = |site: Option<&str>, origin: Option<&str>| {
            of_our_page(site.map(str::as_bytes), origin.map(str::as_bytes), Some(b"127.0.0.1:7071"))
        };
        for (site, origin, ours) in [
            (None, None, true),
            (Some("same-origin"), Some("http://127.0.0.1:7071"), true),
            // A proxy changed Host.
            (Some("same-origin"), Some("https://itsm.example.com"), true),
            (Some("none"), None, true),
            (Some("cross-site"), None, false),
            // Another port of this machine.
            (Some("same-site"), Some("http://127.0.0.1:8080"), false),
            (Some("cross-site"), Some("http://127.0.0.1:7071"), false),
            (Some(""), None, false),
            (None, Some("http://127.0.0.1:7071"), true),
            (None, Some("https://127.0.0.1:7071"), true),
            (None, Some("http://127.0.0.1:8080"), false),
            (None, Some("http://127.0.0.1:7071.evil.example"), false),
            (None, Some("null"), false),
            (None, Some(""), false),
        ] {
            assert_eq!(judged(site, origin), ours, "{site:?} {origin:?}");
        }
        assert!(!of_our_page(None, Some(b"http://"), None));
    }
}
