//! Refusals in both languages. English is the server's own sentence; Chinese is found by it, or by its code.

use litrocket_client::Error;
use litrocket_protocol::Fault;

use super::Words;

/// Every code of the protocol.
const CODES: &[(&str, &str)] = &[
    ("bad_frame", "数据帧无法解析。"),
    ("unknown_request", "此服务器不认识该请求。"),
    ("unknown_stream", "此服务器不认识该类型的流。"),
    ("unsupported_version", "此服务器不支持该协议版本。"),
    ("hello_first", "连接上的第一个请求必须是 hello。"),
    ("hello_again", "此连接已发送过 hello。"),
    ("not_signed_in", "请先登录。"),
    ("already_signed_in", "此连接已登录。"),
    ("bad_token", "会话已结束，请重新登录。"),
    ("wrong_credentials", "用户名或密码错误。"),
    ("rate_limited", "请求过多，请稍后再试。"),
    ("too_many_connections", "此账号的连接数已达上限。"),
    ("busy", "服务器繁忙，请稍后再试。"),
    ("unavailable", "服务器目前无法保存任何内容，未做任何更改。"),
    ("going_away", "服务器即将离线。"),
    ("internal", "服务器出错。"),
    ("timed_out", "请求超时。"),
    ("cancelled", "请求已取消。"),
    ("too_long", "内容过长。"),
    ("too_many", "数量过多。"),
    ("bad_value", "此处不允许该值。"),
    ("not_found", "不存在。"),
    ("forbidden", "你无权这样做。"),
    ("bad_handle", "该名称不能用作用户名。"),
    ("handle_taken", "该用户名已被使用。"),
    ("bad_password", "密码长度必须为 8 到 1024 字节。"),
    ("sign_up_closed", "此服务器不接受新账号。"),
    ("bad_invite", "邀请码无效、已用完或已过期。"),
    ("id_conflict", "该编号已用于其他内容。"),
    ("fenced", "此会话中更早的消息必须先发送。"),
    ("cursor_ahead", "游标超过了会话的末尾。"),
    ("not_a_member", "你已不在此会话中。"),
    ("owner_stays", "群主须最后离开，或先转让群组。"),
    ("group_full", "群组人数已满。"),
    ("not_a_group", "此操作仅适用于群组。"),
    ("bad_kind", "客户端不能发送此类事件。"),
    ("bad_target", "所指的消息不存在，或不允许此操作。"),
    ("not_yours", "只有发送者可以这样做。"),
    ("nothing_to_search", "没有可搜索的字母、数字或汉字。"),
    ("no_engine", "此服务器没有翻译引擎。"),
    ("engine_failed", "翻译引擎没有响应。"),
    ("no_translation", "翻译引擎不支持这两种语言之间的翻译。"),
    ("language_unknown", "无法识别文本的语言。"),
    ("not_accepting", "对方不接受你的此项请求。"),
    ("you_blocked", "你已拉黑此人。"),
    ("too_many_strangers", "今天联系的陌生人已达上限。"),
    ("no_preview", "没有缩略图。"),
    ("bad_picture", "这不是可显示的图片：请使用 PNG、JPEG、WebP 或 GIF。"),
    ("bad_voice", "这不是语音录音：请使用 Ogg 格式的 Opus，最长十分钟、4 MiB。"),
    ("file_too_large", "文件超过此服务器的上限。"),
    ("quota_exceeded", "你的文件空间已满，请先删除一些。"),
    ("storage_full", "服务器目前没有存放文件的空间。"),
    ("wrong_hash", "内容与声明的哈希不符。"),
    ("file_gone", "文件已不再保留。"),
    ("file_damaged", "服务器上保存的文件已损坏。"),
    ("name_taken", "已有同名的内容。"),
    ("folder_not_empty", "文件夹不为空。"),
    ("no_mail", "此服务器不发送邮件。"),
    ("email_needed", "此服务器的账号需要邮箱。"),
    ("email_taken", "该邮箱已被另一账号使用。"),
    ("bad_code", "验证码错误、已使用或已过期。"),
    ("account_locked", "管理员已锁定此账号。"),
    ("account_closing", "此账号已申请注销，目前仍可撤销。"),
    ("muted", "你在此群中被暂时禁言。"),
    ("not_allowed", "此群不允许你发送该内容。"),
    ("slow_mode", "此群已开启慢速模式：请稍候再发下一条。"),
];

