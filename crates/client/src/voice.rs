//! Recordings: WAV becomes Opus in Ogg and the other way round. The only place that names the codec.

use std::{
    io::{Cursor, Error as IoError, ErrorKind, Read as _},
    path::Path,
};

use litrocket_protocol::limits::{VOICE_BYTES_MAX, VOICE_MS_MAX, VOICE_WAVE_MAX};
use opus_pure::{
    Application, MAX_PACKET_BYTES, MAX_PACKET_SAMPLES, OggOpusReader, OggOpusWriter, OpusEncoder, OpusHead,
    Trim,
};

use crate::{
    Error,
    files::{blocking, open_regular},
};

/// Samples in a second: what the codec works with inside.
const RATE: u32 = 48_000;
/// Good speech.
const BITS_PER_SECOND: i32 = 32_000;
/// A WAV file of ten minutes, two channels and 48 kHz, with some room.
const WAV_BYTES_MAX: u64 = 128 << 20;

/// A recording, and how loud it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Opus in Ogg.
    pub ogg: Vec<u8>,
    /// How loud it is from beginning to end, at most 64 values of 0 to 31.
    pub wave: Vec<u8>,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
}

fn refused(why: impl std::fmt::Display) -> IoError {
    IoError::new(ErrorKind::InvalidData, why.to_string())
}

