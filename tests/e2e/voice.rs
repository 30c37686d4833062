//! Voice messages.

use litrocket_client::{Digest, Outgoing, Recording};
use litrocket_protocol::{
    event::{File, Voice},
    frame, limits,
};

use crate::{
    files::{content, file_of},
    world::{PATIENCE, World},
};

/// A WAV file of a tone.
pub(crate) fn wav(seconds: usize) -> Vec<u8> {
    let samples = seconds * 8000;
    let mut out = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    out.extend(8000_u32.to_le_bytes());
    out.extend(16_000_u32.to_le_bytes());
    out.extend(b"\x02\0\x10\0data");
    out.extend((samples as u32 * 2).to_le_bytes());
    for index in 0..samples {
        out.extend(((((index as f32) * 0.3).sin() * 9000.0) as i16).to_le_bytes());
    }
    out
}

#[tokio::test]
async fn a_voice_message_comes_with_its_time_and_how_loud_it_is() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    bob.listens().await;
    let recording = Recording::read(&file_of(&world, "hello.wav", &wav(3))).await.unwrap();
    let file = ada.brings(&world, "hello.ogg", &recording.ogg).await;
    ada.sends(chat, Outgoing::voice(file, recording.wave.clone())).await.unwrap();
    let body: File = frame::decode(&bob.next_event().await.body).unwrap();
    assert_eq!(body.media_type, "audio/opus");
    assert_eq!(body.voice, Some(Voice { duration_ms: 3000, wave: recording.wave.clone() }));
    assert_eq!(bob.fetches(&world, file).await.unwrap(), recording.ogg);
    // Sent as a file it is one.
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    let body: File = frame::decode(&bob.next_event().await.body).unwrap();
    assert_eq!(body.voice, None);
    let refused = async |wave: Vec<u8>| ada.cannot_send(chat, Outgoing::voice(file, wave)).await;
    assert_eq!(refused(vec![1; 65]).await, "too_long");
    assert_eq!(refused(vec![32]).await, "bad_value");
    // Asked before there is a file.
    for (wave, code) in [(vec![1; 65], "too_long"), (vec![32], "bad_value"), (vec![31], "not_found")] {
        assert_eq!(ada.cannot_send(chat, Outgoing::voice(0, wave)).await, code);
    }
}

#[tokio::test]
async fn what_is_no_whole_recording_is_no_voice_message() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let good = Recording::read(&file_of(&world, "hello.wav", &wav(2))).await.unwrap().ogg;
    let cut = good[..good.len() - 40].to_vec();
    let mut lying = good.clone();
    // The time of the last page, without its checksum made anew.
    let last = lying.windows(4).rposition(|part| part == b"OggS").unwrap();
    lying[last + 8] ^= 0x7f;
    let other = [&good[..28], b"\x01vorbis", &content(1, 500)].concat();
    for (name, bytes) in
        [("cut", cut), ("lying", lying), ("other", other), ("wav", wav(1)), ("words", b"hello".to_vec())]
    {
        let file = ada.brings(&world, name, &bytes).await;
        assert_eq!(ada.cannot_send(chat, Outgoing::voice(file, vec![])).await, "bad_voice", "{name}");
        assert!(ada.sends(chat, Outgoing::file(file, "")).await.is_ok(), "{name} is a file like any other");
    }
    let large = [good, content(2, 4 << 20)].concat();
    let file = ada.brings(&world, "large", &large).await;
    assert_eq!(ada.cannot_send(chat, Outgoing::voice(file, vec![])).await, "bad_voice");
    assert_eq!(ada.cannot_send(chat, Outgoing::voice(9999, vec![])).await, "not_found");
}

