//! TLS as Go's client has it: a certificate that is itself trusted may be a server's, whoever made it.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
    StreamOwned,
};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::resolver;
use crate::rego::builtins::{Validity, validity};
use crate::tls;

/// Whom a request trusts, and who it is.
#[derive(Debug, Default)]
pub(in crate::rego) struct Trust {
    /// `None` for whom the engine trusts.
    pub(in crate::rego) roots: Option<Vec<CertificateDer<'static>>>,
    pub(in crate::rego) client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Whether anybody is trusted.
    pub(in crate::rego) skips_verifying: bool,
}

impl Trust {
    /// The configuration of connections; `default` are the engine's roots.
    pub(super) fn config(self, default: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, String> {
        let roots = self.roots.unwrap_or_else(|| default.to_vec());
        let verifier = Arc::new(Verifier::new(roots, self.skips_verifying));
        let builder = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match self.client {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())?,
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }
}

/// Trusts who is signed by a root, and a root itself.
#[derive(Debug)]
struct Verifier {
    roots: Vec<CertificateDer<'static>>,
    /// `None` where there is no root: nobody is trusted.
    signed: Option<Arc<WebPkiServerVerifier>>,
    skips: bool,
}

impl Verifier {
    fn new(roots: Vec<CertificateDer<'static>>, skips: bool) -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(store), tls::provider()).build().ok();
        Self { roots, signed, skips }
    }

    /// A certificate that is itself trusted: of this name, and at this time.
    fn verify_root(&self, certificate: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), rustls::Error> {
        if !self.roots.iter().any(|root| root == certificate) {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let Validity { begins, ends, serves } = validity(certificate).ok_or(CertificateError::BadEncoding)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < begins {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > ends {
            return Err(CertificateError::Expired.into());
        }
        if !serves {
            return Err(CertificateError::InvalidPurpose.into());
        }
        verify_server_name(&ParsedCertificate::try_from(certificate)?, name)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.skips {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(signed) = &self.signed else { return Err(CertificateError::UnknownIssuer.into()) };
        match signed.verify_server_cert(certificate, between, name, ocsp, now) {
            // What is made to sign others, rather than to be a server's; of a root, Go does not mind.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(_)) | CertificateError::UnknownIssuer)) => {
                self.verify_root(certificate, name, now).map(|()| ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &tls::provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &tls::provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Puts TLS over a connection that wants it, with the name that the request under way asks for.
pub(super) struct Secure(Arc<ClientConfig>);

impl Secure {
    pub(super) const fn new(config: Arc<ClientConfig>) -> Self {
        Self(config)
    }
}

impl<In: Transport> Connector<In> for Secure {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Box::new(transport)));
        }
        let name = resolver::server_name().ok_or(Error::HostNotFound)?;
        let name =
            ServerName::try_from(name).map_err(|_| Error::Tls("the server's name is none that a certificate can be of"))?;
        let mut connection = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut below = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        below.set_timeout(details.timeout);
        connection.complete_io(&mut below)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Box::new(Encrypted { buffers, stream: StreamOwned::new(connection, below) })))
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").finish_non_exhaustive()
    }
}

/// A connection with TLS.
struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output();
        self.stream.write_all(output.get(..amount).unwrap_or_default())?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").finish_non_exhaustive()
    }
}
