//! Lists that come page by page.

use litrocket_client::Client;
use litrocket_protocol::{Request, limits};

use crate::Failure;

/// Asks for page after page, for at most so many things, and takes each as it comes; answers how many came. `request` makes
/// what asks for a page behind a place, `page` takes the reply apart: its things, and the place behind them if there are
/// more.
pub(crate) async fn pages<R: Request, Place, T>(
    client: &Client,
    limit: u64,
    request: impl Fn(Option<Place>, u64) -> R,
    page: impl Fn(R::Reply) -> (Vec<T>, Option<Place>),
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let (mut after, mut came) = (None, 0);
    while came < limit {
        let reply = client.call(request(after, (limit - came).min(limits::PAGE_MAX))).await?;
        let (things, next) = page(reply);
        came += things.len() as u64;
        things.into_iter().try_for_each(&mut take)?;
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(came)
}

/// The place behind a page that only says whether there are more: that of its last thing.
pub(crate) fn behind<T, Place>(things: &[T], more: bool, place: impl Fn(&T) -> Place) -> Option<Place> {
    things.last().filter(|_| more).map(place)
}
