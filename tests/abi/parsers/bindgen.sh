#!/usr/bin/env bash
# bindgen.sh CC INCLUDE LIBMIRRA: Rust's bindgen reads both headers; what it writes compiles, its own checks of the layout included, and
# calls the library.
set -euo pipefail
cc=$1 include=$2 library=$3
# shellcheck source=tests/abi/parsers/find.sh
. "$(dirname "$0")/find.sh"
for tool in bindgen rustc; do
    command -v $tool >/dev/null || { echo "SKIP: this system has no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# libclang without clang has no headers of a compiler's own (stddef.h): those of GCC serve.
bindgen "$include/mirra/mirra_plugin.h" --allowlist-item 'mirra_.*' --allowlist-item 'MIRRA_.*' --output "$work/mirra.rs" -- -I"$include" \
    -idirafter "$("$cc" -print-file-name=include)"
cat >"$work/main.rs" <<'RUST'
#[allow(dead_code, non_camel_case_types, non_upper_case_globals, non_snake_case)]
mod mirra {
    include!("mirra.rs");
}
use std::ffi::{c_void, CStr};

fn main() {
    unsafe {
        assert_eq!(mirra::mirra_abi_version(), mirra::MIRRA_ABI_VERSION);
        let status = mirra::mirra_status_name(mirra::mirra_status_value_MIRRA_E_TIMEOUT);
        assert_eq!(CStr::from_ptr(status).to_bytes(), b"timeout");
        let mut pixels = [0u8; 36];
        let mut image: mirra::mirra_image = std::mem::zeroed();
        image.struct_size = std::mem::size_of::<mirra::mirra_image>() as u32;
        image.flags = mirra::mirra_image_flag_MIRRA_IMAGE_PACKED;
        image.width = 4;
        image.height = 3;
        image.format = mirra::mirra_format_value_MIRRA_FORMAT_U8 as mirra::mirra_format;
        image.color = mirra::mirra_color_value_MIRRA_COLOR_RGB as mirra::mirra_color;
        image.plane_count = 1;
        image.planes[0].data = pixels.as_mut_ptr() as *mut c_void;
        let (mut lowest, mut bytes) = (std::ptr::null(), 0u64);
        let failed = mirra::mirra_image_extent(&image, 0, &mut lowest, &mut bytes, std::ptr::null_mut());
        assert_eq!((failed, bytes), (mirra::mirra_status_value_MIRRA_OK, 36));
    }
}
RUST
rustc --edition 2021 -C "link-arg=$library" "$work/main.rs" -o "$work/main"
LD_LIBRARY_PATH=$(dirname "$library") "$work/main"
