package mirra

// #cgo pkg-config: mirra
// #include "glue.h"
import "C"

// Version gives the version of the library that runs: "0.1.0".
func Version() string { return C.GoString(C.mirra_version_string()) }

// VersionNumber gives the same as a number that can be compared: 10000 for each major version, 100 for each minor one,
// 1 for each patch.
func VersionNumber() uint32 { return uint32(C.mirra_version()) }

// ABIVersion gives the version of the library's binary interface. This package needs 1.
func ABIVersion() uint32 { return uint32(C.mirra_abi_version()) }
