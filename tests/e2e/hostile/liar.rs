//! A client that takes the server's limits for larger than they are: its QUIC is quinn's, and what the server told of its
//! limits is changed on its way.

use std::{any::Any, io::Cursor, sync::Arc};

use quinn_proto::{
    ConnectError, ConnectionId, Side, TransportError,
    crypto::{ClientConfig, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, Session},
    transport_parameters::TransportParameters,
};

use litrocket_protocol::varint;

/// What of the server's limits is not kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Lie {
    /// Bytes of one stream that wait to be read.
    StreamData,
    /// Bytes of the connection that wait to be read.
    Data,
    /// Streams that are open at the same time.
    Streams,
}

/// The numbers of transport parameters.
const DATA: u64 = 0x04;
const STREAM_DATA: [u64; 3] = [0x05, 0x06, 0x07];
const STREAMS: [u64; 2] = [0x08, 0x09];
const MUCH: u64 = 1 << 40;
const MANY: u64 = 10_000;

impl Lie {
    fn about(self, parameter: u64) -> Option<u64> {
        match self {
            // What one stream may hold shows only where the connection may hold it.
            Self::StreamData if STREAM_DATA.contains(&parameter) => Some(MUCH),
            Self::Data if parameter == DATA => Some(MUCH),
            Self::Streams if STREAMS.contains(&parameter) => Some(MANY),
            _ => None,
        }
    }

    fn told(self, parameters: &TransportParameters) -> TransportParameters {
        let mut truth = Vec::new();
        parameters.write(&mut truth);
        let (mut lies, mut rest) = (Vec::new(), &truth[..]);
        while let Some((id, size)) = varint::get(rest) {
            rest = &rest[size..];
            let (length, size) = varint::get(rest).unwrap();
            let (value, behind) = rest[size..].split_at(length as usize);
            rest = behind;
            let mut changed = Vec::new();
            match self.about(id) {
                Some(lie) => varint::put(&mut changed, lie),
                None => changed.extend_from_slice(value),
            }
            varint::put(&mut lies, id);
            varint::put(&mut lies, changed.len() as u64);
            lies.extend(changed);
        }
        TransportParameters::read(Side::Client, &mut Cursor::new(lies)).expect("parameters")
    }
}

/// The configuration of a client that lies to itself.
pub(super) struct Liar<C> {
    pub(super) lie: Lie,
    pub(super) inner: Arc<C>,
}

impl<C: ClientConfig + 'static> ClientConfig for Liar<C> {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        params: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let inner = self.inner.clone().start_session(version, server_name, params)?;
        Ok(Box::new(Lying { lie: self.lie, inner }))
    }
}

struct Lying {
    lie: Lie,
    inner: Box<dyn Session>,
}

impl Session for Lying {
    fn initial_keys(&self, dst_cid: &ConnectionId, side: Side) -> Keys {
        self.inner.initial_keys(dst_cid, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        self.inner.handshake_data()
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.inner.peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.inner.early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.inner.early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.inner.is_handshaking()
    }

    fn read_handshake(&mut self, buf: &[u8]) -> Result<bool, TransportError> {
        self.inner.read_handshake(buf)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        Ok(self.inner.transport_parameters()?.map(|parameters| self.lie.told(&parameters)))
    }

    fn write_handshake(&mut self, buf: &mut Vec<u8>) -> Option<Keys> {
        self.inner.write_handshake(buf)
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        self.inner.next_1rtt_keys()
    }

    fn is_valid_retry(&self, orig_dst_cid: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.inner.is_valid_retry(orig_dst_cid, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.inner.export_keying_material(output, label, context)
    }
}
