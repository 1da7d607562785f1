// A task of Mirra as a function from a picture to a picture.
#pragma once

#include "options.hpp"

#include <mirra/mirra.hpp>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace sheet {

class Task {
  public:
    /// @param stopped  other than 0 stops a run   @throws mirra::api::Error
    Task(const mirra::api::Engine &engine, const Options &options, const volatile std::sig_atomic_t &stopped);

    /// @throws mirra::api::Error
    mirra::api::Picture run(const mirra::api::Picture &picture);

  private:
    mirra::api::Session session_;
    const volatile std::sig_atomic_t &stopped_;
    std::string input_, output_;
    bool colored_ = false; ///< the output needs colours, whatever the input has
    std::vector<std::pair<std::string, mirra::api::Picture>> further_;
};

} // namespace sheet
