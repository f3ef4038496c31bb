//! Makes `gen/` from `proto/`: `make proto`. No protoc: protox compiles, tonic-prost-build writes the code.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (proto, out) = (package.join("proto"), package.join("gen"));
    let mut files = Vec::new();
    gather(&proto, &mut files)?;
    files.sort();
    let set = protox::compile(&files, [&proto])?;
    fs::create_dir_all(&out)?;
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&set))?;
    tonic_prost_build::configure()
        .out_dir(&out)
        .include_file("mod.rs")
        .bytes(".")
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .compile_fds(set)?;
    Ok(())
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
