//! Which certificates are trusted, and what a refused one means. One configuration serves both calls and the TLS probe, so
//! that `check` sees exactly what a delivery would see.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// The machine's authorities plus those of the PEM file `extra`. Without `https` nothing is loaded. The error says what is
/// wrong and what to do.
pub(crate) fn configuration(https: bool, extra: Option<&Path>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let unusable = |error: rustls::Error| format!("TLS cannot be set up: {error}; install the system's CA certificates");
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(unusable)?;
    if !https {
        // Plain http to loopback: reading the system's certificates would only cost time.
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let extra = extra.map(authorities).transpose()?.unwrap_or_default();
    let verifier = Deferred { extra, provider, verifier: OnceLock::new() };
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// Trusts what the machine trusts, and `extra`. The machine's authorities are hundreds of files on some systems, so they are
/// read when the first certificate is to be judged: at the start of the process nobody needs them.
#[derive(Debug)]
struct Deferred {
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Verifier>,
}

impl Deferred {
    /// A failure is not remembered: the next handshake tries again.
    fn verifier(&self) -> Result<&Verifier, rustls::Error> {
        if let Some(verifier) = self.verifier.get() {
            return Ok(verifier);
        }
        let made = Verifier::new_with_extra_roots(self.extra.iter().cloned(), Arc::clone(&self.provider)).map_err(|error| {
            rustls::Error::General(format!("the machine's authorities cannot be read ({error}); install its CA certificates"))
        })?;
        Ok(self.verifier.get_or_init(|| made))
    }
}

impl ServerCertVerifier for Deferred {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| format!("ca_certificate {shown} cannot be read: {error}"))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("ca_certificate {shown} is not a PEM file: {error}"))?;
    if found.is_empty() {
        return Err(format!("ca_certificate {shown} holds no certificate; it must be a PEM file"));
    }
    // Tried here, because the verifier takes them only when it is needed.
    let mut tried = RootCertStore::empty();
    for certificate in &found {
        let unusable =
            |error| format!("ca_certificate {shown} holds a certificate that cannot be used: {error}; export it again");
        tried.add(certificate.clone()).map_err(unusable)?;
    }
    Ok(found)
}

/// What a TLS failure means and what to do, as (cause, remedy).
pub(crate) fn explain(error: &rustls::Error, host: &str) -> (String, String) {
    use CertificateError as Bad;
    let (cause, remedy) = match error {
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => (
            format!("the certificate of {host} has expired"),
            "have the certificate renewed; if it is valid, set this machine's clock",
        ),
        rustls::Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            (format!("the certificate of {host} is not valid yet"), "set this machine's clock, or have the certificate replaced")
        }
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => (
            format!("the certificate of {host} comes from an authority that this machine does not know"),
            "if a proxy or a private authority stands before the instance, name its PEM file in ca_certificate; else check the url",
        ),
        rustls::Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => (
            format!("the certificate presented is not for the name {host}"),
            "check the host in url, and that no proxy answers in its place",
        ),
        rustls::Error::InvalidCertificate(Bad::Revoked) => {
            (format!("the certificate of {host} has been revoked"), "have the certificate replaced")
        }
        rustls::Error::InvalidMessage(_) => {
            (format!("{host} does not speak TLS on this port ({error})"), "check the port in url and any proxy in between")
        }
        other => (format!("TLS with {host} failed: {other}"), "check the url, the certificate and any proxy in between"),
    };
    (cause, remedy.to_owned())
}

/// The TLS failure inside another error, if there is one.
pub(crate) fn find<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // `io::Error` hides what it wraps from `source`.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(tls) = wrapped.and_then(|inner| find(inner)) {
            return Some(tls);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_bad_certificate_has_its_own_words() {
        let said = |error| explain(&rustls::Error::InvalidCertificate(error), "dev1").0;
        assert!(said(CertificateError::Expired).contains("expired"));
        assert!(said(CertificateError::UnknownIssuer).contains("authority"));
        assert!(said(CertificateError::NotValidForName).contains("not for the name dev1"));
    }

    #[test]
    fn a_tls_failure_is_found_inside_others() {
        let hidden = std::io::Error::other(rustls::Error::InvalidCertificate(CertificateError::Expired));
        assert!(find(&hidden).is_some());
        assert!(find(&std::io::Error::other("other")).is_none());
    }
}
