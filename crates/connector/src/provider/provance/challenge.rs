//! Where an environment has its callers sign in: its 401 names tenant, sign-in service and resource, so that its address is all
//! that a person has to know. Pure. The address of a sign-in service that a stranger names never gets a secret.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use url::Url;

use crate::provider::wire::is_loopback;

/// Hosts of Microsoft Entra in its clouds.
const AUTHORITIES: [&str; 6] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// What a 401 says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// Address of the sign-in service, without tenant.
    pub(super) authority: Url,
    pub(super) tenant: String,
    /// What tokens are asked for; may be empty.
    pub(super) resource: String,
}

/// Reads `Bearer authorization_uri=https://login.microsoftonline.com/TENANT/oauth2/authorize, resource_id=https://ORG/`.
pub(super) fn read(headers: &HeaderMap) -> Option<Challenge> {
    let mut told = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let parameters = told.find_map(|text| {
        let (scheme, rest) = text.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(rest)
    })?;
    let parameter = |name: &str| {
        let value = parameters.split(',').find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value)
        })?;
        Some(value.trim().trim_matches('"').to_owned())
    };
    let address: Url = parameter("authorization_uri")?.parse().ok()?;
    let tenant = address.path_segments()?.next().filter(|tenant| !tenant.is_empty())?.to_owned();
    let authority = address.join("/").ok()?;
    Some(Challenge { authority, tenant, resource: parameter("resource_id").unwrap_or_default() })
}

/// Whether a sign-in service is one of Microsoft's. One on this machine is trusted by whom this machine is trusted.
pub(super) fn is_known(authority: &Url) -> bool {
    let host = authority.host_str().unwrap_or_default();
    (authority.scheme() == "https" && AUTHORITIES.contains(&host)) || is_loopback(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(WWW_AUTHENTICATE, text.parse().unwrap())])
    }

    #[test]
    fn tenant_authority_and_resource_are_told() {
        let told = "Bearer authorization_uri=https://login.microsoftonline.us/7f3c/oauth2/authorize, resource_id=https://org.crm9.dynamics.com/";
        let found = read(&headers(told)).unwrap();
        assert_eq!(found.tenant, "7f3c");
        assert_eq!(found.authority.as_str(), "https://login.microsoftonline.us/");
        assert_eq!(found.resource, "https://org.crm9.dynamics.com/");
        let quoted = read(&headers("bearer authorization_uri=\"https://login.windows.net/t/oauth2/authorize\"")).unwrap();
        assert_eq!((quoted.tenant.as_str(), quoted.resource.as_str()), ("t", ""));
        for nothing in ["Basic realm=x", "Bearer", "Bearer realm=\"x\"", "Bearer authorization_uri=nonsense"] {
            assert_eq!(read(&headers(nothing)), None, "{nothing}");
        }
    }

    #[test]
    fn a_stranger_gets_no_secret() {
        let known = |url: &str| is_known(&url.parse().unwrap());
        assert!(known("https://login.microsoftonline.com/") && known("http://127.0.0.1:8080/"));
        assert!(!known("https://login.microsoftonline.com.evil.example/"));
        assert!(!known("http://login.microsoftonline.com/"));
    }
}
