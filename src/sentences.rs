//! What the server's own commands say to people, in English and Chinese.

use std::io::ErrorKind;

use litrocket_cli::Words;

use crate::cause::{Cause, Part, fill};

/// The English or the Chinese words.
pub const fn say(words: Words, english: &'static str, chinese: &'static str) -> &'static str {
    match words {
        Words::English => english,
        Words::Chinese => chinese,
    }
}

/// What stands before why something does not work.
pub const fn error(words: Words) -> &'static str {
    say(words, "error: ", "错误：")
}

/// Why the server does not start or a configuration is refused, in the language that is spoken. What a person or a library
/// wrote in it stays as it is.
pub fn cause(words: Words, cause: &Cause) -> String {
    if words == Words::English {
        return cause.to_string();
    }
    let known = CAUSES.iter().find(|(english, _)| *english == cause.sentence);
    let sentence = known.map_or(cause.sentence, |(_, chinese)| chinese);
    let of_values = ["invalid type: ", "invalid value: "].iter().any(|it| cause.sentence.starts_with(it));
    fill(
        sentence,
        cause.parts.iter().map(|part| match part {
            Part::Text(text) if of_values => value(text),
            other => self::part(words, other),
        }),
    )
}

/// A value of a configuration and its type, as the reader of TOML names them.
fn value(text: &str) -> String {
    for (english, chinese) in VALUES {
        match text.strip_prefix(english) {
            Some("") => return (*chinese).to_owned(),
            // The value itself stays as it is.
            Some(value) if value.starts_with([' ', '`', '"']) => return format!("{chinese}{value}"),
            _ => {}
        }
    }
    text.to_owned()
}

const VALUES: &[(&str, &str)] = &[
    ("boolean", "布尔值"),
    ("a boolean", "true 或 false"),
    ("integer", "整数"),
    ("a whole number", "整数"),
    ("floating point", "小数"),
    ("a number", "数字"),
    ("string", "字符串"),
    ("a string", "字符串"),
    ("sequence", "列表"),
    ("a list", "列表"),
    ("map", "表"),
    ("a map", "表"),
    ("a table", "表"),
];

fn part(words: Words, part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Cause(inner) => cause(words, inner),
        Part::System(kind, text) => {
            let known = SYSTEM.iter().find(|(known, _)| known == kind);
            known.map_or_else(|| text.clone(), |(_, chinese)| (*chinese).to_owned())
        }
    }
}

/// What the system says.
const SYSTEM: &[(ErrorKind, &str)] = &[
    (ErrorKind::AddrInUse, "地址已被占用"),
    (ErrorKind::AddrNotAvailable, "本机没有该地址"),
    (ErrorKind::PermissionDenied, "没有权限"),
    (ErrorKind::NotFound, "没有这个文件或目录"),
    (ErrorKind::AlreadyExists, "已经存在"),
    (ErrorKind::IsADirectory, "这是一个目录"),
    (ErrorKind::NotADirectory, "这不是目录"),
    (ErrorKind::ReadOnlyFilesystem, "只读文件系统"),
    (ErrorKind::StorageFull, "磁盘已满"),
];

