//! What an HTTP executor is made of, and why it cannot be made.

use std::io;
use std::sync::Arc;

use aegis_engine::escape_capped;
use reqwest::Client;
use reqwest::header::{HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::http::host_names::HostNames;

/// Why an HTTP executor cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpSetUpError {
    /// The base is no address of a web server.
    #[error("the base address {why}")]
    Base {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A header that every request should have is none.
    #[error("the header `{}` has no valid name or value", escape_capped(.name, 40))]
    Header {
        /// Its name.
        name: String,
    },
    /// No certificate is in what was given as one.
    #[error("the certificates cannot be read: {why}")]
    Certificates {
        /// Why not.
        why: String,
    },
    /// The client that sends requests cannot be made.
    #[error("the HTTP client cannot be made: {why}")]
    Client {
        /// Why not.
        why: String,
    },
    /// The system has no thread to give.
    #[error("the system has no thread for requests: {0}")]
    Thread(#[source] io::Error),
}

impl HttpSetUpError {
    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            HttpSetUpError::Base { .. } => "write it as in `https://api.example.com/v1`",
            HttpSetUpError::Header { .. } => {
                "a name has letters, digits and `-`, a value visible characters of ASCII and blanks"
            }
            HttpSetUpError::Certificates { .. } => "give the text of a PEM file with certificates in it",
            HttpSetUpError::Client { .. } => "see whether the system has randomness and memory to give",
            HttpSetUpError::Thread(_) => "try again when fewer programs are running",
        }
    }
}

pub(super) fn base_address(base: &str) -> Result<Url, HttpSetUpError> {
    let wrong = |why| HttpSetUpError::Base { why };
    let address = Url::parse(base).map_err(|_| wrong("is none"))?;
    if !matches!(address.scheme(), "http" | "https") || address.host().is_none() {
        return Err(wrong("does not begin with `http://` or `https://` and a host"));
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Err(wrong("holds a name or a password: give it as a header"));
    }
    if address.query().is_some() || address.fragment().is_some() {
        return Err(wrong("has more than a path"));
    }
    Ok(address)
}

pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HttpSetUpError> {
    let wrong = || HttpSetUpError::Header { name: name.to_owned() };
    let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((known, value))
}

/// A client that follows nothing by itself, tries nothing again, and heeds no environment.
pub(super) fn client(more_roots: &[Vec<u8>]) -> Result<Client, HttpSetUpError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in more_roots {
        let unreadable = |why: String| HttpSetUpError::Certificates { why };
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(unreadable("there is none".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpSetUpError::Client { why: error.to_string() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(Arc::new(HostNames::default()))
        .referer(false)
        .build()
        .map_err(|error| HttpSetUpError::Client { why: error.to_string() })
}

/// The thread that requests are sent and answers are read on.
pub(super) fn threads() -> Result<Runtime, HttpSetUpError> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("aegis-http")
        .enable_all()
        .build()
        .map_err(HttpSetUpError::Thread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_the_address_of_a_web_server() {
        for base in ["https://api.example.com/v1/", "http://[::1]:8080"] {
            assert!(base_address(base).is_ok(), "{base}");
        }
        for base in
            ["api.example.com", "ftp://a/", "https://u:p@a/", "https://a/?b", "https://a/#b", "file:///x", ""]
        {
            assert!(base_address(base).is_err(), "{base}");
        }
    }

    #[test]
    fn what_every_request_has_is_checked_before_there_are_any() {
        for (name, value) in [("a b", "x"), ("", "x"), ("x", "a\nb")] {
            assert!(header(name, value).is_err());
        }
        assert!(client(&[b"no certificate".to_vec()]).is_err());
        assert!(client(&[]).is_ok());
    }
}
