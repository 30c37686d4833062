//! `litrocket admin files check`: reads what is stored, tells what it finds, and hands it to the running server where the
//! operator wants it noted.

use std::{io::Write as _, path::Path, process::ExitCode, sync::OnceLock};

use litrocket_cli::{
    Words,
    objects::{self, Printer},
};
use serde_json::{Value, json};

use super::{Problem, ended, exchange};
use crate::{
    app::Clock,
    cause,
    config::Config,
    db::{self, Db},
    features::{
        admin::Ask,
        files::{self, Checked, Finding, Note, Orphans},
    },
    limits::DAY_MS,
    sentences::{self, say},
    serve::block_on,
    server,
};

/// An object that belongs to nothing may be deleted when it is so old, in milliseconds: whatever is under way is younger.
const ORPHAN_MS: u64 = DAY_MS;

/// Why something could not be printed. The check goes on, and what it finds is noted; that is told at the end.
static UNTOLD: OnceLock<String> = OnceLock::new();

/// What is to be done with what is found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// The server notes it.
    pub(super) confirm: bool,
    /// The storage is the server's own, although it does not have the mark.
    pub(super) accept: bool,
    /// Objects that have long belonged to nothing are deleted.
    pub(super) sweep: bool,
}

/// Reads every stored file through; fails when something is damaged. May run beside the server, and changes nothing unless it
/// is asked to.
pub(super) fn check_all(config: Config, wish: Wish, shown: (Words, bool)) -> ExitCode {
    block_on(async move {
        match check(&config, wish, shown).await {
            Ok(_) if let Some(error) = UNTOLD.get() => ended(Err(("io".to_owned(), error.clone())), shown),
            Ok(checked) => {
                let well = checked.damaged == 0 && checked.bad_previews == 0 && checked.marked;
                ExitCode::from(u8::from(!well))
            }
            Err(problem) => ended(Err(problem), shown),
        }
    })
}

async fn check(config: &Config, wish: Wish, shown: (Words, bool)) -> Result<Checked, Problem> {
    let failed = |message: String| ("not_checked".to_owned(), message);
    // Programs read English.
    let words = if shown.1 { Words::English } else { shown.0 };
    let options = server::writer_options(config, Path::new(&config.server.data));
    let path = options.folder.join(db::FILE);
    if matches!(path.try_exists(), Ok(false)) {
        let (there_is_none, is_it_right) = match words {
            Words::English => ("there is no database", "is this the data folder of a server?"),
            Words::Chinese => ("没有数据库", "这是服务器的数据目录吗？"),
        };
        return Err(failed(format!("{}: {there_is_none}: {is_it_right}", path.display())));
    }
    let db = Db::open_reading(&options.folder, &options.database).await.map_err(|error| {
        failed(sentences::cause(words, &cause!("{}: {}", &path.display(), server::not_opened(error))))
    })?;
    if wish.confirm && !wish.accept {
        let marked = files::is_marked(config, &db).await.map_err(failed)?;
        if !marked {
            let message = say(
                words,
                "the storage does not have this server's mark: is it the right one, and mounted? Then say so with --accept",
                "存储没有此服务器的标记：它是否正确且已挂载？如确认无误，请加上 --accept",
            );
            return Err(("storage_away".to_owned(), message.to_owned()));
        }
    }
    let (mut total, mut first) = (files::Noted::default(), true);
    let mut refused = None;
    let note = |found: Note| {
        if !wish.confirm || (found.is_empty() && !first) {
            return Ok(());
        }
        let accept = std::mem::take(&mut first) && wish.accept;
        let noted = exchange(config, &Ask::Confirm { found, accept }).map_err(|problem| {
            let message = problem.1.clone();
            refused = Some(problem);
            message
        })?;
        let count = |key: &str| noted.first().and_then(|line| line[key].as_u64()).unwrap_or(0);
        total.damaged += count("damaged");
        total.whole += count("whole");
        total.pictures += count("pictures");
        Ok(())
    };
    let before = Clock::default().now_ms().saturating_sub(ORPHAN_MS);
    let orphans = if wish.sweep { Orphans::GoBefore(before) } else { Orphans::Stay };
    let checked = files::verify(config, &db, orphans, |found| tell(found, shown), note).await;
    let checked = checked.map_err(|message| refused.unwrap_or_else(|| failed(message)))?;
    if wish.confirm {
        let files::Noted { damaged, whole, pictures } = total;
        let line = json!({"type": "noted", "damaged": damaged, "whole": whole, "pictures": pictures, "accepted": wish.accept});
        let english = format!(
            "noted: {} damaged, {whole} whole again, {} to be looked at again",
            some(damaged, "content", "contents"),
            some(pictures, "picture", "pictures")
        );
        let chinese =
            format!("已记录：{damaged} 个内容损坏，{whole} 个已恢复完整，{pictures} 张图片将重新处理");
        print(shown, &line, (&english, &chinese));
    }
    told(&checked, shown);
    Ok(checked)
}