/// The sentences of [`Cause`]s, whose places are in the same order in both languages.
const CAUSES: &[(&str, &str)] = &[
    // The start and the end.
    (
        "the data folder {} is not usable: another server uses it; stop that one or name another folder with --data",
        "数据目录 {} 不可用：另一个服务器正在使用；请停止它，或用 --data 指定其他目录",
    ),
    ("the data folder {} is not usable: {}", "数据目录 {} 不可用：{}"),
    ("the runtime does not start: {}", "无法启动运行环境：{}"),
    ("signals cannot be listened for: {}", "无法接收系统信号：{}"),
    ("the configuration has no JSON form: {}", "配置无法写成 JSON：{}"),
    ("logs cannot be written to {}: {}", "无法将日志写入 {}：{}"),
    (
        "the database has version {}, this program knows versions up to {}: run a newer program",
        "数据库的版本为 {}，本程序最高支持版本 {}：请运行更新的程序",
    ),
    (
        "the database has version {}, this program reads version {}: start the server with it first",
        "数据库的版本为 {}，本程序读取版本 {}：请先用它启动服务器",
    ),
    ("the database does not open: {}", "无法打开数据库：{}"),
    ("the search index does not open: {}", "无法打开搜索索引：{}"),
    ("the writer does not start: {}", "无法启动写入线程：{}"),
    ("the indexer does not start: {}", "无法启动索引线程：{}"),
    ("passwords cannot be hashed: {}", "无法计算密码散列：{}"),
    ("the announcements cannot be read: {}", "无法读取公告：{}"),
    ("the accounts cannot be read: {}", "无法读取账号：{}"),
    ("these requests have no handler: {}", "这些请求没有处理程序：{}"),
    ("the database failed: {}", "数据库出错：{}"),
    ("stopped at once: clients were not told", "已立即停止：未通知客户端"),
    (
        "the stop did not end within its grace of {} ms: the database did not take what waited. What was acked is stored",
        "未能在 {} 毫秒内停止：数据库没有写入等待中的内容。已确认的内容均已保存",
    ),
    // Files, keys and certificates.
    ("cannot read {}: {}", "无法读取 {}：{}"),
    ("cannot write {}: {}", "无法写入 {}：{}"),
    ("cannot remove {}: {}", "无法删除 {}：{}"),
    ("the folder {} cannot be made: {}", "无法创建目录 {}：{}"),
    (
        "the secret is refused: {}: others may read it (mode {}); run: chmod 600 {}",
        "密钥文件被拒绝：{}：其他人可以读取（权限 {}）；请运行：chmod 600 {}",
    ),
    ("the key {} is damaged: it must have 32 bytes", "密钥 {} 已损坏：须为 32 字节"),
    ("the system gives no randomness: {}", "系统没有提供随机数：{}"),
    ("the folder of TLS sessions {} does not open: {}", "无法打开 TLS 会话目录 {}：{}"),
    ("the certificate is not usable: {}", "证书不可用：{}"),
    ("no private key can be read from {}: {}", "无法从 {} 读取私钥：{}"),
    ("no certificate can be read from {}: {}", "无法从 {} 读取证书：{}"),
    ("no certificate is in {}: the file is empty", "{} 中没有证书：文件是空的"),
    ("the certificate chain is empty", "证书链是空的"),
    ("no CA key can be read from {}: {}", "无法从 {} 读取 CA 密钥：{}"),
    ("no CA can be read from {}: {}", "无法从 {} 读取 CA：{}"),
    ("the CA's certificate {} is missing: restore it from your backup", "缺少 CA 证书 {}：请从备份恢复"),
    (
        "the CA key {} is not that of ca.pem: restore the two from one backup",
        "CA 密钥 {} 与 ca.pem 不匹配：请从同一份备份恢复两者",
    ),
    (
        "the CA is there but its key {} is missing: restore it from your backup",
        "CA 存在，但缺少其密钥 {}：请从备份恢复",
    ),
    ("the CA cannot be made: {}", "无法创建 CA：{}"),
    ("no key can be made: {}", "无法创建密钥：{}"),
    ("the server certificate cannot be made: {}", "无法创建服务器证书：{}"),
    ("the threads for files do not start: {}", "无法启动文件线程：{}"),
    ("the folder of files {} is not usable: {}", "文件目录 {} 不可用：{}"),
    ("files.s3_key_file {}: {}", "files.s3_key_file {}：{}"),
    (
        "files.s3_key_file: the first line is the key's id, the second its secret",
        "files.s3_key_file：第一行为密钥编号，第二行为密钥",
    ),
    ("files.store: {}", "files.store：{}"),
    // The network.
    (
        "cannot listen on {}: another program listens there: stop it, or name another address with --listen",
        "无法监听 {}：另一程序正在监听；请停止它，或用 --listen 指定其他地址",
    ),
    ("cannot listen on {}: {}", "无法监听 {}：{}"),
    ("the socket has no address: {}", "套接字没有地址：{}"),
    ("the listener needs a tokio runtime", "监听需要 tokio 运行环境"),
    ("the endpoint does not start: {}", "无法启动 QUIC：{}"),
    ("TLS is not usable for QUIC: {}", "TLS 无法用于 QUIC：{}"),
    ("transport.idle_timeout_ms: {}", "transport.idle_timeout_ms：{}"),
    ("{} is no address of a mail server: {}", "{} 不是邮件服务器的地址：{}"),
    ("it begins with smtp:// or smtps://", "须以 smtp:// 或 smtps:// 开头"),
    ("it names a host, and no user", "须指定主机，且不含用户名"),
    ("{} is no sender of mail: {}", "{} 不是有效的发件人：{}"),
    ("TLS for mail does not work: {}", "邮件的 TLS 不可用：{}"),
    ("{} is no address of an HTTP server: {}", "{} 不是 HTTP 服务器的地址：{}"),
    ("it begins with http:// or https://", "须以 http:// 或 https:// 开头"),
    ("it has no query", "不能带查询参数"),
    ("TLS for HTTP calls does not work: {}", "HTTP 调用的 TLS 不可用：{}"),
    ("words.engine_url: {}", "words.engine_url：{}"),
    ("words.engine_key_file: {}", "words.engine_key_file：{}"),
    ("words.engine_key_file {}: {}", "words.engine_key_file {}：{}"),
    // The configuration.
    ("{} cannot be read: {}", "{} 无法读取：{}"),
    ("{}: {}", "{}：{}"),
    ("{}{}", "{}{}"),
    (
        "{} is not a setting; the nearest: {}; all settings: litrocket config",
        "{} 不是设置项；最接近的：{}；所有设置：litrocket config",
    ),
    (
        "unknown field `{}`; the nearest: {}; all settings: litrocket config",
        "没有设置项 `{}`；最接近的：{}；所有设置：litrocket config",
    ),
    ("TOML parse error at line {}, column {}\n{}{}", "TOML 错误，行 {}，列 {}\n{}{}"),
    ("invalid type: {}, expected {}", "类型错误：{}，须为{}"),
    ("invalid value: {}, expected {}", "值错误：{}，须为{}"),
    ("{}: {} is not a whole number", "{}：{} 不是整数"),
    ("{}: {} is neither true nor false", "{}：{} 不是 true 或 false"),
    ("{}: {} is not allowed; use {} to {}", "{}：{} 不允许；请用 {} 至 {}"),
    ("{}: {} is not allowed; use one of {}", "{}：{} 不允许；请用其中之一：{}"),
    (
        "server.listen: {} is not an address with a port, for example 127.0.0.1:4433 or [::]:4433",
        "server.listen：{} 不是带端口的地址，例如 127.0.0.1:4433 或 [::]:4433",
    ),
    (
        "server.names: {} is neither a host name (letters, digits, '-' and '.') nor an IP address",
        "server.names：{} 既不是主机名（字母、数字、- 和 .），也不是 IP 地址",
    ),
    (
        "server.certificate and server.certificate_key belong together: set both or none",
        "server.certificate 与 server.certificate_key 须同时设置或都不设置",
    ),
    (
        "accounts.email is required: name a mail.server that sends the codes",
        "accounts.email 为 required：请用 mail.server 指定发送验证码的服务器",
    ),
    (
        "accounts.argon2_memory_kib must be at least 8 times accounts.argon2_parallelism",
        "accounts.argon2_memory_kib 须至少为 accounts.argon2_parallelism 的 8 倍",
    ),
    (
        "mail.server and mail.from belong together: name the sender",
        "mail.server 与 mail.from 须同时设置：请指定发件人",
    ),
    (
        "mail.user and mail.password_file belong together: set both or none",
        "mail.user 与 mail.password_file 须同时设置或都不设置",
    ),
    (
        "words.engine and words.engine_url belong together: set both or none",
        "words.engine 与 words.engine_url 须同时设置或都不设置",
    ),
    ("logs.level: {} is no filter: {}", "logs.level：{} 不是有效的级别：{}"),
    (
        "logs.level: {} is no filter; use error, warn, info, debug or trace, or targets with levels such as info,litrocket=debug",
        "logs.level：{} 不是有效的级别；请用 error、warn、info、debug 或 trace，或带级别的目标，例如 info,litrocket=debug",
    ),
    (
        "transport.keep_alive_ms ({}) must be at most half of transport.idle_timeout_ms ({})",
        "transport.keep_alive_ms（{}）最多为 transport.idle_timeout_ms（{}）的一半",
    ),
];

