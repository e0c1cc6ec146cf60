//! How a receiver is known over TLS, and how it knows us. Certificates are read here, from bytes; no file is.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::SetupError;

/// How a receiver behind `https://` is known, and how it knows us.
///
/// ```
/// use trilha_otlp::{Endpoint, Tls};
///
/// # fn endpoint(pem: Vec<u8>) -> Endpoint {
/// Endpoint::http("https://collector:4318/v1/traces").tls(Tls::new().roots(pem))
/// # }
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
#[must_use = "it is used by `Endpoint::tls`"]
pub struct Tls {
    roots: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl Tls {
    /// The roots of the system, and no certificate of our own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The root certificates that vouch for the receiver, as PEM, in the place of the system's. Defaults
    /// to the system's, read when the pipeline starts.
    pub fn roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Our own certificate, for a receiver that asks for one, as PEM, and those in between up to its root.
    /// Defaults to none. It needs a [key](Self::client_key).
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate = Some(pem.into());
        self
    }

    /// The private key of our [certificate](Self::client_certificate), as PEM. It is never logged. Defaults
    /// to none.
    pub fn client_key(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.key = Some(pem.into());
        self
    }

    /// It as rustls takes it, for other connections to the same receiver. No protocol is negotiated.
    ///
    /// # Errors
    /// [`SetupError`] names the option that is wrong: `roots`, `client_certificate` or `client_key`.
    pub fn client_config(&self) -> Result<ClientConfig, SetupError> {
        self.check(true)
    }

    /// Without `https://` nobody is asked who it is: the system's roots, which take a while, are not read.
    pub(crate) fn check(&self, is_https: bool) -> Result<ClientConfig, SetupError> {
        let roots = match &self.roots {
            Some(pem) => own_roots(pem)?,
            None if is_https => system_roots()?,
            None => RootCertStore::empty(),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| SetupError::of_option("tls", "no version of TLS can be used"))?
            .with_root_certificates(roots);
        match (&self.certificate, &self.key) {
            (None, None) => Ok(builder.with_no_client_auth()),
            (Some(_), None) => Err(SetupError::of_option("client_key", "missing beside a certificate")),
            (None, Some(_)) => Err(SetupError::of_option("client_certificate", "missing beside a key")),
            (Some(certificate), Some(key)) => {
                let chain = certificates("client_certificate", certificate)?;
                let key = PrivateKeyDer::from_pem_slice(key)
                    .map_err(|_| SetupError::of_option("client_key", "holds no private key in PEM"))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|_| SetupError::of_option("client_key", "not the key of the certificate"))
            }
        }
    }
}

// A key is a secret.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn own_roots(pem: &[u8]) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates("roots", pem)? {
        let added = store.add(certificate);
        added.map_err(|_| SetupError::of_option("roots", "a certificate cannot be a root"))?;
    }
    Ok(store)
}

fn system_roots() -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    // One that cannot be read vouches for nobody; the others still do.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match store.is_empty() {
        true => Err(SetupError::of_option("roots", "the system has no root certificates")),
        false => Ok(store),
    }
}

fn certificates(option: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(SetupError::of_option(option, "holds no certificate in PEM, or a broken one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    fn pair() -> (String, String) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    fn refused(tls: &Tls) -> Option<&'static str> {
        let error = tls.check(true).err()?;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret") && !shown.contains("BEGIN"), "{shown}");
        error.option()
    }

    #[test]
    fn what_is_no_pem_is_refused_by_its_name() {
        let (certificate, key) = pair();
        let tls = Tls::new().roots(certificate.clone());
        assert_eq!(refused(&tls), None);
        assert_eq!(refused(&Tls::new().roots("secret")), Some("roots"));
        assert_eq!(refused(&Tls::new().roots(key.clone())), Some("roots"));
        assert_eq!(refused(&tls.clone().client_key(key.clone())), Some("client_certificate"));
        let tls = tls.client_certificate(certificate);
        assert_eq!(refused(&tls), Some("client_key"));
        assert_eq!(refused(&tls.clone().client_key("secret")), Some("client_key"));
        assert_eq!(refused(&tls.clone().client_key(pair().1)), Some("client_key"));
        assert_eq!(refused(&tls.clone().client_key(key)), None);
        assert_eq!(
            refused(&tls.client_certificate("secret").client_key(pair().1)),
            Some("client_certificate")
        );
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Tls::new().client_key("secret")), "Tls { .. }");
    }
}
