//! What pixels are.

use mirra_sys as sys;

use crate::ffi::Struct;

/// What a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// 0 ... 255 stand for 0 ... 1.
    U8,
    /// 0 ... 65535 stand for 0 ... 1; in the machine's byte order.
    U16,
    /// [`U16`](Self::U16) in the other byte order: on most machines big-endian, as PNG, PNM and many TIFF files have it.
    /// Its pixels are bytes: see [`ImageView::from_bytes`](crate::ImageView::from_bytes).
    U16Swapped,
    /// IEEE binary16; nominally 0 ... 1.
    F16,
    /// Nominally 0 ... 1; tasks write within it. NaN is read as 0.
    F32,
}

impl Format {
    /// Bytes of a sample.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 | Self::U16Swapped | Self::F16 => 2,
            Self::F32 => 4,
        }
    }

    pub(crate) fn raw(self) -> sys::mirra_format {
        match self {
            Self::U8 => sys::MIRRA_FORMAT_U8,
            Self::U16 => sys::MIRRA_FORMAT_U16,
            Self::U16Swapped => sys::MIRRA_FORMAT_U16_SWAPPED,
            Self::F16 => sys::MIRRA_FORMAT_F16,
            Self::F32 => sys::MIRRA_FORMAT_F32,
        }
    }

    pub(crate) fn from_raw(raw: sys::mirra_format) -> Self {
        match raw {
            sys::MIRRA_FORMAT_U8 => Self::U8,
            sys::MIRRA_FORMAT_U16 => Self::U16,
            sys::MIRRA_FORMAT_U16_SWAPPED => Self::U16Swapped,
            sys::MIRRA_FORMAT_F16 => Self::F16,
            _ => Self::F32,
        }
    }
}

/// Channels of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Color {
    /// One channel.
    Gray,
    /// Gray and alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

impl Color {
    /// How many there are.
    #[must_use]
    pub fn channels(self) -> usize {
        self.raw() as usize
    }

    pub(crate) fn raw(self) -> sys::mirra_color {
        match self {
            Self::Gray => sys::MIRRA_COLOR_GRAY,
            Self::GrayAlpha => sys::MIRRA_COLOR_GRAY_ALPHA,
            Self::Rgb => sys::MIRRA_COLOR_RGB,
            Self::Rgba => sys::MIRRA_COLOR_RGBA,
        }
    }

    pub(crate) fn from_raw(raw: sys::mirra_color) -> Self {
        match raw {
            sys::MIRRA_COLOR_GRAY => Self::Gray,
            sys::MIRRA_COLOR_GRAY_ALPHA => Self::GrayAlpha,
            sys::MIRRA_COLOR_RGB => Self::Rgb,
            _ => Self::Rgba,
        }
    }
}

/// Whether colours are multiplied by alpha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AlphaMode {
    /// They are not.
    #[default]
    Straight,
    /// They are: divided out before a task sees the pixels and multiplied in after it.
    Premultiplied,
}

/// What the samples of an image measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// As in files and on screens: on the curve of sRGB, or what the profile says.
    #[default]
    Encoded,
    /// Linear light.
    Linear,
}

/// A type of samples.
///
/// # Safety
/// Any bytes are a value of the type, and [`FORMAT`](Sample::FORMAT) is how it lies in memory.
pub unsafe trait Sample: Copy + Default + Send + Sync + 'static {
    /// What the library calls it.
    const FORMAT: Format;
}

// SAFETY: numbers.
unsafe impl Sample for u8 {
    const FORMAT: Format = Format::U8;
}
// SAFETY: numbers.
unsafe impl Sample for u16 {
    const FORMAT: Format = Format::U16;
}
// SAFETY: numbers.
unsafe impl Sample for f32 {
    const FORMAT: Format = Format::F32;
}
#[cfg(feature = "half")]
// SAFETY: numbers.
unsafe impl Sample for half::f16 {
    const FORMAT: Format = Format::F16;
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Of the first pixel, from the left.
    pub x: u32,
    /// Of the first pixel, from above.
    pub y: u32,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl Rect {
    /// A rectangle.
    #[must_use]
    pub fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    pub(crate) fn raw(self) -> sys::mirra_rect {
        let mut raw = sys::mirra_rect::sized();
        (raw.x, raw.y) = (self.x.into(), self.y.into());
        (raw.width, raw.height) = (self.width.into(), self.height.into());
        raw
    }

    pub(crate) fn from_raw(raw: &sys::mirra_rect) -> Self {
        Self::new(raw.x as u32, raw.y as u32, raw.width as u32, raw.height as u32)
    }
}
