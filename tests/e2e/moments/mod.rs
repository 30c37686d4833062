//! People show moments to their friends, and to nobody else.

mod notices;
mod reactions;

use litrocket_client::Item;
use litrocket_protocol::{
    AccountId, MessageId, limits,
    moments::{
        CommentMoment, DeleteComment, DeleteMoment, GetMoment, GetNewMoments, HideMoments, LikeMoment,
        ListComments, ListFeed, ListLikes, ListMoments, Moment, MomentNotice, PostMoment,
        SetMomentVisibility, visibility,
    },
    people::RemoveFriend,
};

use crate::world::{Person, World};

const DAY_MS: i64 = 86_400_000;

impl Person {
    /// Posts to all friends; the moment's number.
    pub(crate) async fn posts(&self, text: &str) -> u64 {
        self.posts_to(text, visibility::FRIENDS, &[]).await
    }

    async fn posts_to(&self, text: &str, visibility: u8, people: &[&Person]) -> u64 {
        self.asks(self.moment(text, visibility, people)).await.moment
    }

    fn moment(&self, text: &str, visibility: u8, people: &[&Person]) -> PostMoment {
        let people = people.iter().map(|person| person.account).collect();
        let id = self.client.new_id().unwrap();
        PostMoment { id, text: text.into(), pictures: vec![], alts: vec![], visibility, people }
    }

    pub(crate) async fn comments(&self, moment: u64, text: &str, reply_to: Option<u64>) -> u64 {
        let id = self.client.new_id().unwrap();
        self.asks(CommentMoment { id, moment, text: text.into(), reply_to }).await.comment
    }

    async fn likes(&self, moment: u64, liked: bool) {
        self.asks(LikeMoment { moment, liked }).await;
    }

    async fn feed(&self) -> Vec<String> {
        texts(self.asks(ListFeed::default()).await.moments)
    }

    async fn page_of(&self, other: &Person) -> Vec<String> {
        let page = ListMoments { account: other.account, before: None, limit: None };
        texts(self.asks(page).await.moments)
    }

    async fn looks_at(&self, moment: u64) -> Moment {
        self.asks(GetMoment { moment }).await
    }

    /// Everything that could show a moment says that there is none.
    async fn sees_nothing_of(&self, moment: u64, author: &Person) {
        assert!(self.asks(ListFeed::default()).await.moments.iter().all(|one| one.moment != moment));
        let page = ListMoments { account: author.account, before: None, limit: None };
        assert!(self.asks(page).await.moments.iter().all(|one| one.moment != moment));
        assert_ne!(self.asks(GetNewMoments::default()).await.newest, Some(moment));
        let id = self.client.new_id().unwrap();
        assert_eq!(self.is_refused(GetMoment { moment }).await, "not_found");
        assert_eq!(self.is_refused(LikeMoment { moment, liked: true }).await, "not_found");
        assert_eq!(self.is_refused(ListLikes { moment, after: None, limit: None }).await, "not_found");
        assert_eq!(self.is_refused(ListComments { moment, after: None, limit: None }).await, "not_found");
        let comment = CommentMoment { id, moment, text: "?".into(), reply_to: None };
        assert_eq!(self.is_refused(comment).await, "not_found");
        assert_eq!(self.is_refused(DeleteMoment { moment }).await, "not_found");
        let show = SetMomentVisibility { moment, visibility: visibility::FRIENDS, people: vec![] };
        assert_eq!(self.is_refused(show).await, "not_found");
    }

    async fn all_comments(&self, moment: u64) -> Vec<String> {
        let page = self.asks(ListComments { moment, after: None, limit: None }).await;
        page.comments.into_iter().map(|comment| comment.text).collect()
    }

    async fn all_likes(&self, moment: u64) -> Vec<AccountId> {
        self.asks(ListLikes { moment, after: None, limit: None }).await.people
    }

    /// The next hint of a new moment.
    async fn is_hinted(&mut self) -> u64 {
        self.waits_for(|item| match item {
            Item::NewMoments(hint) => Some(hint.moment),
            _ => None,
        })
        .await
    }

