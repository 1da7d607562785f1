//! `mirra plugin-check` finds no fault in what cargo has built.

use std::path::PathBuf;
use std::process::Command;

#[test]
fn plugin_check() {
    let own = std::env::current_exe().expect("this program has a path");
    let plugin = own.with_file_name("libplugin.so");
    let mirra = std::env::var_os("MIRRA_PREFIX").map_or_else(
        || PathBuf::from("mirra"),
        |prefix| PathBuf::from(prefix).join("bin/mirra"),
    );
    let check = Command::new(&mirra)
        .arg("plugin-check")
        .arg(&plugin)
        .status();
    let check = check.unwrap_or_else(|error| {
        panic!(
            "{}: {error}; is it in PATH, or in bin/ of MIRRA_PREFIX?",
            mirra.display()
        )
    });
    assert!(
        check.success(),
        "{} has faults, see above",
        plugin.display()
    );
}
