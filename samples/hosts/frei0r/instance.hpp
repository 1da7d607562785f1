// One use of the filter in a host: its parameters, and the frames that go through it.
#pragma once

#include "module.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra_frei0r {

/// One call at a time; instances may be at work at the same time.
class Instance {
  public:
    Instance(Module &module, int width, int height);

    void set(std::size_t index, f0r_param_t value);
    void give(std::size_t index, f0r_param_t value) const;
    /// Filters a frame of RGBA. What cannot be filtered is copied, and the reason goes to stderr, once.
    void update(const std::uint32_t *from, std::uint32_t *to);

  private:
    void run(const std::uint32_t *from, std::uint32_t *to);
    void complain(const std::string &reason);

    Module &module_;
    const int width_, height_;
    std::vector<std::string> texts_; ///< one for each parameter
    std::int64_t frame_ = 0;
    std::string complaint_; ///< the last one
};

} // namespace mirra_frei0r
