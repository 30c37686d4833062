//! Translation of a text or of a message the caller may read. The message itself is never changed.
//!
//! [`engine`] speaks with the server that translates, [`cache`] keeps what was translated, [`languages`] names languages
//! and detects them. Start with [`Translator`].

mod cache;
mod engine;
mod languages;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use litrocket_protocol::{
    AccountId, Fault,
    event::{Event, Forwarded, Text, kind},
    fault::code,
    frame, limits,
    words::{
        DetectLanguage, Detected, LanguagePair, ListTranslations, TranslateMessage, TranslateText,
        Translation, Translations,
    },
};
use tokio::sync::Semaphore;

use self::{
    cache::{Cache, Key, Source},
    engine::{Engine, Failure, Pair},
};
use crate::{
    cause::Cause,
    config,
    error::{Error, Result},
    features::{account, history},
    limits::RateLimits,
    lock::lock,
    rpc::Session,
};

/// Calls of the engine at the same time.
const CALLS_MAX: usize = 8;
/// Those of one person: the others wait in that person's own line, and take nobody's place.
const OWN_CALLS_MAX: usize = 2;
/// How long the list of what the engine offers is believed.
const PAIRS_TIME: Duration = Duration::from_secs(600);
/// How long it is believed that the engine has no list: nobody waits for an engine that is away, and it is not asked by
/// everybody anew.
const PAIRS_RETRY: Duration = Duration::from_secs(5);
/// Pairs that an engine may offer.
const PAIRS_MAX: usize = 4_000;

/// The engine of the configuration with what is known of it.
#[derive(Debug)]
pub struct Translator {
    engine: Option<Arc<dyn Engine>>,
    time: Duration,
    /// Calls of the engine that each person may cause.
    rates: RateLimits<AccountId>,
    calls: Semaphore,
    own_calls: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
    cache: Cache,
    pairs: Mutex<Option<Asked>>,
}

/// What the engine said when it was asked what it offers, and when that was.
type Said = (Instant, Result<Arc<[Offer]>, Arc<str>>);
/// The question, which goes on whoever stops to wait for it.
type Asked = Shared<BoxFuture<'static, Said>>;

fn is_believed((at, offers): &Said) -> bool {
    at.elapsed() < if offers.is_ok() { PAIRS_TIME } else { PAIRS_RETRY }
}

/// Asks an engine what it offers.
async fn ask(engine: Arc<dyn Engine>, time: Duration) -> Said {
    let offer = |pair: Pair| {
        let (from, to) = (languages::tag(&pair.0)?, languages::tag(&pair.1)?);
        Some(Offer { from, to, engine: pair })
    };
    let said = match tokio::time::timeout(time, engine.pairs()).await {
        Ok(Ok(pairs)) => Ok(pairs.into_iter().filter_map(offer).take(PAIRS_MAX).collect()),
        Ok(Err(failure)) => Err(failure.0.into()),
        Err(_) => Err("no list of languages in time".into()),
    };
    (Instant::now(), said)
}

/// A pair with its names here and there.
#[derive(Debug)]
struct Offer {
    from: String,
    to: String,
    engine: Pair,
}

/// What is to be translated.
struct Order {
    account: AccountId,
    source: Source,
    text: String,
    from: Option<String>,
    to: String,
}

impl Translator {
    /// Reads the configuration; the reason when it does not work. Calls nobody.
    pub fn new(options: &config::Words) -> Result<Self, Cause> {
        Ok(Self {
            engine: engine::configured(options)?,
            time: Duration::from_millis(options.engine_timeout_ms),
            rates: RateLimits::new(options.translations_per_second, options.translations_burst),
            calls: Semaphore::new(CALLS_MAX),
            own_calls: Mutex::default(),
            cache: Cache::default(),
            pairs: Mutex::default(),
        })
    }

    fn engine(&self) -> Result<&Arc<dyn Engine>, Fault> {
        self.engine.as_ref().ok_or_else(|| Fault::new(code::NO_ENGINE))
    }

    /// The places of one person.
    fn own(&self, account: AccountId) -> Arc<Semaphore> {
        let mut own = lock(&self.own_calls);
        own.retain(|_, places| Arc::strong_count(places) > 1);
        own.entry(account).or_insert_with(|| Arc::new(Semaphore::new(OWN_CALLS_MAX))).clone()
    }

