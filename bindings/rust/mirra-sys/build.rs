//! Finds libmirra: MIRRA_PREFIX, else pkg-config, else the linker's own search.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=MIRRA_PREFIX");
    println!("cargo::rustc-link-lib=dylib=mirra");
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    if let Some(folder) = find_library() {
        println!("cargo::metadata=libdir={}", folder.display());
        println!("cargo::rustc-link-search=native={}", inside_target(&folder).display());
    }
}

fn find_library() -> Option<PathBuf> {
    if let Some(prefix) = env::var_os("MIRRA_PREFIX").filter(|prefix| !prefix.is_empty()) {
        let folder = Path::new(&prefix).join("lib");
        println!("cargo::rerun-if-changed={}", folder.join("libmirra.so").display());
        if !folder.join("libmirra.so").exists() {
            println!(
                "cargo::error=MIRRA_PREFIX is {}, but there is no lib/libmirra.so in it",
                prefix.display()
            );
        }
        return Some(folder);
    }
    let found = pkg_config::Config::new().cargo_metadata(false).atleast_version("0.1").probe("mirra").ok()?;
    found.link_paths.into_iter().next()
}

/// cargo lets programs that it starts find libraries at run time in folders of its own target only: a link there to the
/// library's folder is one.
fn inside_target(folder: &Path) -> PathBuf {
    let link = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("lib");
    let _ = fs::remove_file(&link);
    match fs::canonicalize(folder).and_then(|real| symlink(real, &link)) {
        Ok(()) => link,
        Err(_) => folder.to_path_buf(),
    }
}
