//! Makes `gen/` from `proto/`: `make proto`. No protoc: protox compiles, tonic-prost-build writes the code.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use prost_build::{Service, ServiceGenerator};

/// Rpcs whose server tells many the same: what it answers with is encoded already.
const ENCODED: [&str; 1] = ["FetchMsgs"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (proto, out) = (package.join("proto"), package.join("gen"));
    let mut files = Vec::new();
    gather(&proto, &mut files)?;
    files.sort();
    let set = protox::compile(&files, [&proto])?;
    fs::create_dir_all(&out)?;
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&set))?;
    prost_build::Config::new()
        .out_dir(&out)
        .include_file("mod.rs")
        .bytes(["."])
        .service_generator(Box::new(Services::new()))
        .compile_fds(set)?;
    Ok(())
}

/// Writes the two halves of a service.
struct Services {
    client: Box<dyn ServiceGenerator>,
    server: Box<dyn ServiceGenerator>,
}

impl Services {
    fn new() -> Services {
        let half = || tonic_prost_build::configure().build_transport(false);
        let (client, server) = (half().build_server(false), half().build_client(false));
        Services { client: client.service_generator(), server: server.service_generator() }
    }
}

impl ServiceGenerator for Services {
    fn generate(&mut self, mut service: Service, code: &mut String) {
        self.client.generate(service.clone(), code);
        for method in service.methods.iter_mut().filter(|method| ENCODED.contains(&method.proto_name.as_str())) {
            // The server's code lies one module deeper than the messages.
            method.output_type = format!("crate::Encoded<super::{}>", method.output_type);
        }
        self.server.generate(service, code);
    }
}

/// Every `.proto` file below a folder.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, files)?;
        } else if path.extension().is_some_and(|kind| kind == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
