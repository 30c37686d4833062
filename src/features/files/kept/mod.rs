//! What groups and accounts keep, listed, named and deleted: [`shelf`] are the files of groups, in folders, [`own`] those of an
//! account, [`export_store`] what a person gets of both.

pub(super) mod export_store;
pub(super) mod own;
pub(super) mod shelf;
pub(super) mod shelf_store;