    async fn is_told(&mut self, moment: u64, kind: u8, item: u64) -> Option<MomentNotice> {
        self.learns(&format!("moment_notice/{moment}/{kind}/{item}")).await
    }
}

fn texts(moments: Vec<Moment>) -> Vec<String> {
    moments.into_iter().map(|moment| moment.text).collect()
}

#[tokio::test]
async fn friends_see_a_moment_in_their_feed_and_strangers_do_not() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    let first = ada.posts("lift-off 升空").await;
    bob.posts("bob's").await;
    let own = ada.looks_at(first).await;
    assert_eq!((own.visibility, own.author), (Some(visibility::FRIENDS), ada.account));
    assert_eq!(bob.looks_at(first).await, Moment { visibility: None, ..own });
    assert_eq!(bob.feed().await, ["bob's", "lift-off 升空"]);
    assert_eq!(ada.feed().await, ["bob's", "lift-off 升空"]);
    assert_eq!(bob.page_of(&ada).await, ["lift-off 升空"]);
    assert!(eve.feed().await.is_empty());
    eve.sees_nothing_of(first, &ada).await;
    let nobody = ListMoments { account: AccountId(999), before: None, limit: None };
    assert_eq!(eve.is_refused(nobody).await, "not_found");
}

#[tokio::test]
async fn each_visibility_shows_a_moment_to_whom_it_says() {
    let world = World::start().await;
    let [ada, bob, eve, stranger] = world.people(["ada", "bob", "eve", "stranger"]).await;
    ada.befriends(&bob).await;
    ada.befriends(&eve).await;
    let chosen = ada.posts_to("for bob", visibility::CHOSEN, &[&bob]).await;
    let except = ada.posts_to("not for bob", visibility::EXCEPT, &[&bob]).await;
    let secret = ada.posts_to("secret", visibility::ONLY_ME, &[]).await;
    ada.posts_to("to the world", visibility::EVERYBODY, &[]).await;
    assert_eq!(ada.feed().await, ["to the world", "secret", "not for bob", "for bob"]);
    assert_eq!(bob.feed().await, ["to the world", "for bob"]);
    assert_eq!(eve.feed().await, ["to the world", "not for bob"]);
    // A stranger finds on the page what everybody may see, and has nothing in the feed.
    assert_eq!(stranger.page_of(&ada).await, ["to the world"]);
    assert!(stranger.feed().await.is_empty());
    bob.sees_nothing_of(except, &ada).await;
    eve.sees_nothing_of(chosen, &ada).await;
    eve.sees_nothing_of(secret, &ada).await;
    assert_eq!(ada.looks_at(chosen).await.people, [bob.account]);
    assert!(bob.looks_at(chosen).await.people.is_empty());
}

#[tokio::test]
async fn a_moment_that_may_not_be_seen_any_more_is_gone_from_every_answer_at_once() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let (moment, public) = (ada.posts("one").await, ada.posts_to("two", visibility::EVERYBODY, &[]).await);
    bob.looks_at(moment).await;
    let set = |visibility| SetMomentVisibility { moment, visibility, people: vec![] };
    ada.asks(set(visibility::ONLY_ME)).await;
    bob.sees_nothing_of(moment, &ada).await;
    ada.asks(set(visibility::FRIENDS)).await;
    assert_eq!(bob.feed().await, ["two", "one"]);
    bob.asks(RemoveFriend { account: ada.account }).await;
    bob.sees_nothing_of(moment, &ada).await;
    assert_eq!(bob.page_of(&ada).await, ["two"]);
    bob.befriends(&ada).await;
    bob.looks_at(moment).await;
    // Who blocks and who is blocked see nothing of each other, not even what everybody sees.
    ada.blocks(&bob, true).await;
    bob.sees_nothing_of(public, &ada).await;
    ada.blocks(&bob, false).await;
    bob.looks_at(public).await;
    bob.blocks(&ada, true).await;
    bob.sees_nothing_of(public, &ada).await;
    bob.blocks(&ada, false).await;
    bob.befriends(&ada).await;
    ada.asks(DeleteMoment { moment }).await;
    ada.asks(DeleteMoment { moment }).await;
    bob.sees_nothing_of(moment, &ada).await;
    assert_eq!(ada.is_refused(GetMoment { moment }).await, "not_found");
    assert_eq!(ada.feed().await, ["two"]);
}

