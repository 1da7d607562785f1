#!/usr/bin/env bash
# check_headers.sh CC CXX INCLUDE: every public header compiles alone, without a warning, in C99, C11, C++17 and C++20, and
# those of C++ in C++17 and C++20; and so does the use of MIRRA_STRUCT. With CC and CXX, and with Clang where this system has
# it.
set -euo pipefail
cc=$1 cxx=$2 include=$3
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only -I$include"
for clang in clang clang-{14..22}; do
    [ "$cc" != "$clang" ] || break
    command -v "$clang" >/dev/null || continue
    echo "with $clang"
    "$0" "$clang" "${clang/clang/clang++}" "$include"
    break
done
for header in mirra/mirra.h mirra/mirra_plugin.h; do
    source="#include <$header>
int main(void) { MIRRA_STRUCT(mirra_image, image); return (int)image.width; }"
    for standard in c99 c11; do
        echo "$header as $standard"
        # shellcheck disable=SC2086
        $cc -std=$standard $warnings -Wstrict-prototypes -x c - <<<"$source"
    done
    for standard in c++17 c++20; do
        echo "$header as $standard"
        # shellcheck disable=SC2086
        $cxx -std=$standard $warnings -x c++ - <<<"$source"
    done
done

for header in mirra/mirra.hpp mirra/mirra_plugin.hpp; do
    for standard in c++17 c++20; do
        echo "$header as $standard"
        # shellcheck disable=SC2086
        $cxx -std=$standard $warnings -x c++ - <<<"#include <$header>
#include <mirra/mirra.hpp> // twice, and both together
#include <mirra/mirra_plugin.hpp>
int main() { return static_cast<int>(mirra::api::make_rect(0, 0, 1, 1).x + mirra::plugin::make_rect(0, 0, 1, 1).x); }"
    done
done

# A program's own dlpack.h goes first, also one from before DLPack 1, or after.
old='#ifndef DLPACK_DLPACK_H_
#define DLPACK_DLPACK_H_
#define DLPACK_VERSION 80
typedef enum { kDLCPU = 1, kDLCUDA = 2 } DLDeviceType;
typedef struct { DLDeviceType device_type; int32_t device_id; } DLDevice;
typedef enum { kDLInt = 0U, kDLUInt = 1U, kDLFloat = 2U, kDLBfloat = 4U } DLDataTypeCode;
typedef struct { uint8_t code; uint8_t bits; uint16_t lanes; } DLDataType;
typedef struct { void* data; DLDevice device; int32_t ndim; DLDataType dtype; int64_t* shape; int64_t* strides; uint64_t byte_offset; } DLTensor;
typedef struct DLManagedTensor { DLTensor dl_tensor; void* manager_ctx; void (*deleter)(struct DLManagedTensor* self); } DLManagedTensor;
#endif'
use='int main(void) { DLManagedTensorVersioned view; view.flags = DLPACK_FLAG_BITMASK_READ_ONLY; return (int)view.flags; }'
for order in "#include <stdint.h>
$old
#include <mirra/mirra.h>" "#include <mirra/mirra.h>
$old"; do
    # shellcheck disable=SC2086
    $cc -std=c99 $warnings -x c - <<<"$order
$use"
    # shellcheck disable=SC2086
    $cxx -std=c++17 $warnings -x c++ - <<<"$order
$use"
done
echo "mirra/mirra.h beside another dlpack.h"
