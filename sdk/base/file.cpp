// Reads a file as a whole.
#include "mirra/file.hpp"

#include "mirra/error.hpp"
#include "mirra/file_reader.hpp"

#include <string>

namespace mirra {

std::vector<std::byte> read_file(const std::filesystem::path &path, std::uint64_t max_bytes) {
    const FileReader reader(path);
    if (reader.size() > max_bytes) {
        throw Error(ErrorCode::limit,
                    "the file has " + std::to_string(reader.size()) + " bytes, more than the limit of " +
                        std::to_string(max_bytes),
                    path.string());
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(reader.size()));
    reader.read(0, bytes);
    return bytes;
}

} // namespace mirra
