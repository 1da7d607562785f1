// What the user asks for: the options of the program, and those of the task, which its schema gives.
#pragma once

#include <mirra/mirra.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace sheet {

struct Options {
    std::filesystem::path folder, output;
    int columns = 4, rows = 5;
    int cell = 320; ///< width of a picture on the sheet, and the most height, in pixels
    std::string task, quality, bundle;
    std::map<std::string, std::string> parameters;         ///< of the task, by name
    std::map<std::string, std::filesystem::path> pictures; ///< for further inputs of the task, by name
    std::uint64_t memory_mb = 0;                           ///< of a run; 0: no limit
    std::uint64_t megapixels = 100;                        ///< larger pictures are refused
};

/// None: the program ends with `exit_code` (--help, a wrong option). @throws mirra::api::Error
std::optional<Options> parse(int argc, char **argv, const mirra::api::Engine &engine, int &exit_code);

} // namespace sheet