/// Sentences of the server that say more than their code.
const SENTENCES: &[(&str, &str)] = &[
    ("this is no ordinary file: it is a pipe, a device or the like", "这不是普通文件：它是管道、设备等"),
    (
        "this is no ordinary file: it does not end where it says, as what a system makes up when it is read",
        "这不是普通文件：内容与所报长度不符，可能由系统即时生成",
    ),
    ("A reaction is one emoji.", "回应只能是一个表情。"),
    ("A tag is empty.", "标签不能为空。"),
    ("An operator announced the end of this account.", "管理员已申请注销此账号。"),
    ("Folders are at the top.", "文件夹只能在顶层。"),
    ("Name a language by its tag, for example en or zh-CN.", "请用语言代码，例如 en 或 zh-CN。"),
    ("Name a word.", "请给出一个词。"),
    ("Only operators make invites.", "只有管理员可以创建邀请码。"),
    ("Only text and files can be forwarded.", "只能转发文本和文件。"),
    ("Only text can be edited.", "只能编辑文本消息。"),
    ("Only the owner and administrators may do this.", "只有群主和管理员可以这样做。"),
    ("Only the owner may do this.", "只有群主可以这样做。"),
    ("Only the owner sets permissions.", "只有群主可以设置权限。"),
    ("Signing up here needs an invite.", "在此注册需要邀请码。"),
    ("That is how it is already.", "已经是这样了。"),
    ("That is you.", "那是你自己。"),
    ("That is you: leave the group instead.", "那是你自己：请改用退出群组。"),
    ("The text is empty.", "文本为空。"),
    ("Their role is not below yours.", "对方的身份不低于你。"),
    ("There is no room left for files of this group.", "此群的文件空间已满。"),
    ("There is nothing to translate.", "没有可翻译的内容。"),
    ("This must not be empty.", "此项不能为空。"),
    ("Use female, male, other or nothing.", "请使用 female、male、other 或留空。"),
    ("Use zh, en or nothing.", "请使用 zh、en 或留空。"),
    ("Write something.", "请写点内容。"),
    (
        "record WAV with 16 bits and one or two channels, or Opus in Ogg",
        "请用 16 位单声道或双声道的 WAV，或 Ogg 格式的 Opus",
    ),
    (
        "Write a day from 1900 to 9999 as YYYY-MM-DD, for example 1990-05-17.",
        "请按 YYYY-MM-DD 写 1900 至 9999 年间的日期，例如 1990-05-17。",
    ),
    ("Your request was refused.", "你的申请已被拒绝。"),
    ("A mention lies outside the text.", "提及的位置超出了文本。"),
    ("Cursors come before live; seek afterwards.", "游标须在 live 之前给出；之后请用 seek。"),
    ("Live was said already.", "已经发送过 live。"),
    ("Name a handle or an account, not both.", "请只给出用户名或账号编号之一。"),
    ("Name before or after, not both.", "before 与 after 只能给一个。"),
    ("Name email and email_code, or handle and recovery_code.", "请给出邮箱与验证码，或用户名与恢复码。"),
    ("Replies that you do not read wait already.", "已有未读取的应答在等待。"),
    ("Say something.", "请写点内容。"),
    ("There is no such invite.", "没有这个邀请码。"),
    ("There is no such report.", "没有这个举报。"),
    ("This kind needs a fallback text.", "此类事件需要替代文本。"),
    ("Use 160 or 640.", "请用 160 或 640。"),
    ("Use 64, 256 or 640.", "请用 64、256 或 640。"),
    ("a request stream without a request", "请求流中没有请求"),
    ("the name is empty", "名称不能为空"),
    ("the name is too short", "名称过短"),
    ("the name is too long", "名称过长"),
    ("a character is not allowed in the name", "名称中有不允许的字符"),
    ("the name must start with a letter or a digit", "名称须以字母或数字开头"),
    ("the name mixes scripts that do not belong together", "名称混用了不相配的文字"),
    ("the name is reserved", "该名称已被保留"),
];

