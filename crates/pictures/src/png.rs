//! PNG: chunks with a name and a checksum.

use crate::{PictureError, damaged, notes::raw_profile, walk::Walk};

pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Where the orientation goes: behind the signature and the header's chunk.
pub(crate) const HEAD: usize = 8 + 25;

/// Ancillary chunks that change what is seen.
const SHOWN: [&[u8; 4]; 17] = [
    b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"cICP",
    b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT", b"IDAT",
];

pub(crate) fn walk(bytes: &[u8]) -> Result<Walk, PictureError> {
    let mut walk = Walk::new();
    walk.keep(0..SIGNATURE.len())?;
    let mut at = SIGNATURE.len();
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let end = at + 12 + length;
        let Some(data) = bytes.get(at + 8..at + 8 + length).filter(|_| end <= bytes.len()) else { break };
        let name = &head[4..];
        // What is put in goes behind the header, so the header has to be where it belongs.
        if at == SIGNATURE.len() && (name != b"IHDR" || end != HEAD) {
            return Err(damaged("it does not begin with its header"));
        }
        match name {
            b"IHDR" if walk.size.is_none() => walk.size = size(data),
            b"eXIf" => walk.exif(data),
            b"iTXt" | b"tEXt" | b"zTXt" => text(&mut walk, name, data),
            _ => {}
        }
        // Critical chunks have a capital letter first.
        if name[0].is_ascii_uppercase() || SHOWN.iter().any(|shown| *shown == name) {
            walk.keep(at..end)?;
        }
        if name == b"IEND" {
            return Ok(walk);
        }
        at = end;
    }
    Err(damaged("a chunk is cut off"))
}

/// Width and height, from the header.
fn size(header: &[u8]) -> Option<(u32, u32)> {
    let (width, height) = (header.first_chunk()?, header.get(4..)?.first_chunk()?);
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Reads a text: a keyword, perhaps how it is packed and in which language, and the text itself.
fn text(walk: &mut Walk, name: &[u8], data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let keyword = parts.next().unwrap_or_default();
    let Some(rest) = parts.next() else { return };
    let said = match name {
        b"tEXt" => rest.to_vec(),
        b"zTXt" => walk.inflated(rest.get(1..).unwrap_or_default()),
        _ => {
            let packed = rest.first() == Some(&1);
            let behind = rest.get(2..).unwrap_or_default();
            let text = behind.splitn(3, |byte| *byte == 0).nth(2).unwrap_or_default();
            if packed { walk.inflated(text) } else { text.to_vec() }
        }
    };
    walk.xmp(&said);
    if keyword.starts_with(b"Raw profile type") {
        walk.note(&raw_profile(&said));
    }
}

/// The picture's pixels and nothing else: what a decoder is given.
pub(crate) fn pixels_only(bytes: &[u8]) -> Result<Vec<u8>, PictureError> {
    let mut only = SIGNATURE.to_vec();
    let mut at = SIGNATURE.len();
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(chunk) = bytes.get(at..at + 12 + length) else { break };
        let name = &head[4..];
        if name[0].is_ascii_uppercase() || name == b"tRNS" {
            only.extend_from_slice(chunk);
        }
        if name == b"IEND" {
            return Ok(only);
        }
        at += chunk.len();
    }
    Err(damaged("a chunk is cut off"))
}

/// A chunk with its checksum.
pub(crate) fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(&name);
    chunk.extend_from_slice(data);
    let sum = crc(&chunk[4..]);
    chunk.extend_from_slice(&sum.to_be_bytes());
    chunk
}

/// The checksum of PNG's chunks: CRC-32 with reflected bits. The chunk is some thirty bytes long, so no table is kept.
fn crc(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_last_chunk_has_its_known_checksum() {
        assert_eq!(super::chunk(*b"IEND", b""), b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
