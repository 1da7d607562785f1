use std::ffi::c_void;
use std::fmt;
use std::path::Path;
use std::ptr;

use image::DynamicImage;
use mirra_sys as sys;

use crate::ffi::{self, Handle, Struct};
use crate::trouble::quietly;
use crate::{Color, Error, ErrorKind, Format, ImageView, ImageViewMut, IntoViewMut, Result};

/// Pixels and metadata, read from a file or made.
///
/// Of a file it keeps colour tags, EXIF, XMP, IPTC, texts and resolution, for the file that is written from it.
pub struct Picture(Handle<sys::mirra_picture>);

/// How a picture is read: [`Picture::read_with`].
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    max_pixels: u64,
}

impl ReadOptions {
    /// The defaults: at most 2^28 pixels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A larger file is [`ErrorKind::Limit`], before memory is taken.
    #[must_use]
    pub fn max_pixels(mut self, pixels: u64) -> Self {
        self.max_pixels = pixels;
        self
    }

    fn raw(&self) -> sys::mirra_read_options {
        let mut raw = sys::mirra_read_options::sized();
        raw.max_pixels = self.max_pixels;
        raw
    }
}

/// What a picture may hold beside its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metadata {
    /// ICC profile.
    Icc,
    /// TIFF structure, without the "Exif" before it; its orientation is 1.
    Exif,
    /// Packet of XML.
    Xmp,
    /// Photoshop's resources ("8BIM"), in which IPTC lies.
    Photoshop,
}

/// What the file of a picture was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PictureInfo {
    /// Of the file: 1 to 16, or 32; of the format where there was no file.
    pub bit_depth: u32,
    /// `"png"`, `"jpeg"`, `"tiff"`, `"webp"`, `"jxl"`; `""` where there was no file.
    pub file_format: String,
    /// Size of the ICC profile; 0: none.
    pub icc_bytes: u64,
    /// Size of the EXIF data; 0: none.
    pub exif_bytes: u64,
    /// Which tag says what the colours are: `"icc"`, `"cicp"`, `"srgb"`, `"gama"`; `""`: none, taken as sRGB.
    pub color_tag: String,
}

impl Picture {
    /// Reads a PNG, JPEG, TIFF, WebP or JPEG XL file. The picture is upright: an EXIF orientation has been applied.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_with(path, &ReadOptions::new())
    }

    /// The same with options.
    pub fn read_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self> {
        let (path, options) = (ffi::c_path(path)?, options.raw());
        Handle::made(|picture, error| unsafe {
            sys::mirra_image_read(path.as_ptr(), &raw const options, picture, error)
        })
        .map(Self)
    }

    /// Reads a picture file that is in memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes_with(bytes, &ReadOptions::new())
    }

    /// The same with options.
    pub fn from_bytes_with(bytes: &[u8], options: &ReadOptions) -> Result<Self> {
        let options = options.raw();
        Handle::made(|picture, error| unsafe {
            let data = bytes.as_ptr().cast();
            sys::mirra_image_read_memory(data, bytes.len(), &raw const options, picture, error)
        })
        .map(Self)
    }

    /// A black (and transparent) picture.
    pub fn create(width: u32, height: u32, format: Format, color: Color) -> Result<Self> {
        let shape = crate::view::shape(width, height, format, color)?;
        Handle::made(|picture, error| unsafe {
            sys::mirra_picture_create(shape.width, shape.height, shape.format, shape.color, picture, error)
        })
        .map(Self)
    }

    /// A picture over pixels of yours, without a copy: an `ImageBuffer`, a `DynamicImage` ... The picture owns them and
    /// drops them when it no longer needs them, perhaps in another thread.
    pub fn wrap<B>(buffer: B) -> Result<Self>
    where
        B: Send + 'static,
        for<'a> &'a mut B: IntoViewMut<'a>,
    {
        // SAFETY: the box is this function's, and given up to `release` alone.
        unsafe extern "C" fn release<B>(user: *mut c_void) {
            // SAFETY: `user` is the box that was given up below.
            quietly(|| drop(unsafe { Box::from_raw(user.cast::<B>()) }));
        }
        let buffer = Box::into_raw(Box::new(buffer));
        // SAFETY: the box was just made; whoever holds the view holds the box.
        let made = unsafe { &mut *buffer }.into_view_mut().and_then(|view| {
            Handle::made(|picture, error| unsafe {
                let image = &raw const view.raw;
                sys::mirra_picture_wrap(image, Some(release::<B>), buffer.cast(), picture, error)
            })
        });
        if made.is_err() {
            // SAFETY: nobody was given it: `release` is not called on failure.
            drop(unsafe { Box::from_raw(buffer) });
        }
        made.map(Self)
    }

    /// Its pixels, to be read.
    pub fn view(&self) -> Result<ImageView<'_>> {
        let raw = self.raw_view()?;
        // SAFETY: the pixels live as long as the picture; writing them needs `&mut self`.
        Ok(unsafe { ImageView::from_raw(raw) })
    }

    /// Its pixels, to be written.
    pub fn view_mut(&mut self) -> Result<ImageViewMut<'_>> {
        let raw = self.raw_view()?;
        // SAFETY: the pixels live as long as the picture, which is borrowed by the view alone.
        Ok(unsafe { ImageViewMut::from_raw(raw) })
    }

    /// A copy of its pixels for the `image` crate. The colours are not converted: see [`to_srgb`](Picture::to_srgb).
    pub fn to_image(&self) -> Result<DynamicImage> {
        self.view()?.to_image()
    }

    /// What its file was.
    pub fn info(&self) -> Result<PictureInfo> {
        let info = self.raw_info()?;
        // SAFETY: the strings live as long as the picture.
        Ok(unsafe {
            PictureInfo {
                bit_depth: info.bit_depth as u32,
                file_format: ffi::text(info.file_format),
                icc_bytes: info.icc_bytes,
                exif_bytes: info.exif_bytes,
                color_tag: ffi::text(info.color_tag),
            }
        })
    }

    /// What it holds beside its pixels; `None` where it has none.
    pub fn metadata(&self, kind: Metadata) -> Result<Option<&[u8]>> {
        let kind = match kind {
            Metadata::Icc => sys::MIRRA_METADATA_ICC,
            Metadata::Exif => sys::MIRRA_METADATA_EXIF,
            Metadata::Xmp => sys::MIRRA_METADATA_XMP,
            Metadata::Photoshop => sys::MIRRA_METADATA_PHOTOSHOP,
        };
        let (mut bytes, mut size) = (ptr::null(), 0);
        ffi::check(|error| unsafe {
            sys::mirra_picture_metadata(self.get(), kind, &raw mut bytes, &raw mut size, error)
        })?;
        // SAFETY: they live until the colours change, which needs `&mut self`.
        Ok((!bytes.is_null())
            .then(|| unsafe { std::slice::from_raw_parts(bytes.cast(), usize::try_from(size).unwrap_or(0)) }))
    }

    /// Sentences for people about what the file had and the picture lacks.
    pub fn notes(&self) -> Result<Vec<String>> {
        let count = self.raw_info()?.note_count;
        // SAFETY: the strings live as long as the picture.
        Ok((0..count).map(|index| unsafe { ffi::text(sys::mirra_picture_note(self.get(), index)) }).collect())
    }

    /// Takes the colour tags of another picture, and its transfer function. The pixels stay as they are.
    pub fn copy_color(&mut self, source: &Picture) -> Result<()> {
        ffi::check(|error| unsafe { sys::mirra_picture_copy_color(self.get(), source.get(), error) })
    }

    /// Whether the tags of both mean the same colours; false also where it cannot be told.
    #[must_use]
    pub fn same_color(&self, other: &Picture) -> bool {
        unsafe { sys::mirra_picture_same_color(self.get(), other.get()) != 0 }
    }

    /// Converts the pixels to sRGB and tags them so. [`ErrorKind::Unsupported`] for a profile that cannot be used, for HDR
    /// curves and for [`Format::F16`]: the picture is untouched then.
    pub fn to_srgb(&mut self) -> Result<()> {
        ffi::check(|error| unsafe { sys::mirra_picture_to_srgb(self.get(), error) })
    }

    pub(crate) fn get(&self) -> *mut sys::mirra_picture {
        self.0.get()
    }

    fn raw_view(&self) -> Result<sys::mirra_image> {
        ffi::filled(|view, error| unsafe { sys::mirra_picture_view(self.get(), view, error) })
    }

    fn raw_info(&self) -> Result<sys::mirra_picture_info> {
        ffi::filled(|info, error| unsafe { sys::mirra_picture_get_info(self.get(), info, error) })
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picture").field(&self.view()).finish()
    }
}

