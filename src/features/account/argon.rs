//! What a hash is: argon2id, in memory that its thread keeps, checked in the same time for all of equal length.

use std::cell::RefCell;

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};

use crate::error::{Error, Result};

/// Makes a hash in memory that its thread keeps. Given back, the allocator would let small things into it, and find no
/// room there for the next: twenty hashes then hold the memory of twenty.
pub(super) fn fill(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
    thread_local! { static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) } }
    MEMORY.with_borrow_mut(|memory| {
        let blocks = argon2.params().block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        argon2.hash_password_into_with_memory(password, salt, out, &mut memory[..blocks])
    })
}

pub(super) fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String> {
    let fail = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
    let (mut salt, mut out) = ([0; Salt::RECOMMENDED_LENGTH], [0; Params::DEFAULT_OUTPUT_LEN]);
    getrandom::fill(&mut salt).map_err(|error| fail(&error))?;
    fill(argon2, password, &salt, &mut out).map_err(|error| fail(&error))?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(|error| fail(&error))?,
        salt: Some(Salt::new(&salt).map_err(|error| fail(&error))?),
        hash: Some(Output::new(&out).map_err(|error| fail(&error))?),
    };
    Ok(hash.to_string())
}

/// Whether a password has this hash; `None` for what is no hash. The comparison takes the same time for all of equal length.
pub(super) fn matches(password: &[u8], stored: &str) -> Option<bool> {
    let stored = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored).ok()?);
    let (salt, expected) = (stored.salt?, stored.hash?);
    let mut out = vec![0; expected.len()];
    fill(&argon2, password, &salt, &mut out).ok()?;
    Some(Output::new(&out).ok()? == expected)
}

/// What a stored hash costs: passes over its memory, in KiB.
pub(super) fn work_of(stored: &str) -> Option<u64> {
    let params = Params::try_from(&PasswordHash::new(stored).ok()?).ok()?;
    Some(u64::from(params.m_cost()) * u64::from(params.t_cost()))
}

/// A hash that costs about so much, in no more memory than the configured one takes; none for what is too little to notice.
pub(super) fn padding(argon2: &Argon2<'_>, work: u64) -> Option<Argon2<'static>> {
    let now = argon2.params();
    let least = u64::from(8 * now.p_cost());
    if work < least {
        return None;
    }
    let memory = (work / u64::from(now.t_cost())).clamp(least, u64::from(now.m_cost()).max(least));
    let passes = (work / memory).max(1);
    let params = Params::new(memory as u32, u32::try_from(passes).ok()?, now.p_cost(), None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

pub(super) fn parameters(argon2: &Argon2<'_>) -> String {
    let params = argon2.params();
    format!("$argon2id$v=19$m={},t={},p={}$", params.m_cost(), params.t_cost(), params.p_cost())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_memory(kib: u32) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(kib, 1, 1, None).unwrap())
    }

    #[test]
    fn what_is_wrong_costs_the_same_when_the_parameters_have_changed() {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(1024, 3, 1, None).unwrap());
        for rest in [8, 100, 1_000, 3_000, 3_072, 9_000, 40_000] {
            let params = padding(&argon2, rest).unwrap().params().clone();
            let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
            assert!(work <= rest + rest / 4 && work >= rest - rest / 4, "{rest}: {work}");
            assert!(params.m_cost() <= 1024, "{rest}");
        }
        assert!(padding(&argon2, 7).is_none());
        let stored = hash(&argon2, b"correct horse").unwrap();
        assert_eq!(work_of(&stored), Some(3 * 1024));
    }

    #[test]
    fn hashes_are_what_the_library_itself_makes_and_checks() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};

        let argon2 = of_memory(64);
        for password in [&b"correct horse"[..], &[0xff; 1024]] {
            assert!(argon2.verify_password(password, hash(&argon2, password).unwrap().as_str()).is_ok());
            let theirs = argon2.hash_password(password).unwrap().to_string();
            assert_eq!(matches(password, &theirs), Some(true));
            assert_eq!(matches(b"wrong horse", &theirs), Some(false));
        }
        let larger = of_memory(256);
        let stored = hash(&larger, b"correct horse").unwrap();
        assert!(stored.starts_with(&parameters(&larger)));
        drop(hash(&argon2, b"smaller, in the same memory").unwrap());
        assert_eq!(matches(b"correct horse", &stored), Some(true));
        assert_eq!(matches(b"correct horse", "!"), None);
    }
}
