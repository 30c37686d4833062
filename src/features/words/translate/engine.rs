//! Translation engines: one small trait, and the two kinds of servers behind it.

use std::{path::Path, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::{
    cause,
    cause::Cause,
    config, secrets,
    transport::{HttpAnswer, HttpError, HttpServer},
};

/// Bytes of one answer of an engine.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why an engine has no answer. For the log; the client sees `engine_failed`.
#[derive(Debug)]
pub(super) struct Failure(pub(super) String);

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self(error.to_string())
    }
}

/// From and to, as the engine names its languages.
pub(super) type Pair = (String, String);
/// The engine's work.
pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// What translates.
pub(super) trait Engine: Send + Sync + std::fmt::Debug {
    /// Every pair it offers.
    fn pairs(&self) -> Answer<'_, Vec<Pair>>;

    /// A text in another language. The languages are a pair it offers.
    fn translate<'a>(&'a self, from: &'a str, to: &'a str, text: &'a str) -> Answer<'a, String>;
}

/// The engine of the configuration, if there is one.
pub(super) fn configured(options: &config::Words) -> Result<Option<Arc<dyn Engine>>, Cause> {
    if options.engine.is_empty() {
        return Ok(None);
    }
    let ca = (!options.engine_ca.is_empty()).then(|| Path::new(&options.engine_ca));
    let time = Duration::from_millis(options.engine_timeout_ms);
    let server = HttpServer::new(&options.engine_url, ca, time, ANSWER_BYTES_MAX)
        .map_err(|error| cause!("words.engine_url: {}", error))?;
    if server.is_overheard() {
        tracing::warn!(
            url = options.engine_url,
            "words.engine_url leads to another machine without encryption: what people have translated goes there in the clear"
        );
    }
    if options.engine == "apertium" {
        return Ok(Some(Arc::new(Apertium { server })));
    }
    let key = match options.engine_key_file.as_str() {
        "" => None,
        file => {
            secrets::check_mode(Path::new(file))
                .map_err(|error| cause!("words.engine_key_file: {}", error))?;
            let key = std::fs::read_to_string(file);
            Some(key.map_err(|error| cause!("words.engine_key_file {}: {}", file, error))?.trim().to_owned())
        }
    };
    Ok(Some(Arc::new(LibreTranslate { server, key })))
}

fn read<T: for<'de> Deserialize<'de>>(answer: &HttpAnswer) -> Result<T, Failure> {
    if answer.status != 200 {
        return Err(Failure(format!("the engine answered with status {}", answer.status)));
    }
    serde_json::from_slice(&answer.body).map_err(|error| Failure(format!("the engine's answer: {error}")))
}

/// Apertium APy, <https://wiki.apertium.org/wiki/Apertium-apy>.
#[derive(Debug)]
struct Apertium {
    server: HttpServer,
}

#[derive(Deserialize)]
struct ApertiumAnswer<T> {
    #[serde(rename = "responseData")]
    data: T,
}

#[derive(Deserialize)]
struct ApertiumPair {
    #[serde(rename = "sourceLanguage")]
    from: String,
    #[serde(rename = "targetLanguage")]
    to: String,
}

#[derive(Deserialize)]
struct ApertiumText {
    #[serde(rename = "translatedText")]
    text: String,
}

impl Engine for Apertium {
    fn pairs(&self) -> Answer<'_, Vec<Pair>> {
        Box::pin(async {
            let answer: ApertiumAnswer<Vec<ApertiumPair>> = read(&self.server.get("/listPairs").await?)?;
            Ok(answer.data.into_iter().map(|pair| (pair.from, pair.to)).collect())
        })
    }

    fn translate<'a>(&'a self, from: &'a str, to: &'a str, text: &'a str) -> Answer<'a, String> {
        Box::pin(async move {
            // To Apertium's programs this character ends a text.
            let text = text.replace('\0', " ");
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("langpair", &format!("{from}|{to}"))
                .append_pair("markUnknown", "no")
                .append_pair("q", &text)
                .finish();
            let form = Bytes::from(form);
            let answer = self.server.post("/translate", "application/x-www-form-urlencoded", form).await?;
            Ok(read::<ApertiumAnswer<ApertiumText>>(&answer)?.data.text)
        })
    }
}

/// LibreTranslate and what speaks like it, <https://docs.libretranslate.com>.
struct LibreTranslate {
    server: HttpServer,
    key: Option<String>,
}

impl std::fmt::Debug for LibreTranslate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key is a secret.
        write!(f, "LibreTranslate({:?})", self.server)
    }
}

#[derive(Deserialize)]
struct LibreLanguage {
    code: String,
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct LibreText {
    #[serde(rename = "translatedText")]
    text: String,
}

impl Engine for LibreTranslate {
    fn pairs(&self) -> Answer<'_, Vec<Pair>> {
        Box::pin(async {
            let languages: Vec<LibreLanguage> = read(&self.server.get("/languages").await?)?;
            let all: Vec<String> = languages.iter().map(|it| it.code.clone()).collect();
            let pairs = languages.into_iter().flat_map(|it| {
                // Older servers translate each language into every other and do not say so.
                let targets = if it.targets.is_empty() { all.clone() } else { it.targets };
                targets.into_iter().map(move |to| (it.code.clone(), to))
            });
            Ok(pairs.filter(|(from, to)| from != to).collect())
        })
    }

    fn translate<'a>(&'a self, from: &'a str, to: &'a str, text: &'a str) -> Answer<'a, String> {
        Box::pin(async move {
            let mut body = json!({"q": text, "source": from, "target": to, "format": "text"});
            if let Some(key) = &self.key {
                body["api_key"] = key.as_str().into();
            }
            let body = Bytes::from(body.to_string());
            let answer = self.server.post("/translate", "application/json", body).await?;
            Ok(read::<LibreText>(&answer)?.text)
        })
    }
}
