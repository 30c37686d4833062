//! The texts that people read, in English and Chinese. [`faults`] has the refusals, [`trouble`] what else goes wrong, [`sentences`] what has names in it.

mod fault_tables;
mod faults;
pub mod help;
mod sentences;
mod trouble;

pub(crate) use faults::is_standard;

use crate::Failure;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Used when no other language is asked for.
    English,
    /// Simplified Chinese.
    Chinese,
}

macro_rules! words {
    ($($name:ident: $english:literal, $chinese:literal;)*) => {
        impl Words {
            $(
                pub(crate) const fn $name(self) -> &'static str {
                    match self {
                        Self::English => $english,
                        Self::Chinese => $chinese,
                    }
                }
            )*
        }
    };
}

impl Words {
    /// The language that was asked for, or the one of the environment.
    #[must_use]
    pub fn choose(asked: Option<&str>) -> Self {
        if let Some(language) = asked.and_then(Self::read) {
            return language;
        }
        let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let environment = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
        environment.as_deref().and_then(Self::read).unwrap_or(Self::English)
    }

    /// A language as people and systems write it: `zh`, `zh-CN`, `zh_CN.UTF-8`.
    fn read(text: &str) -> Option<Self> {
        let language = text.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// Refuses a language that was asked for and is none of the two.
    pub(crate) fn check(asked: Option<&str>) -> Result<(), Failure> {
        match asked.filter(|asked| Self::read(asked).is_none()) {
            Some(other) => {
                let other = other.to_owned();
                Err(Failure::usage(move |words| words.not_a_language(&other)))
            }
            None => Ok(()),
        }
    }
}

impl Words {
    /// What a role is called.
    pub(crate) const fn role(self, role: u8) -> &'static str {
        match role {
            1 => self.owner(),
            2 => self.administrator(),
            _ => self.member(),
        }
    }
}

