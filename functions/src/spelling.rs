//! Paths as the Functions host takes them: it compares the fixed parts of a route without regard to case and overlooks a slash at the
//! end, but passes on what the caller wrote. A path that it let in must find its function here, too.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

/// The routes by their fixed parts; `*` is any part.
const ROUTES: &[&[&str]] = &[
    &["healthz"],
    &["console"],
    &["api", "status"],
    &["api", "status", "console"],
    &["api", "status", "deliveries"],
    &["api", "status", "deliveries", "*"],
    &["api", "deliveries", "redrive"],
    &["api", "deliveries", "*", "redrive"],
    &["api", "connections", "*", "check"],
    &["api", "preview", "*"],
    &["api", "preview", "*", "*"],
    &["api", "connections", "*", "sync"],
    &["api", "records"],
    &["api", "alerts", "*"],
    &["api", "alerts", "*", "*"],
    &["api", "work-items", "*", "*"],
];

/// `routes`, also by other spellings of their paths. The usual spelling costs nothing.
pub(crate) fn any_spelling(routes: Router) -> Router {
    routes.clone().fallback_service(Router::new().fallback(again).with_state(routes))
}

async fn again(State(routes): State<Router>, mut request: Request) -> Response {
    if let Some(uri) = usual(request.uri()) {
        *request.uri_mut() = uri;
    }
    match routes.oneshot(request).await {
        Ok(response) => response.into_response(),
        Err(never) => match never {},
    }
}

/// The same address in the usual spelling; nothing when there is none, or it is that already. Names in it stay as they are.
fn usual(uri: &Uri) -> Option<Uri> {
    let path = spelled(uri.path())?;
    let path = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

fn spelled(path: &str) -> Option<String> {
    let written: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let fits = |route: &&&[&str]| {
        let mut both = route.iter().zip(&written);
        route.len() == written.len() && both.all(|(fixed, part)| *fixed == "*" || fixed.eq_ignore_ascii_case(part))
    };
    let route = ROUTES.iter().find(fits)?;
    let parts = route.iter().zip(&written).map(|(fixed, part)| if *fixed == "*" { *part } else { *fixed });
    let usual: String = parts.flat_map(|part| ["/", part]).collect();
    (usual != path).then_some(usual)
}

#[cfg(test)]
mod tests {
    use super::{spelled, usual};

    #[test]
    fn fixed_parts_have_no_case_and_names_have_one() {
        for (written, wanted) in [
            ("/API/Alerts/Snow/incident", Some("/api/alerts/Snow/incident")),
            ("/api/alerts/snow/incident/", Some("/api/alerts/snow/incident")),
            ("/api/ALERTS/a%20B/", Some("/api/alerts/a%20B")),
            ("/api//Work-Items/snow/incident", Some("/api/work-items/snow/incident")),
            ("/Api/Connections/snow/Sync", Some("/api/connections/snow/sync")),
            ("/api/status/", Some("/api/status")),
            ("/api/Status/Console", Some("/api/status/console")),
            ("/api/status/DELIVERIES/0190A", Some("/api/status/deliveries/0190A")),
            ("/API/deliveries/x/Redrive", Some("/api/deliveries/x/redrive")),
            ("/api/alerts/snow/incident", None),
            ("/api/alerts", None),
            ("/api/alerts/a/b/c", None),
            ("/", None),
        ] {
            assert_eq!(spelled(written).as_deref(), wanted, "{written}");
        }
    }

    #[test]
    fn the_query_stays_as_it_is() {
        let uri = usual(&"/API/alerts/snow/incident/?Template=A%2Fb&code=K/".parse().unwrap()).unwrap();
        assert_eq!(uri, "/api/alerts/snow/incident?Template=A%2Fb&code=K/");
        assert_eq!(usual(&"/api/alerts/snow/incident?per=ci".parse().unwrap()), None);
    }
}