impl Recording {
    /// Reads a recording: Opus in Ogg as it is, WAV (16 bits, one or two channels) made into it. At most ten minutes.
    pub async fn read(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        blocking(move || {
            let mut bytes = Vec::new();
            // What it says of its length is not believed.
            open_regular(&path)?.take(WAV_BYTES_MAX + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > WAV_BYTES_MAX {
                return Err(refused("the recording is too large"));
            }
            if bytes.starts_with(b"OggS") {
                if bytes.len() as u64 > VOICE_BYTES_MAX {
                    return Err(refused("the recording is too large"));
                }
                let sound = audible(decode(&bytes)?)?;
                return Ok(Self { wave: wave(&sound), duration_ms: duration_ms(&sound), ogg: bytes });
            }
            let sound = audible(read_wav(&bytes)?)?;
            let duration_ms = duration_ms(&sound);
            if duration_ms > VOICE_MS_MAX {
                return Err(refused("a recording is at most ten minutes long"));
            }
            Ok(Self { ogg: encode(&sound)?, wave: wave(&sound), duration_ms })
        })
        .await
    }

    /// A recording as WAV: one channel, 16 bits, 48 kHz.
    pub async fn to_wav(ogg: Vec<u8>) -> Result<Vec<u8>, Error> {
        blocking(move || Ok(write_wav(&decode(&ogg)?))).await
    }
}

/// Refuses what would not last for a millisecond.
fn audible(sound: Vec<f32>) -> Result<Vec<f32>, IoError> {
    if duration_ms(&sound) == 0 { Err(refused("the recording is empty")) } else { Ok(sound) }
}

fn duration_ms(sound: &[f32]) -> u64 {
    sound.len() as u64 * 1000 / u64::from(RATE)
}

/// How loud each part is: its root mean square, against the loudest.
fn wave(sound: &[f32]) -> Vec<u8> {
    let parts = VOICE_WAVE_MAX.min(sound.len());
    let loud = |part: usize| {
        let all = &sound[sound.len() * part / parts..sound.len() * (part + 1) / parts];
        (all.iter().map(|sample| sample * sample).sum::<f32>() / all.len().max(1) as f32).sqrt()
    };
    let loud: Vec<f32> = (0..parts).map(loud).collect();
    let most = loud.iter().copied().fold(0.001, f32::max);
    loud.iter().map(|value| (value / most * 31.0).round().clamp(0.0, 31.0) as u8).collect()
}

/// One channel at 48 kHz to Opus in Ogg, with exactly its length.
fn encode(sound: &[f32]) -> Result<Vec<u8>, IoError> {
    const FRAME: usize = RATE as usize / 50;
    let mut encoder = OpusEncoder::new(RATE as i32, 1, Application::Voip).map_err(refused)?;
    encoder.bitrate_bps = BITS_PER_SECOND;
    let head = OpusHead::for_encoder(&encoder, RATE);
    let skip = u64::from(head.pre_skip);
    let end = skip + sound.len() as u64;
    // The codec is behind by what is skipped: silence brings the rest out of it.
    let frames = end.div_ceil(FRAME as u64) as usize;
    let mut writer = OggOpusWriter::new(Vec::new(), head).map_err(refused)?;
    let (mut packet, mut block) = (vec![0; MAX_PACKET_BYTES], [0.0; FRAME]);
    for index in 0..frames {
        let part = sound.get(index * FRAME..).unwrap_or_default();
        let part = &part[..part.len().min(FRAME)];
        block[..part.len()].copy_from_slice(part);
        block[part.len()..].fill(0.0);
        let length = encoder.encode(&block, FRAME, &mut packet).map_err(refused)?;
        if index + 1 == frames {
            let rest = end.saturating_sub(writer.granule().max(0) as u64);
            writer.write_packet_with_duration(&packet[..length], rest as u32).map_err(refused)?;
        } else {
            writer.write_packet(&packet[..length]).map_err(refused)?;
        }
    }
    writer.finish().map_err(refused)
}

/// Opus in Ogg to one channel at 48 kHz; never more than a recording may have.
fn decode(ogg: &[u8]) -> Result<Vec<f32>, IoError> {
    let not_whole = |_| refused("this is no whole recording of Opus in Ogg");
    let most = (VOICE_MS_MAX * u64::from(RATE) / 1000) as usize;
    let mut reader = OggOpusReader::new(Cursor::new(ogg)).map_err(not_whole)?;
    let channels = reader.head().channel_count as usize;
    let mut decoder = reader.head().decoder(RATE as i32).map_err(not_whole)?;
    let mut trim = Trim::new(reader.head(), RATE as i32, channels).map_err(not_whole)?;
    let mut block = vec![0.0; MAX_PACKET_SAMPLES * channels];
    let mut sound = Vec::new();
    for packet in reader.packets() {
        let packet = packet.map_err(not_whole)?;
        let length = decoder.decode(&packet.data, MAX_PACKET_SAMPLES, &mut block).map_err(not_whole)?;
        let kept = trim.keep(&packet, &block[..length * channels]);
        sound.extend(kept.chunks_exact(channels).map(|all| all.iter().sum::<f32>() / channels as f32));
        if sound.len() > most {
            return Err(refused("a recording is at most ten minutes long"));
        }
    }
    Ok(sound)
}

/// The samples of a WAV file in one channel at 48 kHz.
fn read_wav(bytes: &[u8]) -> Result<Vec<f32>, IoError> {
    let wrong = || refused("record WAV with 16 bits and one or two channels, or Opus in Ogg");
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(wrong());
    }
    let short = |at: usize| bytes.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    let long = |at: usize| Some(u32::from(short(at)?) | u32::from(short(at + 2)?) << 16);
    let (mut at, mut format) = (12, None);
    while let (Some(name), Some(length)) = (bytes.get(at..at + 4), long(at + 4)) {
        let start = at + 8;
        // A recorder that was stopped leaves a length of its own making.
        let end = start.saturating_add(length as usize).min(bytes.len());
        match name {
            b"fmt " => {
                let (channels, rate, bits) = (short(start + 2), long(start + 4), short(start + 14));
                format = channels.zip(rate).filter(|_| bits == Some(16));
            }
            b"data" => {
                let (channels, rate) = format.ok_or_else(wrong)?;
                if !matches!(channels, 1 | 2) || !(8_000..=192_000).contains(&rate) {
                    return Err(wrong());
                }
                let bytes_each = usize::from(channels) * 2;
                let sample = |two: &[u8]| f32::from(i16::from_le_bytes([two[0], two[1]])) / 32_768.0;
                let mono = |all: &[u8]| all.chunks_exact(2).map(sample).sum::<f32>() / f32::from(channels);
                let sound: Vec<f32> = bytes[start..end].chunks_exact(bytes_each).map(mono).collect();
                return Ok(at_rate(sound, rate));
            }
            _ => {}
        }
        at = end + (length as usize & 1);
    }
    Err(wrong())
}

