//! What the server's own commands say to people, in English and Chinese.

use litrocket_cli::Words;

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

/// Why the server does not start or a configuration is refused, in the language that is spoken. The names of settings,
/// files and addresses in it stay as they are, and what a library says of its own.
pub fn cause(words: Words, english: &str) -> String {
    if words == Words::English {
        return english.to_owned();
    }
    CAUSES.iter().fold(english.to_owned(), |text, (english, chinese)| text.replace(english, chinese))
}

/// Parts of such sentences, in the order in which they are looked for.
const CAUSES: &[(&str, &str)] = &[
    (
        " is not usable: another server uses it; stop that one or name another folder with --data",
        " 不可用：另一个服务器正在使用；请停止它，或用 --data 指定其他目录",
    ),
    (
        "; another program listens there: stop it, or name another address with --listen",
        "：另一程序正在监听；请停止它，或用 --listen 指定其他地址",
    ),
    ("the data folder ", "数据目录 "),
    ("the folder of files ", "文件目录 "),
    ("cannot listen on ", "无法监听 "),
    ("the certificate is not usable", "证书不可用"),
    ("the server certificate cannot be made", "无法创建服务器证书"),
    ("the CA cannot be made", "无法创建 CA"),
    ("the runtime does not start", "无法启动运行环境"),
    (" is not usable: ", " 不可用："),
    (" cannot be read: ", " 无法读取："),
    (" is not a setting; the nearest: ", " 不是设置项；最接近的："),
    (" is not a setting; ", " 不是设置项；"),
    ("all settings: litrocket config", "所有设置：litrocket config"),
    ("unknown field ", "没有设置项 "),
    ("; the nearest: ", "；最接近的："),
    (
        " is not an address with a port, for example 127.0.0.1:4433 or [::]:4433",
        " 不是带端口的地址，例如 127.0.0.1:4433 或 [::]:4433",
    ),
    (" is not allowed; use one of ", " 不允许；请用 "),
    (" is not allowed; use ", " 不允许；请用 "),
    (" to ", " 至 "),
    (
        "accounts.email is required: name a mail.server that sends the codes",
        "accounts.email 为 required：请用 mail.server 指定发送验证码的服务器",
    ),
    (
        "mail.server and mail.from belong together: name the sender",
        "mail.server 与 mail.from 须同时设置：请指定发件人",
    ),
    (" belong together: set both or none", " 须同时设置或都不设置"),
    (" is no filter", " 不是有效的级别"),
    (
        "; use error, warn, info, debug or trace, or targets with levels such as info,litrocket=debug",
        "；请用 error、warn、info、debug 或 trace，或带级别的目标，例如 info,litrocket=debug",
    ),
    (
        " is neither a host name (letters, digits, '-' and '.') nor an IP address",
        " 既不是主机名（字母、数字、- 和 .），也不是 IP 地址",
    ),
    (" must be at most half of ", " 最多为一半："),
    (" must be at least 8 times ", " 须至少为 8 倍："),
    (" is outside ", " 不在范围内："),
    (" and ", " 与 "),
    ("Address already in use (os error 98)", "地址已被占用"),
    ("Cannot assign requested address (os error 99)", "本机没有该地址"),
    ("Permission denied (os error 13)", "没有权限"),
    ("No such file or directory (os error 2)", "没有这个文件或目录"),
    ("File exists (os error 17)", "已经存在"),
    ("Is a directory (os error 21)", "这是一个目录"),
    ("Not a directory (os error 20)", "这不是目录"),
    ("Read-only file system (os error 30)", "只读文件系统"),
    ("No space left on device (os error 28)", "磁盘已满"),
    ("TOML parse error at line ", "TOML 错误，行 "),
    (", column ", "，列 "),
    ("invalid type: ", "类型错误："),
    (", expected ", "，须为 "),
    (" is not a integer", " 不是整数"),
    (" is not a boolean", " 不是 true 或 false"),
    (": ", "："),
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
    ("closing", "注销于"),
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
    ("id", "编号"),
    ("label", "设备"),
    ("last_seen", "最近在线"),
    ("last_used", "上次使用"),
    ("locked", "锁定"),
    ("log_bytes", "日志字节数"),
    ("made_by", "创建者"),
    ("mails_waiting", "待发邮件"),
    ("moment", "动态"),
    ("operator", "管理员"),
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
    use super::*;

    #[test]
    fn why_a_server_does_not_start_is_told_in_chinese() {
        let used = "the data folder ./data is not usable: another server uses it; stop that one or name another folder \
                    with --data";
        assert_eq!(
            cause(Words::Chinese, used),
            "数据目录 ./data 不可用：另一个服务器正在使用；请停止它，或用 --data 指定其他目录"
        );
        assert_eq!(cause(Words::English, used), used);
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
            let error = crate::config::Config::from_toml(text).unwrap_err().to_string();
            let told = cause(Words::Chinese, &error);
            let chinese = told.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(chinese && !told.contains("expected one of"), "{text}: {error}: {told}");
        }
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
            assert!(apart.contains(&name) || !told.is_ascii(), "{name} has no Chinese in src/said.rs");
        }
    }
}
