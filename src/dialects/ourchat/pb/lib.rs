//! The wire types and service stubs of OurChat, made from the `.proto` files in `proto/` by `make proto`.
//!
//! Nothing here is written by hand except this page, [`Encoded`] and the generator in `examples/`. Modules are named like the
//! packages on the wire: `service.auth.v1` is [`service::auth::v1`]. The descriptors are what reflection answers with.

mod encoded;

pub use encoded::Encoded;

// The generator must build also when what it made last does not.
#[cfg(not(feature = "generate"))]
include!("gen/mod.rs");

/// The compiled descriptors of every file in `proto/`, as a `google.protobuf.FileDescriptorSet`.
#[cfg(not(feature = "generate"))]
pub const DESCRIPTORS: &[u8] = include_bytes!("gen/descriptors.bin");
