//! What a run says: the ratio first, then the figures; as text or as one JSON object.

use serde_json::{Map, Value, json};

use crate::{
    Error,
    load::Measured,
    measure::Latencies,
    scenario::{Against, Scenario},
};

/// The figures of one run.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) ratio: Option<f64>,
    fields: Map<String, Value>,
}

/// The keys that every object has, of a run that failed too.
const KEYS: &[&str] = &[
    "scenario",
    "ratio",
    "units",
    "seconds",
    "per_second",
    "server_cpu_us_per_unit",
    "ceiling_cpu_us_per_unit",
    "indexer_cpu_us_per_unit",
    "p50_ms",
    "p99_ms",
    "p999_ms",
    "server_rss_bytes",
    "errors",
];

fn round(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}

fn per_unit(measured: &Measured) -> f64 {
    let used = measured.cpu.all.saturating_sub(measured.cpu.indexer);
    used.as_secs_f64() * 1e6 / (measured.units.max(1) as f64)
}

fn per_second(measured: &Measured) -> f64 {
    measured.units as f64 / measured.seconds.max(1e-9)
}

impl Report {
    /// Puts a run of the server beside what it is compared with.
    pub(crate) fn new(scenario: &Scenario, server: Measured, other: Option<Measured>) -> Self {
        let bytes = |measured: &Measured| measured.more.get("bytes_per_connection").and_then(Value::as_f64);
        let own = per_unit(&server);
        let ratio = other.as_ref().map(|other| match (scenario.against, bytes(&server), bytes(other)) {
            (Against::Empty, ..) => per_second(&server) / per_second(other),
            (_, Some(own), Some(raw)) => own / raw,
            _ => own / per_unit(other),
        });
        let ceiling = other.as_ref().filter(|_| scenario.against == Against::Ceiling);
        let indexer = server.cpu.indexer.as_secs_f64() * 1e6 / (server.units.max(1) as f64);
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        put("scenario", json!(scenario.name));
        put("ratio", ratio.map_or(Value::Null, round));
        put("units", json!(server.units));
        put("seconds", round(server.seconds));
        put("per_second", round(per_second(&server)));
        put("server_cpu_us_per_unit", round(own));
        put("ceiling_cpu_us_per_unit", ceiling.map_or(Value::Null, |other| round(per_unit(other))));
        put("indexer_cpu_us_per_unit", round(indexer));
        if let Some(other) = &other {
            put("compared_per_second", round(per_second(other)));
            put("compared_cpu_us_per_unit", round(per_unit(other)));
            for (name, value) in &other.more {
                put(&format!("compared_{name}"), value.clone());
            }
        }
        let (acks, deliveries) = other.map(|other| (other.latencies, other.deliveries)).unzip();
        for (prefix, own, other) in
            [("", server.latencies, acks), ("delivery_", server.deliveries, deliveries)]
        {
            if !prefix.is_empty() && own.0.is_empty() {
                continue;
            }
            let (own, other) = (own.summary(), other.map(Latencies::summary));
            for (index, name) in ["p50_ms", "p99_ms", "p999_ms"].into_iter().enumerate() {
                put(&format!("{prefix}{name}"), round(own[index]));
                if let Some(other) = other {
                    put(&format!("compared_{prefix}{name}"), round(other[index]));
                }
            }
        }
        put("server_rss_bytes", json!(server.resident));
        server.more.into_iter().for_each(|(name, value)| put(&name, value));
        put("errors", json!(0));
        Self { ratio, fields }
    }

    /// A run that failed: the first failure ends it, and there are no figures.
    pub(crate) fn failed(scenario: &str, error: &Error) -> Self {
        let mut fields = Map::new();
        for name in KEYS {
            fields.insert((*name).to_owned(), Value::Null);
        }
        fields.insert("scenario".into(), json!(scenario));
        fields.insert("errors".into(), json!(1));
        fields.insert("error".into(), json!(error.0));
        Self { ratio: None, fields }
    }

    /// Adds a figure.
    pub(crate) fn put(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }

    /// What runs are compared by, to find the one in the middle.
    pub(crate) fn rank(&self) -> f64 {
        let field = |name| self.fields.get(name).and_then(Value::as_f64);
        self.ratio.or_else(|| field("p99_ratio")).or_else(|| field("p99_ms")).unwrap_or(0.0)
    }

    /// One JSON object.
    pub(crate) fn json(&self) -> String {
        Value::Object(self.fields.clone()).to_string()
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.fields {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            out.push_str(&format!("{:<26} {value}\n", name.replace('_', " ")));
        }
        out
    }
}
