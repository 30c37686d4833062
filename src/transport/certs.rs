//! Certificates: a local CA for ever, a server leaf that is made anew when it has to be, or the operator's own.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use litrocket_protocol::hex;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData as _,
};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::Options;
use crate::{cause, cause::Cause, secrets};

/// The CA is pinned by clients: it lives long.
const CA_LIFE: Duration = Duration::from_secs(20 * 365 * 86_400);
/// The leaf is made anew at a third of life left.
const LEAF_LIFE: Duration = Duration::from_secs(90 * 86_400);
/// Clocks of clients may be behind.
const BACKDATE: Duration = Duration::from_secs(86_400);

/// What clients trust this server by.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The CA's certificate as a PEM file, or the operator's own chain.
    pub ca_file: PathBuf,
    /// SHA-256 of the DER of the CA (or of the last certificate of the operator's chain), in hex.
    pub ca_sha256: String,
    /// The names the certificate is good for; empty for the operator's own.
    pub names: Vec<String>,
}

struct Loaded {
    identity: Identity,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// The certificate that handshakes get. It is looked at once a day, so that a server that runs for long does not serve
/// one that has ended.
#[derive(Debug)]
pub(super) struct Current {
    options: Options,
    key: RwLock<Arc<CertifiedKey>>,
}

impl Current {
    /// Loads it, making what is missing.
    pub(super) fn load(options: &Options, now: SystemTime) -> Result<(Arc<Self>, Identity), Cause> {
        let (key, identity) = certified(options, now)?;
        Ok((Arc::new(Self { options: options.clone(), key: RwLock::new(key) }), identity))
    }

    /// Loads it again: made anew when it is time, or as the operator has replaced it. When that fails, the one that is
    /// there goes on.
    pub(super) fn renew(&self, now: SystemTime) -> Result<(), Cause> {
        let (key, _) = certified(&self.options, now)?;
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn certified(options: &Options, now: SystemTime) -> Result<(Arc<CertifiedKey>, Identity), Cause> {
    let Loaded { identity, chain, key } = load(options, now)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = CertifiedKey::from_der(chain, key, &provider)
        .map_err(|error| cause!("the certificate is not usable: {}", &error))?;
    Ok((Arc::new(key), identity))
}

/// Loads the certificate to serve with, making what is missing.
fn load(options: &Options, now: SystemTime) -> Result<Loaded, Cause> {
    if let Some((chain_file, key_file)) = &options.certificate {
        secrets::check_mode(key_file)?;
        let chain = read_chain(chain_file)?;
        let key = PrivateKeyDer::from_pem_file(key_file)
            .map_err(|error| cause!("no private key can be read from {}: {}", &key_file.display(), &error))?;
        let identity =
            Identity { ca_file: chain_file.clone(), ca_sha256: fingerprint(&chain)?, names: Vec::new() };
        return Ok(Loaded { identity, chain, key });
    }
    std::fs::create_dir_all(&options.certs_dir)
        .map_err(|error| cause!("the folder {} cannot be made: {}", &options.certs_dir.display(), error))?;
    let ca_file = options.certs_dir.join("ca.pem");
    let ca_key_file = options.certs_dir.join("ca.key");
    let leaf_file = options.certs_dir.join("server.pem");
    let key_file = options.certs_dir.join("server.key");
    let ca_key = load_ca(&ca_file, &ca_key_file, &leaf_file, now)?;
    let ca_der = read_chain(&ca_file)?;
    let names = names(&options.names);
    if !is_good(&leaf_file, &key_file, &names, &ca_der, now) {
        let ca_pem = read(&ca_file)?;
        make_leaf(&leaf_file, &key_file, &names, &ca_key, &ca_pem, now)?;
    }
    secrets::check_mode(&key_file)?;
    let chain = read_chain(&leaf_file)?;
    let key = PrivateKeyDer::from_pem_file(&key_file)
        .map_err(|error| cause!("no private key can be read from {}: {}", &key_file.display(), &error))?;
    Ok(Loaded { identity: Identity { ca_file, ca_sha256: fingerprint(&ca_der)?, names }, chain, key })
}

/// The whole text of a file.
fn read(file: &Path) -> Result<String, Cause> {
    std::fs::read_to_string(file).map_err(|error| cause!("cannot read {}: {}", &file.display(), error))
}

fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, Cause> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| cause!("no certificate can be read from {}: {}", &file.display(), &error));
    chain.and_then(|chain| {
        if chain.is_empty() {
            Err(cause!("no certificate is in {}: the file is empty", &file.display()))
        } else {
            Ok(chain)
        }
    })
}

fn fingerprint(chain: &[CertificateDer<'_>]) -> Result<String, Cause> {
    let last = chain.last().ok_or_else(|| cause!("the certificate chain is empty"))?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, last);
    Ok(hex::encode(digest.as_ref()))
}

/// The name of this machine, where it can stand in a certificate.
pub fn host_name() -> Option<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_dns = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    is_dns.then_some(host)
}

