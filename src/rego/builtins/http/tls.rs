//! Whom a request trusts, and who it is.

use std::fs;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::super::super::network::Trust;
use super::super::super::value::quote;
use super::super::operand::fail;
use super::super::{Failure, x509};
use crate::tls;

/// Where something in PEM is: here, in a file, in a variable of the environment.
#[derive(Debug, Default)]
pub(super) struct Pem {
    pub(super) text: Vec<u8>,
    pub(super) file: String,
    pub(super) variable: String,
}

/// What a request says of it.
#[derive(Debug, Default)]
pub(super) struct Tls {
    pub(super) use_system_certs: bool,
    pub(super) ca_cert: Pem,
    pub(super) client_cert: Pem,
    pub(super) client_key: Pem,
    pub(super) insecure_skip_verify: bool,
    pub(super) server_name: String,
}

impl Tls {
    /// Whom to trust, and who asks; `None` where the request says nothing of its own.
    pub(super) fn trust(&self) -> Result<Option<Trust>, Failure> {
        let client = self.client()?;
        let roots = self.roots()?;
        if client.is_none() && roots.is_none() && !self.insecure_skip_verify && self.server_name.is_empty() {
            return Ok(None);
        }
        Ok(Some(Trust { roots, client, skips_verifying: self.insecure_skip_verify }))
    }

    /// The last pair that is given counts, as the server is shown one.
    fn client(&self) -> Result<Option<Pair>, Failure> {
        let (cert, key) = (&self.client_cert, &self.client_key);
        let mut client = None;
        if !cert.text.is_empty() && !key.text.is_empty() {
            client = Some(pair(&cert.text, &key.text).map_err(fail)?);
        }
        if !cert.file.is_empty() && !key.file.is_empty() {
            client = Some(pair(&file(&cert.file)?, &file(&key.file)?).map_err(fail)?);
        }
        if !cert.variable.is_empty() && !key.variable.is_empty() {
            let found = pair(&variable(&cert.variable), &variable(&key.variable)).map_err(|problem| {
                let (cert, key) = (quote(cert.variable.as_bytes()), quote(key.variable.as_bytes()));
                fail(format!("cannot extract public/private key pair from envvars {cert}, {key}: {problem}"))
            });
            client = Some(found?);
        }
        Ok(client)
    }

    /// Whom it names; `None` where it names nobody.
    fn roots(&self) -> Result<Option<Vec<CertificateDer<'static>>>, Failure> {
        let mut roots = self.use_system_certs.then(tls::native_roots);
        let mut add = |pem: &[u8], problem: String| -> Result<(), Failure> {
            let found = tls::certificates("", "", pem).map_err(|_| fail(problem))?;
            roots.get_or_insert_default().extend(found);
            Ok(())
        };
        let nothing = "could not append certificates";
        if !self.ca_cert.text.is_empty() {
            let text = String::from_utf8_lossy(&self.ca_cert.text).replace("\\n", "\n");
            add(text.as_bytes(), nothing.to_owned())?;
        }
        if !self.ca_cert.file.is_empty() {
            let name = quote(self.ca_cert.file.as_bytes());
            add(&file(&self.ca_cert.file)?, format!("could not append CA certificates from {name}"))?;
        }
        if !self.ca_cert.variable.is_empty() {
            let name = quote(self.ca_cert.variable.as_bytes());
            add(&variable(&self.ca_cert.variable), format!("could not add CA certificates from envvar {name}: {nothing}"))?;
        }
        Ok(roots)
    }
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A certificate's chain and its key, which go together.
fn pair(cert: &[u8], key: &[u8]) -> Result<Pair, String> {
    x509::check_pair(cert, key)?;
    let words = |error: crate::error::Error| error.message().to_owned();
    let chain = tls::certificates("", "", cert).map_err(words)?;
    let key = tls::private_key("", "", key).map_err(words)?;
    Ok((chain, key))
}

fn file(path: &str) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        let problem = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        fail(format!("open {path}: {problem}"))
    })
}

fn variable(name: &str) -> Vec<u8> {
    if name.contains(['=', '\0']) {
        return Vec::new();
    }
    std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes).unwrap_or_default()
}
