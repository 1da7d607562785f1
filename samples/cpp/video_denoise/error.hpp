// What this program itself finds wrong; what Mirra does is a mirra::api::Error.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace video {

class Failure : public std::runtime_error {
  public:
    Failure(const std::string &message, std::string hint)
        : std::runtime_error(message)
        , hint_(std::move(hint)) {}
    /// What to do about it.
    [[nodiscard]] const std::string &hint() const noexcept { return hint_; }

  private:
    std::string hint_;
};

} // namespace video
