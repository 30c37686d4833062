//! Who may begin a handshake and who may have a connection: counts, in all and per network.
//!
//! Knows no packet. A handshake costs memory and time before anybody knows who asks, so it has places of its own beside
//! those of connections. Start with [`Handshakes::enters`].

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::Options;
use crate::{
    counts::{Counted, Counts, Taken},
    limits::network,
    lock::lock,
};

/// Validated attempts that wait for a place, in all: each holds its first packets and their keys, about 11 KiB. Together with
/// those under way, enough for a thousand clients of several networks that come back to one restarted server at once.
const WAITING_MAX: usize = 1024;
/// How long one waits for a place. A client that is ignored then repeats its first packets by itself.
const WAITING_TIME: Duration = Duration::from_secs(2);
/// How long a handshake may take.
const TIME: Duration = Duration::from_secs(10);
/// The same while half of the places are taken.
const TIME_LOADED: Duration = Duration::from_secs(3);
/// QUIC keeps a connection that ended for three probe timeouts, of a second each before the path is measured. A failed
/// handshake keeps its place as long, since it keeps its memory.
pub(super) const LINGER: Duration = Duration::from_secs(3);

/// Guests share this part of the places, no network takes more of it than it leaves: a crowd without accounts shuts nobody out.
const GUESTS_PART: usize = 4;

/// Counts connections, in all and per address.
#[derive(Debug, Default)]
pub(super) struct Places {
    per_address: Counted<IpAddr>,
    all: AtomicUsize,
    /// Those on which nobody has signed in.
    guests: Mutex<Shares>,
}

/// One connection's place in the counts.
#[derive(Debug)]
pub(super) struct ConnectionPlace {
    places: Arc<Places>,
    address: IpAddr,
    is_guest: AtomicBool,
    _taken: Taken<IpAddr>,
}

impl Places {
    pub(super) fn new(options: &Options) -> Arc<Self> {
        let guests = Shares::new(options.connections_max.div_ceil(GUESTS_PART));
        Arc::new(Self { guests: Mutex::new(guests), ..Self::default() })
    }

    fn is_full(&self, count: usize, options: &Options) -> bool {
        count >= options.connections_per_address_max
            || self.all.load(Ordering::Relaxed) >= options.connections_max
    }

    /// Whether there is room for one more from this address now.
    pub(super) fn has_room(&self, remote: SocketAddr, options: &Options) -> bool {
        let network = network(remote.ip());
        let count = self.per_address.counts().of(&network);
        !self.is_full(count, options) && lock(&self.guests).has_room(network)
    }

    pub(super) fn take(self: &Arc<Self>, remote: SocketAddr, options: &Options) -> Option<ConnectionPlace> {
        let address = network(remote.ip());
        let taken = self.per_address.take_if(address, |counts| {
            let may = !self.is_full(counts.of(&address), options) && lock(&self.guests).take(address);
            self.all.fetch_add(usize::from(may), Ordering::Relaxed);
            may
        })?;
        Some(ConnectionPlace {
            places: self.clone(),
            address,
            is_guest: AtomicBool::new(true),
            _taken: taken,
        })
    }
}

