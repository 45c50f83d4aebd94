//! Letting policies reach outside.

use super::snapshot::Snapshot;
use super::{Engine, Evaluator};
use crate::error::{Error, ErrorKind, Result};
use crate::rego::value::{Document, read_document};
use crate::rego::{Network, NetworkOptions, OutsideCall};
use crate::tls;

impl Engine {
    /// Lets `http.send` and `net.lookup_ip_addr` reach the hosts of a JSON array, from the next evaluation on: see [`Network::new`]. An empty
    /// array closes it again. `ca_file` names a file of PEM with the certificates to trust; `None` for whom the machine trusts.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is no such list, or no file of certificates; `UNSUPPORTED` for another evaluator than sark's; `CLOSED`.
    pub fn allow_net(&self, hosts: &[u8], ca_file: Option<&str>, options: NetworkOptions) -> Result<()> {
        if self.options.evaluator != Evaluator::Sark {
            let problem = "this evaluator has no builtins that reach outside; leave `evaluator` out";
            return Err(Error::new(ErrorKind::Unsupported, problem));
        }
        let ca = ca_file.map(|path| tls::pem("ca_file", "ca_file", path)).transpose()?;
        let network = Network::new(hosts, ca, options)?;
        self.snapshot()?;
        self.outside.allow(network);
        Ok(())
    }

    /// Says what `opa.runtime` gives, from the next evaluation on: a JSON object. Without it that is an empty one, whatever the process has.
    ///
    /// # Errors
    /// `SERIALIZATION_ERROR` for no JSON; `INVALID_ARGUMENT` for no object; `LIMIT_EXCEEDED`; `CLOSED`.
    pub fn set_runtime(&self, json: &[u8]) -> Result<()> {
        let document = read_document(json, self.input_limits())?;
        if !matches!(document, Document::Object(_)) {
            return Err(Error::invalid("runtime", "it must be an object, such as {\"env\": {}}"));
        }
        self.snapshot()?;
        self.outside.set_runtime(json);
        Ok(())
    }

    /// The calls in a source's policies that would reach outside, where nobody said how far: a remote decides what comes to them.
    pub(super) fn closed_calls(&self, snapshot: &Snapshot, source: &str) -> Vec<OutsideCall> {
        if self.outside.network().is_some() {
            return Vec::new();
        }
        let is_ours = |call: &OutsideCall| snapshot.owners.of_module(&call.module).is_some_and(|owner| **owner == *source);
        snapshot.program.outside_calls().into_iter().filter(is_ours).collect()
    }
}
