//! Files that are written: pictures, and bytes.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr;

use mirra_sys as sys;

use crate::ffi::{self, Bytes, Struct};
use crate::trouble::quietly;
use crate::{IntoView, Picture, Result};

/// The format of a picture's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileFormat {
    /// Lossless, 8 or 16 bits, with alpha.
    Png,
    /// 8 bits; alpha is laid over white.
    Jpeg,
    /// Lossless, 8, 16 or 32 bits (real numbers), with alpha. A build of Mirra may lack it.
    Tiff,
    /// 8 bits, with alpha; lossless at a quality of 100. A build of Mirra may lack it.
    WebP,
    /// JPEG XL: 8, 16 or 32 bits, with alpha; lossless at a quality of 100. A build of Mirra may lack it.
    Jxl,
}

/// Writes pictures.
///
/// ```no_run
/// # fn main() -> mirra::Result<()> {
/// let picture = mirra::Picture::read("photo.jpg")?;
/// mirra::Writer::new().jpeg_quality(90).metadata(&picture).write("copy.jpg", &picture)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Writer<'a> {
    jpeg_quality: i32,
    bit_depth: i32,
    format: Option<FileFormat>,
    metadata: Option<&'a Picture>,
}

impl<'a> Writer<'a> {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a JPEG, WebP or JPEG XL, 1 ... 100; otherwise 95. In WebP and JPEG XL 100 is lossless.
    pub fn jpeg_quality(mut self, quality: u8) -> Self {
        self.jpeg_quality = quality.into();
        self
    }

    /// 8 or 16, or 32 for the real numbers of a TIFF or JPEG XL; otherwise as the samples are, as far as the format holds them.
    pub fn bit_depth(mut self, bits: u8) -> Self {
        self.bit_depth = bits.into();
        self
    }

    /// Otherwise the ending of the file's name says it: .png; .jpg, .jpeg, .jpe, .jfif; .tif, .tiff; .webp; .jxl.
    pub fn format(mut self, format: FileFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// The picture whose metadata and, if the image has no profile of its own, colour tags go along.
    pub fn metadata(mut self, picture: &'a Picture) -> Self {
        self.metadata = Some(picture);
        self
    }

    /// Writes a file. Readers see the old file or the new, never a part. Gives sentences for people about what the
    /// metadata's file had and this one lacks.
    pub fn write<'i>(&self, path: impl AsRef<Path>, image: impl IntoView<'i>) -> Result<Vec<String>> {
        let (path, image) = (ffi::c_path(path)?, image.into_view()?);
        let mut notes = Vec::new();
        let options = self.raw(self.format, Some(&mut notes));
        ffi::check(|error| unsafe {
            let image = &raw const image.raw;
            sys::mirra_image_write(path.as_ptr(), image, self.metadata_raw(), &raw const options, error)
        })?;
        Ok(notes)
    }

    /// The file as bytes, with the sentences that [`write`](Writer::write) gives.
    pub fn encode<'i>(&self, format: FileFormat, image: impl IntoView<'i>) -> Result<(Vec<u8>, Vec<String>)> {
        let image = image.into_view()?;
        let mut notes = Vec::new();
        let options = self.raw(Some(format), Some(&mut notes));
        let bytes = Bytes::made(|data, size, error| unsafe {
            let image = &raw const image.raw;
            let metadata = self.metadata_raw();
            sys::mirra_image_write_memory(image, metadata, &raw const options, data, size, error)
        })?;
        Ok((bytes.to_vec(), notes))
    }

    /// What [`write`](Writer::write) would refuse for the path, the format and the image's size alone, said before long
    /// work. The image's pixels are not looked at.
    pub fn check<'i>(&self, path: impl AsRef<Path>, image: impl IntoView<'i>) -> Result<()> {
        let image = image.into_view()?;
        self.check_raw(path.as_ref(), &raw const image.raw)
    }

    /// The same where the image is not known yet.
    pub fn check_path(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check_raw(path.as_ref(), ptr::null())
    }

    fn check_raw(&self, path: &Path, image: *const sys::mirra_image) -> Result<()> {
        let path = ffi::c_path(path)?;
        let options = self.raw(self.format, None);
        ffi::check(|error| unsafe {
            sys::mirra_image_check_write(path.as_ptr(), image, &raw const options, error)
        })
    }

    fn metadata_raw(&self) -> *mut sys::mirra_picture {
        self.metadata.map_or(ptr::null_mut(), Picture::get)
    }

    fn raw(&self, format: Option<FileFormat>, notes: Option<&mut Vec<String>>) -> sys::mirra_write_options {
        let mut raw = sys::mirra_write_options::sized();
        raw.jpeg_quality = self.jpeg_quality;
        raw.bit_depth = self.bit_depth;
        raw.format = match format {
            None => ptr::null(),
            Some(FileFormat::Png) => c"png".as_ptr(),
            Some(FileFormat::Jpeg) => c"jpeg".as_ptr(),
            Some(FileFormat::Tiff) => c"tiff".as_ptr(),
            Some(FileFormat::WebP) => c"webp".as_ptr(),
            Some(FileFormat::Jxl) => c"jxl".as_ptr(),
        };
        if let Some(notes) = notes {
            raw.log = Some(take_note);
            raw.log_user = ptr::from_mut(notes).cast();
        }
        raw
    }
}

unsafe extern "C" fn take_note(user: *mut c_void, _level: sys::mirra_log_level, message: *const c_char) {
    // SAFETY: `user` are the notes of the call, which calls this one at a time; the message lives during the call.
    quietly(|| unsafe { (*user.cast::<Vec<String>>()).push(ffi::text(message)) });
}

/// Writes bytes to a file as everything here is written: readers see the old content or the new, never a part, and on failure
/// the old one stays.
pub fn write_file(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = ffi::c_path(path)?;
    ffi::check(|error| unsafe {
        sys::mirra_file_write(path.as_ptr(), bytes.as_ptr().cast(), bytes.len(), error)
    })
}

/// What [`write_file`] would refuse for the path alone. Nothing is written.
pub fn check_write(path: impl AsRef<Path>) -> Result<()> {
    let path = ffi::c_path(path)?;
    ffi::check(|error| unsafe { sys::mirra_file_check_write(path.as_ptr(), error) })
}

/// A text that came from a file as it may go to a terminal or a log: control characters, bytes that are no UTF-8 and marks
/// that turn the direction of text become escapes.
pub fn printable(text: impl AsRef<[u8]>) -> Result<String> {
    let text: CString = ffi::c_text(text)?;
    let made = ffi::given(|made, error| unsafe { sys::mirra_text_printable(text.as_ptr(), made, error) })?;
    // SAFETY: the string was given to this caller.
    Ok(unsafe { ffi::take_text(made) })
}
