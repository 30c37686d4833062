//! E-mail addresses of accounts: codes for guests, and a change that both addresses confirm.

use std::time::Instant;

use litrocket_protocol::{
    AccountId, Fault,
    account::{Done, Register},
    email::{ChangeEmail, ConfirmEmail, EmailChange, EmailEntry, GetEmail, SendEmailCode},
    fault::code,
    frame,
};

use super::{sessions::own_password, sign_in::check_locale};
use crate::{
    app::App,
    config::{Email, SignUp},
    error::{Error, Result},
    features::mail::{self, Address, Order, Proof, Purpose},
    limits::network,
    rpc::{Guest, Session, noted},
    writer::Tx,
};

fn refuse_without_mail(app: &App) -> Result<()> {
    if app.config.email() == Email::Off { Err(code::NO_MAIL.into()) } else { Ok(()) }
}

pub(super) async fn send_code(guest: Guest, request: SendEmailCode) -> Result<Done> {
    let app = &guest.app;
    refuse_without_mail(app)?;
    let purpose = match request.purpose.as_str() {
        "sign_up" if app.config.sign_up() == SignUp::Closed => return Err(code::SIGN_UP_CLOSED.into()),
        "sign_up" => Purpose::SignUp,
        "recover" => Purpose::Recover,
        _ => return Err(Fault::new(code::BAD_VALUE).field("purpose").into()),
    };
    let address = Address::parse(&request.email)?;
    let locale = request.locale.unwrap_or_else(|| "en".into());
    check_locale(&locale)?;
    app.throttle.mail(&address.key, network(guest.remote().ip()), Instant::now())?;
    let minutes = app.config.accounts.code_minutes;
    let order = Order { address, purpose, account: AccountId::SYSTEM, locale, minutes };
    app.writer
        .run(move |tx| {
            Box::pin(async move {
                mail::room(tx).await?;
                mail::put(tx, &order).await
            })
        })
        .await?;
    app.mail.wake();
    Ok(Done::default())
}

/// The address that somebody signs up with, confirmed by its code; whether one is needed is the operator's choice.
pub(super) async fn claimed(app: &App, request: &Register) -> Result<Option<Proof>> {
    match (&request.email, app.config.email()) {
        (Some(_), Email::Off) => Err(code::NO_MAIL.into()),
        (None, Email::Required) => Err(Fault::new(code::EMAIL_NEEDED).field("email").into()),
        (None, _) => Ok(None),
        (Some(text), _) => {
            let address = Address::parse(text)?;
            let given = request.email_code.as_deref().unwrap_or_default();
            mail::check(app, &address.key, Purpose::SignUp, AccountId::SYSTEM, given).await.map(Some)
        }
    }
}

/// Uses the code up and makes the address the account's.
pub(super) async fn claim(tx: &mut Tx, account: AccountId, proof: &Proof) -> Result<()> {
    mail::spend(tx, proof).await?;
    set(tx, account, Some(&proof.address())).await.map(drop)
}

async fn set(tx: &mut Tx, account: AccountId, address: Option<&Address>) -> Result<EmailEntry> {
    if !mail::set_address(tx, account, address).await? {
        return Err(Fault::new(code::EMAIL_TAKEN).field("email").into());
    }
    let verified_ms = if address.is_some() { tx.now_ms() } else { 0 };
    let entry = EmailEntry { email: address.map(|it| it.text.clone()), verified_ms };
    let value = address.map(|_| frame::encode_body(&entry));
    tx.entry(account, "email".into(), value).await?;
    Ok(entry)
}

pub(super) async fn change(caller: Session, request: ChangeEmail) -> Result<EmailChange> {
    let (app, account) = (&caller.app, caller.account());
    refuse_without_mail(app)?;
    if request.email.is_none() && app.config.email() == Email::Required {
        return Err(Fault::new(code::EMAIL_NEEDED).field("email").into());
    }
    let new = request.email.as_deref().map(Address::parse).transpose()?;
    own_password(&caller, request.password).await?;
    let network = network(caller.link.connection.remote().ip());
    // Both addresses get a mail, and each has a bound on the codes that may be guessed.
    let old = mail::address_of(&app.db, account).await?.map(|(old, _)| old.to_ascii_lowercase());
    for counted in [old, new.as_ref().map(|new| new.key.clone())].into_iter().flatten() {
        app.throttle.mail(&counted, network, Instant::now())?;
    }
    let minutes = app.config.accounts.code_minutes;
    let begun =
        app.writer.run(move |tx| Box::pin(async move { begin(tx, account, new, minutes).await })).await?;
    app.mail.wake();
    Ok(begun)
}

async fn begin(tx: &mut Tx, account: AccountId, new: Option<Address>, minutes: u64) -> Result<EmailChange> {
    mail::room(tx).await?;
    let (old, locale) = mail::pending(tx, account).await?;
    if old.as_ref().map(|it| &it.key) == new.as_ref().map(|it| &it.key) {
        return Err(Fault::new(code::BAD_VALUE).field("email").message("That is how it is already.").into());
    }
    mail::withdraw(tx, account).await?;
    let begun = EmailChange { old: old.is_some(), new: new.is_some() };
    for (address, purpose) in [(old, Purpose::ChangeOld), (new, Purpose::ChangeNew)] {
        if let Some(address) = address {
            let locale = locale.clone();
            mail::put(tx, &Order { address, purpose, account, locale, minutes }).await?;
        }
    }
    Ok(begun)
}

pub(super) async fn confirm(caller: Session, request: ConfirmEmail) -> Result<EmailEntry> {
    let (app, account) = (&caller.app, caller.account());
    let (old, new) = mail::change_keys(&app.db, account).await?;
    if old.is_none() && new.is_none() {
        return Err(code::BAD_CODE.into());
    }
    let check = async |key: Option<String>, purpose, given: Option<String>| match key {
        None => Ok(None),
        Some(key) => mail::check(app, &key, purpose, account, &given.unwrap_or_default()).await.map(Some),
    };
    let old = check(old, Purpose::ChangeOld, request.old_code).await;
    let old = old.map_err(|error| at_field(error, "old_code"))?;
    let new = check(new, Purpose::ChangeNew, request.new_code).await;
    let new = new.map_err(|error| at_field(error, "new_code"))?;
    let entry = app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                for proof in [&old, &new].into_iter().flatten() {
                    mail::spend(tx, proof).await?;
                }
                set(tx, account, new.map(|proof| proof.address()).as_ref()).await
            })
        })
        .await?;
    noted!(caller, "the e-mail address was changed");
    Ok(entry)
}

fn at_field(error: Error, field: &str) -> Error {
    match error {
        Error::Fault(fault) if fault.is(code::BAD_CODE) => fault.field(field).into(),
        other => other,
    }
}

pub(super) async fn get(caller: Session, _: GetEmail) -> Result<EmailEntry> {
    let found = mail::address_of(&caller.app.db, caller.account()).await?;
    Ok(found.map_or_else(EmailEntry::default, |(email, verified_ms)| EmailEntry {
        email: Some(email),
        verified_ms,
    }))
}
