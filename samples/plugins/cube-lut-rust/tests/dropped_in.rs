//! The plugin as it is used: dropped into a folder, found by an engine, run on images.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use mirra::image::{ImageBuffer, Rgb, Rgb32FImage};
use mirra::{Engine, ErrorKind, Rect, Run, Session, Type};

/// A folder with the plugin, which cargo builds beside the tests.
fn engine() -> Engine {
    let own = std::env::current_exe().expect("this program has a path");
    let built = own
        .ancestors()
        .nth(2)
        .expect("target/PROFILE/deps")
        .join("libcube_lut.so");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("plugins-{:?}", std::thread::current().id()));
    fs::create_dir_all(folder.join("cube-lut")).expect("a folder");
    fs::copy(built, folder.join("cube-lut/plugin.so")).expect("the plugin is built");
    Engine::builder()
        .plugin_path(folder)
        .plugin_path_only()
        .build()
        .expect("an engine")
}

/// A table that is no identity: channels change places, and are bent.
fn table(name: &str) -> PathBuf {
    let size = 9_u8;
    let steps = || (0..size).map(|step| f32::from(step) / f32::from(size - 1));
    let mut text = format!("TITLE \"test\"\nLUT_3D_SIZE {size}\n");
    for blue in steps() {
        for green in steps() {
            for red in steps() {
                writeln!(text, "{} {blue} {}", green * green, red.sqrt()).expect("a text");
            }
        }
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("written");
    path
}

fn image(width: u32, height: u32) -> Rgb32FImage {
    let part = |value: u32, of: u32| (value % of) as f32 / of as f32;
    ImageBuffer::from_fn(width, height, |x, y| {
        Rgb([part(x, 97), part(y, 61), part(x * y, 83)])
    })
}

fn grading(engine: &Engine, table: &Path, tile_size: u32) -> Session {
    engine
        .session("grade")
        .set("lut", table)
        .tile_size(tile_size)
        .create()
        .expect("a session")
}

#[test]
fn the_task_is_there() {
    let engine = engine();
    let task = engine.task("grade").expect("the plugin is loaded");
    assert!(task.no_network && task.concurrent_tiles);
    assert_eq!(task.param("lut").map(|param| param.type_), Some(Type::File));
    assert_eq!(
        engine.plugins().expect("plugins")[0].id,
        "org.example.cube-lut"
    );
}

#[test]
fn colours_are_those_of_the_table() {
    let engine = engine();
    let path = table("colours.cube");
    let read =
        cube_lut::cube::Table::read(fs::read(&path).expect("a file").as_slice()).expect("a table");
    let image = image(53, 37);
    let mut session = grading(&engine, &path, 0);
    let close = |a: &[f32; 3], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    let made = session.process(&image).expect("graded");
    assert!(
        image
            .pixels()
            .zip(made.pixels())
            .all(|(from, made)| close(&made.0, read.look_up(from.0)))
    );
    session.set("strength", 0).expect("none of it");
    assert!(
        session
            .process(&image)
            .expect("graded")
            .iter()
            .zip(image.iter())
            .all(|(a, b)| (a - b).abs() < 1e-6)
    );
    session.reset_all().expect("no table");
    assert_eq!(session.process(&image).expect("as it is"), image);
}

#[test]
fn tiles_and_regions_are_the_whole() {
    let engine = engine();
    let path = table("tiles.cube");
    for (width, height) in [(1, 1), (65, 1), (131, 77)] {
        let image = image(width, height);
        let whole = grading(&engine, &path, 0).process(&image).expect("graded");
        let mut tiled = grading(&engine, &path, 16);
        assert_eq!(tiled.process(&image).expect("graded"), whole);
        let region = Rect::new(width / 3, height / 2, width.div_ceil(2), 1);
        let (part, _) = tiled
            .process_with(&image, Run::new().region(region))
            .expect("graded");
        let Rect {
            x,
            y,
            width,
            height,
        } = region;
        assert_eq!(
            part,
            mirra::image::imageops::crop_imm(&whole, x, y, width, height).to_image()
        );
    }
}

#[test]
fn a_table_that_changes_is_read_anew() {
    let engine = engine();
    let path = table("changes.cube");
    let image = image(8, 8);
    let mut session = grading(&engine, &path, 0);
    session.process(&image).expect("graded");
    fs::write(&path, "LUT_1D_SIZE 2\n1 1 1\n0 0 0\n").expect("written");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    fs::File::options()
        .append(true)
        .open(&path)
        .and_then(|file| file.set_modified(later))
        .expect("a time");
    let made = session.process(&image).expect("graded");
    assert!(
        made.iter()
            .zip(image.iter())
            .all(|(made, from)| (made - (1.0 - from)).abs() < 1e-6)
    );
}

#[test]
fn what_is_no_table_is_told() {
    let engine = engine();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad.cube");
    fs::write(&path, "LUT_3D_SIZE 2\n0 0 0\n").expect("written");
    let mut session = grading(&engine, &path, 0);
    let error = session.process(&image(8, 8)).expect_err("no table");
    assert_eq!(
        (error.kind(), error.subject()),
        (ErrorKind::Corrupt, path.to_str().expect("a path"))
    );
    assert!(
        error.message().contains('8') && !error.hint().is_empty(),
        "{error}"
    );
    session
        .set("lut", "no-such.cube")
        .expect("it is read when it runs");
    assert_eq!(
        session.process(&image(8, 8)).expect_err("none").kind(),
        ErrorKind::NotFound
    );
}
