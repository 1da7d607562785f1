use std::fmt;
use std::path::Path;

use mirra_sys as sys;

use crate::Result;
use crate::ffi::{self, Handle};

/// Trained networks: their graphs, weights, defaults and measured quality.
///
/// A session keeps what it needs of it: the bundle may be dropped.
pub struct Bundle(Handle<sys::mirra_bundle>);

/// What a bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BundleInfo {
    /// `"denoise"`; `""` for a bare network.
    pub task: String,
    /// `"denoiser"`.
    pub name: String,
    /// Informative.
    pub architecture: String,
    /// Of the weights; `""` if it says nothing.
    pub licence: String,
    /// Of the tensors, in hex.
    pub sha256: String,
    /// How many tensors there are.
    pub tensor_count: u64,
    /// As stored.
    pub tensor_bytes: u64,
}

/// A network of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Graph {
    /// What callers write.
    pub name: String,
    /// Names of its inputs.
    pub inputs: Vec<String>,
    /// Channels of each input.
    pub input_channels: Vec<i64>,
    /// Names of its outputs.
    pub outputs: Vec<String>,
    /// Trainable values.
    pub parameter_count: i64,
    /// Heights and widths must be multiples of it.
    pub alignment: i64,
    /// Smallest height and width.
    pub minimum_extent: i64,
    /// Pixels beyond an aligned block that its output depends on: left, top, right, bottom.
    pub halo: [i64; 4],
    /// False where an output depends on the whole input.
    pub tileable: bool,
}

impl Bundle {
    /// Reads and verifies a file, whole. `path` is a path, never looked for elsewhere:
    /// [`Engine::find_bundle`](crate::Engine::find_bundle) looks.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = ffi::c_path(path)?;
        Handle::made(|bundle, error| unsafe { sys::mirra_bundle_open(path.as_ptr(), bundle, error) })
            .map(Self)
    }

    /// The same of bytes, which are copied. `name` is for messages.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self> {
        let name = ffi::c_text(name)?;
        Handle::made(|bundle, error| unsafe {
            sys::mirra_bundle_open_memory(bytes.as_ptr().cast(), bytes.len(), name.as_ptr(), bundle, error)
        })
        .map(Self)
    }

    /// What it is.
    pub fn info(&self) -> Result<BundleInfo> {
        let info = self.raw_info()?;
        // SAFETY: the strings live as long as the bundle.
        Ok(unsafe {
            BundleInfo {
                task: ffi::text(info.task),
                name: ffi::text(info.name),
                architecture: ffi::text(info.architecture),
                licence: ffi::text(info.licence),
                sha256: ffi::text(info.sha256),
                tensor_count: info.tensor_count,
                tensor_bytes: info.tensor_bytes,
            }
        })
    }

    /// Its networks.
    pub fn graphs(&self) -> Result<Vec<Graph>> {
        (0..self.raw_info()?.graph_count).map(|index| self.graph(index)).collect()
    }

    /// The whole manifest, as JSON.
    #[must_use]
    pub fn manifest_json(&self) -> &str {
        // SAFETY: it lives as long as the bundle.
        unsafe { ffi::text_ref(sys::mirra_bundle_manifest_json(self.get())) }
    }

    fn graph(&self, index: u32) -> Result<Graph> {
        let info: sys::mirra_graph_info =
            ffi::filled(|info, error| unsafe { sys::mirra_bundle_graph(self.get(), index, info, error) })?;
        // SAFETY: strings and arrays live as long as the bundle.
        Ok(unsafe {
            Graph {
                name: ffi::text(info.name),
                inputs: ffi::texts(info.inputs, info.input_count),
                input_channels: (0..info.input_count as usize).map(|i| *info.input_channels.add(i)).collect(),
                outputs: ffi::texts(info.outputs, info.output_count),
                parameter_count: info.parameter_count,
                alignment: info.alignment,
                minimum_extent: info.minimum_extent,
                halo: [info.halo_left, info.halo_top, info.halo_right, info.halo_bottom],
                tileable: info.tileable != 0,
            }
        })
    }

    fn raw_info(&self) -> Result<sys::mirra_bundle_info> {
        ffi::filled(|info, error| unsafe { sys::mirra_bundle_get_info(self.get(), info, error) })
    }

    pub(crate) fn get(&self) -> *mut sys::mirra_bundle {
        self.0.get()
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bundle").field(&self.info()).finish()
    }
}
