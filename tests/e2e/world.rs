//! The harness: a real server on a free port, people with real clients.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use litrocket::{config::Config, server::Server};
use litrocket_client::{Client, Error, Events, Item, Options, Outgoing, Start, Trust};
use litrocket_protocol::{
    AccountId, ConversationId, Request, account,
    chat::Ack,
    conversations::{ConversationInfo, CreateGroup, InviteMembers, OpenDirect},
    event::{Event, Text, kind},
    frame, history,
};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::raw::Raw;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const PASSWORD: &str = "correct horse";

/// A server with its folders.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    config: Config,
    pub(crate) port: u16,
    running: Option<Running>,
    app: Option<std::sync::Arc<litrocket::app::App>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), litrocket::cause::Cause>>,
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let held = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, held).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"));
}

/// A configuration for tests: a free port, cheap password hashes.
pub(crate) fn test_config(folder: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".into();
    config.server.data = folder.join("data").to_string_lossy().into_owned();
    config.server.certs = folder.join("certs").to_string_lossy().into_owned();
    config.accounts.argon2_memory_kib = 64;
    config.accounts.argon2_iterations = 1;
    config.limits.requests_per_second = 100_000;
    config.limits.account_requests_per_second = 100_000;
    config.limits.guest_requests_per_second = 1_000_000;
    config.people.stranger_messages_max = 1_000_000;
    config.limits.connections_per_account_max = 100_000;
    config.limits.connections_per_session_max = 100_000;
    config.limits.sends_per_second = 1_000_000;
    config.limits.sends_burst = 1_000_000;
    config.files.disk_reserve_mib = 0;
    config.people.strangers_per_day_new = 1_000_000;
    // Most tests bring strangers into groups.
    config.people.groups_from_default = "everybody".into();
    config
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = test_config(folder.path());
        change(&mut config);
        let mut world = Self { folder, config, port: 0, running: None, app: None };
        world.up().await;
        world
    }

    /// Starts the server, on the same port as before.
    pub(crate) async fn up(&mut self) {
        if self.port != 0 {
            self.config.server.listen = format!("127.0.0.1:{}", self.port);
        }
        // The socket of the server before may live until the last peer knows that it has gone.
        let mut tries = 0;
        let server = loop {
            match Server::bind(self.config.clone()).await {
                Err(error) if error.to_string().contains("in use") && tries < 300 => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                result => break result.unwrap(),
            }
        };
        self.port = server.address().port();
        self.app = Some(server.app().clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async { drop(stopped.await) }, std::future::pending()));
        self.running = Some(Running { stop, task });
    }

    pub(crate) fn app(&self) -> &litrocket::app::App {
        self.app.as_ref().unwrap()
    }

    /// Waits until what was said is indexed.
    pub(crate) async fn is_indexed(&self) {
        let app = self.app();
        let last: Option<(i64,)> = app.db.first("SELECT MAX(pos) FROM events", &[]).await.unwrap();
        let last = last.unwrap().0 as u64;
        eventually("the index has followed the log", async || app.search.indexed().unwrap() >= last).await;
    }

    /// Changes the configuration of the next start.
    pub(crate) fn changes(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    /// Stops the server gracefully.
    pub(crate) async fn down(&mut self) {
        let running = self.running.take().unwrap();
        self.app = None;
        drop(running.stop);
        timeout(PATIENCE, running.task).await.unwrap().unwrap().unwrap();
    }

    /// Waits for a server that ends by itself.
    pub(crate) async fn ends(&mut self) -> Result<(), litrocket::cause::Cause> {
        let running = self.running.take().unwrap();
        self.app = None;
        timeout(PATIENCE, running.task).await.unwrap().unwrap()
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("certs/ca.pem")
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(format!("127.0.0.1:{}", self.port).parse().unwrap());
        // What a test asks about is the first answer.
        options.patience = Duration::ZERO;
        options.trust = Trust::CaFile(self.ca());
        options
    }

    /// A peer that keeps no rule.
    pub(crate) async fn raw(&self) -> Raw {
        Raw::connect(self.port, &self.ca(), [127, 0, 0, 1].into()).await
    }

    /// A guest's connection.
    pub(crate) async fn guest(&self) -> Client {
        Client::connect(self.options()).await.unwrap()
    }

    /// A new account with one device.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let client = self.guest().await;
        let request = account::Register {
            handle: name.into(),
            password: PASSWORD.into(),
            label: "first".into(),
            ..account::Register::default()
        };
        let signed_in = client.register(request).await.unwrap();
        Person { name: name.into(), account: signed_in.account, client, events: None }
    }

    pub(crate) async fn people<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.person(name).await);
        }
        people.try_into().ok().unwrap()
    }

    /// The account's end is announced, and a week later carried out.
    pub(crate) async fn deletes(&self, person: &Person, erase: bool) {
        person.asks(account::DeleteAccount { password: PASSWORD.into(), erase, leave_groups: true }).await;
        self.app().clock.set_offset_ms(8 * 86_400_000);
        assert_eq!(litrocket::features::account::delete_due_now(self.app()).await.unwrap(), 1);
    }

    /// Another device of a person.
    pub(crate) async fn device(&self, person: &Person) -> Person {
        let client = self.guest().await;
        client.sign_in(sign_in(&person.name, PASSWORD)).await.unwrap();
        Person { name: person.name.clone(), account: person.account, client, events: None }
    }
}

