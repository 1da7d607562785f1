// Files: read whole, atomically replaced on writing. All paths are UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace mirra {

/// The whole content of a regular file.
/// @throws Error not_found | io | limit (the file is larger than max_bytes)
std::vector<std::byte> read_file(const std::filesystem::path &path, std::uint64_t max_bytes);

/// The only writer of files. Readers of a regular file see the old content or the new, never a part: the
/// bytes go to a temporary file of the same folder, nameless where the file system can, that takes the file's
/// place on commit(). Without commit() nothing is left and what was there is untouched. A file that was there
/// keeps its mode, extended attributes and, where permitted, its owner; until commit() its new content is the
/// caller's alone. Where nothing can take its place (its folder is read-only, it is a mount point), it is
/// written over on commit(). Symbolic links are written through, one whose target is missing makes it.
/// Devices, pipes and descriptors (/dev/stdout, /dev/fd/3) are written to at once. No signal comes of it
/// (SIGPIPE, SIGXFSZ), and the process's handlers stay as they are. Not thread-safe.
class AtomicFile {
  public:
    /// @throws Error not_found (the folder does not exist) | io (not writable, a pipe that nobody reads) |
    /// invalid_argument (no name, or "-")
    explicit AtomicFile(const std::filesystem::path &path);
    AtomicFile(const AtomicFile &) = delete;
    AtomicFile &operator=(const AtomicFile &) = delete;
    ~AtomicFile();

    /// @throws Error io (for example a full disk)
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    /// Flushes, syncs to disk and puts the file in its place. @throws Error io
    void commit();

  private:
    class Way;
    class Stream;
    class Replacement;

    std::unique_ptr<Way> way_; ///< none after commit()
    std::filesystem::path path_;
};

/// What an AtomicFile of that path would refuse, said before long work. Changes nothing: a pipe is not
/// opened, so that its reader does not see an end. @throws Error as AtomicFile
void check_writable(const std::filesystem::path &path);

/// A whole file in one go.
void write_file(const std::filesystem::path &path, std::string_view text);

} // namespace mirra
