// A private LibTorch, or oneDNN: copies of its libraries that bind to each other alone, so that the process
// may hold any other LibTorch, OpenMP or CUDA runtime beside them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mirra::libtorch {

/// Where the libraries of a LibTorch lie.
struct Source {
    std::filesystem::path folder; ///< holds `library`
    std::vector<std::filesystem::path>
        beside; ///< folders of what it needs besides, NVIDIA's wheels for instance
    std::string library = "libtorch_cpu.so";
};

constexpr const char *kPrivateTorch = "mirtorch_cpu.so";
constexpr const char *kShim =
    "c.so.6"; ///< the end of "libc.so.6", which is in every library's table of names

/// Stands for what prepare() makes of given files; another number where that changes.
constexpr int kRules = 2;

/// Between a target's name and an arbitrary end: the name of an unfinished folder.
constexpr const char *kPartial = ".partial-";

enum class Existing : std::uint8_t {
    replace, ///< an earlier copy
    keep,    ///< if it is whole: others use it
};

/// Whether a copy that prepare() made lies there.
[[nodiscard]] bool is_whole(const std::filesystem::path &folder);
/// Makes `target` with the private libraries and the shim, whole or not at all; any number may do it at once.
/// @throws Error not_found | io | unsupported | corrupt | invalid_argument (`target` holds something else)
void prepare(const Source &source, const std::filesystem::path &shim, const std::filesystem::path &target,
             Existing existing = Existing::replace);
/// Binds a library that was linked against the source to the private one.
void bind(const Source &source, const std::filesystem::path &shim, const std::filesystem::path &client);

} // namespace mirra::libtorch
