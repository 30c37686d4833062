//! Profiles.

use litrocket_protocol::{
    AccountId, Fault,
    account::{GetProfile, GetProfiles, Profile, Profiles, SetProfile},
    fault::code,
    frame, limits,
    names::{self, Handle},
};
use time::{Date, Month};

use super::{profile_store, sign_in::check_locale};
use crate::{
    error::{Error, Result},
    features::people,
    rpc::Session,
    writer::Tx,
};

/// What others may not see is taken out.
fn seen_by(caller: &Session, mut profile: Profile) -> Profile {
    if profile.account != caller.account() && !profile.show_personal {
        profile.sex = None;
        profile.birthday = None;
    }
    profile
}

pub(super) async fn get(caller: Session, request: GetProfile) -> Result<Profile> {
    let db = &caller.app.db;
    let found = match (&request.handle, request.account) {
        (Some(_), Some(_)) => {
            return Err(Fault::new(code::BAD_VALUE).message("Name a handle or an account, not both.").into());
        }
        (Some(handle), None) => match Handle::parse(handle) {
            Ok(handle) => profile_store::profile_by_key(db, &handle.key).await?,
            Err(_) => None,
        },
        (None, account) => {
            let account = account.unwrap_or_else(|| caller.account());
            profile_store::profiles(db, &[account]).await?.pop()
        }
    };
    let profile = found.ok_or_else(|| Error::from(code::NOT_FOUND))?;
    Ok(seen_by(&caller, profile))
}

pub(super) async fn get_many(caller: Session, request: GetProfiles) -> Result<Profiles> {
    if request.accounts.len() > limits::ACCOUNTS_PER_CALL_MAX {
        return Err(Fault::new(code::TOO_MANY)
            .field("accounts")
            .limit(limits::ACCOUNTS_PER_CALL_MAX as u64)
            .into());
    }
    let profiles = profile_store::profiles(&caller.app.db, &request.accounts).await?;
    Ok(Profiles { profiles: profiles.into_iter().map(|profile| seen_by(&caller, profile)).collect() })
}

/// `YYYY-MM-DD`, a day that exists, of a year from 1900 on.
fn is_date(text: &str) -> bool {
    let number = |part: &str, digits: usize| {
        let fine = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        fine.then(|| part.parse::<i32>().ok()).flatten()
    };
    let mut parts = text.split('-');
    let mut next = |digits| parts.next().and_then(|part| number(part, digits));
    let (Some(year), Some(month), Some(day)) = (next(4), next(2), next(2)) else { return false };
    let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
    let is_day = |month| Date::from_calendar_date(year, month, u8::try_from(day).unwrap_or(0)).is_ok();
    parts.next().is_none() && year >= 1900 && month.is_some_and(is_day)
}

/// Puts what the request names into the profile, checked.
fn apply(profile: &mut Profile, request: SetProfile) -> Result<(), Fault> {
    if let Some(name) = request.display_name {
        let most = names::DISPLAY_CHARS_MAX;
        profile.display_name =
            names::clean_display(&name, most).map_err(|error| error.fault("display_name", 1, most))?;
    }
    if let Some(line) = request.signature {
        let most = names::LINE_CHARS_MAX;
        profile.signature =
            names::clean_line(&line, most).map_err(|error| error.fault("signature", 0, most))?;
    }
    if let Some(locale) = request.locale {
        check_locale(&locale).map_err(Fault::from)?;
        profile.locale = locale;
    }
    if let Some(sex) = request.sex {
        if !["", "female", "male", "other"].contains(&sex.as_str()) {
            return Err(Fault::new(code::BAD_VALUE)
                .field("sex")
                .message("Use female, male, other or nothing."));
        }
        profile.sex = (!sex.is_empty()).then_some(sex);
    }
    if let Some(day) = request.birthday {
        if !day.is_empty() && !is_date(&day) {
            return Err(Fault::new(code::BAD_VALUE)
                .field("birthday")
                .message("Write a day from 1900 to 9999 as YYYY-MM-DD, for example 1990-05-17."));
        }
        profile.birthday = (!day.is_empty()).then_some(day);
    }
    if let Some(show) = request.show_personal {
        profile.show_personal = show;
    }
    Ok(())
}

pub(super) async fn set(caller: Session, request: SetProfile) -> Result<Profile> {
    let account = caller.account();
    caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let before = profile_store::own_profile(tx, account).await?;
                let mut profile = before.clone();
                apply(&mut profile, request)?;
                if profile != before {
                    profile.version += 1;
                    profile_store::update_profile(tx, &profile).await?;
                    if profile.display_name != before.display_name {
                        people::index(tx, account, &profile.handle, &profile.display_name).await?;
                    }
                    tx.entry(account, "profile".into(), Some(frame::encode_body(&profile))).await?;
                }
                Ok(profile)
            })
        })
        .await
}

/// The account has a new face, or none any more: its profile says so.
pub(crate) async fn avatar_changed(tx: &mut Tx, account: AccountId) -> Result<()> {
    let mut profile = profile_store::own_profile(tx, account).await?;
    profile.version += 1;
    profile_store::update_profile(tx, &profile).await?;
    tx.entry(account, "profile".into(), Some(frame::encode_body(&profile))).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        for day in ["2000-02-29", "1999-12-31", "2024-02-29"] {
            assert!(is_date(day), "{day}");
        }
        for day in [
            "2001-02-29",
            "1999-13-01",
            "1999-00-01",
            "1999-1-1",
            "1999-01-01-01",
            "",
            "abcd-01-01",
            "1900-02-29",
            "1899-12-31",
            "2000-+1-01",
            "２０００-01-01",
        ] {
            assert!(!is_date(day), "{day}");
        }
    }
}