/// Prints the sums of a check.
fn told(checked: &Checked, shown: (Words, bool)) {
    let Checked { contents, chunks, bytes, damaged, previews, bad_previews, orphans, swept, marked } =
        checked;
    let line = json!({"type": "checked", "contents": contents, "chunks": chunks, "bytes": bytes,
        "damaged": damaged, "previews": previews, "bad_previews": bad_previews, "orphans": orphans, "swept": swept, "marked": marked});
    let english = format!(
        "{} (each stored once, however many files have it), {}, {}, {damaged} damaged or missing, \
         {}, {bad_previews} damaged or missing, {}, {swept} deleted",
        some(*contents, "content", "contents"),
        some(*chunks, "chunk", "chunks"),
        some(*bytes, "byte", "bytes"),
        some(*previews, "small picture", "small pictures"),
        some(*orphans, "object that belongs to nothing", "objects that belong to nothing"),
    );
    let chinese = format!(
        "{contents} 个内容（相同的文件共用一份），{chunks} 个分块，{bytes} 字节，{damaged} 个分块损坏或缺失，\
         {previews} 张缩略图，{bad_previews} 张损坏或缺失，{orphans} 个无主对象，其中 {swept} 个已删除"
    );
    print(shown, &line, (&english, &chinese));
}

/// So many of something.
fn some(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn print((words, json): (Words, bool), line: &Value, (english, chinese): (&str, &str)) {
    let line = match words {
        _ if json => objects::line(Printer::Admin, line),
        Words::English => english.to_owned(),
        Words::Chinese => chinese.to_owned(),
    };
    match writeln!(std::io::stdout(), "{line}") {
        // Who reads no more still wants what was found noted, and the code at the end.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let _ = UNTOLD.set(error.to_string());
        }
        _ => {}
    }
}

/// What is wrong with an object; what the system says stays as it says it.
fn chinese(cause: &str) -> &str {
    match cause {
        "damaged" => "已损坏",
        "missing" => "缺失",
        "it does not have the mark" => "没有标记",
        "it has the mark of another" => "带有另一服务器的标记",
        "it has a mark, and the database knows none" => "带有标记，而数据库中没有",
        other => other,
    }
}

/// The content by its number, which the log names too, and the file that people know it by.
fn of_content((content, file): (u64, Option<u64>), name: &str) -> (String, String) {
    let name = name.escape_debug();
    match file {
        Some(file) => (
            format!("content {content}, which is that of file {file} ({name})"),
            format!("内容 {content}（文件 {file}，{name}）"),
        ),
        None => {
            (format!("content {content}, which no file has any more"), format!("内容 {content}（已无文件）"))
        }
    }
}

/// Prints what a check found.
fn tell(found: Finding, shown: (Words, bool)) {
    let (line, english, chinese) = match found {
        Finding::Storage { cause } => (
            json!({"type": "storage", "cause": cause}),
            format!("the storage may be away: {cause}"),
            format!("存储可能不可用：{}", chinese(&cause)),
        ),
        Finding::Chunk { content, chunk, file, name, cause } => {
            let (of, of_chinese) = of_content((content, file), &name);
            (
                json!({"type": "damage", "content": content, "chunk": chunk, "file": file, "name": name, "cause": cause}),
                format!("{cause}: chunk {chunk} of {of}"),
                format!("{}：分块 {chunk}，属于{of_chinese}", chinese(&cause)),
            )
        }
        Finding::Preview { content, size, file, name, cause } => {
            let (of, of_chinese) = of_content((content, file), &name);
            (
                json!({"type": "bad_preview", "content": content, "size": size, "file": file, "name": name,
                    "cause": cause}),
                format!("{cause}: small picture ({size} pixels) of {of}"),
                format!("{}：{size} 像素的缩略图，属于{of_chinese}", chinese(&cause)),
            )
        }
        Finding::Orphans { count, bytes } => (
            json!({"type": "orphans", "objects": count, "bytes": bytes}),
            format!(
                "belong to no file: {} of {}",
                some(count, "object", "objects"),
                some(bytes, "byte", "bytes")
            ),
            format!("{count} 个对象（共 {bytes} 字节）不属于任何文件"),
        ),
    };
    print(shown, &line, (&english, &chinese));
}
