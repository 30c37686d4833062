//! Voice recordings: how long one is, from its container alone. Bytes in, a number out; nothing is decoded.
//!
//! A recording is one Opus stream in Ogg, whole: every page follows the one before and has its checksum, the first
//! says what it is, the last is marked as such. The time comes from the last page, and has to fit the packets: what a
//! header claims is not believed.

/// Ticks of a granule in a millisecond.
const TICKS: u64 = 48;
/// The longest packet, in ticks: 120 ms.
const PACKET_MAX: u64 = 5760;
const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Ogg's checksum of bytes, from what it was before: CRC-32 with the highest bit first.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 0x8000_0000 == 0 { sum << 1 } else { sum << 1 ^ 0x04c1_1db7 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

fn crc(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| sum << 8 ^ TABLE[usize::from((sum >> 24) as u8 ^ *byte)])
}

struct Page<'a> {
    flags: u8,
    granule: u64,
    serial: u32,
    number: u32,
    laces: &'a [u8],
    data: &'a [u8],
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The page at the beginning of these bytes, and how long it is.
fn page(bytes: &[u8]) -> Option<(Page<'_>, usize)> {
    let count = usize::from(*bytes.get(26)?);
    let laces = bytes.get(27..27 + count)?;
    let start = 27 + count;
    let end = start + laces.iter().map(|lace| usize::from(*lace)).sum::<usize>();
    let data = bytes.get(start..end)?;
    if !bytes.starts_with(b"OggS\0") {
        return None;
    }
    let sum = crc(crc(crc(0, &bytes[..22]), &[0; 4]), &bytes[26..end]);
    let granule = u64::from(word(bytes, 6)?) | u64::from(word(bytes, 10)?) << 32;
    let page =
        Page { flags: bytes[5], granule, serial: word(bytes, 14)?, number: word(bytes, 18)?, laces, data };
    (word(bytes, 22)? == sum).then_some((page, end))
}

/// The ticks of a packet, from its first bytes.
fn ticks(packet: &[u8]) -> Option<u64> {
    let head = *packet.first()?;
    let frame = match head >> 3 {
        config @ 0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        config @ 12..=15 => [480, 960][usize::from(config & 1)],
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match head & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(*packet.get(1)? & 0x3f),
    };
    let all = frame * frames;
    (1..=PACKET_MAX).contains(&all).then_some(all)
}

/// What the header says is skipped at the beginning, in ticks.
fn skipped(head: &[u8]) -> Option<u64> {
    let is_plain = head.starts_with(b"OpusHead") && head.len() == 19 && head[8] >> 4 == 0 && head[18] == 0;
    let skip = || u64::from(u16::from_le_bytes([head[10], head[11]]));
    (is_plain && matches!(head[9], 1 | 2)).then(skip)
}

/// The first bytes of the packet that comes, over the pages it is spread over.
#[derive(Default)]
struct Packets {
    /// Header packets that are through: what the stream is, and its comments.
    headers: u8,
    skip: u64,
    sound: u64,
    /// Bytes of the packet so far; what is looked at, the whole of the first and the beginning of the others.
    start: Vec<u8>,
    length: usize,
}

/// Bytes of a packet that are looked at.
const START: usize = 19;

impl Packets {
    /// Whether the packet that ended is one that may stand here.
    fn end(&mut self) -> Option<()> {
        let packet = std::mem::take(&mut self.start);
        let length = std::mem::take(&mut self.length);
        match self.headers {
            0 => self.skip = skipped(&packet).filter(|_| length == START)?,
            1 => packet.starts_with(b"OpusTags").then_some(())?,
            _ => self.sound += ticks(&packet)?,
        }
        self.headers = self.headers.saturating_add(1).min(2);
        Some(())
    }

    fn page(&mut self, page: &Page<'_>) -> Option<()> {
        let mut data = page.data;
        for lace in page.laces {
            let (piece, rest) = data.split_at_checked(usize::from(*lace))?;
            data = rest;
            let room = START - self.start.len();
            self.start.extend_from_slice(&piece[..piece.len().min(room)]);
            self.length += piece.len();
            if *lace < 255 {
                self.end()?;
            }
        }
        Some(())
    }
}

