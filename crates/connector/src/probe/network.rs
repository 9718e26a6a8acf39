//! The probes below HTTP that every tool shares: the name, the connection, the certificate. They use the same trust as the
//! calls themselves.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use super::Report;
use crate::provider::tls;
use crate::provider::wire::{Wire, is_loopback};

/// Goes through `dns`, `tcp` and `tls` for `url`; false when one failed and no call can work.
pub async fn run(wire: &Wire, url: &Url, report: &mut Report) -> bool {
    if !is_loopback(url) && proxy_is_set() {
        for name in ["dns", "tcp", "tls"] {
            report.skipped(name, "calls go through the proxy of HTTPS_PROXY or ALL_PROXY, so a direct connection proves nothing");
        }
        return true;
    }
    let patience = wire.timeout().min(Duration::from_secs(10));
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let Some(addresses) = dns(&host, port, patience, report).await else {
        report.skipped("tcp", "the host's name is not known");
        report.skipped("tls", "the host's name is not known");
        return false;
    };
    let Some(stream) = tcp(&host, port, &addresses, patience, report).await else {
        report.skipped("tls", "there is no connection");
        return false;
    };
    if url.scheme() != "https" {
        report.skipped("tls", "plain http to this machine");
        return true;
    }
    handshake(wire, &host, stream, patience, report).await
}

async fn dns(host: &str, port: u16, patience: Duration, report: &mut Report) -> Option<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        report.skipped("dns", "url holds an address, not a name");
        return Some(vec![SocketAddr::new(address, port)]);
    }
    let cause = match timeout(patience, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => {
            let addresses: Vec<_> = found.collect();
            if !addresses.is_empty() {
                let shown: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
                report.passed("dns", format!("{host} is {}", shown.join(", ")));
                return Some(addresses);
            }
            "the name has no address".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer from the name server within {} s", patience.as_secs()),
    };
    let remedy = "check the host in url for typing errors; a developer instance that was idle for ten days is reclaimed and its \
                  name vanishes; check this machine's name server";
    report.failed("dns", format!("no such host is known: {host}"), cause, remedy);
    None
}

async fn tcp(host: &str, port: u16, addresses: &[SocketAddr], patience: Duration, report: &mut Report) -> Option<TcpStream> {
    let cause = match timeout(patience, TcpStream::connect(addresses)).await {
        Ok(Ok(stream)) => {
            report.passed("tcp", format!("{host} takes connections on port {port}"));
            return Some(stream);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", patience.as_secs()),
    };
    let remedy = "check the port in url, and that firewalls between the connector and the instance let it through; if calls must \
                  go through a proxy, set HTTPS_PROXY";
    report.failed("tcp", format!("{host} does not take a connection on port {port}"), cause, remedy);
    None
}

async fn handshake(wire: &Wire, host: &str, stream: TcpStream, patience: Duration, report: &mut Report) -> bool {
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        report.failed("tls", format!("{host} cannot be a certificate's name"), "it is no DNS name", "check the host in url");
        return false;
    };
    let (cause, remedy) = match timeout(patience, TlsConnector::from(wire.tls()).connect(name, stream)).await {
        Ok(Ok(stream)) => {
            let version = stream.get_ref().1.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
            report.passed("tls", format!("the certificate of {host} is trusted ({version})"));
            return true;
        }
        Ok(Err(error)) => tls::find(&error).map_or_else(
            || (error.to_string(), "check the url, and any proxy or firewall that inspects TLS".to_owned()),
            |error| tls::explain(error, host),
        ),
        Err(_) => (
            format!("no answer within {} s", patience.as_secs()),
            "check the port in url, and any firewall that inspects TLS".to_owned(),
        ),
    };
    report.failed("tls", format!("no trusted TLS connection to {host}"), cause, remedy);
    false
}

fn proxy_is_set() -> bool {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Verdict;

    #[tokio::test]
    async fn a_host_that_does_not_exist_fails_at_its_name() {
        let mut report = Report::new("snow");
        assert!(dns("no-such-instance.invalid", 443, Duration::from_secs(10), &mut report).await.is_none());
        let probe = &report.probes[0];
        assert_eq!((probe.name.as_str(), probe.verdict), ("dns", Verdict::Failed));
        assert!(probe.finding.contains("no such host") && probe.remedy.contains("url"));
    }

    #[tokio::test]
    async fn an_address_needs_no_name_server() {
        let mut report = Report::new("snow");
        let found = dns("127.0.0.1", 8081, Duration::from_secs(10), &mut report).await;
        assert_eq!(found, Some(vec!["127.0.0.1:8081".parse().unwrap()]));
        assert_eq!(report.probes[0].verdict, Verdict::Skipped);
    }
}