impl ConnectionPlace {
    /// Somebody signed in, or the connection is over.
    pub(super) fn no_guest_any_more(&self) {
        if self.is_guest.swap(false, Ordering::Relaxed) {
            lock(&self.places.guests).give_back(self.address);
        }
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.no_guest_any_more();
        self.places.all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whom a flood can come from with one line: an IPv4 /24, an IPv6 /64.
fn neighbours(address: IpAddr) -> IpAddr {
    match network(address) {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        network @ IpAddr::V6(_) => network,
    }
}

/// Places that networks share: none may take more than it leaves free. One alone gets half of them, two a third each, and
/// somebody new always finds some.
#[derive(Debug, Default)]
struct Shares {
    max: usize,
    all: usize,
    per_network: Counts<IpAddr>,
}

impl Shares {
    fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    fn has_room(&self, network: IpAddr) -> bool {
        self.per_network.of(&network) < self.max.saturating_sub(self.all)
    }

    fn take(&mut self, network: IpAddr) -> bool {
        let has_room = self.has_room(network);
        if has_room {
            self.per_network.add(network);
            self.all += 1;
        }
        has_room
    }

    fn give_back(&mut self, network: IpAddr) {
        self.all -= usize::from(self.per_network.give_back(&network));
    }
}

#[derive(Debug)]
struct Waiting<T> {
    what: T,
    network: IpAddr,
    until: Instant,
}

#[derive(Debug)]
struct State<T> {
    running: Shares,
    unvalidated: usize,
    waiting: VecDeque<Waiting<T>>,
    shares: Shares,
}

/// Handshakes under way and those that wait for a place; `T` is what waits.
#[derive(Debug)]
pub(super) struct Handshakes<T> {
    state: Mutex<State<T>>,
    unvalidated_max: usize,
    /// A place was given back while others wait.
    pub(super) freed: Notify,
}

/// A handshake's place.
#[derive(Debug)]
pub(super) struct Running<T> {
    handshakes: Arc<Handshakes<T>>,
    network: IpAddr,
    validated: bool,
}

/// What becomes of an attempt.
#[derive(Debug)]
pub(super) enum Entry<T> {
    /// The handshake may begin.
    Begins(T, Running<T>),
    /// It has to show first that its address is its own.
    MustRetry(T),
    /// It hears nothing and may come again.
    Ignored(T),
    /// It is kept until there is a place.
    Waits,
}

impl<T> Handshakes<T> {
    pub(super) fn new(options: &Options) -> Arc<Self> {
        let state = State {
            running: Shares::new(options.handshakes_max),
            unvalidated: 0,
            waiting: VecDeque::new(),
            shares: Shares::new(WAITING_MAX),
        };
        let unvalidated_max = options.handshakes_unvalidated_max.min(options.handshakes_max / 2);
        Arc::new(Self { state: Mutex::new(state), unvalidated_max, freed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// Takes an attempt in. `validated`: its address is known to be its own.
    pub(super) fn enters(self: &Arc<Self>, what: T, remote: IpAddr, validated: bool) -> Entry<T> {
        let network = neighbours(remote);
        let mut state = self.state();
        let may_begin = validated || state.unvalidated < self.unvalidated_max;
        if may_begin && state.running.take(network) {
            state.unvalidated += usize::from(!validated);
            return Entry::Begins(what, Running { handshakes: self.clone(), network, validated });
        }
        if !validated {
            return Entry::MustRetry(what);
        }
        if !state.shares.take(network) {
            return Entry::Ignored(what);
        }
        state.waiting.push_back(Waiting { what, network, until: Instant::now() + WAITING_TIME });
        Entry::Waits
    }

    /// Those that waited and may begin now, then those that waited too long.
    pub(super) fn wakes(self: &Arc<Self>) -> (Vec<(T, Running<T>)>, Vec<T>) {
        let mut guard = self.state();
        let state = &mut *guard;
        let (mut begin, mut late) = (Vec::new(), Vec::new());
        let now = Instant::now();
        while let Some(one) = state.waiting.pop_front_if(|one| one.until <= now) {
            state.shares.give_back(one.network);
            late.push(one.what);
        }
        if state.running.all >= state.running.max {
            return (begin, late);
        }
        for one in std::mem::take(&mut state.waiting) {
            if state.running.take(one.network) {
                state.shares.give_back(one.network);
                let running = Running { handshakes: self.clone(), network: one.network, validated: true };
                begin.push((one.what, running));
            } else {
                state.waiting.push_back(one);
            }
        }
        (begin, late)
    }

    /// Whether somebody waits.
    pub(super) fn has_waiting(&self) -> bool {
        !self.state().waiting.is_empty()
    }
}

impl<T> Running<T> {
    /// How long the handshake may take, asked again while it runs.
    pub(super) fn patience(&self) -> Duration {
        let state = self.handshakes.state();
        if state.running.all * 2 >= state.running.max { TIME_LOADED } else { TIME }
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        let mut state = self.handshakes.state();
        state.running.give_back(self.network);
        state.unvalidated -= usize::from(!self.validated);
        if !state.waiting.is_empty() {
            self.handshakes.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshakes(max: usize, unvalidated: usize) -> Arc<Handshakes<u32>> {
        let state = State {
            running: Shares::new(max),
            unvalidated: 0,
            waiting: VecDeque::new(),
            shares: Shares::new(WAITING_MAX),
        };
        let state = Mutex::new(state);
        Arc::new(Handshakes { state, unvalidated_max: unvalidated, freed: Notify::new() })
    }

    fn begins(handshakes: &Arc<Handshakes<u32>>, from: &str, validated: bool) -> Option<Running<u32>> {
        match handshakes.enters(0, from.parse().unwrap(), validated) {
            Entry::Begins(_, running) => Some(running),
            _ => None,
        }
    }

    #[test]
    fn guests_leave_most_places_to_those_who_sign_in() {
        let config = crate::config::Config::default();
        let options = crate::server::transport_options(&config, "[::]:0".parse().unwrap(), "".as_ref());
        let options = Options { connections_max: 16, connections_per_address_max: 16, ..options };
        let places = Places::new(&options);
        let [crowd, other] = ["10.0.0.1:1", "10.9.9.9:1"].map(|address| address.parse().unwrap());
        let mut guests: Vec<_> = (0..16).filter_map(|_| places.take(crowd, &options)).collect();
        assert_eq!((guests.len(), places.has_room(crowd, &options)), (2, false), "half of a quarter");
        let newcomer = places.take(other, &options);
        assert!(newcomer.is_some());
        for _ in 0..2 {
            guests[0].no_guest_any_more();
        }
        assert!(places.has_room(crowd, &options));
        guests.pop();
        drop((guests, newcomer));
        assert_eq!((lock(&places.guests).all, places.all.load(Ordering::Relaxed)), (0, 0));
    }

    #[tokio::test]
    async fn no_network_takes_more_than_it_leaves_and_somebody_new_finds_a_place() {
        let handshakes = handshakes(90, 90);
        let mut flood: Vec<_> =
            (0..200).filter_map(|n| begins(&handshakes, &format!("10.0.0.{n}"), true)).collect();
        assert_eq!(flood.len(), 45, "one alone has half");
        flood.extend((0..200).filter_map(|n| begins(&handshakes, &format!("10.0.1.{n}"), true)));
        assert!(flood.len() < 70, "{}", flood.len());
        assert!(begins(&handshakes, "10.9.9.9", true).is_some());
        assert!(begins(&handshakes, "2001:db8::1", true).is_some());
    }

    #[tokio::test]
    async fn who_has_not_shown_an_address_is_asked_to_and_who_has_waits() {
        let handshakes = handshakes(4, 1);
        let first = begins(&handshakes, "10.0.0.1", false).unwrap();
        let again = handshakes.enters(1, "10.0.0.1".parse().unwrap(), false);
        assert!(matches!(again, Entry::MustRetry(1)), "{again:?}");
        let second = begins(&handshakes, "10.0.0.1", true).unwrap();
        assert!(matches!(handshakes.enters(2, "10.0.0.2".parse().unwrap(), true), Entry::Waits));
        assert!(handshakes.wakes().0.is_empty());
        drop(first);
        let (began, late) = handshakes.wakes();
        assert_eq!((began.len(), late.len()), (1, 0));
        assert_eq!(began[0].0, 2);
        assert!(!handshakes.has_waiting());
        drop((second, began));
        assert_eq!(handshakes.state().running.all, 0);
        assert!(handshakes.state().running.per_network.is_empty());
    }
}
