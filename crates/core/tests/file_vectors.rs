//! The golden chunks in `vectors/files.json`: other clients test against the same file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::path::Path;

use litrocket_core::chunks::{Hash, Layout};
use litrocket_protocol::{hex, stream_kind, varint};
use serde_json::{Value, json};

fn chunks(size: usize) -> Value {
    let bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
    let layout = Layout::new(size as u64);
    let hashes: Vec<Hash> = (0..layout.chunks())
        .map(|index| {
            let start = layout.offset(index) as usize;
            layout.hash(index, &bytes[start..start + layout.len(index) as usize])
        })
        .collect();
    let root = layout.root(&hashes).unwrap();
    assert_eq!(root, *blake3::hash(&bytes).as_bytes());
    let hashes: Vec<String> = hashes.iter().map(|hash| hex::encode(hash)).collect();
    json!({"size": size, "chunk_bytes": layout.chunk_bytes, "hashes": hashes, "blake3": hex::encode(&root)})
}

fn header(name: &str, kind: u64, numbers: [u64; 3]) -> Value {
    let mut bytes = Vec::new();
    varint::put(&mut bytes, kind);
    for number in numbers {
        varint::put(&mut bytes, number);
    }
    json!({"name": name, "kind": kind, "numbers": numbers, "hex": hex::encode(&bytes)})
}

#[test]
fn the_vectors_of_files_are_what_the_code_makes() {
    const MIB: usize = 1 << 20;
    let chunks = [0, 1, 5, MIB, MIB + 1, 3 * MIB + 5].map(chunks);
    let made = json!({
        "content": "byte i of a file is i % 251",
        "chunks": chunks,
        "headers": [
            header("chunks 2 to 4 of file 300 on their way to the server", stream_kind::UPLOAD, [300, 2, 3]),
            header("chunk 0 of download 7 on its way to the client", stream_kind::DOWNLOAD, [7, 0, 1]),
        ],
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/vectors/files.json");
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&made).unwrap())).unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(kept, made);
}
