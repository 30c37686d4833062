//! What is said of an engine when the server starts.

use crate::process::Process;

#[test]
fn an_engine_elsewhere_without_encryption_is_warned_of_at_start() {
    for (url, warned) in
        [("http://192.0.2.1:5000", true), ("http://127.0.0.1:1", false), ("https://192.0.2.1", false)]
    {
        let mut process = Process::new();
        process.variables =
            vec![("LITROCKET_WORDS_ENGINE", "libretranslate"), ("LITROCKET_WORDS_ENGINE_URL", url)];
        process.up();
        let logs = process.path().join("data/logs");
        let texts =
            std::fs::read_dir(logs).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()));
        let said = texts.map(Result::unwrap).collect::<String>();
        assert_eq!(said.contains("without encryption"), warned, "{url}: {said}");
    }
}

#[test]
fn an_engine_that_cannot_be_meant_is_told_at_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (url, key, word) in
        [("nowhere", "", "words.engine_url"), ("http://127.0.0.1:1", "/not/there", "words.engine_key_file")]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut config = crate::world::test_config(folder.path());
        config.words.engine = "libretranslate".into();
        config.words.engine_url = url.into();
        config.words.engine_key_file = key.into();
        let error = runtime.block_on(litrocket::server::Server::bind(config)).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}
