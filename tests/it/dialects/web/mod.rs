//! Our own API, request by request: whole answers against transcripts, and the live socket.

mod banning;
mod bodies;
mod certificates;
mod document;
mod live;
mod machine_live;
mod machine_stories;
mod machines;
mod marks;
mod moving;
mod organisations;
mod people;
mod person;
mod places;
mod proof_stories;
mod script;
mod tables;
mod things;
