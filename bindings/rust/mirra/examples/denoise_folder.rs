//! Denoises the pictures of a folder into another, with progress. Ctrl-C stops it within a moment.
//!
//! ```sh
//! cargo run --release --example denoise_folder -- holiday/ clean/
//! ```

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use mirra::{Cancel, Engine, ErrorKind, Picture, Run, Session, Writer};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: denoise_folder FROM TO");
        process::exit(2);
    };

    let cancel = Cancel::new()?;
    let on_interrupt = cancel.clone();
    ctrlc::set_handler(move || on_interrupt.request())?;

    let engine = Engine::new()?;
    let mut session = engine.session("denoise").memory_limit(2_000_000_000).create()?;
    fs::create_dir_all(to)?;
    let mut failed = 0;
    for picture in pictures(from)? {
        let target = to.join(picture.file_name().unwrap_or_default());
        match denoise(&mut session, &picture, &target, &cancel) {
            Ok(sigma) => println!("\r{}: noise level {sigma:.1}", target.display()),
            Err(error) if error.kind() == ErrorKind::Cancelled => {
                eprintln!("\rstopped");
                process::exit(130);
            }
            Err(error) => {
                eprintln!("\r{}: {error}", picture.display());
                failed += 1;
            }
        }
    }
    process::exit(i32::from(failed > 0));
}

fn pictures(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_picture = |path: &Path| {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        ["png", "jpg", "jpeg"].contains(&ending.as_str())
    };
    let entries: io::Result<Vec<PathBuf>> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut files = entries?;
    files.retain(|path| is_picture(path));
    files.sort();
    Ok(files)
}

fn denoise(session: &mut Session, from: &Path, to: &Path, cancel: &Cancel) -> mirra::Result<f64> {
    let writer = Writer::new();
    writer.check_path(to)?;
    let photo = Picture::read(from)?;
    let shows = io::stderr().is_terminal();
    let run = Run::new().cancel(cancel).progress(|progress| {
        if shows {
            eprint!("\r{} {:3.0} %", from.display(), 100.0 * progress.fraction);
            _ = io::stderr().flush();
        }
    });
    let (clean, result) = session.process_with(&photo, run)?;
    for note in writer.metadata(&photo).write(to, &clean)? {
        eprintln!("\r{}: {note}", to.display());
    }
    Ok(result.value("sigma_estimated")?.as_f64().unwrap_or_default())
}
