//! QUIC and TLS.