/// localhost, the loopback addresses, the host name, and what the operator names; sorted.
fn names(extra: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).into();
    names.extend(host_name());
    // As the certificate will have it: `::0:1` and `::1` are one name, and would be two at each start.
    names.extend(extra.iter().map(|name| name.parse::<IpAddr>().map_or(name.clone(), |ip| ip.to_string())));
    names.sort();
    names.dedup();
    names
}

/// What is the same each time: the CA is known by its name and its key.
fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "litrocket local CA");
    params.distinguished_name = name;
    params
}

fn read_ca_key(key_file: &Path) -> Result<KeyPair, Cause> {
    secrets::check_mode(key_file)?;
    KeyPair::from_pem(&read(key_file)?)
        .map_err(|error| cause!("no CA key can be read from {}: {}", &key_file.display(), &error))
}

/// Whether a certificate is of this key.
fn is_of(certificate: &[u8], key: &KeyPair) -> bool {
    x509_parser::parse_x509_certificate(certificate)
        .is_ok_and(|(_, certificate)| certificate.public_key().raw == key.subject_public_key_info())
}

/// The CA's certificate is public, and people move it away: the chain of the leaf has it, too.
fn restore_ca(file: &Path, key_file: &Path, leaf: &Path) -> Result<KeyPair, Cause> {
    let key = read_ca_key(key_file)?;
    let text = read(leaf)?;
    let chain = read_chain(leaf)?;
    let pem = text.rfind("-----BEGIN CERTIFICATE-----").map(|at| &text[at..]);
    match (chain.last(), pem) {
        (Some(ca), Some(pem)) if chain.len() > 1 && is_of(ca, &key) => {
            tracing::warn!(file = %file.display(), "the CA's certificate was missing and is put back");
            secrets::write(file, pem.as_bytes(), 0o644)?;
            Ok(key)
        }
        _ => Err(cause!("the CA's certificate {} is missing: restore it from your backup", &file.display())),
    }
}

fn load_ca(file: &Path, key_file: &Path, leaf: &Path, now: SystemTime) -> Result<KeyPair, Cause> {
    match (file.exists(), key_file.exists()) {
        (true, true) => {
            let key = read_ca_key(key_file)?;
            // Nobody could verify what such a key signs.
            match read_chain(file)?.last() {
                Some(ca) if is_of(ca, &key) => Ok(key),
                _ => Err(cause!(
                    "the CA key {} is not that of ca.pem: restore the two from one backup",
                    &key_file.display()
                )),
            }
        }
        (false, false) => {
            let key = new_key()?;
            let mut params = ca_params();
            params.not_before = (now - BACKDATE).into();
            params.not_after = (now + CA_LIFE).into();
            let ca = params.self_signed(&key).map_err(|error| cause!("the CA cannot be made: {}", &error))?;
            // The key first: a CA without its key would be refused at the next start.
            secrets::write_private(key_file, key.serialize_pem().as_bytes())?;
            secrets::write(file, ca.pem().as_bytes(), 0o644)?;
            Ok(key)
        }
        (true, false) => Err(cause!(
            "the CA is there but its key {} is missing: restore it from your backup",
            &key_file.display()
        )),
        (false, true) if leaf.exists() => restore_ca(file, key_file, leaf),
        (false, true) => {
            // A first start that was cut off between the two files: begin again.
            std::fs::remove_file(key_file)
                .map_err(|error| cause!("cannot remove {}: {}", &key_file.display(), error))?;
            load_ca(file, key_file, leaf, now)
        }
    }
}

fn new_key() -> Result<KeyPair, Cause> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| cause!("no key can be made: {}", &error))
}

/// Whether the leaf that is there still serves: by this CA, for these names, with a third of its life left.
fn is_good(leaf: &Path, key: &Path, names: &[String], ca: &[CertificateDer<'_>], now: SystemTime) -> bool {
    let Ok(chain) = read_chain(leaf) else { return false };
    let own_key = std::fs::read_to_string(key).ok().and_then(|pem| KeyPair::from_pem(&pem).ok());
    if chain.last() != ca.last() || chain.len() < 2 || !own_key.is_some_and(|key| is_of(&chain[0], &key)) {
        return false;
    }
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(&chain[0]) else { return false };
    let seconds = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
    };
    let left = certificate.validity().not_after.timestamp() - seconds(now);
    let third = i64::try_from(LEAF_LIFE.as_secs() / 3).unwrap_or(0);
    left > third
        && certificate.validity().not_before.timestamp() <= seconds(now)
        && same_names(&certificate, names)
}

