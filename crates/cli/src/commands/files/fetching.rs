//! Fetching a file: to a place, or to standard output.

use std::path::Path;

use litrocket_client::{Client, Digest, Error};
use litrocket_protocol::{
    Fault,
    fault::code,
    files::{FileInfo, GetFile, file_state},
};
use serde_json::json;

use indicatif::HumanBytes;

use super::{
    Shown, described, json_file,
    place::{Target, move_out, note},
};
use crate::{
    Failure,
    failure::{Asked as _, At as _},
    output::escape_line,
    session::Context,
};

pub(super) async fn get(
    context: &Context,
    client: &Client,
    file: u64,
    (output, replaces): (Option<&Path>, bool),
) -> Result<(), Failure> {
    let words = context.output.words;
    let info = client.call(GetFile { file, hashes: false }).await.of_file(file)?;
    if info.state == file_state::GONE {
        return Err(Error::from(Fault::new(code::FILE_GONE))).of_file(file);
    }
    let target = Target::new(context, output, &info.name, replaces)?;
    if info.state == file_state::UPLOADING {
        let (there, size) = (HumanBytes(brought(&info)), HumanBytes(info.size));
        context.output.nothing(&words.comes_as_it_is_sent(there, size));
    }
    let path = match &target {
        Target::File(path) => path.clone(),
        Target::Out => note(context, &format!("fetching-{file}"))?,
    };
    // An earlier run may have fetched it and not been able to write all of it.
    let is_kept = async || Digest::of_file(&path).await.is_ok_and(|kept| info.blake3 == kept.blake3);
    if matches!(target, Target::Out) && is_kept().await {
        return move_out(path).await;
    }
    let replaces = replaces || matches!(target, Target::Out);
    let shown = Shown::new(context, &info.name, info.size);
    let transfer = shown.fetch(context, &info.name, replaces).at_most(info.size);
    let fetched = client.download(file, &path, transfer).await.of_file(file);
    let resumed = shown.end();
    if let Target::Out = target {
        fetched.kept_at(&path)?;
        return move_out(path).await;
    }
    let info = fetched.at(&path)?;
    let file = json_file(info.file, &info.name, info.size, &info.media_type, &info.blake3);
    context.output.data(
        || json!({"type": "fetched", "file": file, "path": path.to_string_lossy(), "resumed": resumed}),
        || format!("{} → {}", described(&info), escape_line(&path.to_string_lossy())),
    )
}

/// Bytes of a file that its sender has brought, as far as whole chunks tell.
pub(super) fn brought(info: &FileInfo) -> u64 {
    let there = info.have.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    there.saturating_mul(info.chunk_bytes).min(info.size)
}
