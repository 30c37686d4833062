//! Sentences with names and numbers in them, in both languages.

use std::fmt::Display;

use super::Words;
use crate::hints::pasted;

macro_rules! sentences {
    ($($name:ident($($part:ident),*): $english:literal, $chinese:literal;)*) => {
        impl Words {
            $(
                pub(crate) fn $name(self, $($part: impl Display),*) -> String {
                    let said = match self {
                        Self::English => format!($english),
                        Self::Chinese => format!($chinese),
                    };
                    if $english.contains("litrocket ") { pasted(&said) } else { said }
                }
            )*
        }
    };
}

sentences! {
    // What was asked for and is not there.
    no_account(number): "There is no account {number}. Somebody whose name is a number is @{number}.", "没有编号为 {number} 的账号。用户名为数字的人请写 @{number}。";
    never_talked(to): "There is no conversation with {to} yet: litrocket send \u{1}{to}\u{1} \"hello\"", "与 {to} 还没有会话：litrocket send \u{1}{to}\u{1} \"你好\"";
    nobody_called(name): "There is nobody called @{name}.", "没有名为 @{name} 的人。";
    no_conversation(number): "There is no conversation {number}, or it is not yours to read.", "没有会话 {number}，或你无权查看。";
    no_message(number, place): "There is no message {number} in {place} that you could do this with.", "{place} 中没有可这样操作的消息 {number}。";
    no_file_number(number): "There is no file {number}, or it is not yours to read. Its number is the one in brackets, [file N]: in the message, in litrocket file own, in litrocket file list GROUP.", "没有文件 {number}，或你无权读取。文件编号是方括号中的 [文件 N]：见消息、litrocket file own 或 litrocket file list 群。";
    no_own_file(number): "You have no file {number}: see litrocket file own", "你没有文件 {number}：请看 litrocket file own";
    no_own_upload(number): "You have no upload {number} under way: see litrocket file status", "没有正在进行的上传 {number}：请看 litrocket file status";
    damaged_file(number): "File {number} is damaged on the server; it is whole again when somebody sends the same file again.", "文件 {number} 在服务器上的内容已损坏；有人再次发送同一文件后即可恢复。";
    crop_outside(width, height): "The part to cut out is not inside the picture of {width}×{height} pixels.", "要截取的部分不在 {width}×{height} 像素的图片之内。";
    no_recording(number): "File {number} is no recording: see litrocket file get", "文件 {number} 不是录音：请用 litrocket file get";
    taken_name(path): "{path} is there already: name another file, or add --force if the command has it", "{path} 已经存在：请指定其他文件；命令有 --force 时可加上以覆盖";
    what_it_is(target): "the file of {target} is", "{target} 的文件是";
    gone_file(number): "File {number} is not kept any more: it was removed, or its time is over.", "文件 {number} 已不再保留：已被删除或已过期。";
    file_is_there(number): "The file is on the server as {number}: the same command again does not bring it once more.", "文件已在服务器上，编号 {number}：再次运行同一命令时无需重新上传。";
    file_is_there_until(number, time): "The file is on the server as {number} until {time}: the same command again does not bring it once more.", "文件已在服务器上，编号 {number}，保留至 {time}：再次运行同一命令时无需重新上传。";
    still_coming(there, size): "The sender has brought only {there} of {size} so far: the same command goes on when the rest is there.", "发送者目前只上传了 {size} 中的 {there}：其余内容到达后，再次运行同一命令即可继续。";
    comes_as_it_is_sent(there, size): "The sender has brought {there} of {size} so far: the rest is waited for.", "发送者目前已上传 {size} 中的 {there}，正在等待其余内容。";
    no_entry(entry, place): "There is no file or folder {entry} among those of {place}.", "{place} 的群文件中没有 {entry}。";
    no_moment(number): "There is no moment {number}, or it is not for you to see.", "没有动态 {number}，或你无权查看。";
    no_comment(number, moment): "There is no comment {number} on the moment {moment}.", "动态 {moment} 下没有评论 {number}。";
    no_device(number): "There is no device {number}: see litrocket devices", "没有设备 {number}：请看 litrocket devices";
    no_face(whose): "{whose} has no face.", "{whose} 没有头像。";
    no_request_of(name): "There is no open request with @{name}.", "与 @{name} 之间没有待处理的申请。";
    no_member(name, group): "@{name} is not in {group}, or has not asked to be.", "@{name} 不在 {group} 中，也没有申请加入。";
    no_link(number, group): "{group} has no link {number}: see litrocket group link list \u{1}{group}\u{1}", "{group} 没有链接 {number}：请看 litrocket group link list \u{1}{group}\u{1}";
    not_blocked(name): "You do not block @{name}: see litrocket friend blocked", "你没有拉黑 @{name}：请看 litrocket friend blocked";
    nothing_to_answer(name): "No message of @{name} waits for you to let them in or turn them away.", "没有等待你处理的来自 @{name} 的陌生人消息。";
    not_in(name, group): "@{name} is not in {group}: see litrocket group members \u{1}{group}\u{1}", "@{name} 不在 {group} 中：请看 litrocket group members \u{1}{group}\u{1}";
    you_are_not_in(group): "You are not in {group} any more.", "你已不在 {group} 中。";
    not_muted_there(name, group): "@{name} is not muted in {group}.", "@{name} 在 {group} 中没有被禁言。";
    not_banned(name, group): "@{name} is not banned from {group}: see litrocket group banned \u{1}{group}\u{1}", "@{name} 没有被 {group} 封禁：请看 litrocket group banned \u{1}{group}\u{1}";
    not_pinned(seq, group): "Message {seq} is not pinned in {group}: see litrocket group pins \u{1}{group}\u{1}", "{group} 中没有置顶消息 {seq}：请看 litrocket group pins \u{1}{group}\u{1}";
    not_reacted(emoji, seq, place): "You have not put {emoji} on message {seq} in {place}.", "你没有在 {place} 的消息 {seq} 上放 {emoji}。";
    not_asked(group): "You have no open request to join {group}.", "你没有待处理的加入 {group} 的申请。";
    not_found_by_name(name): "No group #{name} lets itself be found. Look for a part of its name with litrocket group find, or ask a member for an invitation or a link.", "找不到可按名字加入的群 #{name}。可用 litrocket group find 按部分名称查找，或请群成员邀请你或给你链接。";
    not_invited(group): "You are not invited into {group}: see litrocket invitation list", "没有加入 {group} 的邀请：请看 litrocket invitation list";
    not_liked(number): "You do not like moment {number}.", "你没有赞动态 {number}。";
    not_hidden(name): "You do not keep @{name}'s moments out: see litrocket moment hidden", "你没有屏蔽 @{name} 的朋友圈：请看 litrocket moment hidden";
    no_friend(name): "@{name} is not among your friends.", "@{name} 不是你的好友。";
    no_such_group(group): "There is no group {group} to join: it may be gone, or let in only who is invited.", "没有可加入的群 {group}：群可能已解散，或只接受受邀的人。";
    no_group(name): "You are in no group named #{name}: see litrocket group list", "你不在名为 #{name} 的群里：请看 litrocket group list";
    no_such_folder(name): "There is no folder {name}.", "没有文件夹 {name}。";
    no_own_word(word): "You have no word {word} of your own: see litrocket word list", "没有自己的词 {word}：请看 litrocket word list";
    no_entry_number(word, number): "{word} has no entry {number}: see litrocket word look \u{1}{word}\u{1}", "{word} 没有第 {number} 条：请看 litrocket word look \u{1}{word}\u{1}";
    no_page(name): "@{name} has no moments that you may see.", "@{name} 没有你可以看的动态。";
    no_friend_tagged(tag): "No friend has the tag {tag}: see litrocket friend list", "没有标签为 {tag} 的好友：请看 litrocket friend list";
    stranger_wrote(name): "(a stranger: litrocket friend let-in \u{1}@{name}\u{1}, or litrocket friend turn-away \u{1}@{name}\u{1})", "（陌生人：litrocket friend let-in \u{1}@{name}\u{1} 或 litrocket friend turn-away \u{1}@{name}\u{1}）";
    blank_line(count): "{count} blank line was not sent.", "{count} 个空行未发送。";
    blank_lines(count): "{count} blank lines were not sent.", "{count} 个空行未发送。";
    request_waits(conversation): "1 request to join waits: litrocket group requests {conversation}", "1 个加入申请待处理：litrocket group requests {conversation}";
    requests_wait(count, conversation): "{count} requests to join wait: litrocket group requests {conversation}", "{count} 个加入申请待处理：litrocket group requests {conversation}";
    one_more_comment(moment): "1 more comment: litrocket moment show {moment}", "还有 1 条评论：litrocket moment show {moment}";
    more_comments(count, moment): "{count} more comments: litrocket moment show {moment}", "还有 {count} 条评论：litrocket moment show {moment}";
    revoke_device(session): "(litrocket devices --revoke {session})", "（litrocket devices --revoke {session}）";
    accept_invitation(conversation): "(litrocket invitation accept {conversation})", "（litrocket invitation accept {conversation}）";
    recording_kept(to, path): "Stopped: nothing was sent. Send what was recorded: litrocket voice send \u{1}{to}\u{1} \u{1}{path}\u{1}", "已停止，未发送。发送已录内容：litrocket voice send \u{1}{to}\u{1} \u{1}{path}\u{1}";
    // What happened to the server.
    set_back(place, event_seq): "{place}: what came behind event {event_seq} is gone; what is there instead follows.", "{place}：第 {event_seq} 条之后的内容已不存在，现有内容如下。";
    // What can be meant in several ways.
    several_groups(name, list): "Several groups are named #{name}. Use the number of one: {list}", "有多个名为 #{name} 的群，请用其中一个的编号：{list}";
    one_of_several(number, members, time): "{number} ({members}, last message {time})", "{number}（{members}，最后消息 {time}）";
    one_found(number, members): "{number} ({members})", "{number}（{members}）";
    several_own_words(word, ids): "Several of your own words are {word}: use an id, {ids}", "有多个自己的词 {word}：请用编号 {ids}";
    several_entries(name, numbers): "Several are called {name}: use a number, {numbers}", "有多个名为 {name} 的文件：请用编号 {numbers}";
    name_and_number(typed, numbers): "{typed} is a name here, and may be a number: what is called so is {numbers}; what has that number goes by its own name", "{typed} 在此既是名称又可能是编号：名为 {typed} 的请写 {numbers}；编号为 {typed} 的请写其名称";
    several_invitations(name, numbers): "Several groups that you are invited into are named {name}: use a number, {numbers}", "有多个邀请你的群名为 {name}：请用编号 {numbers}";
    person_or_group(name): "\"{name}\" is a person and a group of yours: write @{name} or '#{name}'", "“{name}”既是用户又是你的群：请写 @{name} 或 '#{name}'";
    // What was typed and does not work.
    a_group_please(typed): "{typed} is a person, and this is about a group: write its name ('#name') or number", "{typed} 是用户，而此处需要群：请写群名（'#群名'）或编号";
    a_person_please(name): "#{name} is a group, and this is about a person: write @name", "#{name} 是群，而此处需要用户：请写 @用户名";
    other_server(theirs, ours): "That address is of another server: of {theirs}, and you are signed in at {ours}. Sign in there first, with --profile for a sign-in of its own.", "该地址属于另一服务器 {theirs}，而你登录在 {ours}。请先在那里登录（可用 --profile 另建一个登录）。";
    not_a_language(text): "\"{text}\" is no language of this program: use en or zh", "不支持语言“{text}”：请用 en 或 zh";
    nobody_meant(to): "\"{to}\" is nobody, and no group of yours: write @name, #group, @me or a conversation's number", "无法识别“{to}”：请写 @用户名、#群名、@me 或会话编号";
    no_profile(name): "\"{name}\" cannot be a profile: use letters, digits, - and _", "“{name}”不能用作配置名：请用字母、数字、- 和 _";
    damaged_profile(file, line, column): "{file} is damaged at line {line}, column {column}: remove it and sign in again", "{file} 第 {line} 行第 {column} 列已损坏：请删除它并重新登录";
    bad_profile(path, why): "the profile cannot be kept at {path} ({why}): set XDG_DATA_HOME to a folder that you may write to, or name another profile with --profile", "无法在 {path} 保存配置（{why}）：请将 XDG_DATA_HOME 设为可写的目录，或用 --profile 指定其他配置";
    damaged_words_file(file, line, why): "{file}, line {line}: {why}", "{file} 第 {line} 行：{why}";
    bad_address(text): "\"{text}\" is no address: write HOST:PORT or litrocket://HOST:PORT?ca=sha256-…", "“{text}”不是有效地址：请写 主机:端口 或 litrocket://主机:端口?ca=sha256-…";
    name_is_not_utf8(path): "{path}: the name is not UTF-8, and others could not be shown it: give the file another name", "{path}：文件名不是 UTF-8，无法显示给他人：请先改名";
    not_a_file(path): "{path} is no file", "{path} 不是文件";
    bad_file(path, why): "{path}: {why}", "{path}：{why}";
    bad_words_file(file, columns): "{file}: the first line names the columns: {columns}", "{file}：第一行须为列名：{columns}";
    confirm_must_be(name): "--confirm must be {name}: the account that is signed in", "--confirm 必须是当前登录的账号 {name}";
    not_a_permission(what): "\"{what}\" is no permission: write THING=ROLE with write, invite, pin, announce, remove, upload, everybody or start, and owner, administrator or member", "“{what}”不是有效权限：请写 事项=身份，事项为 write、invite、pin、announce、remove、upload、everybody 或 start，身份为 owner、administrator 或 member";
    no_sound(programs): "No program for sound is here. Install one of: {programs}", "没有可用的声音程序，请安装其中之一：{programs}";
    line_is_not_utf8(number): "Line {number} is not UTF-8: it was not sent, nor was what follows.", "第 {number} 行不是 UTF-8：该行及其后的内容均未发送。";
    // What was done.
    lines_written(lines, file): "{lines} lines written to {file}", "已将 {lines} 行写入 {file}";
    words_written(words, file): "{words} words written to {file}", "已将 {words} 个词写入 {file}";
    words_added(added, there): "{added} words added, {there} were there already", "已添加 {added} 个词，{there} 个原已存在";
    request_over(name): "The friend request between you and @{name} is over: it was answered or taken back.", "你与 @{name} 之间的好友申请已结束：已答复或已撤回。";
    invitation_over(group): "The invitation into {group} is over: it was answered or taken back.", "加入 {group} 的邀请已结束：已答复或已撤回。";
    requests_of(group, waits): "{group}: {waits}", "{group}：{waits}";
    edited_and_recalled(number): "edited {number}, which was recalled since", "编辑了 {number}，该消息其后已撤回";
    closing(name): "The account will be deleted in 7 days. Until then: litrocket account restore \u{1}{name}\u{1}", "账号将在 7 天后注销。在此之前可撤销：litrocket account restore \u{1}{name}\u{1}";
    sent_file(file, to): "sent {file} to {to}", "已将 {file} 发送给 {to}";
    moved_into(name, folder): "{name} is in {folder} now", "{name} 已移到 {folder}";
    moved_to_top(name): "{name} is at the top now", "{name} 已移到顶层";
    deleted_entry(name): "Deleted: {name}", "已删除：{name}";
    words_at(number): "(changed, see {number})", "（已修改，见 {number}）";
    edited_again(number, later): "edited {number}, and again in {later}", "编辑了 {number}，之后在 {later} 再次修改";
    read_now(place, unread): "{place}: {unread} unread", "{place}：{unread} 条未读";
    until(time): "until {time}", "至 {time}";
    at_event(seq): "event {seq}", "事件 {seq}";
    // What a group is set to.
    group_about(text): "about: {text}", "简介：{text}";
    group_slow(seconds): "{seconds} s between two messages of a member", "成员发言间隔 {seconds} 秒";
    group_may(thing, role): "{thing}: {role}", "{thing}：{role}";
}

