//! The numbers of `litrocket protocol --json` are those that the server holds to.

use std::collections::BTreeMap;

use litrocket_protocol::{
    Fault, MessageId,
    conversations::CreateGroup,
    describe::{self, FieldDescription},
    frame,
};

use crate::{
    bad_inputs::{ONLY_BROKEN, body, map, number, text},
    raw::request_bytes,
    world::World,
};

/// One more than the field says it may have; `None` where the type or the frame is the bound.
fn too_much(field: &FieldDescription) -> Option<Vec<u8>> {
    let bounds = &field.bounds;
    let longest = bounds.max_len.filter(|most| bounds.own && *most < frame::FRAME_MAX as u64 / 2);
    match field.kind.as_str() {
        "str" => longest.map(|most| text(&vec![b'x'; most as usize + 1])),
        kind if kind.starts_with("uint") => bounds.max.filter(|_| bounds.own).map(|most| number(most + 1)),
        "array of uint" => bounds.max_items.filter(|_| bounds.own).map(|most| {
            let mut out = vec![0xdc];
            out.extend_from_slice(&(most as u16 + 1).to_be_bytes());
            (1..=most + 1).for_each(|one| out.extend(number(one)));
            out
        }),
        _ => None,
    }
}

#[tokio::test]
async fn one_more_than_a_field_may_have_is_refused_with_the_number_it_may_have() {
    let world = World::start_with(|config| config.limits.requests_per_second = 1_000_000).await;
    let raw = world.raw().await;
    raw.signs_up("ada").await;
    let named = CreateGroup {
        id: MessageId([7; 16]),
        name: "rockets".into(),
        accounts: Vec::new(),
        open_history: true,
    };
    let group = raw.call(&named).await.unwrap().conversation;
    let (mut told, mut tried) = (BTreeMap::new(), 0);
    for request in describe::describe().requests.iter().filter(|it| it.who == "session") {
        for field in request.fields.iter().filter(|_| !ONLY_BROKEN.contains(&request.name)) {
            let Some(value) = too_much(field) else { continue };
            let mut fields: Vec<_> =
                body(&request.fields).into_iter().filter(|(key, _)| *key != field.key).collect();
            for (key, value) in fields.iter_mut().filter(|(key, _)| *key == "conversation") {
                let _: &&str = key;
                *value = number(group.0);
            }
            fields.push((field.key, value));
            tried += 1;
            let reply = raw.exchange(&request_bytes(request.code, &map(&fields))).await.expect("a reply");
            let (kind, body, _) = frame::split(&reply, frame::FRAME_MAX).unwrap().expect("a whole frame");
            let name = format!("{}.{}", request.name, field.key);
            assert_eq!(kind, frame::FAULT, "{name} may have more than {:?}", field.bounds);
            let fault: Fault = frame::decode(&reply[body]).unwrap();
            if fault.field.as_deref() == Some(field.key)
                && let Some(limit) = fault.limit
            {
                let most = field.bounds.max_len.or(field.bounds.max).or(field.bounds.max_items);
                let less = field.doc.contains("the server may take less");
                assert!(
                    Some(limit) == most || less && Some(limit) < most,
                    "{name}: {limit} instead of {most:?}"
                );
                told.insert(name, limit);
            }
        }
    }
    println!("{tried} fields, {} of them told their bound: {told:?}", told.len());
    assert!(tried > 60 && told.len() > 30, "{tried} {told:?}");
}

#[test]
fn an_option_that_a_rate_names_is_an_option() {
    let options: toml::Table = litrocket::config::Config::default().to_toml().parse().unwrap();
    let it = describe::describe();
    let mut named = 0;
    for rate in it.common_rates.iter().chain(it.requests.iter().flat_map(|request| &request.rates)) {
        let Some(option) = rate.option else { continue };
        let (section, key) = option.split_once('.').unwrap();
        assert!(options[section].get(key).is_some(), "{option}");
        named += 1;
    }
    assert!(named > 15, "{named}");
}