words! {
    locale: "en", "zh";
    recovery_code: "Recovery code (write it down: it is shown once, and sets a new password once)", "恢复码（请抄下：只显示一次，可用于设置一次新密码）";
    recovery_code_prompt: "Recovery code", "恢复码";
    recovered: "New password set, signed in as", "已设置新密码并登录：";
    mail_code: "Code from the mail", "邮件中的验证码";
    mail_code_sent: "If the address can be used for this, a code is on its way there. Give the same command again with --code.", "如果该邮箱可用，验证码已发出。请加上 --code 再次运行同一命令。";
    old_code: "Code sent to the current address", "发到原邮箱的验证码";
    new_code: "Code sent to the new address", "发到新邮箱的验证码";
    codes_sent: "Codes are on their way. Confirm with: litrocket email confirm", "验证码已发出。请运行：litrocket email confirm";
    no_email: "The account has no e-mail address. Set one: litrocket email set ADDRESS", "此账号没有邮箱。设置：litrocket email set 邮箱";
    email_address: "E-mail", "邮箱";
    confirmed: "confirmed", "确认于";
    restored: "The account stays. Signed in as", "账号已保留。已登录：";
    reported: "The operators will see it.", "已提交给服务器管理员。";
    announcement: "announcement", "公告";
    no_announcements: "No announcements.", "没有公告。";
    error: "error: ", "错误：";
    password: "Password", "密码";
    new_password: "New password", "新密码";
    password_rule: "At least 8 characters; a few words in a row are good.", "至少 8 个字符；几个词连在一起就很好。";
    old_password: "Current password", "当前密码";
    no_terminal_password: "No terminal to ask for the password: use --password-stdin or LITROCKET_PASSWORD", "没有终端可询问密码：请用 --password-stdin 或 LITROCKET_PASSWORD";
    no_terminal_new_password: "No terminal to ask for the new password: use --password-stdin or LITROCKET_NEW_PASSWORD", "没有终端可询问新密码：请用 --password-stdin 或 LITROCKET_NEW_PASSWORD";
    no_terminal_recovery: "No terminal to ask for the recovery code: use --password-stdin or LITROCKET_RECOVERY_CODE", "没有终端可询问恢复码：请用 --password-stdin 或 LITROCKET_RECOVERY_CODE";
    no_home: "No home folder: set HOME or XDG_DATA_HOME", "没有主目录：请设置 HOME 或 XDG_DATA_HOME";
    forgot_or_nobody_yet: "Password forgotten? litrocket recover NAME; no account yet? litrocket register NAME", "忘记密码？litrocket recover 用户名；还没有账号？litrocket register 用户名";
    forgot_while_signed_in: "Forgotten? Sign out with litrocket logout and set a new one by your recovery code or e-mail: litrocket recover NAME", "忘记了？请先 litrocket logout，再凭恢复码或邮箱设置新密码：litrocket recover 用户名";
    hand_over: "Hand it over: litrocket group transfer GROUP @name; or end it for everybody: litrocket group dissolve GROUP --confirm NAME", "转让：litrocket group transfer 群 @用户名；或解散：litrocket group dissolve 群 --confirm 群名";
    operator_sets_engine: "The operator sets words.engine and words.engine_url, see: litrocket config", "服务器管理员可设置 words.engine 和 words.engine_url，见：litrocket config";
    operator_sets_mail: "The operator sets mail.server and mail.from, see: litrocket config", "服务器管理员可设置 mail.server 和 mail.from，见：litrocket config";
    connection_lost: "Connection lost, trying again.", "连接已断开，正在重连。";
    connection_back: "Connected again.", "已重新连接。";
    colon: ": ", "：";
    comma: ", ", "、";
    uploaded: "all of it is there now:", "内容已全部上传：";
    is_it_you: "Is it yours? Sign in: litrocket login NAME", "是你的账号吗？登录：litrocket login 用户名";
    post_what: "Write a text, or name a picture with --image", "请写文本，或用 --image 指定图片";
    json_into_output: "--json and -o - would both be standard output: leave one of them out", "--json 与 -o - 都会写到标准输出：请只用其中之一";
    out_of_feed: "No moments. You keep somebody's out: litrocket moment hidden", "没有动态。你屏蔽了一些人：litrocket moment hidden";
    common_friend: "friend in common", "位共同好友";
    common_group: "group in common", "个共同群组";
    download: "download", "次下载";
    restore_hint: "Take it back: litrocket account restore NAME", "撤销注销：litrocket account restore 用户名";
    only_own_profile: "Only your own profile can be changed: leave the name out", "只能修改自己的资料：请省略用户名";
    more_alts: "There are more --alt than --image", "--alt 比 --image 多";
    some_unsent: "Some messages were not sent in time", "有些消息未能及时发送";
    password_again: "Password again", "再次输入密码";
    passwords_differ: "The two passwords differ.", "两次输入的密码不一致。";
    registered: "Signed up and signed in as", "已注册并登录：";
    signed_in: "Signed in as", "已登录：";
    signed_out: "Signed out.", "已退出登录。";
    not_signed_in: "Nobody is signed in with this profile. Sign in: litrocket login NAME; new here: litrocket register NAME", "此配置尚未登录。登录：litrocket login 用户名；注册：litrocket register 用户名";
    already_signed_in: "This profile is signed in already. Run: litrocket logout, or choose another with --profile NAME", "此配置已登录。请先运行 litrocket logout，或用 --profile 名称 选择另一个";
    sign_in_again: "Sign in again: litrocket login NAME", "请重新登录：litrocket login 用户名";
    unreachable_hint: "Is the server running there? Check --server; start one with: litrocket serve", "服务器在运行吗？请检查 --server；启动服务器：litrocket serve";
    tls_hint: "Name the server's CA with --ca FILE, or use the litrocket:// address that the server prints.", "请用 --ca 文件 指定服务器的 CA，或使用服务器打印的 litrocket:// 地址。";
    retry_in: "Try again in", "请稍后再试，等待";
    seconds: "s", "秒";
    this_device: "this device", "本设备";
    connected: "connected", "在线";
    last_used: "last used", "上次使用";
    session_ended: "The device was signed out.", "该设备已退出登录。";
    done: "Done.", "完成。";
    was_so: "That is how it was already.", "原本就是这样。";
    no_face_to_remove: "There was no face to take away.", "没有可移除的头像。";
    nothing_up: "There was no announcement to take down.", "没有可撤下的公告。";
    no_more: "not any more", "已解除";
    void_address: "That address leads to nobody here: it was revoked, or is of another server.", "该地址在此服务器上无效：已被撤销，或属于另一服务器。";
    no_group_in_address: "That address leads into no group.", "该地址不是群链接。";
    no_add_link: "There is no address to revoke. Make one: litrocket me link", "没有可撤销的地址。创建：litrocket me link";
    wrong_old: "The current password is wrong.", "当前密码错误。";
    bad_new: "The new password must have 8 to 1024 bytes.", "新密码长度必须为 8 到 1024 字节。";
    set_what: "Name what to change: --description, --joining, --discoverable or --open-history", "请指定要更改的内容：--description、--joining、--discoverable 或 --open-history";
    edit_what: "Name what to change: --word, --reading, --meaning, --example or --note", "请指定要更改的内容：--word、--reading、--meaning、--example 或 --note";
    which_codes: "Name the codes from the mails: --old-code, --new-code, or both", "请给出邮件中的验证码：--old-code、--new-code 或两者";
    no_pairs: "The engine translates nothing.", "翻译引擎不支持任何语言。";
    no_group_files: "No files here yet. Put one here: litrocket file put GROUP PATH", "还没有群文件。添加：litrocket file put 群 路径";
    no_uploads: "No upload is under way.", "没有未完成的上传。";
    sent: "sent", "已发送";
    unsent: "not sent", "未发送";
    recalled: "(recalled)", "（已撤回）";
    edited: "(edited)", "（已编辑）";
    forwarded: "forwarded", "转发";
    deleted_account: "deleted account", "已注销用户";
    no_conversations: "No conversations yet. Write to somebody: litrocket send @name \"hello\"", "还没有会话。给别人发消息：litrocket send @用户名 \"你好\"";
    no_messages: "No messages.", "没有消息。";
    nothing_found: "Nothing found.", "没有找到。";
    no_groups: "No groups yet. Make one: litrocket group create NAME", "还没有群组。创建：litrocket group create 名称";
    no_words: "You have no words of your own yet. Keep one: litrocket word look WORD --keep 1", "还没有自己的词。收藏一个：litrocket word look 词 --keep 1";
    example: "example", "例";
    note: "note", "备注";
    nothing_to_translate: "Name a text, or a message with --in and --seq.", "请给出文本，或用 --in 和 --seq 指定消息。";
    incomplete: "Not everything was searched: the newest messages are still being indexed, or there are too many conversations. Search again in a moment, or in one conversation with --in.", "未能搜索全部内容：最新消息仍在建立索引，或会话过多。请稍后再试，或用 --in 在单个会话中搜索。";
    saved: "saved", "收藏";
    unread: "unread", "未读";
    owner: "owner", "群主";
    member: "member", "成员";
    administrator: "administrator", "管理员";
    role_changed: "changed the role of", "更改身份";
    announced: "announced:", "发布公告：";
    took_down: "took the announcement down", "撤下了公告";
    and: "; ", "；";
    group_changed: "changed the group:", "更改了群设置：";
    no_about: "no description", "无简介";
    not_discoverable: "Not found by its name.", "不可按名字搜到。";
    closed_history: "New members read what is said from then on.", "新成员只能看到入群后的消息。";
    not_slow: "no wait between messages", "发言无间隔";
    muted: "muted", "禁言了";
    muted_until: "muted until", "禁言至";
    unmuted: "lets speak again", "解除了禁言：";
    banned: "banned", "封禁了";
    unbanned: "lifted the ban on", "解除了封禁：";
    pinned: "pinned", "置顶了";
    unpinned: "took the pin off", "取消置顶";
    nicknamed: "is called here", "在群里改名为";
    no_nickname: "gave up the name in the group", "取消了群昵称";
    dissolved: "dissolved the group", "解散了群组";
    came_in: "joined the group", "加入了群组";
    about: "About", "简介";
    joining_invited: "Members bring new ones in.", "由成员邀请加入。";
    joining_request: "Who asks is let in by an answer.", "申请加入需要批准。";
    joining_open: "Everybody may join.", "任何人都可以加入。";
    discoverable: "Found by its name.", "可按名字搜到。";
    open_history: "New members read what was said before.", "新成员可以看到以前的消息。";
    may: "Who may", "权限";
    nobody_saw: "Nobody has seen it yet.", "还没有人看过。";
    no_groups_found: "No group is found by that.", "没有找到群组。";
    join_asked: "Asked to join. You will hear when it is answered.", "已申请加入，等待批准。";
    join_joined: "You are in.", "已加入。";
    no_join_requests: "Nobody asks to join.", "没有加入申请。";
    no_links: "No links. Make one: litrocket group link make", "没有链接。创建：litrocket group link make";
    uses_left: "uses left", "剩余次数";
    nobody_banned: "Nobody is banned.", "没有封禁任何人。";
    no_pins: "Nothing is pinned.", "没有置顶消息。";
    no_audit: "Nothing was done.", "没有管理记录。";
    wrong_confirm: "That is not the group's name. Nothing was done.", "群名称不符，未做任何更改。";
    created_group: "created the group", "创建了群组";
    brought_in: "brought in", "邀请加入";
    left_group: "left the group", "退出了群组";
    removed_member: "removed", "移除了";
    renamed_group: "renamed the group to", "将群组改名为";
    made_owner: "made owner", "设为群主";
    edited_message: "edited", "编辑了";
    recalled_message: "recalled", "撤回了";
    reacted: "reacted", "回应";
    took_back: "took back", "取消";
    server_going_away: "The server is going away and will be back.", "服务器即将重启，稍后恢复。";
    stored_here: "Invite", "邀请码";
    valid_until: "valid until", "有效期至";
    logs_restored: "The server was set back to a backup: what was said since then may be gone.", "服务器已还原到备份：此后的消息可能已丢失。";
    listening: "Listening. Stop with Ctrl-C.", "正在接收消息，按 Ctrl-C 停止。";
    friend_asked: "Asked", "已发送好友申请：";
    now_friends: "Now a friend:", "已成为好友：";
    no_friends: "No friends yet. Ask somebody: litrocket friend add @name", "还没有好友。添加好友：litrocket friend add @用户名";
    no_requests: "No friend requests.", "没有好友申请。";
    yes: "yes", "是";
    no: "no", "否";
    nobody_found: "Nobody is found by that.", "没有找到。";
    privacy_read: "Learn what you have read", "可知你已读";
    privacy_presence: "Learn when you are online", "可见你在线";
    privacy_moments: "See your moments", "可见你的朋友圈";
    privacy_messages: "Write to you", "可给你发消息";
    privacy_requests: "Ask to be your friend", "可加你为好友";
    privacy_groups: "Bring you into groups", "可直接拉你入群";
    privacy_email: "Find you by your e-mail address", "可按邮箱找到你";
    privacy_typing: "Others learn that you type", "他人可见你正在输入";
    everybody: "everybody", "所有人";
    friends: "friends", "好友";
    nobody: "nobody", "无人";
    new_device: "A new device is signed in:", "新设备已登录：";
    friend_asks: "Asks to be your friend:", "请求加你为好友：";
    a_friend: "A friend:", "好友：";
    friend_over: "No longer a friend:", "不再是好友：";
    likes_moment: "likes your moment", "赞了你的朋友圈";
    comments_moment: "commented on your moment", "评论了你的朋友圈";
    answers_comment: "answered your comment at the moment", "回复了你的评论";
    invites_into: "invites you into", "邀请你加入";
    no_invitations: "No invitations.", "没有邀请。";
    asked_first: "asked first:", "需先同意：";
    brought_nobody: "Everybody was in already.", "所有人都已在群里。";
    members_word: "members", "名成员";
    member_word: "member", "名成员";
    nobody_in_address: "That address names nobody to add.", "该地址没有可添加的人。";
    common_friends: "friends in common", "位共同好友";
    common_groups: "groups in common", "个共同群组";
    nobody_recommended: "Nobody to recommend.", "没有推荐。";
    privacy_findable: "Strangers find you by name", "陌生人可按名字找到你";
    nobody_blocked: "Nobody is blocked.", "没有拉黑任何人。";
    no_moments: "No moments yet. Post one: litrocket moment post TEXT", "还没有朋友圈动态。发布：litrocket moment post 内容";
    new_moments: "There are new moments.", "有新的朋友圈动态。";
    no_new_moments: "Nothing new.", "没有新动态。";
    nobody_hidden: "You keep nobody's moments out.", "没有屏蔽任何人的朋友圈。";
    likes: "Liked by", "赞";
    seen_by_friends: "friends", "好友可见";
    seen_by_chosen: "only", "部分可见：";
    seen_by_others: "all friends but", "不给谁看：";
    seen_by_me: "only you", "仅自己可见";
    seen_by_all: "everybody", "所有人可见";
    since: "since", "自";
    paused: "Paused. The same command goes on.", "已暂停。再次运行同一命令即可继续。";
    resumed_from: "resumed from", "续传自";
    sends_already: "A command that sends this file there is running already: wait for it, or stop it first.", "向此会话发送该文件的命令正在运行：请等待其完成，或先停止它。";
    file_gone: "not kept any more", "已不再保留";
    file_damaged: "damaged on the server; whole again when somebody sends the same file again", "服务器上的内容已损坏；有人再次发送同一文件后即可恢复";
    kept_until: "kept until", "保留至";
    no_files: "You keep no files.", "你没有保存任何文件。";
    no_such_files: "No file has that in its name.", "没有名称与之相符的文件。";
    storage_used: "Your files take", "你的文件占用";
    file: "file", "文件";
    picture: "picture", "图片";
    voice: "voice", "语音";
    shows: "shows", "图中";
    speak_now: "Speak now.", "请开始说话。";
    changed_face: "changed the group's picture", "更换了群头像";
    keep_location: "With --keep-location it is sent as it is, with the place and all else that it tells.", "加上 --keep-location 则按原样发送，包括拍摄地点等信息。";
    group_storage: "The group's files take", "群文件占用";
    downloads: "downloads", "次下载";
    id_of_one: "--id names one message: it cannot go with standard input.", "--id 只对应一条消息，不能与标准输入一起使用。";
    someone_listens: "Another listen uses this profile. Stop it or choose another with --profile NAME.", "另一个 listen 正在使用此配置。请先停止它，或用 --profile 名称 选择另一个。";
}
