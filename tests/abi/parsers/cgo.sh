#!/usr/bin/env bash
# cgo.sh CC INCLUDE LIBMIRRA: Go's cgo reads both headers, and a program calls the library.
set -euo pipefail
cc=$1 include=$2 library=$3
command -v go >/dev/null || { echo "SKIP: this system has no go"; exit 77; }
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
cat >"$work/main.go" <<'GO'
package main

// #include <stdlib.h>
// #include <mirra/mirra_plugin.h>
import "C"
import "unsafe"

func main() {
	if C.mirra_abi_version() != C.MIRRA_ABI_VERSION {
		panic("ABI")
	}
	if C.GoString(C.mirra_status_name(C.MIRRA_E_TIMEOUT)) != "timeout" {
		panic("status")
	}
	pixels := C.malloc(36)
	defer C.free(pixels)
	image := C.mirra_image{struct_size: C.uint32_t(unsafe.Sizeof(C.mirra_image{})), flags: C.MIRRA_IMAGE_PACKED,
		width: 4, height: 3, format: C.MIRRA_FORMAT_U8, color: C.MIRRA_COLOR_RGB, plane_count: 1}
	image.planes[0].data = pixels
	var lowest unsafe.Pointer
	var bytes C.uint64_t
	if C.mirra_image_extent(&image, 0, &lowest, &bytes, nil) != C.MIRRA_OK || bytes != 36 {
		panic("extent")
	}
	var host C.mirra_host_api
	if unsafe.Sizeof(host) < unsafe.Offsetof(host.parallel_for) {
		panic("layout")
	}
}
GO
printf 'module abi\n\ngo 1.18\n' >"$work/go.mod"
cd "$work"
CC=$cc CGO_CFLAGS="-I$include" CGO_LDFLAGS="$library" go build -o main .
LD_LIBRARY_PATH=$(dirname "$library") ./main
