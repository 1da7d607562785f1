//! Takes the noise out of the pictures of a folder: `denoise_folder PICTURES CLEAN`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use mirra::{Cancel, Engine, ErrorKind, Picture, Run, Session, Writer};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: denoise_folder PICTURES CLEAN");
        return Ok(ExitCode::from(2));
    };
    let cancel = Cancel::new()?;
    let on_interrupt = cancel.clone();
    ctrlc::set_handler(move || on_interrupt.request())?;

    let engine = Engine::new()?;
    let mut session = engine.session("denoise").create()?;
    fs::create_dir_all(to)?;
    let mut code = ExitCode::SUCCESS;
    for picture in pictures(from)? {
        let target = to.join(picture.file_name().unwrap_or_default());
        match denoise(&mut session, &picture, &target, &cancel) {
            Ok(()) => eprintln!(),
            Err(error) if error.kind() == ErrorKind::Cancelled => return Ok(ExitCode::from(130)),
            Err(error) => {
                eprintln!("\r{}: {error}", picture.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn denoise(session: &mut Session, from: &Path, to: &Path, cancel: &Cancel) -> mirra::Result<()> {
    let photo = Picture::read(from)?;
    let run = Run::new()
        .cancel(cancel)
        .progress(|progress| eprint!("\r{} {:.0} %", from.display(), 100.0 * progress.fraction));
    let (clean, _) = session.process_with(&photo, run)?;
    Writer::new().metadata(&photo).write(to, &clean)?;
    Ok(())
}

fn pictures(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_picture = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        ["png", "jpg", "jpeg"].iter().any(|known| ending == *known)
    };
    let paths: io::Result<Vec<PathBuf>> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut found: Vec<PathBuf> = paths?.into_iter().filter(is_picture).collect();
    found.sort();
    Ok(found)
}
