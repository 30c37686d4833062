//! Where a server is: `HOST:PORT`, or a `litrocket://` address with the CA's fingerprint, an invite, or whom to add.

use std::str::FromStr;

use litrocket_protocol::hex;

const DEFAULT_PORT: u16 = 4433;

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or IP address, IPv6 without brackets.
    pub host: String,
    /// UDP port.
    pub port: u16,
    /// SHA-256 of the DER of the CA to trust.
    pub ca: Option<[u8; 32]>,
    /// The code to sign up with.
    pub invite: Option<String>,
    /// The code of somebody's add-me address.
    pub add: Option<String>,
}

/// An address that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError(String);

impl std::fmt::Display for AddressError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; write HOST:PORT or litrocket://HOST:PORT?ca=sha256-…", self.0)
    }
}

impl std::error::Error for AddressError {}

fn error(what: &str, text: &str) -> AddressError {
    AddressError(format!("{what} in {text:?}"))
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let (place, query) = match text.strip_prefix("litrocket://") {
            Some(rest) => rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query)),
            None => (text, ""),
        };
        let (host, port) =
            host_port(place.trim_end_matches('/')).ok_or_else(|| error("no host and port", text))?;
        let mut address = Self { host, port, ca: None, invite: None, add: None };
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("ca", value)) => {
                    let digits =
                        value.strip_prefix("sha256-").ok_or_else(|| error("no sha256- fingerprint", text))?;
                    let ca = hex::decode(digits).and_then(|ca| ca.try_into().ok());
                    address.ca = Some(ca.ok_or_else(|| error("no 64 hex digits", text))?);
                }
                Some(("invite", value)) => address.invite = Some(value.into()),
                Some(("add", value)) => address.add = Some(value.into()),
                // Later versions may say more.
                _ => {}
            }
        }
        Ok(address)
    }
}

fn host_port(place: &str) -> Option<(String, u16)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        let port = if rest.is_empty() { DEFAULT_PORT } else { rest.strip_prefix(':')?.parse().ok()? };
        return Some((host.into(), port));
    }
    if place.parse::<std::net::Ipv6Addr>().is_ok() {
        return Some((place.into(), DEFAULT_PORT));
    }
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (place, DEFAULT_PORT),
    };
    let fine = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || "-._".contains(c));
    fine.then(|| (host.into(), port))
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "litrocket://[{}]:{}", self.host, self.port)?;
        } else {
            write!(f, "litrocket://{}:{}", self.host, self.port)?;
        }
        let mut separator = '?';
        if let Some(ca) = &self.ca {
            write!(f, "{separator}ca=sha256-{}", hex::encode(ca))?;
            separator = '&';
        }
        if let Some(invite) = &self.invite {
            write!(f, "{separator}invite={invite}")?;
            separator = '&';
        }
        if let Some(add) = &self.add {
            write!(f, "{separator}add={add}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let read = |text: &str| text.parse::<Address>().unwrap();
        assert_eq!((read("example.org").host.as_str(), read("example.org").port), ("example.org", 4433));
        assert_eq!((read("[::1]:99").host.as_str(), read("[::1]:99").port), ("::1", 99));
        assert_eq!(read("::1").port, 4433);
        let full = format!("litrocket://[::1]:99?ca=sha256-{}&invite=abc&add=def", "0f".repeat(32));
        let address = read(&full);
        assert_eq!(address.ca, Some([0x0f; 32]));
        assert_eq!((address.invite.as_deref(), address.add.as_deref()), (Some("abc"), Some("def")));
        assert_eq!(address.to_string(), full);
        for bad in
            ["", "a b:1", "host:port", "litrocket://h:1?ca=md5-1", "litrocket://h:1?ca=sha256-12", "[::1"]
        {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