    /// What the engine offers. It is asked when it was not for a while, once for all who wait.
    async fn offers(&self, engine: &Arc<dyn Engine>) -> Result<Arc<[Offer]>, Failure> {
        loop {
            let said = self.asked(engine).await;
            // An answer that nobody was there to hear may be old.
            if is_believed(&said) {
                return said.1.map_err(|cause| Failure(cause.to_string()));
            }
        }
    }

    fn asked(&self, engine: &Arc<dyn Engine>) -> Asked {
        let mut known = lock(&self.pairs);
        if let Some(asked) = known.as_ref().filter(|asked| asked.peek().is_none_or(is_believed)) {
            return asked.clone();
        }
        let task = tokio::spawn(ask(engine.clone(), self.time));
        let said =
            async { task.await.unwrap_or_else(|error| (Instant::now(), Err(error.to_string().into()))) };
        known.insert(said.boxed().shared()).clone()
    }

    /// Everything an order needs of the engine, within the time for it.
    async fn translate(&self, order: Order) -> Result<Translation> {
        let engine = self.engine()?;
        match tokio::time::timeout(self.time, self.work(engine, order)).await {
            Ok(result) => result,
            Err(_) => Err(failed(&Failure("no answer in time".into()))),
        }
    }

    async fn work(&self, engine: &Arc<dyn Engine>, order: Order) -> Result<Translation> {
        let offers = self.offers(engine).await.map_err(|failure| failed(&failure))?;
        let detected = order.from.is_none();
        let from = match order.from {
            Some(from) => from,
            None => detect(&offers, &order.text, &order.to)?,
        };
        if from == order.to {
            return Ok(Translation { text: order.text, from, to: order.to, detected });
        }
        let Some(offer) = choose(&offers, &from, &order.to) else {
            // Regions of one language: better as it is than not at all.
            if languages::primary(&from) == languages::primary(&order.to) {
                return Ok(Translation { text: order.text, from, to: order.to, detected });
            }
            let fault = Fault::new(code::NO_TRANSLATION);
            return Err(fault.param("from", from).param("to", order.to).into());
        };
        let key = Key {
            source: order.source,
            hash: *blake3::hash(order.text.as_bytes()).as_bytes(),
            pair: offer.engine.clone(),
        };
        let cell = self.cache.cell(&key, &order.text);
        let made = cell.get_or_try_init(|| self.call(engine, order.account, &key.pair, &order.text)).await?;
        Ok(Translation { text: made.to_string(), from: offer.from.clone(), to: offer.to.clone(), detected })
    }

    /// Calls the engine, as often as the person may.
    async fn call(
        &self,
        engine: &Arc<dyn Engine>,
        account: AccountId,
        (from, to): &Pair,
        text: &str,
    ) -> Result<Arc<str>> {
        let rate = self.rates.of(account);
        rate.take().map_err(|wait| Fault::new(code::RATE_LIMITED).retry_after(wait))?;
        let internal = |error: tokio::sync::AcquireError| Error::Internal(error.to_string());
        let own = self.own(account);
        let _own = own.acquire().await.map_err(internal)?;
        let permit = self.calls.acquire().await.map_err(internal)?;
        let made = engine.translate(from, to, text).await.map_err(|failure| failed(&failure))?;
        drop(permit);
        if made.len() > cache::translation_bytes_max(text) {
            return Err(failed(&Failure("the translation is far longer than the text".into())));
        }
        Ok(made.into())
    }
}

/// The cause goes to the log, without the text.
fn failed(failure: &Failure) -> Error {
    tracing::warn!(cause = failure.0, "the translation engine failed");
    Fault::new(code::ENGINE_FAILED).retry_after(5_000).into()
}

/// The language of a text. Where the text alone does not decide, it is one that can become the wanted one.
fn detect(offers: &[Offer], text: &str, to: &str) -> Result<String, Fault> {
    let mut likely: Vec<&str> = offers.iter().map(|offer| languages::primary(&offer.from)).collect();
    likely.push(languages::primary(to));
    likely.sort_unstable();
    likely.dedup();
    let found = languages::detect(text, &likely);
    found.map(|found| found.language).ok_or_else(|| Fault::new(code::LANGUAGE_UNKNOWN).field("from"))
}