impl Words {
    /// What something is called, and what it is.
    pub(crate) fn labelled(self, label: &str, text: impl Display) -> String {
        format!("{label}{}{text}", self.colon())
    }

    /// Two sentences, one behind the other.
    pub(crate) fn in_a_row(self, one: &str, other: &str) -> String {
        match self {
            Self::English => format!("{one} {other}"),
            Self::Chinese => format!("{one}{other}"),
        }
    }

    /// What is said beside something else.
    pub(crate) fn aside(self, text: impl Display) -> String {
        match self {
            Self::English => format!(" ({text})"),
            Self::Chinese => format!("（{text}）"),
        }
    }

    /// What a permission is called where its word need not be typed.
    pub(crate) fn thing_name(self, thing: &str) -> String {
        match self {
            Self::English => thing.to_owned(),
            Self::Chinese => self.thing(thing),
        }
    }

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

    /// The description of the protocol, which is in English, under headings of the language.
    pub(crate) fn protocol(self, text: &str) -> String {
        let heading =
            |line: &str| HEADINGS.iter().find(|(english, _)| *english == line).map(|(_, chinese)| *chinese);
        match self {
            Self::English => text.to_owned(),
            Self::Chinese => {
                let lines: Vec<&str> = text.lines().map(|line| heading(line).unwrap_or(line)).collect();
                lines.join("\n")
            }
        }
    }