pub(crate) fn sign_in(name: &str, password: &str) -> account::SignIn {
    account::SignIn {
        handle: name.into(),
        password: password.into(),
        label: "device".into(),
        old_token: None,
    }
}

pub(crate) fn text(words: &str) -> Text {
    Text { text: words.into(), ..Text::default() }
}

/// The words of an event.
pub(crate) fn words(event: &Event) -> String {
    match event.kind {
        kind::FORWARD => frame::decode::<litrocket_protocol::event::Forwarded>(&event.body).unwrap().text,
        _ => frame::decode::<Text>(&event.body).map(|text| text.text).unwrap_or_default(),
    }
}

/// Somebody with one device.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) account: AccountId,
    pub(crate) client: Client,
    pub(crate) events: Option<Events>,
}

impl Person {
    pub(crate) async fn asks<R: Request>(&self, request: R) -> R::Reply {
        timeout(PATIENCE, self.client.call(request)).await.unwrap().unwrap()
    }

    /// Makes a request that must be refused; answers the code.
    pub(crate) async fn is_refused<R: Request>(&self, request: R) -> String {
        match timeout(PATIENCE, self.client.call(request)).await.unwrap() {
            Err(Error::Fault(fault)) => fault.code,
            Err(other) => panic!("{} got {other} instead of a fault", R::NAME),
            Ok(_) => panic!("{} was granted", R::NAME),
        }
    }

    pub(crate) async fn opens(&self, other: &Person) -> ConversationId {
        self.asks(OpenDirect { account: other.account }).await.conversation
    }

    pub(crate) async fn makes_group(&self, name: &str, others: &[&Person]) -> ConversationId {
        let request = CreateGroup {
            id: self.client.new_id().unwrap(),
            name: name.into(),
            accounts: others.iter().map(|person| person.account).collect(),
            open_history: false,
        };
        self.asks(request).await.conversation
    }

    pub(crate) async fn invites(&self, conversation: ConversationId, others: &[&Person]) {
        let accounts = others.iter().map(|person| person.account).collect();
        self.asks(InviteMembers { conversation, accounts }).await;
    }

    pub(crate) async fn says(&self, conversation: ConversationId, words: &str) -> Ack {
        self.sends(conversation, Outgoing::text(words)).await.unwrap()
    }

    pub(crate) async fn sends(&self, conversation: ConversationId, message: Outgoing) -> Result<Ack, Error> {
        let pending = self.client.send(conversation, message).await?;
        timeout(PATIENCE, pending).await.expect("an answer to a send")
    }

    /// Sends what must be refused; answers the code.
    pub(crate) async fn cannot_send(&self, conversation: ConversationId, message: Outgoing) -> String {
        match self.sends(conversation, message).await {
            Err(Error::Fault(fault)) => fault.code,
            other => panic!("{other:?} instead of a refusal"),
        }
    }

    /// Begins to listen from where this device stands.
    pub(crate) async fn listens(&mut self) {
        self.events = Some(self.client.events(Start::Cursors).unwrap());
        self.waits_for(|item| matches!(item, Item::CaughtUp).then_some(())).await;
    }

    pub(crate) fn listens_from_start(&mut self) {
        self.events = Some(self.client.events(Start::Beginning).unwrap());
    }

    /// Waits for an item, passing others by.
    pub(crate) async fn waits_for<T>(&mut self, mut wanted: impl FnMut(&Item) -> Option<T>) -> T {
        let events = self.events.as_mut().expect("the person listens");
        let found = async {
            loop {
                let item = events.next().await.expect("the client is open");
                if let Some(found) = wanted(&item) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{} waited in vain", self.name))
    }

    /// The next event of any conversation.
    pub(crate) async fn next_event(&mut self) -> Event {
        self.waits_for(|item| match item {
            Item::Event(event) => Some(event.clone()),
            _ => None,
        })
        .await
    }

    /// The next message must have these words.
    pub(crate) async fn hears(&mut self, expected: &str) -> Event {
        let event = self
            .waits_for(|item| match item {
                Item::Event(event) if event.message_seq.is_some() => Some(event.clone()),
                _ => None,
            })
            .await;
        assert_eq!(words(&event), expected, "{} hears", self.name);
        event
    }

    /// Nothing but hints may be on its way: what this person says from another device is what comes next.
    pub(crate) async fn hears_nothing(&mut self, world: &World) {
        let other = world.device(self).await;
        let notes = other.opens(&other).await;
        // Conversations take turns: what was to come with the first one comes before the second.
        for marker in ["a marker", "another marker"] {
            other.says(notes, marker).await;
            let event = self.next_event().await;
            assert_eq!((event.conversation, words(&event).as_str()), (notes, marker), "{} hears", self.name);
        }
    }

    pub(crate) async fn history(
        &self,
        conversation: ConversationId,
    ) -> Vec<litrocket_protocol::conversations::Message> {
        let request = history::GetHistory { conversation, before: None, after: None, limit: Some(200) };
        self.asks(request).await.messages
    }

    pub(crate) async fn sees(&self, conversation: ConversationId) -> ConversationInfo {
        self.asks(litrocket_protocol::conversations::GetConversation { conversation }).await
    }
}
