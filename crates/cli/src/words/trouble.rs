//! What goes wrong between this program, a server and the disk, in both languages.

use indicatif::HumanBytes;
use litrocket_client::Error;

use super::{Words, fault_tables::SENTENCES, faults::chinese};

impl Words {
    /// What else can go wrong between this program and a server.
    pub(crate) fn trouble(self, error: &Error) -> String {
        if let Error::Incomplete { there, size } = error {
            return self.still_coming(HumanBytes(*there), HumanBytes(*size));
        }
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
            Error::Tls(why) => format!("服务器不受信任：{}", untrusted(why)),
            Error::Protocol(why) => format!("服务器违反了协议：{why}"),
            // What later versions of the SDK know.
            other => other.to_string(),
        }
    }

    /// What is wrong with a line of a table.
    pub(crate) fn table(self, error: &csv::Error) -> String {
        match (self, error.kind()) {
            (_, csv::ErrorKind::Io(error)) => self.disk(error),
            (Self::English, csv::ErrorKind::Utf8 { .. }) => "this is not UTF-8".into(),
            (Self::Chinese, csv::ErrorKind::Utf8 { .. }) => "不是 UTF-8".into(),
            _ => error.to_string(),
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
            Kind::ReadOnlyFilesystem => "只读文件系统".into(),
            Kind::StorageFull => "磁盘已满".into(),
            Kind::FileTooLarge => "文件过大".into(),
            Kind::UnexpectedEof => "文件意外结束".into(),
            _ => {
                let said = error.to_string();
                // What is broken inside a picture is told in English alone.
                if said.starts_with("the picture is damaged: ") {
                    return "图片已损坏".into();
                }
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

/// Why a server is not trusted, of what files of certificates and the TLS library say.
fn untrusted(why: &str) -> String {
    if let Some((file, cause)) = why.split_once(" is no CA file: ") {
        let known = [
            ("it holds no certificate", "其中没有证书"),
            ("No such file or directory", "没有这个文件或目录"),
            ("Permission denied", "没有权限"),
            ("Is a directory", "这是一个目录"),
            ("base64 decode error", "内容已损坏"),
            ("section", "内容已损坏"),
        ];
        let known = known.iter().find(|(english, _)| cause.contains(english));
        return format!("{file} 不是 CA 文件：{}", known.map_or(cause, |(_, chinese)| *chinese));
    }
    let known = [
        ("UnknownIssuer", "其证书不是由所信任的 CA 签发的"),
        ("unknown issuer", "其证书不是由所信任的 CA 签发的"),
        ("not valid for name", "其证书不用于此主机名"),
        ("NotValidForName", "其证书不用于此主机名"),
        ("expired", "其证书已过期"),
        ("Expired", "其证书已过期"),
        ("not valid yet", "其证书尚未生效"),
        ("NotValidYet", "其证书尚未生效"),
        ("peer doesn't support any known protocol", "它不支持此协议"),
        ("no application protocol", "它不支持此协议"),
    ];
    let known = known.iter().find(|(english, _)| why.contains(english));
    known.map_or_else(|| why.to_owned(), |(_, chinese)| (*chinese).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::faults::tests::is_chinese;

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
    fn what_the_client_finds_wrong_with_files_is_told_in_chinese() {
        let client = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/src");
        let mut found = 0;
        for file in ["voice.rs", "files/clean.rs"] {
            let text = std::fs::read_to_string(client.join(file)).unwrap();
            for said in text.split("refused(\"").skip(1).map(|part| part.split('"').next().unwrap()) {
                found += 1;
                let error = std::io::Error::new(std::io::ErrorKind::InvalidData, said);
                assert!(is_chinese(&Words::Chinese.disk(&error)), "SENTENCES lacks {said:?}");
            }
        }
        assert!(found > 5, "the client says nothing: {found}");
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
            Error::Incomplete { there: 1, size: 2 },
            Error::Tls(String::new()),
            Error::Protocol(String::new()),
        ] {
            assert!(is_chinese(&Words::Chinese.trouble(&error)), "{error}");
            assert!(!is_chinese(&Words::English.trouble(&error)), "{error}");
        }
    }
}
