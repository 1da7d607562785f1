//! The example, as a person calls it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mirra::{Picture, Writer};

use crate::support::{noisy, scratch};

/// cargo builds it beside the tests.
fn program(name: &str) -> Command {
    let own = std::env::current_exe().expect("this program has a path");
    let folder = own.ancestors().nth(2).expect("target/PROFILE/deps");
    Command::new(folder.join("examples").join(name))
}

fn folder(name: &str, pictures: u32, side: u32) -> PathBuf {
    let folder = scratch(name);
    for number in 0..pictures {
        Writer::new().write(folder.join(format!("{number}.png")), &noisy(side, side)).expect("written");
    }
    folder
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
fn a_folder_is_denoised() {
    let from = folder("example", 2, 48);
    std::fs::write(from.join("2.png"), "no picture").expect("written");
    std::fs::write(from.join("notes.txt"), "no picture either").expect("written");
    let to = from.join("clean");
    let output = program("denoise_folder").arg(&from).arg(&to).output().expect("it starts");
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), out.matches("noise level").count()), (Some(1), 2), "{out}{error}");
    assert!(error.contains("2.png"), "{error}");
    let clean = Picture::read(to.join("0.png")).expect("written");
    assert!(level(&clean) < 8.0);
    assert!(!to.join("2.png").exists());
}

#[test]
fn an_interrupt_stops_it() {
    let from = folder("interrupted", 3, 1200);
    let to = from.join("clean");
    let mut child =
        program("denoise_folder").arg(&from).arg(&to).stderr(Stdio::piped()).spawn().expect("it starts");
    while !to.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let begun = Instant::now();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(!to.join("2.png").exists());
}
