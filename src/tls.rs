//! TLS as every client of this crate has it: rustls with ring, PEM files named by a URL, else whom the machine trusts.

use std::fs;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::error::{Error, Result};

/// Where the program has chosen a provider already, that one holds.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()))
}

/// The content of the PEM file that `name`, a part of the argument `argument`, says.
pub(crate) fn pem(argument: &str, name: &str, path: &str) -> Result<Vec<u8>> {
    let content = fs::read(path).map_err(|e| Error::invalid(argument, format_args!("{name}: {path}: {e}")))?;
    // A file without any would be no error of the parser's, and trust nobody.
    if memchr::memmem::find(&content, b"-----BEGIN ").is_none() {
        return Err(Error::invalid(argument, format_args!("{name}: {path} holds no PEM")));
    }
    Ok(content)
}

/// The certificates in `pem`, at least one.
pub(crate) fn certificates(argument: &str, name: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let bad = |problem: String| Error::invalid(argument, format_args!("{name}: {problem}"));
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<std::result::Result<_, _>>().map_err(|e| bad(e.to_string()))?;
    if found.is_empty() { Err(bad("it holds no certificate".into())) } else { Ok(found) }
}

/// The private key in `pem`.
pub(crate) fn private_key(argument: &str, name: &str, pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|e| Error::invalid(argument, format_args!("{name}: {e}")))
}

/// Whom the machine trusts. Certificates that cannot be read are left out, as elsewhere; with none left, nobody is trusted.
pub(crate) fn native_roots() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// Refuses a key that is not its certificate's, and roots that are none: the HTTP client would panic, or trust nobody without a word.
pub(crate) fn check(
    argument: &str,
    roots: &[CertificateDer<'static>],
    client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> Result<()> {
    let bad = |problem: String| Error::invalid(argument, problem);
    let mut store = RootCertStore::empty();
    if store.add_parsable_certificates(roots.iter().cloned()).0 == 0 {
        return Err(bad("there is no certificate to trust; give ca_file=PATH".into()));
    }
    let Some((chain, key)) = client else { return Ok(()) };
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_root_certificates(store).with_client_auth_cert(chain, key))
        .map(|_| ())
        .map_err(|e| bad(format!("cert_file and key_file do not go together: {e}")))
}

/// What an argument and its parts are called, for errors.
pub(crate) struct Names {
    pub(crate) argument: &'static str,
    pub(crate) ca: &'static str,
    pub(crate) cert: &'static str,
    pub(crate) key: &'static str,
}

/// Whom to trust, and who we are, in PEM.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) cert: Option<Vec<u8>>,
    pub(crate) key: Option<Vec<u8>>,
}

impl Files {
    pub(crate) fn is_empty(&self) -> bool {
        self.ca.is_none() && self.cert.is_none() && self.key.is_none()
    }

    /// The configuration of the HTTP client.
    pub(crate) fn config(&self, names: &Names) -> Result<TlsConfig> {
        let bad = |problem: String| Error::invalid(names.argument, problem);
        let roots = match &self.ca {
            Some(pem) => certificates(names.argument, names.ca, pem)?,
            None => native_roots(),
        };
        let client = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((certificates(names.argument, names.cert, cert)?, key)),
            (None, None) => None,
            _ => return Err(bad(format!("{} and {} go together", names.cert, names.key))),
        };
        let checked = client.as_ref().map(|(chain, key)| Ok((chain.clone(), private_key(names.argument, names.key, key)?)));
        check(names.argument, &roots, checked.transpose()?)?;
        let client = client.map(|(chain, key)| {
            let key = PrivateKey::from_pem(key).map_err(|e| bad(format!("{}: {e}", names.key)))?;
            Ok(ClientCert::new_with_certs(&owned(&chain), key))
        });
        let config = TlsConfig::builder().unversioned_rustls_crypto_provider(provider());
        Ok(config.root_certs(RootCerts::new_with_certs(&owned(&roots))).client_cert(client.transpose()?).build())
    }
}

fn owned(from: &[CertificateDer<'_>]) -> Vec<Certificate<'static>> {
    from.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}
