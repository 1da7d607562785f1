//! Pixels in memory of the program's: [`ImageView`] and [`ImageViewMut`].

use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::mem::size_of;
use std::ops::Range;
use std::ptr;

use mirra_sys as sys;

use crate::ffi::{self, Struct};
use crate::{AlphaMode, Color, Error, ErrorKind, Format, Result, Sample, Transfer};

/// Where the samples of an image lie within bytes. Offsets and strides count bytes.
///
/// ```
/// use mirra::{Color, Format, Layout};
/// // BGRA pixels, with rows of 512 bytes, from below upwards:
/// let layout = Layout::planes(100, 80, &[2, 1, 0, 3].map(|channel| 512 * 79 + channel), 4, -512);
/// # let _ = layout;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    width: u32,
    height: u32,
    color: Color,
    /// Interleaved where it has one element.
    offsets: Vec<usize>,
    strides: Option<(isize, isize)>,
}

impl Layout {
    /// Pixels one behind the other without gaps, row after row, channels in the order R G B A.
    #[must_use]
    pub fn packed(width: u32, height: u32, color: Color) -> Self {
        Self { width, height, color, offsets: vec![0], strides: None }
    }

    /// Interleaved channels, in the order R G B A. Strides may be negative: `offset` is that of the first pixel of the first
    /// row, wherever it is.
    #[must_use]
    pub fn strided(
        width: u32,
        height: u32,
        color: Color,
        offset: usize,
        pixel_stride: isize,
        row_stride: isize,
    ) -> Self {
        Self { width, height, color, offsets: vec![offset], strides: Some((pixel_stride, row_stride)) }
    }

    /// A place for each channel: 1 to 4 offsets, of gray, gray and alpha, RGB or RGBA. All planes have the same strides.
    /// Interleaved pixels in another order (BGRA) are planes too.
    #[must_use]
    pub fn planes(
        width: u32,
        height: u32,
        offsets: &[usize],
        pixel_stride: isize,
        row_stride: isize,
    ) -> Self {
        let color = match offsets.len() {
            0 | 1 => Color::Gray,
            2 => Color::GrayAlpha,
            3 => Color::Rgb,
            _ => Color::Rgba,
        };
        Self { width, height, color, offsets: offsets.to_vec(), strides: Some((pixel_stride, row_stride)) }
    }
}

/// Pixels that are only read.
///
/// It describes memory of any layout, and holds none. Functions take it, or what it is made of: a reference to an
/// [`ImageBuffer`](image::ImageBuffer), a [`DynamicImage`](image::DynamicImage) or a [`Picture`](crate::Picture).
#[derive(Clone, Copy)]
pub struct ImageView<'a> {
    pub(crate) raw: sys::mirra_image,
    life: PhantomData<&'a [u8]>,
}

// SAFETY: a shared reference to numbers.
unsafe impl Send for ImageView<'_> {}
// SAFETY: a shared reference to numbers.
unsafe impl Sync for ImageView<'_> {}

/// Pixels that are written. See [`ImageView`].
pub struct ImageViewMut<'a> {
    pub(crate) raw: sys::mirra_image,
    life: PhantomData<&'a mut [u8]>,
}

// SAFETY: a mutable reference to numbers.
unsafe impl Send for ImageViewMut<'_> {}
// SAFETY: a mutable reference to numbers.
unsafe impl Sync for ImageViewMut<'_> {}

impl<'a> ImageView<'a> {
    /// Pixels within samples: `ImageView::new(&samples, Layout::packed(640, 480, Color::Rgb))`.
    pub fn new<T: Sample>(samples: &'a [T], layout: Layout) -> Result<Self> {
        Self::from_bytes(bytes_of(samples), T::FORMAT, layout)
    }

    /// Pixels within bytes, whatever their alignment.
    #[expect(clippy::needless_pass_by_value, reason = "a layout is made for the call")]
    pub fn from_bytes(bytes: &'a [u8], format: Format, layout: Layout) -> Result<Self> {
        // SAFETY: the view reads only, and for as long as the bytes are borrowed.
        let raw = describe(bytes.as_ptr(), bytes.len(), format, &layout)?;
        Ok(Self { raw, life: PhantomData })
    }

    /// # Safety
    /// `raw` describes pixels that are alive and not written for `'a`.
    pub(crate) unsafe fn from_raw(raw: sys::mirra_image) -> Self {
        Self { raw, life: PhantomData }
    }

