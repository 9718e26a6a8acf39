//! A certificate authority for one run, and a leaf for this machine. The leaf is not the authority: strict clients refuse one that is.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A leaf certificate with its key, signed by an authority that is written to a file.
#[derive(Debug)]
pub struct Authority {
    /// The authority's certificate, PEM.
    pub certificate_file: PathBuf,
    leaf: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Authority {
    /// Makes an authority and writes its certificate to `ca.pem` in the directory, which is made when missing.
    pub fn create(directory: &Path) -> io::Result<Self> {
        Self::generate(directory)
    }

    fn generate(directory: &Path) -> io::Result<Self> {
        let mut params = CertificateParams::new(Vec::<String>::new()).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "Emulator test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().map_err(io::Error::other)?).map_err(io::Error::other)?;
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = params.signed_by(&key, &authority).map_err(io::Error::other)?;
        fs::create_dir_all(directory)?;
        let certificate_file = directory.join("ca.pem");
        fs::write(&certificate_file, authority.pem())?;
        Ok(Self { certificate_file, leaf: leaf.der().clone(), key: key.serialize_der() })
    }

    /// For a server on `localhost`, `127.0.0.1` or `::1`.
    pub fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![self.leaf.clone()], key))
            .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
