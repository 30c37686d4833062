//! QUIC variable-length integers (RFC 9000 section 16): 1, 2, 4 or 8 bytes, up to 2^62 - 1.

/// The largest number a varint can hold.
pub const MAX: u64 = (1 << 62) - 1;

/// Appends `value` in its shortest form. Values above [`MAX`] are cut to their low 62 bits.
pub fn put(out: &mut Vec<u8>, value: u64) {
    let value = value & MAX;
    let bytes = value.to_be_bytes();
    match value {
        0..=0x3f => out.push(bytes[7]),
        0x40..=0x3fff => out.extend_from_slice(&[bytes[6] | 0x40, bytes[7]]),
        0x4000..=0x3fff_ffff => out.extend_from_slice(&[bytes[4] | 0x80, bytes[5], bytes[6], bytes[7]]),
        _ => {
            out.push(bytes[0] | 0xc0);
            out.extend_from_slice(&bytes[1..]);
        }
    }
}

/// How many bytes [`put`] writes for `value`.
pub const fn len(value: u64) -> usize {
    match value {
        0..=0x3f => 1,
        0x40..=0x3fff => 2,
        0x4000..=0x3fff_ffff => 4,
        _ => 8,
    }
}

/// Reads a number at the start of `bytes`: the value and how many bytes it took, or `None` when more bytes
/// are needed. Longer forms than necessary are accepted, as in QUIC.
pub fn get(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let size = 1_usize << (first >> 6);
    let rest = bytes.get(1..size)?;
    let value = rest.iter().fold(u64::from(first & 0x3f), |value, byte| value << 8 | u64::from(*byte));
    Some((value, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_9000_appendix_a1_decode() {
        let eight = [0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c];
        assert_eq!(get(&eight), Some((151_288_809_941_952_652, 8)));
        assert_eq!(get(&[0x9d, 0x7f, 0x3e, 0x7d]), Some((494_878_333, 4)));
        assert_eq!(get(&[0x7b, 0xbd]), Some((15_293, 2)));
        assert_eq!(get(&[0x25]), Some((37, 1)));
        assert_eq!(get(&[0x40, 0x25]), Some((37, 2)));
        assert_eq!(get(&[0x40]), None);
        assert_eq!(get(&[]), None);
    }

    proptest! {
        #[test]
        fn every_number_survives_the_round_trip(value in 0..=MAX) {
            let mut out = Vec::new();
            put(&mut out, value);
            prop_assert_eq!(out.len(), len(value));
            prop_assert_eq!(get(&out), Some((value, out.len())));
        }
    }
}
