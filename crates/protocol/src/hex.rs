//! Bytes as hexadecimal digits: how files, logs and addresses hold them.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Two digits a byte, letters small.
pub fn encode(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)]));
    bytes.iter().flat_map(digits).collect()
}

/// The bytes of such a text, with letters of either size; `None` for anything else.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_what_is_no_hex_is_refused() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&bytes)), Some(bytes));
        assert_eq!(encode(&[0, 0x0f, 0xa0]), "000fa0");
        assert_eq!((decode("0fA0"), decode("")), (Some(vec![0x0f, 0xa0]), Some(vec![])));
        for bad in ["0", "0g", "abc", "+1", " 1", "0x", "é"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
