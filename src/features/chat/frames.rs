//! Frames of the chat stream that carry no event.

use bytes::Bytes;
use litrocket_protocol::{
    Code, ConversationId, Fault,
    chat::{self, frame_type},
    frame,
};

pub(super) fn fault(fault: &Fault) -> Bytes {
    frame::encode(frame::FAULT, fault)
}

pub(super) fn refused(conversation: ConversationId, code: Code) -> Bytes {
    let fault = Fault::new(code);
    frame::encode(frame_type::CURSOR_REFUSED, &chat::CursorRefused { conversation, fault })
}

pub(super) fn skip(conversation: ConversationId, from: u64, to: u64) -> Bytes {
    frame::encode(frame_type::SKIP, &chat::Skip { conversation, from, to })
}

pub(super) fn set_back(conversation: ConversationId, event_seq: u64) -> Bytes {
    frame::encode(frame_type::SET_BACK, &chat::SetBack { conversation, event_seq })
}