#[tokio::test]
async fn a_repeated_post_is_one_moment_and_other_words_are_a_conflict() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let request = ada.moment("once", visibility::FRIENDS, &[]);
    let moment = ada.asks(request.clone()).await;
    assert_eq!(ada.asks(request.clone()).await, moment);
    assert_eq!(ada.is_refused(PostMoment { text: "twice".into(), ..request.clone() }).await, "id_conflict");
    // The same id of somebody else is another moment.
    assert_ne!(bob.asks(request.clone()).await.moment, moment.moment);
    ada.asks(DeleteMoment { moment: moment.moment }).await;
    assert_eq!(ada.is_refused(request.clone()).await, "not_found");
    // Of what is deleted nothing is left to compare with.
    let hash: Option<(Vec<u8>,)> =
        world.app().db.first("SELECT hash FROM moments WHERE gone = 1", &[]).await.unwrap();
    assert!(hash.unwrap().0.is_empty());
    assert_eq!(ada.is_refused(PostMoment { text: "other".into(), ..request }).await, "not_found");
    assert!(ada.feed().await.is_empty());
    let comment = CommentMoment {
        id: MessageId([9; 16]),
        moment: ada.posts("again").await,
        text: "one".into(),
        reply_to: None,
    };
    let first = ada.asks(comment.clone()).await;
    assert_eq!(ada.asks(comment.clone()).await, first);
    assert_eq!(ada.is_refused(CommentMoment { text: "two".into(), ..comment.clone() }).await, "id_conflict");
    ada.asks(DeleteComment { moment: comment.moment, comment: first.comment }).await;
    ada.asks(DeleteComment { moment: comment.moment, comment: first.comment }).await;
    assert_eq!(ada.is_refused(comment).await, "not_found");
}

#[tokio::test]
async fn what_is_too_long_too_many_or_empty_is_refused() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    ada.befriends(&bob).await;
    let post = |text: &str| ada.moment(text, visibility::FRIENDS, &[]);
    assert_eq!(ada.is_refused(post(&"x".repeat(limits::MOMENT_BYTES_MAX + 1))).await, "too_long");
    assert_eq!(ada.is_refused(post(" \n")).await, "bad_value");
    assert_eq!(ada.is_refused(PostMoment { pictures: vec![1], ..post("x") }).await, "not_found");
    assert_eq!(ada.is_refused(PostMoment { pictures: vec![1; 10], ..post("x") }).await, "too_many");
    for unknown in [0, 6] {
        assert_eq!(ada.is_refused(ada.moment("x", unknown, &[])).await, "bad_value");
    }
    assert_eq!(ada.is_refused(ada.moment("x", visibility::CHOSEN, &[])).await, "bad_value");
    assert_eq!(ada.is_refused(ada.moment("x", visibility::FRIENDS, &[&bob])).await, "bad_value");
    assert_eq!(ada.is_refused(ada.moment("x", visibility::CHOSEN, &[&bob, &eve])).await, "not_found");
    // Asked before there is a picture.
    for (people, field) in [(&[&bob, &eve][..], "people"), (&[&bob], "pictures")] {
        let asked = PostMoment { pictures: vec![0; 2], ..ada.moment("x", visibility::CHOSEN, people) };
        let fault = ada.fault(asked).await;
        assert_eq!((&*fault.code, fault.field.as_deref()), ("not_found", Some(field)));
    }
    let people = (1..=limits::MOMENT_PEOPLE_MAX as u64 + 1).map(AccountId).collect();
    let many = PostMoment { people, ..ada.moment("x", visibility::EXCEPT, &[]) };
    assert_eq!(ada.is_refused(many).await, "too_many");
    assert_eq!(ada.is_refused(ListFeed { before: None, limit: Some(21) }).await, "bad_value");
    assert_eq!(ada.is_refused(ListFeed { before: None, limit: Some(0) }).await, "bad_value");
    assert_eq!(ada.is_refused(HideMoments { account: ada.account, hidden: true }).await, "bad_value");
    assert_eq!(ada.is_refused(HideMoments { account: AccountId(99), hidden: true }).await, "not_found");
    let moment = ada.posts(&"x".repeat(limits::MOMENT_BYTES_MAX)).await;
    let comment = |text: &str, reply_to| {
        let id = bob.client.new_id().unwrap();
        CommentMoment { id, moment, text: text.into(), reply_to }
    };
    assert_eq!(bob.is_refused(comment(&"x".repeat(1537), None)).await, "too_long");
    assert_eq!(bob.is_refused(comment("", None)).await, "bad_value");
    assert_eq!(bob.is_refused(comment("x", Some(99))).await, "not_found");
    assert_eq!(bob.is_refused(DeleteComment { moment, comment: 99 }).await, "not_found");
    assert_eq!(bob.is_refused(DeleteMoment { moment }).await, "forbidden");
}

