//! What the tests share: an engine with the plugins of this repository's templates, and pictures.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use mirra::Engine;
use mirra::image::{ImageBuffer, Rgb, RgbImage};

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().expect("a clone of the repository")
}

/// A folder that is empty.
pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target's folder can be written");
    folder
}

/// The folder with gain.so, the plugin of the template, built by the C compiler.
pub fn plugins() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = scratch(&format!("plugins-{}", std::process::id()));
        let output = Command::new(std::env::var_os("CC").unwrap_or("cc".into()))
            .args(["-std=c99", "-shared", "-fPIC", "-I"])
            .arg(repository().join("include"))
            .arg(repository().join("plugins/template/gain.c"))
            .arg("-o")
            .arg(folder.join("gain.so"))
            .output()
            .expect("the C compiler starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    })
}

/// An engine that has the task "gain".
pub fn engine() -> Engine {
    Engine::builder().plugin_path(plugins()).build().expect("an engine")
}

/// Pixels of all values.
pub fn picture(width: u32, height: u32) -> RgbImage {
    ImageBuffer::from_fn(width, height, |x, y| Rgb([(x * 5) as u8, (y * 7) as u8, (x * y) as u8]))
}

/// What the task "gain" makes of a sample of 8 bits with a gain of one half.
pub fn halved(sample: u8) -> u8 {
    (f32::from(sample) / 255.0 * 0.5 * 255.0).round() as u8
}

/// A smooth picture with noise of sigma 25.
pub fn noisy(width: u32, height: u32) -> RgbImage {
    let mut image = ImageBuffer::from_fn(width, height, |x, y| {
        let wave = |t: f32| (127.0 + 90.0 * (t / 9.0).sin()) as u8;
        Rgb([wave(x as f32), wave(y as f32), wave((x + y) as f32)])
    });
    let layout = mirra::Layout::packed(width, height, mirra::Color::Rgb);
    mirra::ImageViewMut::new(&mut image, layout).and_then(|mut view| view.add_noise(25.0, 1)).expect("noise");
    image
}

/// A waker that lets its thread go on.
pub struct Unpark(pub Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor: this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Arc::new(Unpark(thread::current())).into();
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
