//! Messages that carry files: [`carried`] sends, forwards and recalls them, [`news`] lets those that went out early say later
//! what their files are.

pub(super) mod carried;
pub(super) mod news;
pub(super) mod news_store;