impl ImageView<'_> {
    /// A copy for the `image` crate. It has no gray of 32 bits: such an image becomes RGB.
    pub fn to_image(&self) -> Result<DynamicImage> {
        fn buffer<P: crate::ColorPixel>(view: &ImageView) -> Option<image::ImageBuffer<P, Vec<P::Subpixel>>> {
            image::ImageBuffer::from_raw(view.width(), view.height(), view.to_vec::<P::Subpixel>())
        }
        let made = match (self.format(), self.color()) {
            (Format::U8, Color::Gray) => buffer(self).map(DynamicImage::ImageLuma8),
            (Format::U8, Color::GrayAlpha) => buffer(self).map(DynamicImage::ImageLumaA8),
            (Format::U8, Color::Rgb) => buffer(self).map(DynamicImage::ImageRgb8),
            (Format::U8, Color::Rgba) => buffer(self).map(DynamicImage::ImageRgba8),
            (Format::U16, Color::Gray) => buffer(self).map(DynamicImage::ImageLuma16),
            (Format::U16, Color::GrayAlpha) => buffer(self).map(DynamicImage::ImageLumaA16),
            (Format::U16, Color::Rgb) => buffer(self).map(DynamicImage::ImageRgb16),
            (Format::U16, Color::Rgba) => buffer(self).map(DynamicImage::ImageRgba16),
            (Format::F32, Color::Rgb) => buffer(self).map(DynamicImage::ImageRgb32F),
            (Format::F32, Color::Rgba) => buffer(self).map(DynamicImage::ImageRgba32F),
            (Format::F32, Color::Gray) => {
                let samples = self.to_vec::<f32>().into_iter().flat_map(|gray| [gray; 3]).collect();
                image::ImageBuffer::from_raw(self.width(), self.height(), samples)
                    .map(DynamicImage::ImageRgb32F)
            }
            (Format::F32, Color::GrayAlpha) => {
                let samples = self.to_vec::<f32>();
                let samples = samples.chunks_exact(2).flat_map(|ga| [ga[0], ga[0], ga[0], ga[1]]).collect();
                image::ImageBuffer::from_raw(self.width(), self.height(), samples)
                    .map(DynamicImage::ImageRgba32F)
            }
            (Format::U16Swapped | Format::F16, _) => None,
        };
        made.ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("the image crate has no images of {:?}", self.format()),
            )
            .with_hint("look at the samples by row(), get() or to_vec()")
        })
    }
}