/// How long a recording is, in milliseconds; `None` when it is not one Opus stream in Ogg, whole and well.
pub(super) fn duration_ms(bytes: &[u8]) -> Option<u64> {
    let (mut rest, mut packets) = (bytes, Packets::default());
    let (mut serial, mut number, mut granule, mut last) = (None, 0, 0, false);
    while !rest.is_empty() {
        let (page, length) = page(rest)?;
        let is_first = serial.is_none();
        let follows = !last
            && *serial.get_or_insert(page.serial) == page.serial
            && page.number == number
            && (page.flags & FIRST != 0) == is_first
            && (page.flags & CONTINUED != 0) == (packets.length > 0);
        follows.then_some(())?;
        packets.page(&page)?;
        // A page on which no packet ends has no time.
        if page.granule != u64::MAX {
            (page.granule >= granule).then_some(())?;
            granule = page.granule;
        }
        last = page.flags & LAST != 0;
        number += 1;
        rest = &rest[length..];
    }
    let sound = granule.checked_sub(packets.skip)?;
    // The last packet may be cut short, and nothing longer than it.
    let fits = granule <= packets.sound && packets.sound - granule < PACKET_MAX;
    (last && packets.length == 0 && packets.headers == 2 && fits).then_some(sound / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(packet: &[u8]) -> Vec<u8> {
        let mut laces = vec![255; packet.len() / 255];
        laces.push((packet.len() % 255) as u8);
        laces
    }

    fn written(flags: u8, granule: u64, number: u32, packets: &[&[u8]]) -> Vec<u8> {
        let laces: Vec<u8> = packets.iter().flat_map(|packet| laid(packet)).collect();
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend(granule.to_le_bytes());
        page.extend(7_u32.to_le_bytes());
        page.extend(number.to_le_bytes());
        page.extend([0; 4]);
        page.push(laces.len() as u8);
        page.extend(laces);
        page.extend(packets.concat());
        let sum = crc(0, &page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }

    const HEAD: &[u8] = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0";

    /// Packets of 20 ms on one page, and what the page says of the time.
    fn recording(packets: usize, granule: u64) -> Vec<u8> {
        let packet: &[u8] = &[0x78, 1, 2, 3];
        [
            written(FIRST, 0, 0, &[HEAD]),
            written(0, 0, 1, &[b"OpusTags\0\0\0\0\0\0\0\0"]),
            written(LAST, granule, 2, &vec![packet; packets]),
        ]
        .concat()
    }

    #[test]
    fn the_time_is_that_of_the_last_page_without_what_is_skipped() {
        assert_eq!(duration_ms(&recording(50, 48_000)), Some((48_000 - 312) / 48));
        assert_eq!(duration_ms(&recording(50, 47_500)), Some((47_500 - 312) / 48), "the end is cut short");
    }

    #[test]
    fn a_time_that_its_packets_do_not_have_is_a_lie() {
        for granule in [48_001, 48_000 - PACKET_MAX, 0, 48_000 * 600, u64::MAX - 1, u64::MAX] {
            assert_eq!(duration_ms(&recording(50, granule)), None, "{granule}");
        }
    }

    #[test]
    fn what_is_cut_bent_doubled_or_something_else_is_no_recording() {
        let good = recording(50, 48_000);
        for end in 0..good.len() {
            assert_eq!(duration_ms(&good[..end]), None, "cut at {end}");
        }
        for at in 0..good.len() {
            let mut bent = good.clone();
            bent[at] ^= 1;
            assert_eq!(duration_ms(&bent), None, "bent at {at}");
        }
        assert_eq!(duration_ms(&[good.clone(), good.clone()].concat()), None, "two streams");
        let other = [written(FIRST, 0, 0, &[b"\x01vorbis......."]), written(LAST, 9, 1, &[b"x"])].concat();
        assert_eq!(duration_ms(&other), None);
        let many = [written(FIRST, 0, 0, &[b"OpusHead\x01\x06\x38\x01\x80\xbb\0\0\0\0\x01"])].concat();
        assert_eq!(duration_ms(&many), None, "six channels are no voice");
    }

    #[test]
    fn a_packet_may_go_over_pages() {
        let long = [&[0x78][..], &[5; 509]].concat();
        let mut first = written(0, u64::MAX, 2, &[&long]);
        // The second half on the next page: two full laces here, an empty one there.
        let laces = usize::from(first[26]);
        assert_eq!(laces, 3);
        first.remove(27 + 2);
        first[26] = 2;
        first[22..26].copy_from_slice(&[0; 4]);
        let sum = crc(0, &first);
        first[22..26].copy_from_slice(&sum.to_le_bytes());
        let pages = [
            written(FIRST, 0, 0, &[HEAD]),
            written(0, 0, 1, &[b"OpusTags\0\0\0\0\0\0\0\0"]),
            first,
            written(CONTINUED | LAST, 960, 3, &[b""]),
        ];
        assert_eq!(duration_ms(&pages.concat()), Some((960 - 312) / 48));
    }
}