    /// With an ICC profile of the pixels; without one they are sRGB.
    #[must_use]
    pub fn with_icc(mut self, profile: &'a [u8]) -> Self {
        set_icc(&mut self.raw, profile);
        self
    }

    /// With what the samples measure.
    #[must_use]
    pub fn with_transfer(mut self, transfer: Transfer) -> Self {
        set_transfer(&mut self.raw, transfer);
        self
    }

    /// With how alpha goes with the colours.
    #[must_use]
    pub fn with_alpha(mut self, mode: AlphaMode) -> Self {
        set_alpha(&mut self.raw, mode);
        self
    }
}

impl<'a> ImageViewMut<'a> {
    /// Pixels within samples.
    pub fn new<T: Sample>(samples: &'a mut [T], layout: Layout) -> Result<Self> {
        Self::from_bytes(bytes_of_mut(samples), T::FORMAT, layout)
    }

    /// Pixels within bytes, whatever their alignment.
    #[expect(clippy::needless_pass_by_value, reason = "a layout is made for the call")]
    pub fn from_bytes(bytes: &'a mut [u8], format: Format, layout: Layout) -> Result<Self> {
        let raw = describe(bytes.as_mut_ptr(), bytes.len(), format, &layout)?;
        Ok(Self { raw, life: PhantomData })
    }

    /// # Safety
    /// `raw` describes pixels that are alive for `'a`, and that nobody else uses.
    pub(crate) unsafe fn from_raw(raw: sys::mirra_image) -> Self {
        Self { raw, life: PhantomData }
    }

    /// With an ICC profile of the pixels; without one they are sRGB.
    #[must_use]
    pub fn with_icc(mut self, profile: &'a [u8]) -> Self {
        set_icc(&mut self.raw, profile);
        self
    }

    /// With what the samples measure.
    #[must_use]
    pub fn with_transfer(mut self, transfer: Transfer) -> Self {
        set_transfer(&mut self.raw, transfer);
        self
    }

    /// With how alpha goes with the colours.
    #[must_use]
    pub fn with_alpha(mut self, mode: AlphaMode) -> Self {
        set_alpha(&mut self.raw, mode);
        self
    }

    /// The same pixels, to be read.
    #[must_use]
    pub fn as_view(&self) -> ImageView<'_> {
        // SAFETY: this view is borrowed as long.
        unsafe { ImageView::from_raw(self.raw) }
    }

    /// The same pixels for a shorter time.
    #[must_use]
    pub fn reborrow(&mut self) -> ImageViewMut<'_> {
        // SAFETY: this view is borrowed as long.
        unsafe { ImageViewMut::from_raw(self.raw) }
    }

    /// Writes a sample.
    ///
    /// # Panics
    /// Outside of the image, and if `T` is not the image's format.
    pub fn set<T: Sample>(&mut self, x: u32, y: u32, channel: usize, sample: T) {
        let place = self.as_view().place::<T>(x, y, channel);
        // SAFETY: `place` is within the pixels, which are this view's alone.
        unsafe { place.cast_mut().write_unaligned(sample) }
    }

    /// A row of interleaved samples to write; `None` where its pixels have gaps, are planes, or are not aligned.
    ///
    /// # Panics
    /// Below the image, and if `T` is not the image's format.
    #[must_use]
    pub fn row_mut<T: Sample>(&mut self, y: u32) -> Option<&mut [T]> {
        let (first, samples) = self.as_view().row_place::<T>(y)?;
        // SAFETY: the samples are this view's alone, which is borrowed mutably.
        Some(unsafe { std::slice::from_raw_parts_mut(first.cast_mut(), samples) })
    }

    /// Writes all pixels by those of an image of the same size, format and channels.
    pub fn copy_from(&mut self, from: &ImageView<'_>) -> Result<()> {
        let same = |image: &ImageView| (image.width(), image.height(), image.format(), image.color());
        if same(&self.as_view()) != same(from) {
            return Err(Error::new(ErrorKind::Mismatch, "the images differ in size, format or channels"));
        }
        let bytes = from.format().bytes();
        for y in 0..from.height() {
            for x in 0..from.width() {
                for channel in 0..from.color().channels() {
                    let source = from.offset(x, y, channel);
                    let target = self.as_view().offset(x, y, channel).cast_mut();
                    // SAFETY: both are samples of so many bytes.
                    unsafe { ptr::copy(source, target, bytes) }
                }
            }
        }
        Ok(())
    }
}

