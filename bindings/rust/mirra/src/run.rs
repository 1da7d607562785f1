//! What a run is given: [`Run`], and the calls that run it.

use std::ffi::CString;
use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::ptr;

use mirra_sys as sys;

use crate::callbacks::{Hooks, Progress, SinkState, SourceState};
use crate::ffi::{self, Handle, Struct};
use crate::tensor::TensorView;
use crate::value::RawValue;
use crate::{
    Cancel, Color, Error, ErrorKind, Format, Image, ImageView, ImageViewMut, IntoView, IntoViewMut, Rect,
    Result, RunResult, Session, Transfer, Value,
};

/// What a run is given: pixels and values for the ports of the task, and how it goes.
///
/// Ports are named as the task names them: `"image"` and `"output"` of most.
///
/// ```no_run
/// # fn main() -> mirra::Result<()> {
/// # let engine = mirra::Engine::new()?;
/// # let mut session = engine.session("denoise").create()?;
/// # let noisy = mirra::image::RgbImage::new(64, 64);
/// let mut clean = mirra::image::RgbImage::new(noisy.width(), noisy.height());
/// let run = mirra::Run::new()
///     .input("image", &noisy)
///     .output("output", &mut clean)
///     .progress(|progress| println!("{:.0} %", 100.0 * progress.fraction));
/// let result = session.run(run)?;
/// println!("noise level {}", result.value("sigma_estimated")?);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Run<'a> {
    ports: Vec<(CString, Given<'a>)>,
    pub(crate) hooks: Hooks<'a>,
    cancel: Option<Cancel>,
    region: Option<Rect>,
    scale: f64,
    frame: i64,
    /// The first thing that was wrong with what was given.
    error: Option<Error>,
    life: PhantomData<&'a mut [u8]>,
}

/// What a port is given.
enum Given<'a> {
    Image(sys::mirra_image),
    Value(RawValue),
    Tensor(TensorView<'a>),
    Source(Box<SourceState<'a>>),
    Sink(Box<SinkState<'a>>),
    Asked,
}

/// The same for the library.
enum Piece {
    Image(*const sys::mirra_image),
    Value(*const sys::mirra_value),
    Tensor(sys::DLTensor),
    Source(sys::mirra_source),
    Sink(sys::mirra_sink),
    Asked,
}

impl Given<'_> {
    fn piece(&self) -> Piece {
        match self {
            Self::Image(image) => Piece::Image(image),
            Self::Value(value) => Piece::Value(value.as_ptr()),
            Self::Tensor(tensor) => Piece::Tensor(tensor.raw()),
            Self::Source(state) => Piece::Source(state.raw()),
            Self::Sink(state) => Piece::Sink(state.raw()),
            Self::Asked => Piece::Asked,
        }
    }
}

// SAFETY: the images are borrowed for 'a as by references to numbers; all else is `Send`.
unsafe impl Send for Run<'_> {}
// SAFETY: `&Run` gives access to nothing.
unsafe impl Sync for Run<'_> {}

/// Whether a run goes on: what a callback returns. `()` goes on; so does [`ControlFlow::Continue`], and
/// [`ControlFlow::Break`] stops the run with [`ErrorKind::Cancelled`].
pub trait GoOn {
    /// Whether it does.
    fn goes_on(self) -> bool;
}

impl GoOn for () {
    fn goes_on(self) -> bool {
        true
    }
}

impl GoOn for ControlFlow<()> {
    fn goes_on(self) -> bool {
        self.is_continue()
    }
}

/// What a picture is that is read or written in pieces.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    width: u32,
    height: u32,
    format: Format,
    color: Color,
    transfer: Transfer,
    icc: &'a [u8],
}

impl<'a> Shape<'a> {
    /// Encoded pixels without a profile. Formats with alpha are [`ErrorKind::Unsupported`].
    #[must_use]
    pub fn new(width: u32, height: u32, format: Format, color: Color) -> Self {
        Self { width, height, format, color, transfer: Transfer::Encoded, icc: &[] }
    }

    /// With what the samples measure.
    #[must_use]
    pub fn with_transfer(mut self, transfer: Transfer) -> Self {
        self.transfer = transfer;
        self
    }

    /// With an ICC profile.
    #[must_use]
    pub fn with_icc(mut self, profile: &'a [u8]) -> Self {
        self.icc = profile;
        self
    }

    fn raw(self) -> Result<sys::mirra_image> {
        let raw = crate::view::shape(self.width, self.height, self.format, self.color)?;
        // SAFETY: the view names no pixels.
        let view = unsafe { ImageView::from_raw(raw) };
        Ok(view.with_transfer(self.transfer).with_icc(self.icc).raw)
    }
}

