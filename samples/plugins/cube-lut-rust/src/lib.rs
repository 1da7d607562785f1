//! A plugin of Mirra: the task "grade", which gives colours by a table of the .cube format. Built as a shared library, and
//! dropped into a folder of plugins, it is there in the command line, in dialogs and in every language.
//!
//! The module `mirra` is that of the template (`mirra new-plugin --lang rust`).

pub mod cube;
#[allow(
    clippy::pedantic,
    reason = "the template's, which is held to clippy's standard"
)]
#[path = "../../../../plugins/template-rust/mirra.rs"]
mod mirra;

use std::fs::File;
use std::io::BufReader;
use std::time::SystemTime;

use cube::Table;
use mirra::{
    Failure, Host, MIRRA_E_CORRUPT, MIRRA_E_IO, MIRRA_E_NOT_FOUND, MIRRA_PORT_INPUT,
    MIRRA_PORT_OUTPUT, MIRRA_TASK_CONCURRENT_TILES, MIRRA_TASK_NO_NETWORK, MIRRA_TYPE_FLOAT, Param,
    Port, Range, Result, Session, Task, Tensor, file, image, mirra_setup, mirra_tile, number,
};

/// What a session needs.
#[derive(Default)]
struct Grade {
    path: String,
    strength: f32,
    /// The file that was read last, as it was then.
    table: Option<(String, Option<SystemTime>, Table)>,
}

impl Session for Grade {
    fn configure(&mut self, host: &Host, setup: &mut mirra_setup) -> Result<()> {
        self.path = host.text(c"lut")?;
        self.strength = host.real(c"strength")? as f32;
        // A colour is 12 bytes here, and at least 6 in the file.
        setup.extra_bytes = 2 * std::fs::metadata(&self.path).map_or(0, |file| file.len());
        Ok(())
    }

    /// Reads the table, unless it is the one that was read last.
    fn begin(&mut self, _host: &Host) -> Result<()> {
        if self.path.is_empty() {
            self.table = None;
            return Ok(());
        }
        let failed = |status, message: String| {
            let hint = "Give a table of the .cube format, with LUT_3D_SIZE or LUT_1D_SIZE.";
            Failure::new(status, message, &self.path, hint)
        };
        if std::fs::metadata(&self.path).is_ok_and(|found| !found.is_file()) {
            return Err(failed(MIRRA_E_IO, "the table is not a file".to_owned()));
        }
        let file = File::open(&self.path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                failed(MIRRA_E_NOT_FOUND, "there is no such table".to_owned())
            }
            _ => failed(MIRRA_E_IO, format!("the table cannot be opened: {error}")),
        })?;
        let changed = file.metadata().and_then(|file| file.modified()).ok();
        if matches!(&self.table, Some((path, then, _)) if *path == self.path && *then == changed && changed.is_some())
        {
            return Ok(());
        }
        let table = Table::read(BufReader::new(file)).map_err(|reason| {
            failed(
                MIRRA_E_CORRUPT,
                format!("the table cannot be used: {reason}"),
            )
        })?;
        self.table = Some((self.path.clone(), changed, table));
        Ok(())
    }

    fn process(&self, host: &Host, _tile: &mirra_tile, input: &Tensor) -> Result<Tensor> {
        let Some((_, _, table)) = &self.table else {
            return host.retained(input);
        };
        host.each_color(input, |color| {
            let graded = table.look_up(color);
            [0, 1, 2]
                .map(|channel| color[channel] + (graded[channel] - color[channel]) * self.strength)
        })
    }
}

static PORTS: [Port; 2] = [
    image(MIRRA_PORT_INPUT, c"image", c"Image", c"The image to grade."),
    image(
        MIRRA_PORT_OUTPUT,
        c"output",
        c"Output",
        c"The image, graded.",
    ),
];

static PARAMS: [Param; 2] = [
    file(
        c"lut",
        c"Table",
        c"The .cube file with the colours: LUT_3D_SIZE or LUT_1D_SIZE. Without one the image stays as it is.",
    ),
    number(
        MIRRA_TYPE_FLOAT,
        c"strength",
        c"Strength",
        c"How much of the table's colours is mixed in: 0 leaves the image, 1 gives the table's.",
        Range { minimum: 0.0, maximum: 1.0, soft_maximum: 1.0, standard: 1.0 },
    ),
];

static TASK: Task = Task::new::<Grade>(
    c"grade",
    c"Grade colours",
    c"Gives an image the colours of a table of the .cube format, as cameras and grading programs write them.",
    &PORTS,
    &PARAMS,
    MIRRA_TASK_NO_NETWORK | MIRRA_TASK_CONCURRENT_TILES,
);

mirra::plugin!(c"org.example.cube-lut", c"1.0.0", TASK);

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, c_char};
    use std::ptr;

    use super::mirra::*;

    #[test]
    fn a_panic_becomes_an_error() {
        unsafe extern "C" fn error_create(
            _host: *const mirra_host_api,
            code: mirra_status,
            message: *const c_char,
            _subject: *const c_char,
            _hint: *const c_char,
        ) -> *mut mirra_error {
            // SAFETY: the message lives during the call.
            let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
            assert!(
                code == MIRRA_E_INTERNAL && message.contains("no colours"),
                "{message}"
            );
            ptr::dangling_mut()
        }
        let host = mirra_host_api {
            error_create: Some(error_create),
            ..zeroed()
        };
        let mut error = ptr::null_mut();
        // SAFETY: the table and the error live during the call.
        let status = unsafe { guarded(&raw const host, &raw mut error, || panic!("no colours")) };
        assert_eq!((status, error), (MIRRA_E_INTERNAL, ptr::dangling_mut()));
    }
}