/// The pair that fits best: with the regions that were asked for, else without, else with any.
fn choose<'a>(offers: &'a [Offer], from: &str, to: &str) -> Option<&'a Offer> {
    let far = |offered: &str, wanted: &str| {
        if offered == wanted {
            Some(0)
        } else if offered == languages::primary(wanted) {
            Some(1)
        } else {
            (languages::primary(offered) == languages::primary(wanted)).then_some(2)
        }
    };
    let fits = offers.iter().filter_map(|offer| Some((far(&offer.from, from)? + far(&offer.to, to)?, offer)));
    fits.min_by_key(|(far, _)| *far).map(|(_, offer)| offer)
}

fn language(field: &'static str, name: &str) -> Result<String, Fault> {
    languages::tag(name).ok_or_else(|| {
        Fault::new(code::BAD_VALUE)
            .field(field)
            .message("Name a language by its tag, for example en or zh-CN.")
    })
}

/// The languages of a request; the person's own where it names no target.
async fn pair(caller: &Session, from: Option<&str>, to: Option<&str>) -> Result<(Option<String>, String)> {
    let from = from.map(|from| language("from", from)).transpose()?;
    let to = if let Some(to) = to {
        language("to", to)?
    } else {
        let own = account::profiles(&caller.app.db, &[caller.account()]).await?.pop();
        language("to", &own.map(|profile| profile.locale).unwrap_or_default())?
    };
    Ok((from, to))
}

fn check_text(text: &str) -> Result<(), Fault> {
    if text.len() > limits::TEXT_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG).field("text").within_bytes(1, limits::TEXT_BYTES_MAX as u64));
    }
    if text.trim().is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("text").message("There is nothing to translate."));
    }
    Ok(())
}

pub(super) async fn text(caller: Session, request: TranslateText) -> Result<Translation> {
    check_text(&request.text)?;
    let (from, to) = pair(&caller, request.from.as_deref(), request.to.as_deref()).await?;
    let account = caller.account();
    let order = Order { account, source: Source::Text(account), text: request.text, from, to };
    caller.app.translator.translate(order).await
}

pub(super) async fn message(caller: Session, request: TranslateMessage) -> Result<Translation> {
    let (from, to) = pair(&caller, request.from.as_deref(), request.to.as_deref()).await?;
    let (app, account, conversation) = (&caller.app, caller.account(), request.conversation);
    let found = history::readable_events(app, account, conversation, vec![request.event_seq]).await?.pop();
    let message = found.ok_or_else(|| Error::missing("event_seq"))?;
    let text = words_of(&message.event).filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Error::from(Fault::new(code::BAD_TARGET).field("event_seq")))?;
    let source = Source::Message(conversation, request.event_seq);
    app.translator.translate(Order { account, source, text, from, to }).await
}

/// The words of a message that has some and was not recalled.
fn words_of(event: &Event) -> Option<String> {
    match event.kind {
        _ if event.recalled_by.is_some() => None,
        kind::TEXT => frame::decode::<Text>(&event.body).ok().map(|text| text.text),
        kind::FORWARD => frame::decode::<Forwarded>(&event.body).ok().map(|text| text.text),
        _ => None,
    }
}

pub(super) async fn list(caller: Session, _: ListTranslations) -> Result<Translations> {
    let translator = &caller.app.translator;
    let engine = translator.engine()?;
    let offers = tokio::time::timeout(translator.time, translator.offers(engine)).await;
    let offers = offers.unwrap_or_else(|_| Err(Failure("no answer in time".into())));
    let offers = offers.map_err(|failure| failed(&failure))?;
    let mut pairs: Vec<LanguagePair> =
        offers.iter().map(|offer| LanguagePair { from: offer.from.clone(), to: offer.to.clone() }).collect();
    pairs.sort_unstable_by(|one, other| (&one.from, &one.to).cmp(&(&other.from, &other.to)));
    pairs.dedup();
    Ok(Translations { pairs })
}

pub(super) async fn detect_language(_: Session, request: DetectLanguage) -> Result<Detected> {
    check_text(&request.text)?;
    let found = languages::detect(&request.text, &[]);
    let found = found.ok_or_else(|| Error::from(Fault::new(code::LANGUAGE_UNKNOWN).field("text")))?;
    Ok(Detected { language: found.language, reliable: found.reliable })
}
