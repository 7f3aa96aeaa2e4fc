//! The certificate authorities that the other side's certificate may come from.

use std::sync::{Arc, LazyLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::error::OutgoingError;

/// The public authorities, read once.
static PUBLIC: LazyLock<RootCertStore> =
    LazyLock::new(|| public(rustls_native_certs::load_native_certs().certs));

/// TLS as a client: the public authorities and the operator's own.
pub(super) fn tls(own: Option<&[u8]>) -> Result<ClientConfig, OutgoingError> {
    client_config(own).map_err(OutgoingError::Certificates)
}

/// The same for whoever speaks another protocol than HTTP.
pub(crate) fn client_config(own: Option<&[u8]>) -> Result<ClientConfig, String> {
    let mut roots = PUBLIC.clone();
    let own = own.map(|pem| add(&mut roots, pem)).transpose()?.unwrap_or_default();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let by_authority = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| error.to_string())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let trust = Arc::new(Trust { by_authority, own });
    Ok(config.dangerous().with_custom_certificate_verifier(trust).with_no_client_auth())
}

/// Whom a server is believed to be.
#[derive(Debug)]
struct Trust {
    /// By the authorities, as everywhere.
    by_authority: Arc<WebPkiServerVerifier>,
    /// The operator's own certificates.
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trust {
    /// As by its authority; and where a server shows one of the operator's own authorities itself, as everybody does who follows
    /// the first advice on certificates for tests (`openssl req -x509`), by that. webpki refuses it as a server's. It could
    /// vouch for any name, so that this gives nothing away.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.by_authority.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // That it is an authority has no word of its own here. Its dates are looked at before, and have one.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.own.contains(end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}

/// Those of the machine, which its administrator keeps; where it has none (a bare container), those that Mozilla
/// trusted when this program was built.
fn public(machine: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(machine);
    if roots.is_empty() {
        tracing::warn!(
            "this machine has no certificate authorities (package ca-certificates): those built in are used"
        );
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// Adds the operator's own, and answers them.
fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("is no PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned());
    }
    for (place, certificate) in (1..).zip(&certificates) {
        roots
            .add(certificate.clone())
            .map_err(|error| format!("certificate {place} cannot be used: {error}"))?;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;

    use super::{public, tls};

    #[test]
    fn a_machine_without_authorities_uses_those_built_in() {
        assert_eq!(public(Vec::new()).len(), webpki_roots::TLS_SERVER_ROOTS.len());
        assert_eq!(
            public(vec![CertificateDer::from(vec![0; 8])]).len(),
            webpki_roots::TLS_SERVER_ROOTS.len()
        );
    }

    #[test]
    fn a_machine_with_authorities_uses_those() {
        let own = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
        assert_eq!(public(vec![own.cert.der().clone()]).len(), 1);
    }

    #[test]
    fn certificates_that_are_none_are_refused_in_words_for_the_operator() {
        let good = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap().cert.pem();
        assert!(tls(Some(good.as_bytes())).is_ok());
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (pem, begins) in [
            (String::new(), "outgoing.ca_file: holds no certificate"),
            ("not PEM".to_owned(), "outgoing.ca_file: holds no certificate"),
            (
                "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_owned(),
                "outgoing.ca_file: is no PEM",
            ),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(), "outgoing.ca_file: is no PEM"),
            (format!("{good}{broken}"), "outgoing.ca_file: certificate 2 cannot be used"),
        ] {
            let error = tls(Some(pem.as_bytes())).unwrap_err().to_string();
            assert!(error.starts_with(begins), "{error}");
        }
    }
}
