// Memory that two processes have. It has no name: with the last of them it is gone.
#pragma once

#include "mirra/descriptor.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace mirra::isolation {

/// Mapped as long as this lives.
class SharedMemory {
  public:
    SharedMemory() = default;
    /// Zeros, taken from the system at once: a limit of it says no here, and at no later write.
    /// @throws Error out_of_memory
    explicit SharedMemory(std::size_t bytes);
    /// The first bytes of what another process has made so. @throws Error plugin for what is smaller, or can
    /// still shrink
    SharedMemory(Descriptor descriptor, std::size_t bytes);
    SharedMemory(SharedMemory &&other) noexcept;
    SharedMemory &operator=(SharedMemory &&other) noexcept;
    SharedMemory(const SharedMemory &) = delete;
    SharedMemory &operator=(const SharedMemory &) = delete;
    ~SharedMemory();

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

  private:
    void map(std::size_t bytes, int how);

    Descriptor descriptor_;
    std::span<std::byte> bytes_;
};

} // namespace mirra::isolation
