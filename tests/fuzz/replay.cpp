// Runs a fuzz target over files and folders of inputs, for compilers without libFuzzer.
#include "fuzz.hpp"

#include "mirra/file.hpp"

#include <filesystem>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(std::span<char *const> arguments) {
    std::vector<fs::path> files;
    for (const fs::path path : arguments) {
        if (!fs::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        for (const auto &entry : fs::directory_iterator(path))
            if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
}

} // namespace

int main(int count, char **arguments) {
    const auto files = files_of(std::span(arguments, static_cast<std::size_t>(count)).subspan(1));
    for (const auto &file : files) {
        std::fprintf(stderr, "%s\n", file.c_str()); // the last one is the one that crashed
        const auto bytes = mirra::read_file(file, 64U << 20);
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size());
    }
    std::printf("%zu inputs\n", files.size());
    return files.empty() ? 1 : 0;
}
