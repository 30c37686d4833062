//! The server's certificate: the operator's own, and one of the local CA that follows the names.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use litrocket_client::{Client, Options, Trust};
use quinn::Endpoint;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::{process::program, raw, world::World};

/// A CA of the operator's own, which has signed a chain for localhost: `own-ca.pem`, `own.pem`, `own.key`.
fn makes_own(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &Issuer::new(params, ca_key)).unwrap();
    fs::write(folder.join("own-ca.pem"), ca.pem()).unwrap();
    fs::write(folder.join("own.pem"), leaf.pem() + &ca.pem()).unwrap();
    for (name, key) in [("own.key", key), ("other.key", KeyPair::generate().unwrap())] {
        fs::write(folder.join(name), key.serialize_pem()).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}

#[tokio::test]
async fn an_operators_own_certificate_is_served_and_no_ca_is_made() {
    let own = tempfile::tempdir().unwrap();
    makes_own(own.path());
    let world = World::start_with(|config| {
        config.server.certificate = path(own.path(), "own.pem");
        config.server.certificate_key = path(own.path(), "own.key");
    })
    .await;
    let trusts = |trust| Options { trust, ..world.options() };
    let ada = Client::connect(trusts(Trust::CaFile(own.path().join("own-ca.pem")))).await.unwrap();
    ada.close().await;
    assert!(Client::connect(trusts(Trust::Pin([7; 32]))).await.is_err(), "another CA is not trusted");
    assert!(!world.ca().exists());
}

/// Exit code and last words of a server that does not start.
fn does_not_start(folder: &Path, certificate: &str, key: &str) -> (i32, String) {
    let output = program()
        .current_dir(folder)
        .env("LITROCKET_SERVER_CERTIFICATE", certificate)
        .env("LITROCKET_SERVER_CERTIFICATE_KEY", key)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_certificate_that_does_not_fit_its_key_ends_the_start_with_a_clear_line() {
    let own = tempfile::tempdir().unwrap();
    makes_own(own.path());
    let (code, said) = does_not_start(own.path(), "own.pem", "other.key");
    assert!(code != 0 && said.contains("the certificate is not usable"), "{code}: {said}");
    let (code, said) = does_not_start(own.path(), "own.pem", "missing.key");
    assert!(code != 0 && said.contains("missing.key"), "{code}: {said}");
    let (code, said) = does_not_start(own.path(), "own.key", "own.key");
    assert!(code != 0 && said.contains("own.key"), "{code}: {said}");
    let (code, said) = does_not_start(own.path(), "own.pem", "");
    assert!(code == 2 && said.contains("certificate_key"), "{code}: {said}");
    fs::set_permissions(own.path().join("own.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = does_not_start(own.path(), "own.pem", "own.key");
    assert!(code != 0 && said.contains("own.key"), "a key that others may read is refused: {code}: {said}");
}

/// Whether a client that trusts the CA takes the server for one of this name.
async fn is_called(world: &World, name: &str) -> bool {
    let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    let to = ([127, 0, 0, 1], world.port).into();
    endpoint.connect_with(raw::config(&world.ca(), 1024 * 1024), to, name).unwrap().await.is_ok()
}

#[tokio::test]
async fn the_certificate_follows_the_names_and_the_ca_stays() {
    let mut world = World::start().await;
    let files = |world: &World| {
        let certs = world.ca().parent().unwrap().to_owned();
        ["ca.pem", "ca.key", "server.pem"].map(|name| fs::read(certs.join(name)).unwrap())
    };
    let before = files(&world);
    assert!(is_called(&world, "localhost").await && !is_called(&world, "chat.example.org").await);
    world.down().await;
    world.up().await;
    assert_eq!(files(&world), before, "a restart makes nothing anew");
    world.down().await;
    world.changes(|config| config.server.names = vec!["chat.example.org".into()]);
    world.up().await;
    assert!(is_called(&world, "localhost").await && is_called(&world, "chat.example.org").await);
    let after = files(&world);
    assert_eq!(after[..2], before[..2], "who trusts the CA goes on doing so");
    assert_ne!(after[2], before[2]);
}
