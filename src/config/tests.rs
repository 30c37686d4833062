use super::*;

fn load(args: &Args, env: &[(&str, &str)]) -> Result<Config, Cause> {
    Config::load(args, env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn file(text: &str) -> (tempfile::TempDir, Args) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Args { config: Some(path), ..Args::default() })
}

#[test]
fn the_example_file_is_equal_to_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/litrocket.toml");
    let rendered = options::render_example();
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(path, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(written, rendered, "run the test with UPDATE_DOCUMENTS=1 to write the file anew");
    assert_eq!(toml::from_str::<Config>(&written).unwrap(), Config::default());
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let (_folder, mut args) = file("[server]\nlisten = \"127.0.0.1:1\"\ndata = \"a\"\ncerts = \"a\"\n");
    args.listen = Some("127.0.0.1:3".into());
    let env = [
        ("LITROCKET_SERVER_LISTEN", "127.0.0.1:2"),
        ("LITROCKET_SERVER_DATA", "b"),
        ("LITROCKET_TRANSPORT_GSO", "false"),
    ];
    let config = load(&args, &env).unwrap();
    assert_eq!(config.server.listen, "127.0.0.1:3");
    assert_eq!(config.server.data, "b");
    assert_eq!(config.server.certs, "a");
    assert!(!config.transport.gso);
}

#[test]
fn unknown_and_contradictory_options_are_refused_by_name() {
    let refused = |text: &str, word: &str| {
        let (_folder, args) = file(text);
        let message = load(&args, &[]).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    };
    refused("[server]\nlisten_on = 1\n", "listen_on");
    refused("[servers]\n", "servers");
    refused("[transport]\nkeep_alive_ms = 20000\n", "transport.keep_alive_ms");
    refused("[storage]\nreaders = 0\n", "1 to 64");
    refused("[storage]\ndurability = \"maybe\"\n", "full, normal");
    refused("[words]\nengine = \"abacus\"\n", "libretranslate, apertium");
    refused("[words]\nengine = \"apertium\"\n", "words.engine_url");
    refused("[server]\ncertificate = \"a.pem\"\n", "server.certificate_key");
    refused("[server]\nlisten = \"everywhere\"\n", "server.listen");
    let message = load(&Args::default(), &[("LITROCKET_SERVER_PORT", "1")]).unwrap_err().to_string();
    assert!(
        message.contains("LITROCKET_SERVER_PORT") && message.contains("LITROCKET_SERVER_LISTEN"),
        "{message}"
    );
    let message = load(&Args::default(), &[("LITROCKET_STORAGE_READERS", "many")]).unwrap_err().to_string();
    assert!(message.contains("LITROCKET_STORAGE_READERS"), "{message}");
    for variable in ["LITROCKET_PASSWORD", "LITROCKET_NEW_PASSWORD"] {
        assert!(load(&Args::default(), &[(variable, "x")]).is_ok());
    }
    let empty = load(&Args::default(), &[("LITROCKET_SERVER_LISTEN", ""), ("LITROCKET_STORAGE_READERS", "")]);
    assert_eq!(empty.unwrap(), Config::default(), "an empty variable counts as not set");
}

#[test]
fn a_level_of_logs_that_is_none_is_refused_whatever_its_characters() {
    for level in ["litrocket=loud", "级别", "\n[c\u{fffd}\u{fffd}]\u{fffd}nfo"] {
        let message = load(&Args::default(), &[("LITROCKET_LOGS_LEVEL", level)]).unwrap_err().to_string();
        assert!(message.contains("logs.level"), "{message}");
    }
}

#[test]
fn sign_up_is_open_only_where_nobody_else_can_come() {
    let policy = |listen: &str, set: &str| {
        let env = [("LITROCKET_SERVER_LISTEN", listen), ("LITROCKET_SERVER_SIGN_UP", set)];
        load(&Args::default(), &env).unwrap().sign_up()
    };
    assert_eq!(policy("127.0.0.1:1", "auto"), SignUp::Open);
    assert_eq!(policy("[::1]:1", "auto"), SignUp::Open);
    assert_eq!(policy("[::]:1", "auto"), SignUp::Invite);
    assert_eq!(policy("0.0.0.0:1", "auto"), SignUp::Invite);
    assert_eq!(policy("0.0.0.0:1", "open"), SignUp::Open);
    assert_eq!(policy("127.0.0.1:1", "closed"), SignUp::Closed);
}
