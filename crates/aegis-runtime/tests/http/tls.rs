//! Which servers are believed to be who they say.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{Client, Server, answer};

/// A server for the host `name`, whose certificate an authority of its own vouches for. Its port, and the
/// authority's certificate.
fn server(name: &str) -> (u16, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut request = [0; 4096];
            // Whoever does not believe it hangs up.
            if stream.read(&mut request).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(answer("200 OK", "", "sealed").as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, authority.pem())
}

#[test]
fn a_server_of_a_known_authority_is_believed() {
    let (port, authority) = server("localhost");
    let base = format!("https://localhost:{port}");
    let result = Client::with(&base, |builder| builder.root_certificates(authority)).get("/");
    assert_eq!(result.output()["text"], "sealed", "{}", result.reason());
}

#[test]
fn anybody_else_is_not() {
    let (port, authority) = server("localhost");
    // Nobody knows the authority.
    let base = format!("https://localhost:{port}");
    let result = Client::new(&base).get("/");
    assert!(result.reason().contains("invalid peer certificate"), "{}", result.reason());
    // Another authority is known.
    let (_, other) = server("localhost");
    let result = Client::with(&base, |builder| builder.root_certificates(other)).get("/");
    assert!(result.reason().contains("invalid peer certificate"), "{}", result.reason());
    // It vouches for another host.
    let base = format!("https://127.0.0.1:{port}");
    let result = Client::with(&base, |builder| builder.root_certificates(authority)).get("/");
    assert!(result.reason().contains("invalid peer certificate"), "{}", result.reason());
    // There is no encryption at all.
    let plain = Server::saying(answer("200 OK", "", "plain"));
    let base = plain.address.replace("http://", "https://");
    let result = Client::new(&base).get("/");
    assert_eq!(result.status().as_str(), "failed", "{}", result.reason());
}

#[test]
fn no_variable_of_the_environment_makes_a_server_believed() {
    const CHILD: &str = "AEGIS_TEST_ROOTS";
    if std::env::var_os(CHILD).is_some() {
        let (port, authority) = server("localhost");
        std::fs::write(std::env::var_os("SSL_CERT_FILE").unwrap(), authority).unwrap();
        let result = Client::new(&format!("https://localhost:{port}")).get("/");
        assert!(result.reason().contains("invalid peer certificate"), "{}", result.reason());
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::no_variable_of_the_environment_makes_a_server_believed"])
        .env(CHILD, "1")
        .env("SSL_CERT_FILE", directory.path().join("roots.pem"))
        .env("SSL_CERT_DIR", directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
