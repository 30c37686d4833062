//! What an account keeps: its own complete files.

use litrocket_protocol::{
    Fault,
    account::Done,
    fault::code,
    files::{DeleteFile, Files, ListFiles},
    limits,
};

use crate::{
    error::Result,
    features::{
        cut,
        files::{infos, pictures::picture_store, store, upkeep::expiry_store},
        page_limit,
    },
    rpc::Session,
    writer::Tx,
};

pub(in crate::features::files) async fn delete(caller: Session, request: DeleteFile) -> Result<Done> {
    let me = caller.account();
    let work = async move |tx: &mut Tx| {
        let Some(file) = store::own_in(tx, me, request.file).await? else { return Ok((false, None)) };
        let gone = expiry_store::remove(tx, &file).await?;
        let taken = file.content.is_some();
        if taken {
            picture_store::room_again(tx, me).await?;
        }
        Ok((taken, gone))
    };
    let (taken, gone) = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    if let Some(content) = gone {
        caller.app.files.transfers.close(content).await;
        caller.app.files.collect.notify_one();
    }
    if taken {
        caller.app.files.arrived.notify_one();
    }
    Ok(Done::if_changed(taken))
}

pub(in crate::features::files) async fn list(caller: Session, request: ListFiles) -> Result<Files> {
    let limit = page_limit(request.limit)?;
    let find = request.find.unwrap_or_default();
    if find.len() > limits::SEARCH_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("find")
            .within_bytes(0, limits::SEARCH_BYTES_MAX as u64)
            .into());
    }
    let (app, me) = (&caller.app, caller.account());
    let mut rows = store::kept(&app.db, me, request.after.unwrap_or(u64::MAX), &find, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let mut files = infos(app, rows).await?;
    let more = cut(&mut files, limit) || more;
    let used_bytes = store::used_now(&app.db, me).await?;
    Ok(Files { files, more, used_bytes, quota_bytes: app.files.quota })
}
