//! Pictures and recordings, looked at once: [`previews`] makes small ones, [`avatars`] are the faces of people and groups, [`voice`]
//! says how long a recording is. Start with [`previews::make_previews`].

pub(super) mod avatar_store;
pub(super) mod avatars;
pub(super) mod picture_store;
pub(super) mod previews;
mod voice;