#[tokio::test]
async fn nobody_posts_more_than_a_hundred_moments_a_day() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    for number in 0..limits::MOMENTS_PER_DAY_MAX {
        let moment = ada.posts(&number.to_string()).await;
        // Deleting gives nothing back.
        ada.asks(DeleteMoment { moment }).await;
    }
    assert_eq!(ada.is_refused(ada.moment("one more", visibility::FRIENDS, &[])).await, "too_many");
    world.app().clock.set_offset_ms(DAY_MS + 1000);
    ada.posts("the next day").await;
}

#[tokio::test]
async fn the_feed_comes_in_pages_without_holes_or_doubles() {
    let world = World::start().await;
    let people = world.people(["ada", "bob", "eve", "kim"]).await;
    let [ada, bob, eve, kim] = &people;
    for friend in [bob, eve] {
        ada.befriends(friend).await;
    }
    let mut expected = Vec::new();
    for number in 0..23 {
        let author = [ada, bob, eve, bob, kim][number % 5];
        let hidden = number % 3 == 0;
        let kind = if hidden { visibility::ONLY_ME } else { visibility::FRIENDS };
        author.posts_to(&number.to_string(), kind, &[]).await;
        if author.account == ada.account || (author.account != kim.account && !hidden) {
            expected.push(number.to_string());
        }
    }
    expected.reverse();
    for limit in [1, 3, 20] {
        let (mut heard, mut before) = (Vec::new(), None);
        loop {
            let page = ada.asks(ListFeed { before, limit: Some(limit) }).await;
            assert!(page.moments.len() as u64 == limit || !page.more);
            before = page.moments.last().map(|moment| moment.moment);
            heard.extend(texts(page.moments));
            if !page.more {
                break;
            }
        }
        assert_eq!(heard, expected, "in pages of {limit}");
    }
}

#[tokio::test]
async fn a_page_of_the_longest_moments_and_comments_arrives() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let (text, comment) = ("x".repeat(limits::MOMENT_BYTES_MAX), "y".repeat(limits::COMMENT_BYTES_MAX));
    for _ in 0..limits::MOMENTS_PAGE_MAX {
        let moment = ada.posts(&text).await;
        for _ in 0..=limits::COMMENTS_SHOWN_MAX {
            bob.comments(moment, &comment, None).await;
        }
    }
    let page = bob.asks(ListFeed::default()).await;
    assert_eq!(page.moments.len() as u64, limits::MOMENTS_PAGE_MAX);
    assert!(page.moments.iter().all(|one| one.comments.len() == limits::COMMENTS_SHOWN_MAX));
}
