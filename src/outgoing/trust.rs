//! The certificate authorities that the other side's certificate may come from.

use std::sync::{Arc, LazyLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

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
    if let Some(pem) = own {
        add(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
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

fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("is no PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned());
    }
    for (place, certificate) in (1..).zip(certificates) {
        roots.add(certificate).map_err(|error| format!("certificate {place} cannot be used: {error}"))?;
    }
    Ok(())
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