/// The same sound with 48,000 samples a second: between two samples lies a straight line, good enough for speech.
fn at_rate(sound: Vec<f32>, rate: u32) -> Vec<f32> {
    if rate == RATE || sound.is_empty() {
        return sound;
    }
    let length = sound.len() as u64 * u64::from(RATE) / u64::from(rate);
    let sample = |index: u64| {
        let place = index as f64 * f64::from(rate) / f64::from(RATE);
        let at = (place as usize).min(sound.len() - 1);
        let next = sound[(at + 1).min(sound.len() - 1)];
        sound[at] + (next - sound[at]) * place.fract() as f32
    };
    (0..length).map(sample).collect()
}

fn write_wav(sound: &[f32]) -> Vec<u8> {
    let length = sound.len() as u32 * 2;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + length).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend(RATE.to_le_bytes());
    out.extend((RATE * 2).to_le_bytes());
    out.extend(b"\x02\0\x10\0data");
    out.extend(length.to_le_bytes());
    for sample in sound {
        out.extend(((sample * 32_767.0).clamp(-32_768.0, 32_767.0) as i16).to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone that is loud in the second half.
    fn tone(seconds: f32) -> Vec<f32> {
        let length = (seconds * RATE as f32) as usize;
        let loud = |index: usize| if index * 2 < length { 0.1 } else { 0.6 };
        (0..length).map(|index| (index as f32 * 0.05).sin() * loud(index)).collect()
    }

    #[tokio::test]
    async fn a_recording_comes_back_as_long_and_as_loud_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let sound = tone(1.5);
        std::fs::write(&path, write_wav(&sound)).unwrap();
        let recording = Recording::read(&path).await.unwrap();
        assert_eq!(recording.duration_ms, 1500);
        assert_eq!(recording.wave.len(), VOICE_WAVE_MAX);
        assert!(recording.wave[5] < 8 && recording.wave[60] > 28, "{:?}", recording.wave);
        let back = decode(&recording.ogg).unwrap();
        assert_eq!(back.len(), sound.len(), "not a sample more");
        let of = |sound: &[f32]| sound.iter().map(|one| one * one).sum::<f32>();
        assert!((of(&back) / of(&sound) - 1.0).abs() < 0.2, "as loud");
        std::fs::write(&path, &recording.ogg).unwrap();
        let again = Recording::read(&path).await.unwrap();
        assert_eq!((again.ogg, again.duration_ms), (recording.ogg.clone(), 1500));
        let wav = Recording::to_wav(recording.ogg).await.unwrap();
        assert_eq!(read_wav(&wav).unwrap().len(), sound.len());
    }

    #[tokio::test]
    async fn what_is_no_recording_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let long = write_wav(&vec![0.0; RATE as usize * 601]);
        let wrong = "record WAV with 16 bits and one or two channels, or Opus in Ogg";
        for (bytes, why) in [
            (&b"words"[..], wrong),
            (b"OggS\0", "this is no whole recording of Opus in Ogg"),
            (b"RIFF\0\0\0\0WAVE", wrong),
            (&write_wav(&[]), "the recording is empty"),
            (&long, "a recording is at most ten minutes long"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = Recording::read(&path).await.unwrap_err();
            assert_eq!(error.to_string(), format!("the file is not usable: {why}"));
        }
    }

    #[test]
    fn other_rates_become_the_one_of_the_codec() {
        let half: Vec<f32> = tone(1.0).into_iter().step_by(2).collect();
        assert_eq!(at_rate(half, RATE / 2).len(), RATE as usize);
    }
}
