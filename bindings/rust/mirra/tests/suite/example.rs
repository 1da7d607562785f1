//! The example, as a person calls it.

use std::process::Command;

use mirra::{Picture, Writer};

use crate::support::{noisy, scratch};

/// cargo builds it beside the tests.
fn program(name: &str) -> Command {
    let own = std::env::current_exe().expect("this program has a path");
    let folder = own.ancestors().nth(2).expect("target/PROFILE/deps");
    Command::new(folder.join("examples").join(name))
}

#[test]
fn the_readme_is_right() {
    let source = include_str!("../../examples/denoise_photo.rs");
    let (_, code) = source.split_once("\n\n").expect("a comment, and the code");
    assert!(include_str!("../../README.md").contains(&format!("```rust,no_run\n{code}```")));
    let folder = scratch("readme");
    Writer::new().write(folder.join("photo.jpg"), &noisy(48, 48)).expect("written");
    let status = program("denoise_photo").current_dir(&folder).status().expect("it starts");
    assert!(status.success());
    assert!(level(&Picture::read(folder.join("clean.jpg")).expect("written")) < 8.0);
}

fn level(image: &Picture) -> f64 {
    image.view().and_then(|view| view.estimate_noise()).expect("a level")
}

#[test]
fn the_program_for_a_folder_is_as_in_every_language() {
    let check = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/hosts/check_folder_program");
    let checked =
        Command::new(check).arg(program("denoise_folder").get_program()).output().expect("it starts");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
