//! What the server's own commands say to people, in English and Chinese.

use litrocket_cli::Words;

/// The English or the Chinese words.
pub const fn say(words: Words, english: &'static str, chinese: &'static str) -> &'static str {
    match words {
        Words::English => english,
        Words::Chinese => chinese,
    }
}

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