fn same_names(certificate: &x509_parser::certificate::X509Certificate<'_>, names: &[String]) -> bool {
    use x509_parser::extensions::GeneralName;
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return false };
    let mut found: Vec<String> = alternative
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => match bytes.len() {
                4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
                _ => <[u8; 16]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            },
            _ => None,
        })
        .collect();
    found.sort();
    found == names
}

fn make_leaf(
    file: &Path,
    key_file: &Path,
    names: &[String],
    ca_key: &KeyPair,
    ca_pem: &str,
    now: SystemTime,
) -> Result<(), Cause> {
    let fail = |error: rcgen::Error| cause!("the server certificate cannot be made: {}", &error);
    let mut params = CertificateParams::new(names.to_vec()).map_err(fail)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "litrocket");
    params.distinguished_name = name;
    params.not_before = (now - BACKDATE).into();
    params.not_after = (now + LEAF_LIFE).into();
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = new_key()?;
    let issuer = Issuer::new(ca_params(), ca_key);
    let leaf = params.signed_by(&key, &issuer).map_err(fail)?;
    secrets::write_private(key_file, key.serialize_pem().as_bytes())?;
    secrets::write(file, format!("{}{ca_pem}", leaf.pem()).as_bytes(), 0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path) -> Options {
        let server =
            crate::config::Server { certs: folder.join("certs").display().to_string(), ..Default::default() };
        let config = crate::config::Config { server, ..Default::default() };
        crate::server::transport_options(&config, ([127, 0, 0, 1], 0).into(), folder)
    }

    fn at_some_time() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    #[test]
    fn a_ca_whose_certificate_was_moved_away_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (options, now) = (options(folder.path()), at_some_time());
        let before = load(&options, now).unwrap().identity.ca_sha256;
        std::fs::remove_file(options.certs_dir.join("ca.pem")).unwrap();
        assert_eq!(load(&options, now).unwrap().identity.ca_sha256, before);
        // Without a chain that has it, nothing is destroyed.
        let key = std::fs::read(options.certs_dir.join("ca.key")).unwrap();
        std::fs::remove_file(options.certs_dir.join("ca.pem")).unwrap();
        std::fs::write(options.certs_dir.join("server.pem"), "").unwrap();
        assert!(load(&options, now).is_err());
        assert_eq!(std::fs::read(options.certs_dir.join("ca.key")).unwrap(), key);
    }

    #[test]
    fn keys_that_belong_to_other_certificates_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (options, now) = (options(folder.path()), at_some_time());
        let before = load(&options, now).unwrap();
        let other = new_key().unwrap().serialize_pem();
        std::fs::write(options.certs_dir.join("server.key"), &other).unwrap();
        let healed = load(&options, now).unwrap();
        assert_ne!(healed.chain[0], before.chain[0]);
        assert_eq!(healed.identity.ca_sha256, before.identity.ca_sha256);
        std::fs::write(options.certs_dir.join("ca.key"), &other).unwrap();
        assert!(load(&options, now).is_err());
    }

    #[test]
    fn an_address_in_another_form_makes_no_new_certificate_at_each_start() {
        let folder = tempfile::tempdir().unwrap();
        let (mut options, now) = (options(folder.path()), at_some_time());
        options.names = vec!["2001:DB8:0::1".into()];
        let first = load(&options, now).unwrap().chain;
        assert_eq!(load(&options, now).unwrap().chain, first);
    }

    #[test]
    fn a_server_that_runs_for_long_serves_a_new_certificate_of_the_same_ca() {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::server::transport_options(
            &crate::config::Config {
                server: crate::config::Server {
                    certs: folder.path().join("certs").display().to_string(),
                    ..Default::default()
                },
                ..Default::default()
            },
            ([127, 0, 0, 1], 0).into(),
            folder.path(),
        );
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (current, identity) = Current::load(&options, now).unwrap();
        let serves = || current.key.read().unwrap().cert.clone();
        let first = serves();
        current.renew(now + Duration::from_secs(50 * 86_400)).unwrap();
        assert_eq!(serves(), first, "more than a third of its life is left");
        current.renew(now + Duration::from_secs(70 * 86_400)).unwrap();
        assert_ne!(serves()[0], first[0]);
        assert_eq!(serves().last(), first.last());
        assert_eq!(load(&options, now).unwrap().identity.ca_sha256, identity.ca_sha256);
        // What cannot be loaded changes nothing.
        let before = serves();
        std::fs::write(options.certs_dir.join("ca.key"), "not a key").unwrap();
        assert!(current.renew(now + Duration::from_secs(150 * 86_400)).is_err());
        assert_eq!(serves(), before);
    }
}
