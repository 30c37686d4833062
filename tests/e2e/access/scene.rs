//! The same scene for each kind of caller: a group of their own, what is said and kept in it, and who looks on.

use litrocket_client::Outgoing;
use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{RemoveMember, role},
    groups::{BanMember, MuteMember, SetRole},
};

use crate::world::{Person, World};

/// How somebody stands to the group that a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Stranger,
    Former,
    Banned,
    Member,
    Muted,
    Administrator,
    Owner,
}

impl Caller {
    /// In the order of the tables' columns.
    pub(super) const ALL: [Self; 7] = [
        Self::Stranger,
        Self::Former,
        Self::Banned,
        Self::Member,
        Self::Muted,
        Self::Administrator,
        Self::Owner,
    ];

    pub(super) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn is_in(self) -> bool {
        matches!(self, Self::Member | Self::Muted | Self::Administrator | Self::Owner)
    }
}

/// What the answers for each kind of caller are: one for all of them; or one for strangers, one for who is out and one for who is
/// in; or one each.
pub(super) fn columns<'a>(answers: &[&'a str]) -> [&'a str; 7] {
    match *answers {
        [all] => [all; 7],
        [stranger, out, inside] => [stranger, out, out, inside, inside, inside, inside],
        _ => answers.try_into().expect("one answer, three or seven"),
    }
}

/// What requests and frames are about.
pub(super) struct Scene {
    pub(super) caller: Caller,
    pub(super) person: Person,
    /// The owner of the group, where that is not the person.
    _host: Option<Person>,
    /// A member and a friend of the person.
    pub(super) witness: Person,
    /// The witness and the person alone.
    pub(super) room: ConversationId,
    pub(super) group: ConversationId,
    /// Somebody outside.
    pub(super) bystander: AccountId,
    /// Members for rows after which they are something else.
    pub(super) insider: AccountId,
    pub(super) leaver: AccountId,
    pub(super) outlaw: AccountId,
    /// What everybody heard who was ever in, and what those heard who still are: messages of the owner.
    pub(super) first: u64,
    pub(super) last: u64,
    /// A message of the witness, heard by all who were ever in.
    pub(super) said: u64,
    /// Things of the owner.
    pub(super) moment: u64,
    pub(super) comment: u64,
    pub(super) file: u64,
}

impl Scene {
    pub(super) async fn makes(world: &World, caller: Caller) -> Self {
        let named = async |what: &str| world.person(&format!("{what}{}", caller.name())).await;
        let person = named("the").await;
        let [witness, bystander] = [named("witness").await, named("bystander").await];
        let [insider, leaver, outlaw] =
            [named("insider").await, named("leaver").await, named("outlaw").await];
        let host = if caller == Caller::Owner { None } else { Some(named("host").await) };
        let owner = host.as_ref().unwrap_or(&person);
        let mut members = vec![&witness, &insider, &leaver, &outlaw];
        if host.is_some() && caller != Caller::Stranger {
            members.push(&person);
        }
        let group = owner.makes_group("secret", &members).await;
        let first = owner.says(group, "rocket words").await.event_seq;
        let said = witness.says(group, "rocket science").await.event_seq;
        let account = person.account;
        match caller {
            Caller::Former => {
                owner.asks(RemoveMember { conversation: group, account }).await;
            }
            Caller::Banned => {
                owner.asks(BanMember { conversation: group, account, banned: true }).await;
            }
            Caller::Muted => {
                owner.asks(MuteMember { conversation: group, account, for_ms: 3_600_000 }).await;
            }
            Caller::Administrator => {
                owner.asks(SetRole { conversation: group, account, role: role::ADMINISTRATOR }).await;
            }
            Caller::Stranger | Caller::Member | Caller::Owner => {}
        }
        // A moment of the owner, whose friends are those who are in.
        if caller.is_in() && host.is_some() {
            owner.befriends(&person).await;
        }
        let moment = owner.posts("rocket words").await;
        let comment = owner.comments(moment, "rocket words", None).await;
        let path = crate::files::file_of(world, &format!("{}.txt", caller.name()), caller.name().as_bytes());
        let file = owner.uploads(&path).await;
        owner.sends(group, Outgoing::file(file, "")).await.unwrap();
        let last = owner.says(group, "rocket words behind closed doors").await.event_seq;
        person.befriends(&witness).await;
        let room = person.opens(&witness).await;
        person.says(room, "between us").await;
        Self {
            caller,
            _host: host,
            witness,
            room,
            group,
            bystander: bystander.account,
            insider: insider.account,
            leaver: leaver.account,
            outlaw: outlaw.account,
            first,
            last,
            said,
            moment,
            comment,
            file,
            person,
        }
    }
}
