//! Pictures: what the server knows of them, small ones, and the faces of people and groups.

use crate::{AccountId, ConversationId};

/// The sizes of previews: the longest side in pixels.
pub const PREVIEW_SIZES: [u32; 2] = [160, 640];
/// The sizes of avatars: the side in pixels.
pub const AVATAR_SIZES: [u32; 3] = [64, 256, 640];

message! {
    /// What the server found out about a picture when it was complete.
    pub struct Picture {
        /// Pixels from left to right, as it is shown.
        width: u32,
        /// Pixels from top to bottom, as it is shown.
        height: u32,
        /// A blurred picture to show until the preview is there: blur-hash, 4 by 3 components.
        blurhash: String,
    }

    /// Asks for a small picture of a picture that the caller may read.
    pub struct GetPreview {
        /// The file.
        file: u64,
        /// The longest side in pixels, 160 or 640; a smaller picture comes in its own size.
        size: u32,
    }

    /// A small picture: upright, without transparency, nothing but pixels.
    pub struct Preview {
        /// `image/jpeg`.
        media_type: String,
        /// Its bytes, at most 128 KiB.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    }

    /// A square part of a picture, in pixels of the picture as it is shown.
    pub struct Crop {
        /// From the left.
        x: u32,
        /// From the top.
        y: u32,
        /// How wide and high, at least 1.
        side: u32,
    }

    /// Gives the caller, or a group of which the caller is the owner, a face made of a picture; or takes it away. Who
    /// may not is refused before the file is looked for.
    #[derive(Default)]
    pub struct SetAvatar {
        /// A picture that the caller may read; nothing takes the face away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<u64>,
        /// The group; the caller when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The part to show; the largest square in the middle when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crop: Option<Crop>,
    }

    /// The face as it is now.
    #[derive(Default)]
    pub struct Avatar {
        /// Goes up with each change; absent when there is no face.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        /// Everything was as the request asks for it, so nothing was done.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unchanged: bool,
    }

    /// Asks for the face of an account, or of a group the caller is or was in.
    #[derive(Default)]
    pub struct GetAvatar {
        /// The account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Or the group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The side in pixels, 64, 256 or 640; a smaller one comes in its own size.
        size: u32,
    }
}
