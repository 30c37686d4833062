//! From flags and profile to a connection.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use litrocket_client::{Address, Client, Error, Options, Trust, protocol::hex};
use tokio::time::Instant;

use crate::{
    CommonArgs, Failure,
    failure::At as _,
    output::Output,
    profile::{Profile, Saved},
};

const DEFAULT_SERVER: &str = "127.0.0.1:4433";
/// The CA beside which a local server runs.
const LOCAL_CA: &str = "certs/ca.pem";
/// The pause between attempts while a command waits for the server.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(300);
/// One such attempt.
const ATTEMPT: Duration = Duration::from_secs(3);

/// An address that somebody typed.
pub(crate) fn read_address(text: &str) -> Result<Address, Failure> {
    let wrong = text.to_owned();
    text.parse().map_err(|_| Failure::usage(move |words| words.bad_address(&wrong)))
}

/// Whether somebody typed an address.
pub(crate) fn is_address(text: &str) -> bool {
    text.trim_start().get(..12).is_some_and(|scheme| scheme.eq_ignore_ascii_case("litrocket://"))
}

/// Refuses an address that was handed out by another server than the one that is connected, as its CA says. Where one
/// of the two is not known the server is asked: it may have several names.
pub(crate) fn is_of_this_server(client: &Client, theirs: &Address) -> Result<(), Failure> {
    let ours = client.address();
    let differ = |(theirs, ours)| theirs != ours;
    if !theirs.ca.zip(ours.ca).is_some_and(differ) {
        return Ok(());
    }
    let place = |address: &Address| format!("{}:{}", address.host, address.port);
    let (theirs, ours) = (place(theirs), place(ours));
    Err(Failure::usage(move |words| words.other_server(&theirs, &ours)))
}

/// What every command needs.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) common: CommonArgs,
    pub(crate) output: Output,
    /// The connections that were made: a command leaves none behind, however it ends.
    made: Mutex<Vec<Client>>,
    /// The folders that were made for a profile: nor does it leave one in which nobody is signed in.
    folders: Mutex<Vec<PathBuf>>,
}

impl Context {
    pub(crate) fn new(common: CommonArgs, output: Output) -> Self {
        Self { common, output, made: Mutex::default(), folders: Mutex::default() }
    }

    fn made(&self, client: Client) -> Client {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(client.clone());
        client
    }

    /// Closes what is still open; commands themselves close only what would be open while a person is waited for. The server would keep the place of a connection that is merely gone for a while, and an
    /// account has few of them.
    pub(crate) async fn close(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for client in made {
            client.close().await;
        }
        let folders = std::mem::take(&mut *self.folders.lock().unwrap_or_else(PoisonError::into_inner));
        if let (false, Ok(profile)) = (folders.is_empty(), self.profile()) {
            profile.unmake(&folders);
        }
    }

    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        Profile::open(&self.common.profile)
    }

    /// The server to use: the flag's, the profile's, or the one on this machine; with the CA to trust.
    fn options(&self, saved: Option<&Saved>) -> Result<Options, Failure> {
        let mut address = match (&self.common.server, saved) {
            (Some(server), _) => read_address(server)?,
            (None, Some(saved)) => read_address(&saved.server)?,
            (None, None) => read_address(DEFAULT_SERVER)?,
        };
        let named = self.common.server.is_some() && address.ca.is_some();
        let known = saved.map(|saved| read_address(&saved.server)).transpose()?;
        let known = known.filter(|known| (&known.host, known.port) == (&address.host, address.port));
        if address.ca.is_none() {
            address.ca = known.and_then(|known| known.ca);
        }
        let local =
            address.host == "localhost" || address.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        // Who is signed in nowhere has nothing to lose by a server of this machine that was made anew.
        let pinned = address.ca.is_some() && (named || saved.is_some_and(|saved| !saved.token.is_empty()));
        if let Some(file) = &self.common.ca {
            address.ca = Some(Trust::pin_of(file)?);
        } else if !pinned && local && Path::new(LOCAL_CA).exists() {
            address.ca = Some(Trust::pin_of(Path::new(LOCAL_CA))?);
        }
        let mut options = Options::new(address);
        options.client_name = concat!("litrocket-cli/", env!("CARGO_PKG_VERSION")).into();
        options.connect_timeout = self.common.connect_patience();
        options.patience = self.common.patience().min(options.patience);
        Ok(options)
    }

    /// A connection that is not signed in, with the file for the cursors of who will be.
    pub(crate) async fn guest(&self) -> Result<(Client, Address), Failure> {
        let profile = self.profile()?;
        let saved = profile.load()?;
        let mut options = self.options(saved.as_ref())?;
        let folders = profile.make_folder()?;
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).extend(folders);
        options.state_file = Some(profile.state_file());
        let address = options.address.clone();
        let client = Client::connect(options).await.kept_at(&profile.state_file())?;
        Ok((self.made(client), address))
    }

    /// Who the profile says is signed in.
    pub(crate) fn saved(&self) -> Result<Saved, Failure> {
        let saved = self.profile()?.load()?.filter(|saved| !saved.token.is_empty());
        saved.ok_or(Failure::Client(Error::NotSignedIn))
    }

    fn signed_in_options(&self) -> Result<Options, Failure> {
        let saved = self.saved()?;
        let mut options = self.options(Some(&saved))?;
        options.token = hex::decode(&saved.token);
        Ok(options)
    }

    /// A signed-in connection.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        Ok(self.made(Client::connect(self.signed_in_options()?).await?))
    }

    /// A signed-in connection that keeps cursors.
    pub(crate) async fn connect_with_state(&self, profile: &Profile) -> Result<Client, Failure> {
        let mut options = self.signed_in_options()?;
        options.state_file = Some(profile.state_file());
        Ok(self.made(Client::connect(options).await.kept_at(&profile.state_file())?))
    }

    /// A signed-in connection, waiting for the server until the deadline.
    pub(crate) async fn connect_until(&self, deadline: Instant) -> Result<Client, Failure> {
        loop {
            let mut options = self.signed_in_options()?;
            options.connect_timeout = ATTEMPT.min(self.common.connect_patience());
            match Client::connect(options).await {
                Err(Error::Unreachable(_) | Error::TimedOut) if Instant::now() < deadline => {
                    tokio::time::sleep(ATTEMPT_PAUSE).await;
                }
                result => return Ok(self.made(result?)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Words;

    #[test]
    fn a_time_that_is_named_holds_for_connecting_too() {
        let connects_within = |timeout| {
            let common = CommonArgs {
                server: Some("chat.example.org:4433".into()),
                ca: None,
                profile: "default".into(),
                json: false,
                timeout,
                lang: None,
            };
            Context::new(common, Output::new(false, Words::English)).options(None).unwrap().connect_timeout
        };
        assert_eq!(connects_within(Some(60)), Duration::from_secs(60));
        assert_eq!(connects_within(Some(1)), Duration::from_secs(1));
        assert_eq!(connects_within(None), Duration::from_secs(10));
    }
}