impl ImageView<'_> {
    /// In pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.raw.width as u32
    }

    /// In pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.raw.height as u32
    }

    /// What a sample is.
    #[must_use]
    pub fn format(&self) -> Format {
        Format::from_raw(self.raw.format)
    }

    /// Channels.
    #[must_use]
    pub fn color(&self) -> Color {
        Color::from_raw(self.raw.color)
    }

    /// What the samples measure.
    #[must_use]
    pub fn transfer(&self) -> Transfer {
        if self.raw.transfer == sys::MIRRA_TRANSFER_LINEAR { Transfer::Linear } else { Transfer::Encoded }
    }

    /// How alpha goes with the colours.
    #[must_use]
    pub fn alpha_mode(&self) -> AlphaMode {
        if self.raw.alpha_mode == sys::MIRRA_ALPHA_PREMULTIPLIED {
            AlphaMode::Premultiplied
        } else {
            AlphaMode::Straight
        }
    }

    /// Reads a sample.
    ///
    /// # Panics
    /// Outside of the image, and if `T` is not the image's format.
    #[must_use]
    pub fn get<T: Sample>(&self, x: u32, y: u32, channel: usize) -> T {
        // SAFETY: `place` is within the pixels.
        unsafe { self.place::<T>(x, y, channel).read_unaligned() }
    }

    /// A row of interleaved samples; `None` where its pixels have gaps, are planes, or are not aligned.
    ///
    /// # Panics
    /// Below the image, and if `T` is not the image's format.
    #[must_use]
    pub fn row<T: Sample>(&self, y: u32) -> Option<&[T]> {
        let (first, samples) = self.row_place::<T>(y)?;
        // SAFETY: the samples are borrowed by this view.
        Some(unsafe { std::slice::from_raw_parts(first, samples) })
    }

    /// The first sample of a row that is one piece of memory, and how many it has.
    fn row_place<T: Sample>(&self, y: u32) -> Option<(*const T, usize)> {
        let first = self.place::<T>(0, y, 0);
        let channels = self.color().channels();
        let dense = self.strides().0 == (channels * size_of::<T>()) as isize;
        let interleaved = self.raw.plane_count == 1 && (dense || self.width() == 1);
        (interleaved && first.is_aligned()).then(|| (first, self.width() as usize * channels))
    }

    /// All samples, packed and interleaved.
    ///
    /// # Panics
    /// If `T` is not the image's format.
    #[must_use]
    pub fn to_vec<T: Sample>(&self) -> Vec<T> {
        let (width, height, channels) = (self.width(), self.height(), self.color().channels());
        let mut samples = Vec::with_capacity(width as usize * height as usize * channels);
        for y in 0..height {
            if let Some(row) = self.row(y) {
                samples.extend_from_slice(row);
                continue;
            }
            for x in 0..width {
                samples.extend((0..channels).map(|channel| self.get::<T>(x, y, channel)));
            }
        }
        samples
    }

    /// Estimates the standard deviation of the noise, in units of 1/255, as the tasks do where sigma is `"auto"`.
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a side below 16 pixels, or where too little is visible.
    pub fn estimate_noise(&self) -> Result<f64> {
        let mut sigma = 0.0;
        ffi::check(|error| unsafe {
            sys::mirra_image_estimate_noise(&raw const self.raw, &raw mut sigma, error)
        })?;
        Ok(sigma)
    }

    fn strides(&self) -> (isize, isize) {
        if self.raw.flags & sys::MIRRA_IMAGE_PACKED != 0 {
            let pixel = (self.color().channels() * self.format().bytes()) as isize;
            return (pixel, pixel * self.width() as isize);
        }
        let plane = &self.raw.planes[0];
        (plane.pixel_stride as isize, plane.row_stride as isize)
    }

    fn place<T: Sample>(&self, x: u32, y: u32, channel: usize) -> *const T {
        assert_eq!(T::FORMAT, self.format(), "the image has samples of another type");
        let inside = x < self.width() && y < self.height() && channel < self.color().channels();
        assert!(inside, "({x}, {y}, {channel}) is outside of the image");
        self.offset(x, y, channel).cast()
    }

    fn offset(&self, x: u32, y: u32, channel: usize) -> *const u8 {
        let (pixel, row) = self.strides();
        let (plane, within) = match self.raw.plane_count {
            1 => (0, channel * self.format().bytes()),
            _ => (channel, 0),
        };
        let first = self.raw.planes[plane].data.cast::<u8>().cast_const();
        first.wrapping_offset(x as isize * pixel + y as isize * row).wrapping_add(within)
    }
}

