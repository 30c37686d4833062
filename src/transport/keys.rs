//! The keys with which a server that crashed is known again.

use std::path::Path;

use crate::{cause::Cause, secrets};

/// The keys that let the clients of a crashed server learn at once that it is back.
pub(super) struct Keys {
    /// Signs stateless resets.
    pub(super) reset: [u8; 32],
    /// Seals address tokens.
    pub(super) token: [u8; 32],
    /// Checks connection ids.
    pub(super) cid: [u8; 32],
    /// Goes up with each start; the first byte of each connection id.
    pub(super) generation: u8,
}

/// Loads the keys of a data folder, making them at the first start.
pub(super) fn load(data: &Path) -> Result<Keys, Cause> {
    let folder = secrets::folder(data)?;
    let generation_file = folder.join("generation");
    let generation =
        std::fs::read(&generation_file).ok().and_then(|bytes| bytes.first().copied()).unwrap_or(0);
    let generation = generation.wrapping_add(1);
    // A disk that is full keeps nobody from starting: the next start takes the same number again, and a client that was here
    // in between learns by its timeout what it would have learned at once.
    if let Err(error) = secrets::write_private(&generation_file, &[generation]) {
        tracing::warn!(%error, "the generation of connection ids is not kept");
    }
    let key = |name: &str| secrets::load(&folder.join(name));
    Ok(Keys { reset: key("reset")?, token: key("token")?, cid: key("cid")?, generation })
}