/// Fields of requests, as people call them.
const FIELDS: &[(&str, &str, &str)] = &[
    ("account", "person", "用户"),
    ("accounts", "people", "人数"),
    ("administrators", "administrators", "管理员"),
    ("alts", "words for pictures", "图片说明"),
    ("banned", "banned people", "被封禁的人"),
    ("birthday", "birthday", "生日"),
    ("blocked", "blocked people", "拉黑的人"),
    ("conversations", "conversations", "会话"),
    ("description", "description", "简介"),
    ("display_name", "display name", "显示名"),
    ("email", "e-mail address", "邮箱"),
    ("emoji", "emoji", "表情"),
    ("example", "example", "例句"),
    ("for_ms", "for how long", "时长"),
    ("friends", "friends", "好友"),
    ("handle", "account name", "用户名"),
    ("hidden", "hidden people", "屏蔽的人"),
    ("label", "device name", "设备名"),
    ("likes", "likes", "赞"),
    ("limit", "how many", "数量"),
    ("links", "links", "链接"),
    ("locale", "language", "语言"),
    ("meaning", "meaning", "释义"),
    ("message", "message", "附言"),
    ("moments", "moments of a day", "每日动态"),
    ("name", "name", "名称"),
    ("new", "new password", "新密码"),
    ("nickname", "nickname", "群昵称"),
    ("note", "note", "备注"),
    ("password", "password", "密码"),
    ("people", "people", "人"),
    ("pictures", "pictures", "图片"),
    ("pins", "pins", "置顶消息"),
    ("reading", "reading", "读音"),
    ("remark", "remark", "备注名"),
    ("requests", "open requests", "待处理的申请"),
    ("sex", "sex", "性别"),
    ("signature", "signature", "签名"),
    ("slow_ms", "between two messages", "发言间隔"),
    ("tags", "tags", "标签"),
    ("text", "text", "文本"),
    ("uses", "uses", "次数"),
    ("valid_ms", "valid for", "有效期"),
    ("word", "word", "词"),
    ("words", "words", "词"),
];

fn chinese(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == key).map(|(_, chinese)| *chinese)
}

impl Words {
    /// A refusal as a sentence, with what was too long or too many, and how much there may be.
    pub(crate) fn refusal(self, fault: &Fault) -> String {
        let sentence = match self {
            Self::English => fault.message.clone(),
            Self::Chinese => match (chinese(SENTENCES, &fault.message), chinese(CODES, &fault.code)) {
                (Some(sentence), _) => sentence.to_owned(),
                (None, Some(sentence)) if is_standard(fault) => sentence.to_owned(),
                (None, Some(sentence)) => format!("{sentence}（{}）", fault.message),
                (None, None) => fault.message.clone(),
            },
        };
        let bounded = ["too_long", "too_many", "bad_value", "file_too_large", "quota_exceeded", "group_full"];
        let field = fault.field.as_deref().filter(|_| bounded[..3].contains(&&*fault.code));
        let limit = fault.limit.filter(|_| bounded.contains(&&*fault.code));
        let named = field.map(|field| self.field(field).unwrap_or(field));
        let most = limit.map(|limit| match field {
            Some(field) if field.ends_with("_ms") => self.duration(limit),
            _ => limit.to_string(),
        });
        match (self, named, most) {
            (_, None, None) => sentence,
            (Self::English, Some(field), None) => format!("{sentence} ({field})"),
            (Self::English, None, Some(limit)) => format!("{sentence} (at most {limit})"),
            (Self::English, Some(field), Some(limit)) => format!("{sentence} ({field}: at most {limit})"),
            (Self::Chinese, Some(field), None) => format!("{sentence}（{field}）"),
            (Self::Chinese, None, Some(limit)) => format!("{sentence}（最多 {limit}）"),
            (Self::Chinese, Some(field), Some(limit)) => format!("{sentence}（{field}：最多 {limit}）"),
        }
    }

