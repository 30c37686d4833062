//! Who sees what, as conditions for the statements: `m` is the moment, the argument is who looks.

/// A friend of the author looks: whether the visibility lets them see it.
macro_rules! shown {
    ($reader:literal) => {
        concat!(
            "(m.visibility IN (1, 5)
            OR m.visibility = 2 AND EXISTS (SELECT 1 FROM moment_people p WHERE p.moment = m.id AND p.account = ",
            $reader,
            ") OR m.visibility = 3 AND NOT EXISTS (SELECT 1 FROM moment_people p WHERE p.moment = m.id AND p.account = ",
            $reader,
            "))"
        )
    };
}

/// A friend of the author looks: whether the author shows moments to others at all.
macro_rules! lets_see {
    () => {
        "(SELECT o.moments_to FROM accounts o WHERE o.id = m.author) <> 0"
    };
}

/// Anybody looks. A block hides moments both ways; it ended the friendship, so it matters for those that everybody
/// sees.
macro_rules! seen {
    ($reader:literal) => {
        concat!(
            "(m.author = ",
            $reader,
            " AND m.gone = 0 OR m.open = 1
            AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = m.author AND b.blocked = ",
            $reader,
            ") AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = ",
            $reader,
            " AND b.blocked = m.author)
            AND (SELECT o.moments_to FROM accounts o WHERE o.id = m.author) <> 0
            AND (m.visibility = 5 AND (SELECT o.moments_to FROM accounts o WHERE o.id = m.author) = 1
                OR EXISTS (SELECT 1 FROM friends f WHERE f.account = m.author AND f.friend = ",
            $reader,
            ") AND ",
            shown!($reader),
            "))"
        )
    };
}

/// What somebody did to a moment is seen while they are a friend of the author: by the author, by themselves and by
/// common friends. What the author does is seen by all who see the moment.
macro_rules! common {
    ($who:literal) => {
        concat!(
            "(",
            $who,
            " = m.author OR EXISTS (SELECT 1 FROM friends f WHERE f.account = m.author AND f.friend = ",
            $who,
            ") AND ($1 = m.author OR ",
            $who,
            " = $1 OR EXISTS (SELECT 1 FROM friends f WHERE f.account = $1 AND f.friend = ",
            $who,
            ")))"
        )
    };
}

/// A comment `c`; an answer is seen by who also knows the one who is answered.
macro_rules! comment_seen {
    () => {
        concat!(
            "c.gone = 0 AND ",
            common!("c.account"),
            " AND (c.reply_account IS NULL OR $1 IN (m.author, c.account, c.reply_account)
                OR c.reply_account = m.author
                OR EXISTS (SELECT 1 FROM friends f WHERE f.account = $1 AND f.friend = c.reply_account))"
        )
    };
}

pub(super) use {comment_seen, common, lets_see};

pub(crate) use {seen, shown};
