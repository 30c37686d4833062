//! What the product does.