    /// What a server says of a refusal by its code and its own sentence.
    #[must_use]
    pub fn told(self, code: &str, message: &str) -> String {
        if let (Self::Chinese, Some(name)) = (self, message.strip_prefix("There is no account ")) {
            return format!("没有账号 {}。", name.trim_end_matches('.'));
        }
        let known = chinese(SENTENCES, message).or_else(|| chinese(CODES, code));
        match (self, known) {
            // What is said in Chinese already says more.
            (Self::Chinese, Some(chinese)) if message.is_ascii() => chinese.to_owned(),
            _ => message.to_owned(),
        }
    }

    /// What people call a field of a request; those whose name says it already keep it.
    fn field(self, field: &str) -> Option<&'static str> {
        let (_, english, chinese) = FIELDS.iter().find(|(known, ..)| *known == field)?;
        match self {
            Self::English => Some(english),
            Self::Chinese => Some(chinese),
        }
    }

    /// Milliseconds in the largest unit that divides them.
    fn duration(self, ms: u64) -> String {
        let units = [(86_400_000, "days", "天"), (3_600_000, "hours", "小时"), (60_000, "minutes", "分钟")];
        let unit = units.iter().find(|(length, ..)| ms > 0 && ms.is_multiple_of(*length));
        let (length, english, chinese) = unit.unwrap_or(&(1000, "seconds", "秒"));
        match self {
            Self::English => format!("{} {english}", ms / length),
            Self::Chinese => format!("{} {chinese}", ms / length),
        }
    }

    /// What else can go wrong between this program and a server.
    pub(crate) fn trouble(self, error: &Error) -> String {
        if self == Self::English {
            return match error {
                Error::Fault(fault) => self.refusal(fault),
                other => other.to_string(),
            };
        }
        match error {
            Error::Fault(fault) => self.refusal(fault),
            Error::Unreachable(why) => format!("无法连接服务器：{}", unreachable(why)),
            Error::TimedOut => "服务器响应超时".into(),
            Error::Closed => "客户端已关闭".into(),
            Error::ServerChanged => "现在应答的是另一台服务器：内容未发送".into(),
            Error::NotSignedIn => "尚未登录".into(),
            Error::Store(error) => format!("状态文件不可用：{}", self.disk(error)),
            Error::File(error) => format!("文件不可用：{}", self.disk(error)),
            Error::Tls(why) => format!("服务器不受信任：{why}"),
            Error::Protocol(why) => format!("服务器违反了协议：{why}"),
        }
    }

    /// What the system says of a file.
    pub(crate) fn disk(self, error: &std::io::Error) -> String {
        use std::io::ErrorKind as Kind;
        if self == Self::English {
            return error.to_string();
        }
        match error.kind() {
            Kind::NotFound => "没有这个文件或目录".into(),
            Kind::PermissionDenied => "没有权限".into(),
            Kind::AlreadyExists => "已经存在".into(),
            Kind::IsADirectory => "这是一个目录".into(),
            Kind::NotADirectory => "这不是目录".into(),
            Kind::StorageFull => "磁盘已满".into(),
            Kind::FileTooLarge => "文件过大".into(),
            Kind::UnexpectedEof => "文件意外结束".into(),
            _ => {
                let said = error.to_string();
                chinese(SENTENCES, &said).map_or(said, str::to_owned)
            }
        }
    }
}

/// Why a server is not reached, of what this program finds by itself; what the system says of it stays as it is.
fn unreachable(why: &str) -> String {
    if let Some(address) = why.strip_prefix("no answer from ") {
        return match address.split_once(" within ") {
            Some((address, time)) => format!("{address} 在 {time} 内没有响应"),
            None => format!("{address} 没有响应"),
        };
    }
    if let Some((host, cause)) = why.split_once(" is not known: ") {
        return format!("找不到主机 {host}：{cause}");
    }
    if let Some(host) = why.strip_suffix(" has no address") {
        return format!("主机 {host} 没有地址");
    }
    let known = [
        ("the server does not answer", "服务器没有响应"),
        ("the server stored nothing", "服务器没有保存任何内容"),
        ("no connection to the server", "没有与服务器的连接"),
        ("the connection is lost", "连接已断开"),
        ("the stream ended early", "数据流提前结束"),
        ("hello was given up", "握手已放弃"),
        ("timed out", "超时"),
    ];
    chinese(&known, why).map_or_else(|| why.to_owned(), str::to_owned)
}

