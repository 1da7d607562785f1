// What a thread is in the middle of: who calls into the library again from there must not be made to wait for
// it.
#pragma once

#include <cstdint>

namespace mirra::host {

/// While alive the calling thread is in that run (or in a function of the caller's that the run has called,
/// on whatever thread), or in a function of that plugin's table. They end in the order opposite to that in
/// which they began.
class Inside {
  public:
    enum class Kind : std::uint8_t { run, table };

    Inside(Kind kind, const void *which) noexcept;
    Inside(const Inside &) = delete;
    Inside &operator=(const Inside &) = delete;
    ~Inside();

    /// How often the calling thread is in this one.
    [[nodiscard]] static std::uint32_t times(const void *which) noexcept;
    /// In how many different runs it is.
    [[nodiscard]] static int runs() noexcept;

  private:
    const Kind kind_;
    const void *const which_;
    const Inside *const outer_;
};

} // namespace mirra::host
