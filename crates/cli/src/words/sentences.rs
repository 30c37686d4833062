//! Sentences with names and numbers in them, in both languages.

use std::fmt::Display;

use super::Words;

macro_rules! sentences {
    ($($name:ident($($part:ident),*): $english:literal, $chinese:literal;)*) => {
        impl Words {
            $(
                pub(crate) fn $name(self, $($part: impl Display),*) -> String {
                    match self {
                        Self::English => format!($english),
                        Self::Chinese => format!($chinese),
                    }
                }
            )*
        }
    };
}

sentences! {
    // What was asked for and is not there.
    nobody_called(name): "There is nobody called @{name}.", "没有名为 @{name} 的人。";
    no_conversation(number): "There is no conversation {number}, or it is not yours to read.", "没有会话 {number}，或你无权查看。";
    no_message(number, place): "There is no message {number} in {place} that you could do this with.", "{place} 中没有可这样操作的消息 {number}。";
    no_file_number(number): "There is no file {number}, or it is not yours to read.", "没有文件 {number}，或你无权读取。";
    gone_file(number): "File {number} is not kept any more: it was removed, or its time is over.", "文件 {number} 已不再保留：已被删除或已过期。";
    no_entry(entry, place): "There is no file or folder {entry} among those of {place}.", "{place} 的群文件中没有 {entry}。";
    no_moment(number): "There is no moment {number}, or it is not for you to see.", "没有动态 {number}，或你无权查看。";
    no_comment(number, moment): "There is no comment {number} on the moment {moment}.", "动态 {moment} 下没有评论 {number}。";
    no_device(number): "There is no device {number}: see litrocket devices", "没有设备 {number}：请看 litrocket devices";
    no_face(whose): "{whose} has no face.", "{whose} 没有头像。";
    no_request_of(name): "There is no open request with @{name}.", "与 @{name} 之间没有待处理的申请。";
    no_member(name, group): "@{name} is not in {group}, or has not asked to be.", "@{name} 不在 {group} 中，也没有申请加入。";
    no_link(number, group): "{group} has no link {number}: see litrocket group link list", "{group} 没有链接 {number}：请看 litrocket group link list";
    no_friend(name): "@{name} is not among your friends.", "@{name} 不是你的好友。";
    no_such_group(group): "There is no group {group} to join, or the link is no longer good.", "没有可加入的群 {group}，或链接已失效。";
    no_group(name): "You are in no group named #{name}: see litrocket group list", "你不在名为 #{name} 的群里：请看 litrocket group list";
    no_such_folder(name): "There is no folder {name}.", "没有文件夹 {name}。";
    no_own_word(word): "You have no own word {word}: see litrocket word list", "没有自己的词 {word}：请看 litrocket word list";
    no_entry_number(word, number): "{word} has no entry {number}: see litrocket word look {word}", "{word} 没有第 {number} 条：请看 litrocket word look {word}";
    // What can be meant in several ways.
    several_groups(name, numbers): "Several groups are named #{name}: use a number, {numbers}", "有多个名为 #{name} 的群：请用编号 {numbers}";
    several_own_words(word, ids): "Several own words are {word}: use an id, {ids}", "有多个自己的词 {word}：请用编号 {ids}";
    several_entries(name, numbers): "Several are called {name}: use a number, {numbers}", "有多个名为 {name} 的文件：请用编号 {numbers}";
    // What was typed and does not work.
    nobody_meant(to): "\"{to}\" is nobody: write @name, #group, @me or a conversation's number", "无法识别“{to}”：请写 @用户名、#群名、@me 或会话编号";
    no_profile(name): "\"{name}\" cannot be a profile: use letters, digits, - and _", "“{name}”不能用作配置名：请用字母、数字、- 和 _";
    damaged_profile(file, why): "{file} is damaged ({why}): remove it", "{file} 已损坏（{why}）：请删除它";
    bad_address(text): "\"{text}\" is no address: write HOST:PORT or litrocket://HOST:PORT?ca=sha256-…", "“{text}”不是有效地址：请写 主机:端口 或 litrocket://主机:端口?ca=sha256-…";
    not_a_file(path): "{path} is no file", "{path} 不是文件";
    bad_file(path, why): "{path}: {why}", "{path}：{why}";
    bad_words_file(file, columns): "{file}: the first line names the columns: {columns}", "{file}：第一行须为列名：{columns}";
    confirm_must_be(name): "--confirm must be {name}: the account that is signed in", "--confirm 必须是当前登录的账号 {name}";
    not_a_permission(what): "\"{what}\" is no permission: write THING=ROLE with write, invite, pin, announce, remove, upload, everybody or start, and owner, administrator or member", "“{what}”不是有效权限：请写 事项=身份，事项为 write、invite、pin、announce、remove、upload、everybody 或 start，身份为 owner、administrator 或 member";
    no_sound(programs): "No program for sound is here. Install one of: {programs}", "没有可用的声音程序，请安装其中之一：{programs}";
    line_is_not_utf8(number): "Line {number} is not UTF-8: it was not sent, nor was what follows.", "第 {number} 行不是 UTF-8：该行及其后的内容均未发送。";
    // What was done.
    closing(name): "The account will be deleted in 7 days. Until then: litrocket account restore {name}", "账号将在 7 天后注销。在此之前可撤销：litrocket account restore {name}";
    sent_file(file, to): "sent {file} to {to}", "已将 {file} 发送给 {to}";
    moved_into(name, folder): "{name} is in {folder} now", "{name} 已移到 {folder}";
    moved_to_top(name): "{name} is at the top now", "{name} 已移到顶层";
    deleted_entry(name): "Deleted: {name}", "已删除：{name}";
    words_at(number): "(changed, see {number})", "（已修改，见 {number}）";
    edited_again(number, later): "edited {number}, and again in {later}", "编辑了 {number}，之后在 {later} 再次修改";
    // What a group is set to.
    group_about(text): "about: {text}", "简介：{text}";
    group_slow(seconds): "{seconds} s between two messages of a member", "成员发言间隔 {seconds} 秒";
    group_may(thing, role): "{thing}: {role}", "{thing}：{role}";
}

impl Words {
    /// What a permission lets people do.
    pub(crate) fn thing(self, thing: &str) -> String {
        let chinese = match thing {
            "write" => "发言",
            "invite" => "邀请",
            "pin" => "置顶",
            "announce" => "发布公告",
            "remove" => "移除成员和消息",
            "upload" => "上传文件",
            "everybody" => "提及所有人",
            "start" => "发起共享和通话",
            other => other,
        };
        let english = match thing {
            "remove" => "remove members and messages",
            "upload" => "send files",
            "everybody" => "mention everybody",
            "start" => "start sharing and calls",
            other => other,
        };
        match self {
            Self::English => format!("may {english}"),
            Self::Chinese => chinese.to_owned(),
        }
    }
}