#[tokio::test]
async fn a_recording_is_complete_and_has_at_most_four_mebibytes_and_sixty_four_values() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    // The longest packets of 20 ms: whole and well, around a minute, on both sides of the bound.
    let noise = content(3, 1274);
    for (packets, taken) in [(3200, true), (3400, false)] {
        let head = opus_pure::OpusHead::new(1, 48_000).unwrap();
        let mut writer = opus_pure::OggOpusWriter::new(Vec::new(), head).unwrap();
        for _ in 0..packets {
            writer.write_packet(&[&[0xf8], noise.as_slice()].concat()).unwrap();
        }
        let ogg = writer.finish().unwrap();
        assert_eq!(ogg.len() as u64 <= limits::VOICE_BYTES_MAX, taken, "{} bytes", ogg.len());
        let file = ada.brings(&world, &format!("{packets}.ogg"), &ogg).await;
        let sent = ada.sends(chat, Outgoing::voice(file, vec![31; limits::VOICE_WAVE_MAX])).await;
        match sent {
            Ok(_) => assert!(taken),
            Err(error) => assert!(!taken && error.fault().unwrap().code == "bad_voice", "{error}"),
        }
    }
    // While it is still on its way nobody knows how long it is.
    let digest = Digest::of_file(&file_of(&world, "later.ogg", &wav(1))).await.unwrap();
    let open = ada.client.open_upload("later.ogg", &digest).await.unwrap();
    assert_eq!(ada.cannot_send(chat, Outgoing::voice(open.file, vec![])).await, "bad_voice");
    // Somebody else's recording is as if it was not there.
    let recording = Recording::read(&file_of(&world, "hello.wav", &wav(1))).await.unwrap();
    let bobs = bob.brings(&world, "hello.ogg", &recording.ogg).await;
    assert_eq!(ada.cannot_send(chat, Outgoing::voice(bobs, recording.wave)).await, "not_found");
}

#[tokio::test]
async fn the_values_of_a_recording_follow_how_loud_it_is() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    bob.listens().await;
    // A quiet beginning, a loud middle, silence at the end: a third each.
    let mut sound = wav(3);
    let start = sound.len() - 48_000;
    for (at, two) in sound[start..].chunks_exact_mut(2).enumerate() {
        let (parts, sample) = ([4, 1, 0], i16::from_le_bytes([two[0], two[1]]));
        let sample = match parts[at / 8000] {
            0 => 0,
            part => sample / part,
        };
        two.copy_from_slice(&sample.to_le_bytes());
    }
    let recording = Recording::read(&file_of(&world, "hello.wav", &sound)).await.unwrap();
    let file = ada.brings(&world, "hello.ogg", &recording.ogg).await;
    ada.sends(chat, Outgoing::voice(file, recording.wave)).await.unwrap();
    let body: File = frame::decode(&bob.next_event().await.body).unwrap();
    let wave = body.voice.unwrap().wave;
    assert_eq!(wave.len(), limits::VOICE_WAVE_MAX);
    let third = |part: usize| &wave[part * 21 + 2..part * 21 + 19];
    assert!(third(0).iter().all(|value| (6..=10).contains(value)), "{wave:?}");
    assert!(third(1).iter().all(|value| *value >= 29), "{wave:?}");
    assert!(third(2).iter().all(|value| *value == 0), "{wave:?}");
}

#[tokio::test]
async fn eleven_minutes_are_too_long_for_a_voice_message() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    // Two frames of silence in a packet of 40 ms, over and over: small and well, and eleven minutes long.
    for (minutes, taken) in [(10, true), (11, false)] {
        let head = opus_pure::OpusHead::new(1, 48_000).unwrap();
        let skip = u32::from(head.pre_skip);
        let mut writer = opus_pure::OggOpusWriter::new(Vec::new(), head).unwrap();
        for _ in 0..minutes * 60 * 25 {
            writer.write_packet(&[0x79, 0, 0]).unwrap();
        }
        writer.write_packet_with_duration(&[0x79, 0, 0], skip.min(1920)).unwrap();
        let file = ada.brings(&world, &format!("{minutes}.ogg"), &writer.finish().unwrap()).await;
        let sent = ada.sends(chat, Outgoing::voice(file, vec![])).await;
        assert_eq!(sent.is_ok(), taken, "{minutes} minutes: {sent:?}");
    }
}

#[tokio::test]
async fn a_recording_that_nobody_has_looked_at_yet_is_sent_when_somebody_did() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    bob.listens().await;
    let recording = Recording::read(&file_of(&world, "hello.wav", &wav(3))).await.unwrap();
    let held = world.app().files.hold().await.unwrap();
    let file = ada.brings(&world, "hello.ogg", &recording.ogg).await;
    let mut pending = ada.client.send(chat, Outgoing::voice(file, recording.wave)).await.unwrap();
    let soon = tokio::time::timeout(std::time::Duration::from_millis(1500), &mut pending).await;
    assert!(soon.is_err(), "it is told to come back, not turned away: {soon:?}");
    drop(held);
    tokio::time::timeout(PATIENCE, pending).await.unwrap().unwrap();
    let body: File = frame::decode(&bob.next_event().await.body).unwrap();
    assert_eq!(body.voice.unwrap().duration_ms, 3000);
}
