// Pixels that are kept as a whole: in memory, or, where they are many, in a temporary file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mirra_vips {

/// Memory that is zero at first; a large one is that of a file without a name, which the system may write
/// out.
class Storage {
  public:
    /// @throws mirra::api::Error if there is no room
    explicit Storage(std::uint64_t bytes);
    ~Storage();
    Storage(const Storage &) = delete;
    Storage &operator=(const Storage &) = delete;

    [[nodiscard]] std::byte *data() const noexcept { return static_cast<std::byte *>(start_); }

  private:
    std::size_t bytes_;
    void *start_;
};

} // namespace mirra_vips
