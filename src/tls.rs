//! TLS by rustls, with the certificate and key read again when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_cert::der::Decode as _;
use zeroize::Zeroizing;

/// PEM files, read again when they change.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's file.
    #[error("listen.tls_certificate = {}: {what}", file.display())]
    Certificate {
        /// Where.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The key's file.
    #[error("listen.tls_key = {}: {what}", file.display())]
    Key {
        /// Where.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// The two files as they were read.
#[derive(PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// Reads and checks certificate and key.
///
/// # Errors
/// A file is missing or no PEM, or the two do not belong together.
pub fn load(tls: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    configure(tls, &read(tls)?)
}

fn read(tls: &Tls) -> Result<Files, TlsError> {
    let read = |file: &Path| std::fs::read(file).map_err(|error| format!("cannot be read: {error}"));
    Ok(Files {
        certificate: read(&tls.certificate)
            .map_err(|what| TlsError::Certificate { file: tls.certificate.clone(), what })?,
        key: Zeroizing::new(read(&tls.key).map_err(|what| TlsError::Key { file: tls.key.clone(), what })?),
    })
}

fn configure(tls: &Tls, files: &Files) -> Result<Arc<ServerConfig>, TlsError> {
    let refuse_certificate = |what: String| TlsError::Certificate { file: tls.certificate.clone(), what };
    let refuse_key = |what: String| TlsError::Key { file: tls.key.clone(), what };
    let chain = CertificateDer::pem_slice_iter(&files.certificate)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refuse_certificate(format!("is no PEM: {error}")))?;
    if chain.is_empty() {
        return Err(refuse_certificate("holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&files.key).map_err(|_| {
        refuse_key("holds no private key (-----BEGIN PRIVATE KEY-----) without passphrase".to_owned())
    })?;
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse_key(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    refuse_key("does not belong to the certificate in listen.tls_certificate".to_owned())
                }
                rustls::Error::InvalidCertificate(error) => {
                    refuse_certificate(format!("is no certificate: {error:?}"))
                }
                other => refuse_key(other.to_string()),
            })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// What there is to know about the certificate that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// From when on it counts (Unix seconds).
    pub begins_at: i64,
    /// Until when (Unix seconds).
    pub ends_at: i64,
    /// Is it for the host that was asked about?
    pub is_for_host: bool,
}

/// Reads the first certificate of the chain; `host` without a port.
///
/// # Errors
/// It cannot be read.
pub fn look_at(tls: &Tls, host: &str) -> Result<Certificate, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("{}: {error}", tls.certificate.display());
    let pem = std::fs::read(&tls.certificate).map_err(|error| unreadable(&error))?;
    let der = CertificateDer::from_pem_slice(&pem).map_err(|error| unreadable(&error))?;
    let certificate = x509_cert::Certificate::from_der(&der).map_err(|error| unreadable(&error))?;
    let validity = certificate.tbs_certificate().validity();
    let seconds =
        |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let parsed = ParsedCertificate::try_from(&der).map_err(|error| unreadable(&error))?;
    let is_for_host = ServerName::try_from(host)
        .is_ok_and(|name| rustls::client::verify_server_name(&parsed, &name).is_ok());
    Ok(Certificate {
        begins_at: seconds(validity.not_before),
        ends_at: seconds(validity.not_after),
        is_for_host,
    })
}

/// Looks at the files again and again, and uses what they hold once it is another certificate that works. A broken
/// one is logged, once, and the old one stays.
pub(crate) async fn follow(tls: Tls, live: RustlsConfig, every: Duration) {
    let mut seen = read(&tls).ok();
    loop {
        tokio::time::sleep(every).await;
        // Two small files: reading them here costs less than a thread.
        match read(&tls) {
            Ok(files) if seen.as_ref() == Some(&files) => {}
            Ok(files) => {
                match configure(&tls, &files) {
                    Ok(config) => {
                        live.reload_from_config(config);
                        tracing::info!("the TLS certificate was replaced");
                    }
                    Err(error) => tracing::error!(%error, "the new TLS certificate is not used"),
                }
                seen = Some(files);
            }
            Err(error) if seen.is_some() => {
                tracing::error!(%error, "the TLS certificate cannot be read; the former one stays in use");
                seen = None;
            }
            Err(_) => {}
        }
    }
}