    /// How many people ask to join a group.
    pub(crate) fn requests(self, count: u64, conversation: impl Display) -> String {
        if count == 1 { self.request_waits(conversation) } else { self.requests_wait(count, conversation) }
    }

    /// How many comments of a moment are not shown.
    pub(crate) fn comments_left(self, count: u64, moment: u64) -> String {
        if count == 1 { self.one_more_comment(moment) } else { self.more_comments(count, moment) }
    }

    /// How many lines had nothing to send in them.
    pub(crate) fn skipped(self, count: u64) -> String {
        if count == 1 { self.blank_line(count) } else { self.blank_lines(count) }
    }

    /// Something counted: English has one word for one of it, and another for more.
    pub(crate) fn counted(self, count: u64, one: &str, many: &str) -> String {
        let what = if count == 1 && self == Self::English { one } else { many };
        format!("{count} {what}")
    }

    /// What was done in a group's audit log.
    pub(crate) fn action(self, action: &'static str) -> &'static str {
        let known = ACTIONS.iter().find(|(known, ..)| *known == action);
        known.map_or(action, |(_, english, chinese)| match self {
            Self::English => english,
            Self::Chinese => chinese,
        })
    }
}

/// The headings of the protocol's description.
const HEADINGS: &[(&str, &str)] = &[
    ("Streams", "流"),
    ("Requests (code, name, who may make it, reply)", "请求（代码、名称、谁可以发出、应答）"),
    ("Frames of the long-lived streams", "长期流的帧"),
    ("Events", "事件"),
    ("Maps inside others", "其他结构中的结构"),
    ("The account log", "账号日志"),
    ("Faults (code, class, what to do)", "错误（代码、类别、处理方法）"),
    ("Close codes", "关闭代码"),
    ("Limits", "上限"),
];

/// What the audit log of a group names, for people.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("role", "role", "更改身份"),
    ("settings", "settings", "更改设置"),
    ("muted", "muted", "禁言"),
    ("removed", "removed", "移除"),
    ("banned", "banned", "封禁"),
    ("unbanned", "unbanned", "解除封禁"),
    ("message_removed", "message removed", "移除消息"),
    ("pinned", "pinned", "置顶"),
    ("unpinned", "unpinned", "取消置顶"),
    ("let_in", "let in", "批准加入"),
    ("turned_away", "turned away", "拒绝加入"),
    ("link_made", "link made", "创建链接"),
    ("link_dropped", "link dropped", "作废链接"),
    ("transferred", "transferred", "转让"),
    ("renamed", "renamed", "改名"),
    ("announced", "announced", "发布公告"),
    ("dissolved", "dissolved", "解散"),
    ("file_deleted", "file deleted", "删除文件"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_heading_of_the_protocol_is_told_in_chinese() {
        let text = litrocket_protocol::describe::text();
        for (english, chinese) in HEADINGS {
            assert!(text.lines().any(|line| line == *english), "no such heading any more: {english}");
            assert!(Words::Chinese.protocol(&text).lines().any(|line| line == *chinese), "{chinese}");
        }
        // A heading stands alone at the edge, behind an empty line.
        for (_, below) in text.match_indices("\n\n").map(|(at, gap)| text.split_at(at + gap.len())) {
            let heading = below.lines().next().unwrap_or_default();
            assert!(HEADINGS.iter().any(|(english, _)| *english == heading), "HEADINGS lacks {heading}");
        }
    }
}