/// Whether a fault says no more than its code.
pub(crate) fn is_standard(fault: &Fault) -> bool {
    use litrocket_protocol::fault::code::ALL;
    ALL.iter().any(|code| code.name == fault.code && code.message == fault.message)
}

#[cfg(test)]
mod tests {
    use litrocket_protocol::{fault::code, names::NameError as Why};

    use super::*;

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn every_code_has_a_sentence_in_both_languages() {
        for code in code::ALL {
            let fault = Fault::new(*code);
            assert_eq!(Words::English.refusal(&fault), code.message);
            assert!(is_chinese(&Words::Chinese.refusal(&fault)), "{} has no Chinese", code.name);
        }
        for (known, chinese) in CODES {
            assert!(code::ALL.iter().any(|code| code.name == *known), "there is no code {known}");
            assert!(is_chinese(chinese));
        }
    }

    #[test]
    fn every_sentence_of_the_server_has_its_chinese() {
        let features = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/features");
        let (mut folders, mut found) = (vec![features], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = std::fs::read_to_string(&path) {
                    for part in text.split(".message(\"").skip(1) {
                        let said = part.split('"').next().unwrap();
                        found += 1;
                        assert!(
                            chinese(SENTENCES, said).is_some(),
                            "SENTENCES lacks {said:?}, which {} says",
                            path.display()
                        );
                    }
                }
            }
        }
        assert!(found > 20, "the server says nothing: {found}");
        for why in [
            Why::Empty,
            Why::TooShort,
            Why::TooLong,
            Why::BadCharacter,
            Why::BadStart,
            Why::MixedScripts,
            Why::Reserved,
        ] {
            assert!(chinese(SENTENCES, &why.to_string()).is_some(), "{why}");
        }
    }

    #[test]
    fn why_a_server_is_not_reached_is_told_in_chinese() {
        for (why, told) in [
            ("no answer from 127.0.0.1:1", "127.0.0.1:1 没有响应"),
            ("no answer from [::1]:1 within 3s", "[::1]:1 在 3s 内没有响应"),
            ("nowhere is not known: failed", "找不到主机 nowhere：failed"),
            ("the connection is lost", "连接已断开"),
        ] {
            let error = Error::Unreachable(why.into());
            assert_eq!(Words::Chinese.trouble(&error), format!("无法连接服务器：{told}"));
        }
    }

    #[test]
    fn a_refusal_says_what_there_is_too_much_of() {
        let long = Fault::new(code::TOO_LONG).field("name").limit(255);
        assert_eq!(Words::English.refusal(&long), "The value is too long. (name: at most 255)");
        assert_eq!(Words::Chinese.refusal(&long), "内容过长。（名称：最多 255）");
        let days = Fault::new(code::BAD_VALUE).field("valid_ms").limit(365 * 86_400_000);
        assert!(Words::English.refusal(&days).ends_with("(valid for: at most 365 days)"));
        assert!(Words::Chinese.refusal(&days).ends_with("（有效期：最多 365 天）"));
        let said = Fault::new(code::BAD_VALUE).message("Write something.");
        assert_eq!(Words::Chinese.refusal(&said), "请写点内容。");
        let new = Fault::new(code::FORBIDDEN).message("Not on a Sunday.");
        assert_eq!(Words::Chinese.refusal(&new), "你无权这样做。（Not on a Sunday.）");
        let unknown = Fault { code: "from_tomorrow".into(), ..Fault::new(code::BUSY).message("Soon.") };
        assert_eq!(Words::Chinese.refusal(&unknown), "Soon.");
    }

    #[test]
    fn every_other_trouble_is_told_in_chinese() {
        let io = || std::io::Error::from(std::io::ErrorKind::NotFound);
        for error in [
            Error::Unreachable(String::new()),
            Error::TimedOut,
            Error::Closed,
            Error::ServerChanged,
            Error::NotSignedIn,
            Error::Store(io()),
            Error::File(io()),
            Error::Tls(String::new()),
            Error::Protocol(String::new()),
        ] {
            assert!(is_chinese(&Words::Chinese.trouble(&error)), "{error}");
            assert!(!is_chinese(&Words::English.trouble(&error)), "{error}");
        }
    }
}
