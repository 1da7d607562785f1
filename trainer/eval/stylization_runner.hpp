// Pictures stylized by the plugin that hosts use.
#pragma once

#include "eval/float_picture.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace mirra::trainer {

/// A session of the task "stylize". Not thread-safe.
class StylizerRunner {
  public:
    struct Options {
        double strength = 1; ///< 0 to 1, multiplies those of the levels
        std::string precision = "fp32", device = "cpu";
        int threads = 0; ///< 0: all
    };

    /// @throws Error not_found (bundle, plugin) | mismatch (a bundle of another task) | device
    StylizerRunner(const std::filesystem::path &bundle, const Options &options);
    ~StylizerRunner();
    StylizerRunner(const StylizerRunner &) = delete;
    StylizerRunner &operator=(const StylizerRunner &) = delete;
    StylizerRunner(StylizerRunner &&) noexcept;
    StylizerRunner &operator=(StylizerRunner &&) noexcept;

    /// @param levels  as the task's parameter has them: "conv5,conv2,conv1"
    /// @returns a picture of the content's size
    /// @throws Interrupted after Ctrl-C, else Error as a run of the task
    FloatPicture stylize(const FloatPicture &content, const FloatPicture &style, const std::string &levels);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace mirra::trainer