impl<'a> Run<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            ports: Vec::new(),
            hooks: Hooks::default(),
            cancel: None,
            region: None,
            scale: 0.0,
            frame: 0,
            error: None,
            life: PhantomData,
        }
    }

    /// An image to read.
    pub fn input(self, port: &str, image: impl IntoView<'a>) -> Self {
        let image = image.into_view().map(|view| Given::Image(view.raw));
        self.give(port, image)
    }

    /// An image to write. It has the size that [`Session::plan`] states, or that of the region.
    pub fn output(self, port: &str, image: impl IntoViewMut<'a>) -> Self {
        let image = image.into_view_mut().map(|view| Given::Image(view.raw));
        self.give(port, image)
    }

    /// The same image read and written.
    pub fn in_place(self, input: &str, output: &str, image: impl IntoViewMut<'a>) -> Self {
        match image.into_view_mut() {
            Ok(view) => {
                let raw = view.raw;
                self.give(input, Ok(Given::Image(raw))).give(output, Ok(Given::Image(raw)))
            }
            Err(error) => self.give(input, Err(error)),
        }
    }

    /// A value for an input port of a plain type.
    pub fn value(self, port: &str, value: impl Into<Value>) -> Self {
        let value = RawValue::new(value.into()).map(Given::Value);
        self.give(port, value)
    }

    /// A tensor for an input port of tensors.
    pub fn tensor(self, port: &str, tensor: impl Into<TensorView<'a>>) -> Self {
        let tensor = Given::Tensor(tensor.into());
        self.give(port, Ok(tensor))
    }

    /// Asks for an output that is no image and that is optional; it comes in [`RunResult`].
    pub fn ask(self, port: &str) -> Self {
        self.give(port, Ok(Given::Asked))
    }

    /// The first image input, read in pieces: `read` fills the pixels of a rectangle. It is called from a thread of the
    /// run, one call at a time. Its error ends the run, and comes out of it; so does its panic.
    pub fn source(
        self,
        port: &str,
        shape: Shape<'a>,
        read: impl FnMut(Rect, &mut ImageViewMut<'_>) -> Result<()> + Send + 'a,
    ) -> Self {
        let trouble = self.hooks.trouble();
        let source = shape.raw().map(|raw| Given::Source(SourceState::new(raw, Box::new(read), trouble)));
        self.give(port, source)
    }

    /// An image output, written in pieces: `write` takes the pixels of a rectangle. Each pixel comes once. See
    /// [`source`](Run::source).
    pub fn sink(
        self,
        port: &str,
        shape: Shape<'a>,
        write: impl FnMut(Rect, &ImageView<'_>) -> Result<()> + Send + 'a,
    ) -> Self {
        let trouble = self.hooks.trouble();
        let sink = shape.raw().map(|raw| Given::Sink(SinkState::new(raw, Box::new(write), trouble)));
        self.give(port, sink)
    }

    /// Is told how far the run is, at every tile and at most every 20 ms between, and says whether it goes on. It is called
    /// from a thread of the run, one call at a time. A panic ends the run, and comes out of it.
    pub fn progress<R: GoOn>(mut self, mut report: impl FnMut(&Progress<'_>) -> R + Send + 'a) -> Self {
        self.hooks.set_progress(Box::new(move |progress| report(progress).goes_on()));
        self
    }

    /// Is given each rectangle of the output image when it is final, and says whether the run goes on. Otherwise as
    /// [`progress`](Run::progress).
    pub fn tile<R: GoOn>(mut self, mut take: impl FnMut(Rect, &ImageView<'_>) -> R + Send + 'a) -> Self {
        self.hooks.set_tile(Box::new(move |rect, pixels| take(rect, pixels).goes_on()));
        self
    }

    /// Stops the run from another thread.
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    /// Makes these pixels of the output only. The output image is as large as the region.
    pub fn region(mut self, region: Rect) -> Self {
        self.region = Some(region);
        self
    }

    /// Below 1: reduces the image by it first, for a preview. The output has the size that the plan states for the reduced
    /// image, `ceil(side * scale)`; the region is of it.
    pub fn scale(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// Number of the image within a sequence, from 0, for tasks that ask for it.
    pub fn frame(mut self, frame: i64) -> Self {
        self.frame = frame;
        self
    }

    fn give(mut self, port: &str, given: Result<Given<'a>>) -> Self {
        match ffi::c_text(port).and_then(|name| Ok((name, given?))) {
            Ok(port) => self.ports.push(port),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// What was wrong with what was given.
    pub(crate) fn checked(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// The structs of `mirra.h`, during `call`.
    pub(crate) fn with_raw<T>(
        &self,
        call: impl FnOnce(&[sys::mirra_port_value], sys::mirra_run_options) -> T,
    ) -> T {
        let pieces: Vec<Piece> = self.ports.iter().map(|(_, given)| given.piece()).collect();
        let ports: Vec<sys::mirra_port_value> = self
            .ports
            .iter()
            .zip(&pieces)
            .map(|((name, _), piece)| {
                let mut raw = sys::mirra_port_value::sized();
                raw.name = name.as_ptr();
                match piece {
                    Piece::Image(image) => raw.image = *image,
                    Piece::Value(value) => raw.value = *value,
                    Piece::Tensor(tensor) => raw.tensor = tensor,
                    Piece::Source(source) => raw.source = source,
                    Piece::Sink(sink) => raw.sink = sink,
                    Piece::Asked => {}
                }
                raw
            })
            .collect();
        let region = self.region.map(Rect::raw);
        let mut options = sys::mirra_run_options::sized();
        options.cancel = self.cancel.as_ref().map_or(ptr::null_mut(), Cancel::get);
        options.region = region.as_ref().map_or(ptr::null(), ptr::from_ref);
        options.scale = self.scale;
        options.frame = self.frame;
        call(&ports, options)
    }

    /// The size of the output of an image of that size.
    fn output_size(&self, session: &Session, width: u32, height: u32) -> Result<(u32, u32)> {
        if let Some(region) = self.region {
            return Ok((region.width, region.height));
        }
        let reduced = |side: u32| match self.scale {
            scale if scale > 0.0 && scale < 1.0 => (f64::from(side) * scale).ceil().max(1.0) as u32,
            _ => side,
        };
        Ok(session.plan(reduced(width), reduced(height))?.output_size)
    }
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports: Vec<_> = self.ports.iter().map(|(name, _)| name).collect();
        f.debug_struct("Run").field("ports", &ports).finish_non_exhaustive()
    }
}

impl Session {
    /// Runs the task and returns when it is done. On failure, and where it was cancelled, output images may be partly
    /// written.
    ///
    /// # Panics
    /// With the panic of a callback.
    pub fn run(&mut self, mut run: Run<'_>) -> Result<RunResult> {
        run.checked()?;
        let hooks = &run.hooks;
        let result = Handle::made(|result, error| {
            run.with_raw(|ports, mut options| {
                hooks.install(&mut options, ptr::from_ref(hooks).cast_mut().cast());
                // SAFETY: the run is borrowed until the call returns, and with it pixels and callbacks.
                unsafe {
                    let (session, options) = (self.get(), &raw const options);
                    sys::mirra_session_run(session, ports.as_ptr(), ports.len(), options, result, error)
                }
            })
        });
        run.hooks.outcome(result).map(RunResult::new)
    }

    /// Runs the task on an image, and gives the result as an image of the same kind.
    ///
    /// ```no_run
    /// # fn main() -> mirra::Result<()> {
    /// # let noisy = mirra::image::RgbImage::new(64, 64);
    /// let engine = mirra::Engine::new()?;
    /// let mut session = engine.session("denoise").create()?;
    /// let clean = session.process(&noisy)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`run`](Session::run).
    pub fn process<I: Image>(&mut self, image: &I) -> Result<I::Owned> {
        self.process_with(image, Run::new()).map(|(made, _)| made)
    }

    /// The same with a run of yours, which needs neither the image nor the output: progress, a region, further inputs.
    ///
    /// # Panics
    /// As [`run`](Session::run).
    pub fn process_with<I: Image>(&mut self, image: &I, run: Run<'_>) -> Result<(I::Owned, RunResult)> {
        let ports = self.main_ports();
        let (input, output) = ports.names()?;
        let mut made = self.make_output(image, &run)?;
        let run = run.input(input, image.view()).output(output, I::view_mut(&mut made));
        let result = self.run(run)?;
        Ok((made, result))
    }

    pub(crate) fn make_output<I: Image>(&self, image: &I, run: &Run<'_>) -> Result<I::Owned> {
        let view = image.view()?;
        let (width, height) = run.output_size(self, view.width(), view.height())?;
        image.like(width, height)
    }
}

impl crate::session::MainPorts {
    pub(crate) fn names(&self) -> Result<(&str, &str)> {
        match (&self.input, &self.output) {
            (Some(input), Some(output)) => Ok((input, output)),
            _ => Err(Error::new(ErrorKind::Unsupported, "the task does not make an image of an image")
                .with_hint("give its ports by name: Session::run")),
        }
    }
}