/// What a key of an object is called in a line for people.
pub fn key(words: Words, key: &str) -> String {
    let plain = key.strip_suffix("_ms").unwrap_or(key);
    let known = KEYS.iter().find(|(known, _)| *known == plain);
    match (words, known) {
        (Words::Chinese, Some((_, chinese))) => (*chinese).to_owned(),
        _ => plain.replace('_', " "),
    }
}

const KEYS: &[(&str, &str)] = &[
    ("account", "账号"),
    ("accounts", "账号数"),
    ("address", "地址"),
    ("at", "时间"),
    ("closed", "处理于"),
    ("closing", "待注销"),
    ("code", "邀请码"),
    ("connected", "在线"),
    ("connections", "连接数"),
    ("conversation", "会话"),
    ("conversations", "会话数"),
    ("created", "创建于"),
    ("database_bytes", "数据库字节数"),
    ("display_name", "显示名"),
    ("email", "邮箱"),
    ("event_seq", "消息"),
    ("events", "事件数"),
    ("expires", "有效期至"),
    ("file", "文件"),
    ("id", "编号"),
    ("label", "设备"),
    ("last_seen", "最近在线"),
    ("last_used", "上次使用"),
    ("locked", "锁定"),
    ("log_bytes", "日志字节数"),
    ("made_by", "创建者"),
    ("mails_waiting", "待发邮件"),
    ("moment", "动态"),
    ("operator", "服务器管理员"),
    ("people_connected", "在线人数"),
    ("recovery_code", "恢复码"),
    ("reporter", "举报者"),
    ("said", "原文"),
    ("search_bytes", "索引字节数"),
    ("session", "会话"),
    ("sessions", "登录数"),
    ("text", "内容"),
    ("uses", "可用次数"),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;
    use crate::cause;

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    /// The sentences of all causes of the server's source.
    fn sentences() -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for path in crate::house::sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            if path.ends_with(file!()) {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for call in source.split("cause!(").skip(1) {
                let text = call.trim_start().strip_prefix('"').and_then(|it| it.split('"').next());
                found.extend(text.map(|text| text.replace("\\n", "\n")));
            }
        }
        found
    }

    #[test]
    fn every_cause_is_told_in_chinese_with_as_many_places() {
        let sentences = sentences();
        assert!(sentences.len() > 60, "the look-out sees no causes where there are some: {sentences:?}");
        for sentence in &sentences {
            assert!(CAUSES.iter().any(|(known, _)| known == sentence), "CAUSES lacks {sentence:?}");
        }
        for (english, chinese) in CAUSES {
            assert!(sentences.contains(*english), "nobody says any more: {english:?}");
            assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{english}");
            let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic());
            assert!(is_chinese(chinese) || !english.split([' ', ':']).any(is_word), "{chinese}");
        }
    }

    #[test]
    fn names_of_files_and_values_stay_as_they_are_in_every_language() {
        let folder = Path::new("/srv/chat and files: to {} go");
        let denied = || std::io::Error::from_raw_os_error(13);
        let used = cause!("the data folder {} is not usable: {}", &folder.display(), denied());
        assert_eq!(cause(Words::Chinese, &used), "数据目录 /srv/chat and files: to {} go 不可用：没有权限");
        assert_eq!(
            cause(Words::English, &used),
            "the data folder /srv/chat and files: to {} go is not usable: Permission denied (os error 13)"
        );
        let own =
            cause!("cannot read {}: {}", "a", std::io::Error::other("stream did not contain valid UTF-8"));
        assert_eq!(cause(Words::Chinese, &own), "无法读取 a：stream did not contain valid UTF-8");
        let inner = cause!("{}: {}", "Permission denied (os error 13)", cause!("it has no query"));
        assert_eq!(cause(Words::Chinese, &inner), "Permission denied (os error 13)：不能带查询参数");
    }

    #[test]
    fn why_a_configuration_is_refused_is_told_in_chinese() {
        let config = [
            "[server]\nlisten = \"nowhere\"",
            "[server]\nsign_up = \"some\"",
            "[server]\nnames = [\"no host\"]",
            "[server]\nlisten = 3",
            "[server]\nlisen = \"x\"",
            "[server]\ncertificate = \"x\"",
            "[accounts]\nemail = \"required\"",
            "[accounts]\nargon2_memory_kib = 64\nargon2_parallelism = 16",
            "[mail]\nserver = \"smtp://localhost\"",
            "[words]\nengine = \"apertium\"",
            "[logs]\nlevel = \"a=b=c\"",
            "[transport]\nidle_timeout_ms = 10000\nkeep_alive_ms = 9000",
        ];
        for text in config {
            let error = crate::config::Config::from_toml(text).unwrap_err();
            let told = cause(Words::Chinese, &error);
            assert!(is_chinese(&told) && !told.contains("expected"), "{text}: {error}: {told}");
        }
        let error =
            crate::config::Config::from_toml("[server]\nlisten = 3 # to and fro, expected: 4").unwrap_err();
        assert_eq!(
            cause(Words::Chinese, &error),
            "TOML 错误，行 2，列 10\n  |\n2 | listen = 3 # to and fro, expected: 4\n  |          ^\n\
             类型错误：整数 `3`，须为字符串"
        );
    }

    #[test]
    fn keys_are_words() {
        assert_eq!(key(Words::English, "last_seen_ms"), "last seen");
        assert_eq!(key(Words::Chinese, "last_seen_ms"), "最近在线");
        assert_eq!(key(Words::Chinese, "from_tomorrow"), "from tomorrow");
    }

    #[test]
    fn every_key_that_admin_prints_is_told_in_chinese() {
        for name in litrocket_cli::objects::admin_keys() {
            let told = key(Words::Chinese, name);
            // These are told without their key, or in a sentence of their own.
            let apart = [
                "handle",
                "message",
                "class",
                "entries",
                "live",
                "content",
                "chunk",
                "name",
                "cause",
                "objects",
                "bytes",
                "noted",
                "damaged",
                "whole",
                "pictures",
                "accepted",
                "size",
                "previews",
                "bad_previews",
                "marked",
                "contents",
                "chunks",
                "damaged",
                "orphans",
                "swept",
            ];
            assert!(apart.contains(&name) || !told.is_ascii(), "{name} has no Chinese in src/sentences.rs");
        }
    }
}
