//! What people read in mails, in English and Chinese.

/// A mail. Its number is what the queue stores; those of codes equal [`super::Purpose`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Template {
    SignUp = 1,
    Recover = 2,
    ChangeOld = 3,
    ChangeNew = 4,
    /// Somebody wants to sign up with an address that an account has already.
    SignUpKnown = 5,
    /// Somebody wants to change to an address that another account has.
    ChangeKnown = 6,
    /// No mail at all: nobody has the address.
    Nothing = 7,
}

/// What a text names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) server: &'a str,
    pub(super) code: &'a str,
    pub(super) minutes: u64,
    /// The name of the account that has the address.
    pub(super) handle: &'a str,
}

impl Template {
    pub(super) fn from_number(number: i64) -> Option<Self> {
        use Template as T;
        [T::SignUp, T::Recover, T::ChangeOld, T::ChangeNew, T::SignUpKnown, T::ChangeKnown, T::Nothing]
            .into_iter()
            .find(|template| *template as i64 == number)
    }
}

/// Subject and body; nothing for what is not sent.
pub(super) fn render(template: Template, locale: &str, facts: &Facts<'_>) -> Option<(String, String)> {
    let chinese = locale.to_ascii_lowercase().starts_with("zh");
    let pick = |english: &str, other: &str| if chinese { other.to_owned() } else { english.to_owned() };
    let Facts { server, code, minutes, handle } = facts;
    let (english, other) = match template {
        Template::SignUp => (
            format!("{code} is your code for signing up at {server}."),
            format!("您在 {server} 注册的验证码是 {code}。"),
        ),
        Template::Recover => (
            format!("{code} is the code that sets a new password for your account @{handle} at {server}."),
            format!("{code} 是为您在 {server} 的账号 @{handle} 设置新密码的验证码。"),
        ),
        Template::ChangeOld => (
            format!(
                "{code} is the code that takes this address off your account @{handle} at {server}.\n\n\
                 If it was not you who asked, change your password: somebody knows it."
            ),
            format!(
                "{code} 是将此邮箱从您在 {server} 的账号 @{handle} 解绑的验证码。\n\n如非本人操作，说明有人知道您的密码，请立即修改密码。"
            ),
        ),
        Template::ChangeNew => (
            format!("{code} is the code that makes this the address of your account at {server}."),
            format!("{code} 是将此邮箱绑定到您在 {server} 的账号的验证码。"),
        ),
        Template::SignUpKnown | Template::ChangeKnown => (
            format!(
                "Somebody, probably you, wants to use this address at {server}. It belongs to your account @{handle} \
                 already.\n\nSign in to that account, or recover it if you forgot the password. If it was not you, do \
                 nothing."
            ),
            format!(
                "有人（可能是您）想在 {server} 使用此邮箱，但它已属于您的账号 @{handle}。\n\n请登录该账号；如忘记密码，可以找回。如非本人操作，请忽略此邮件。"
            ),
        ),
        Template::Nothing => return None,
    };
    let (subject, mut body) = (pick("Your code", "验证码"), pick(&english, &other));
    if matches!(template, Template::SignUpKnown | Template::ChangeKnown) {
        return Some((
            pick(&format!("Your account at {server}"), &format!("您在 {server} 的账号")),
            body + "\n",
        ));
    }
    body.push_str(&pick(
        &format!("\n\nIt is good once, for {minutes} minutes. Nobody of {server} will ask you for it.\n"),
        &format!(
            "\n\n验证码在 {minutes} 分钟内有效，仅可使用一次。{server} 的工作人员不会向您索要验证码。\n"
        ),
    ));
    Some((format!("{subject}: {server}"), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_the_mails_that_may_have_them_and_in_no_other() {
        let facts = Facts { server: "chat.example.org:4433", code: "042042", minutes: 10, handle: "ada" };
        for number in 1..=7 {
            let template = Template::from_number(number).unwrap();
            for locale in ["en", "zh-CN"] {
                let Some((subject, body)) = render(template, locale, &facts) else {
                    assert_eq!(template, Template::Nothing);
                    continue;
                };
                assert!(!subject.contains("042042"), "what a locked screen shows: {subject}");
                assert_eq!(body.contains("042042"), number <= 4, "{body}");
                assert!(body.ends_with('\n') && body.is_ascii() == (locale == "en"), "{body}");
            }
        }
        assert_eq!(Template::from_number(8), None);
    }
}
