//! The account feature's SQL of profiles.

use litrocket_protocol::{AccountId, account};

use crate::{
    args,
    db::{self, Db},
    error::{Error, Result},
    writer::Tx,
};

/// The columns of a [`ProfileRow`] of the account `a`.
macro_rules! profile_columns {
    () => {
        "a.id, a.handle, a.display_name, a.signature, a.locale, a.sex, a.birthday, a.show_personal, a.version, a.deleted_ms,
            (SELECT v.version FROM avatars v WHERE v.kind = 1 AND v.id = a.id AND v.shown = 1)"
    };
}

type ProfileRow = (i64, String, String, String, String, String, String, i64, i64, Option<i64>, Option<i64>);

fn profile(row: ProfileRow) -> account::Profile {
    let (id, handle, display_name, signature, locale, sex, birthday, show, version, deleted, avatar) = row;
    let filled = |text: String| (!text.is_empty()).then_some(text);
    if deleted.is_some() {
        return deleted_profile(id.into(), version as u64);
    }
    account::Profile {
        account: id.into(),
        handle,
        display_name,
        signature,
        locale,
        sex: filled(sex),
        birthday: filled(birthday),
        show_personal: show != 0,
        version: version as u64,
        deleted: false,
        avatar: avatar.map(|version| version as u64),
    }
}

fn deleted_profile(account: AccountId, version: u64) -> account::Profile {
    account::Profile {
        account,
        handle: String::new(),
        display_name: String::new(),
        signature: String::new(),
        locale: String::new(),
        sex: None,
        birthday: None,
        show_personal: false,
        version,
        deleted: true,
        avatar: None,
    }
}

pub(super) async fn profile_by_key(db: &Db, key: &str) -> Result<Option<account::Profile>> {
    const SELECT: &str = concat!(
        "SELECT ",
        profile_columns!(),
        " FROM accounts a WHERE a.name_key = $1 AND a.deleted_ms IS NULL"
    );
    Ok(db.first::<ProfileRow>(SELECT, args![key]).await?.map(profile))
}

pub(crate) async fn profiles(db: &Db, accounts: &[AccountId]) -> Result<Vec<account::Profile>> {
    const SELECT: &str = concat!(
        "SELECT ",
        profile_columns!(),
        " FROM json_each($1) j JOIN accounts a ON a.id = j.value ORDER BY a.id"
    );
    let rows: Vec<ProfileRow> = db.all(SELECT, args![db::list(accounts.iter().map(|id| id.0))?]).await?;
    Ok(rows.into_iter().map(profile).collect())
}

pub(super) async fn own_profile(tx: &mut Tx, account: AccountId) -> Result<account::Profile> {
    const SELECT: &str = concat!("SELECT ", profile_columns!(), " FROM accounts a WHERE a.id = $1");
    let row: Option<ProfileRow> = tx.first(SELECT, args![account]).await?;
    row.map(profile).ok_or_else(|| Error::Internal("a session without an account".into()))
}

pub(super) async fn update_profile(tx: &mut Tx, profile: &account::Profile) -> Result<()> {
    const UPDATE: &str = "UPDATE accounts SET display_name = $2, signature = $3, locale = $4, sex = $5,
            birthday = $6, show_personal = $7, version = $8 WHERE id = $1";
    let args = args![
        profile.account,
        &*profile.display_name,
        &*profile.signature,
        &*profile.locale,
        profile.sex.as_deref().unwrap_or(""),
        profile.birthday.as_deref().unwrap_or(""),
        profile.show_personal,
        profile.version,
    ];
    tx.execute(UPDATE, args).await.map(drop)
}
