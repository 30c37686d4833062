//! Bounds that hold over several connections, of an account, of an address; and how a value outside its bounds is refused.

use litrocket_client::{Client, Error};
use litrocket_protocol::{
    VERSION,
    account::{Hello, ListSessions, SetProfile},
    files::MakeGroupFolder,
    groups::MakeGroupLink,
};

use crate::world::{PASSWORD, Person, World, eventually, sign_in};

/// Asks so often over a connection; how often it was granted. Refusals have to say when to come back.
async fn granted(client: &Client, times: usize) -> usize {
    let mut granted = 0;
    for _ in 0..times {
        match client.call(ListSessions::default()).await {
            Ok(_) => granted += 1,
            Err(Error::Fault(fault)) => {
                assert_eq!(fault.code, "rate_limited");
                assert!(fault.retry_after_ms.is_some_and(|wait| (1..=1_000).contains(&wait)), "{fault:?}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    granted
}

async fn refusal<T: std::fmt::Debug>(
    result: impl Future<Output = Result<T, Error>>,
) -> litrocket_protocol::Fault {
    match result.await {
        Err(Error::Fault(fault)) => *fault,
        other => panic!("{other:?} instead of a refusal"),
    }
}

#[tokio::test]
async fn an_accounts_connections_share_a_budget_and_another_account_behind_the_address_has_its_own() {
    let world = World::start_with(|config| config.limits.account_requests_per_second = 10).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let mut devices = vec![];
    for _ in 0..19 {
        devices.push(world.device(&ada).await);
    }
    let before = std::time::Instant::now();
    let mut all = 0;
    for device in devices.iter().chain([&ada]) {
        all += granted(&device.client, 10).await;
    }
    // Forty at once, less what the devices' streams took, and ten for each second that it took.
    let most = 40 + 10 * (before.elapsed().as_secs() as usize + 1);
    assert!((1..=most).contains(&all), "{all} of 200");
    assert_eq!(granted(&bob.client, 30).await, 30, "bob is not disturbed");
}

#[tokio::test]
async fn guests_behind_an_address_share_a_budget_and_who_is_signed_in_there_has_their_own() {
    let world = World::start_with(|config| config.limits.guest_requests_per_second = 2).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let guest = world.guest().await;
    // It fills while this goes on, more slowly than it is spent.
    let mut refused = false;
    for _ in 0..100 {
        refused |= refusal(guest.sign_in(sign_in("nobody", PASSWORD))).await.code == "rate_limited";
    }
    assert!(refused, "guests ask as much as they like");
    assert_eq!(granted(&ada.client, 30).await, 30, "ada is not disturbed");
    assert_eq!(granted(&bob.client, 30).await, 30, "nor is bob");
    let mut options = world.options();
    options.token = ada.client.token();
    for _ in 0..20 {
        Client::connect(options.clone()).await.expect("the first hello of a connection is free");
    }
}

#[tokio::test]
async fn hellos_that_are_refused_one_after_the_other_spend_the_guests_budget() {
    let world = World::start_with(|config| config.limits.guest_requests_per_second = 2).await;
    let peer = world.raw().await;
    let token = Some(vec![7; 32]);
    let hello = Hello { versions: vec![VERSION], client: "raw".into(), token, capabilities: vec![] };
    let mut codes = vec![];
    for _ in 0..30 {
        codes.push(peer.call(&hello).await.unwrap_err().code);
    }
    assert_eq!(codes[0], "bad_token");
    assert!(codes.contains(&"rate_limited".into()), "{codes:?}");
}

#[tokio::test]
async fn an_account_has_so_many_connections_and_one_more_is_refused_until_one_ends() {
    let world = World::start_with(|config| config.limits.connections_per_account_max = 3).await;
    let ada = world.person("ada").await;
    let [_phone, laptop] = [world.device(&ada).await, world.device(&ada).await];
    let sessions = async |person: &Person| person.asks(ListSessions::default()).await.sessions.len();
    let guest = world.guest().await;
    let fault = refusal(guest.sign_in(sign_in("ada", PASSWORD))).await;
    assert_eq!((fault.code.as_str(), fault.limit), ("too_many_connections", Some(3)));
    assert!(fault.retry_after_ms.is_some());
    assert_eq!(sessions(&ada).await, 3, "a refused sign-in leaves no session");
    let mut options = world.options();
    options.token = ada.client.token();
    assert_eq!(refusal(Client::connect(options.clone())).await.code, "too_many_connections");
    // Nobody else is disturbed, and who is in stays in.
    world.person("bob").await;
    for person in [&ada, &laptop] {
        person.asks(SetProfile::default()).await;
    }
    laptop.client.sign_out().await.unwrap();
    eventually("a place was free", async || Client::connect(options.clone()).await.is_ok()).await;
}

#[tokio::test]
async fn a_copied_token_takes_no_more_than_a_sessions_connections() {
    let world = World::start_with(|config| {
        config.limits.connections_per_account_max = 4;
        config.limits.connections_per_session_max = 2;
    })
    .await;
    let ada = world.person("ada").await;
    let mut options = world.options();
    options.token = ada.client.token();
    let _second = Client::connect(options.clone()).await.unwrap();
    let fault = refusal(Client::connect(options)).await;
    assert_eq!((fault.code.as_str(), fault.limit), ("too_many_connections", Some(2)));
    world.device(&ada).await;
}

#[tokio::test]
async fn a_value_outside_its_bounds_is_told_both_ends_and_what_they_count() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let conversation = ada.makes_group("rockets", &[]).await;
    let folder = |name: String| refusal(ada.client.call(MakeGroupFolder { conversation, name }));
    let link = |uses, valid_ms| refusal(ada.client.call(MakeGroupLink { conversation, uses, valid_ms }));
    let page = |limit| refusal(ada.client.call(ListSessions { before: None, limit: Some(limit) }));
    let name = |display_name: String| {
        refusal(ada.client.call(SetProfile { display_name: Some(display_name), ..SetProfile::default() }))
    };
    for (fault, said, least, limit, unit) in [
        (folder("x".repeat(256)).await, "Use 1 to 255 bytes.", "1", 255, "bytes"),
        (link(Some(0), None).await, "Use 1 to 100000.", "1", 100_000, ""),
        (link(None, Some(0)).await, "Use 1 ms to 365 days.", "1", 365 * 86_400_000, "ms"),
        (page(0).await, "Use 1 to 100.", "1", 100, ""),
        (page(101).await, "Use 1 to 100.", "1", 100, ""),
        (name(String::new()).await, "Use 1 to 64 characters.", "1", 64, "characters"),
        (name("x".repeat(65)).await, "Use 1 to 64 characters.", "1", 64, "characters"),
    ] {
        let params = fault.params.unwrap_or_default();
        assert_eq!((&*fault.message, fault.limit), (said, Some(limit)));
        assert_eq!((&*params["least"], &*params["unit"]), (least, unit), "{said}");
    }
}