impl fmt::Debug for ImageView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageView")
            .field("width", &self.width())
            .field("height", &self.height())
            .field("format", &self.format())
            .field("color", &self.color())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ImageViewMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_view().fmt(f)
    }
}

fn set_icc(raw: &mut sys::mirra_image, profile: &[u8]) {
    raw.icc = if profile.is_empty() { ptr::null() } else { profile.as_ptr().cast() };
    raw.icc_bytes = profile.len() as u64;
}

fn set_transfer(raw: &mut sys::mirra_image, transfer: Transfer) {
    raw.transfer = match transfer {
        Transfer::Encoded => sys::MIRRA_TRANSFER_ENCODED,
        Transfer::Linear => sys::MIRRA_TRANSFER_LINEAR,
    };
}

fn set_alpha(raw: &mut sys::mirra_image, mode: AlphaMode) {
    raw.alpha_mode = match mode {
        AlphaMode::Straight => sys::MIRRA_ALPHA_STRAIGHT,
        AlphaMode::Premultiplied => sys::MIRRA_ALPHA_PREMULTIPLIED,
    };
}

fn bytes_of<T: Sample>(samples: &[T]) -> &[u8] {
    // SAFETY: samples are numbers without gaps.
    unsafe { std::slice::from_raw_parts(samples.as_ptr().cast(), size_of_val(samples)) }
}

fn bytes_of_mut<T: Sample>(samples: &mut [T]) -> &mut [u8] {
    // SAFETY: as above, and any bytes are samples.
    unsafe { std::slice::from_raw_parts_mut(samples.as_mut_ptr().cast(), size_of_val(samples)) }
}

/// An image of that size and kind, without pixels.
pub(crate) fn shape(width: u32, height: u32, format: Format, color: Color) -> Result<sys::mirra_image> {
    let side = |side: u32| {
        i32::try_from(side)
            .map_err(|_| Error::new(ErrorKind::Limit, format!("a side of {side} pixels is too large")))
    };
    let mut raw = sys::mirra_image::sized();
    (raw.width, raw.height) = (side(width)?, side(height)?);
    (raw.format, raw.color) = (format.raw(), color.raw());
    raw.plane_count = 1;
    Ok(raw)
}

/// Describes pixels within the `bytes` bytes at `data`, all of which lie there.
fn describe(data: *const u8, bytes: usize, format: Format, layout: &Layout) -> Result<sys::mirra_image> {
    let mut raw = shape(layout.width, layout.height, format, layout.color)?;
    if layout.offsets.is_empty() || layout.offsets.len() > raw.planes.len() {
        let message = format!("an image has 1 to 4 planes, not {}", layout.offsets.len());
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    raw.plane_count = layout.offsets.len() as u32;
    for (plane, &offset) in raw.planes.iter_mut().zip(&layout.offsets) {
        plane.data = data.wrapping_add(offset).cast_mut().cast();
        match layout.strides {
            None => raw.flags = sys::MIRRA_IMAGE_PACKED,
            Some((pixel, row)) => (plane.pixel_stride, plane.row_stride) = (pixel as i64, row as i64),
        }
    }
    let within = data as usize..data as usize + bytes;
    for plane in 0..raw.plane_count {
        let taken = extent(&raw, plane)?;
        if taken.start < within.start || taken.end > within.end {
            let message = format!("the image goes beyond its memory of {bytes} bytes");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
    }
    Ok(raw)
}

/// The addresses that an image takes in a plane.
fn extent(raw: &sys::mirra_image, plane: u32) -> Result<Range<usize>> {
    let (mut lowest, mut bytes) = (ptr::null::<c_void>(), 0);
    ffi::check(|error| unsafe {
        sys::mirra_image_extent(raw, plane, &raw mut lowest, &raw mut bytes, error)
    })?;
    let start = lowest as usize;
    let end = usize::try_from(bytes).ok().and_then(|bytes| start.checked_add(bytes));
    Ok(start..end.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the image has no end"))?)
}
