// The pictures of an evaluation, as the paper's protocol has them.
#pragma once

#include "data/class_set.hpp"
#include "eval/float_picture.hpp"
#include "mirra/runtime.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// The picture with width and height `extent`, the aspect not kept.
image::Image resized(const image::Image &picture, std::int64_t extent);

/// The colours of a picture as floats.
FloatPicture to_float(const image::Image &picture);

/// "fp32", "bf16" or "fp16". @throws Error invalid_argument
runtime::Precision parse_precision(const std::string &name);

/// How a picture is brought to size.
struct PictureSize {
    std::int64_t extent = 0; ///< width and height, the aspect not kept as in the paper; 0: as it is
    std::int64_t scale = 1;  ///< then enlarged so many times (section 4.3's experiment)
};

/// The test split of the sources where there is one, else all their pictures; evenly spaced when fewer are
/// asked for. One thread.
class EvaluationPictures {
  public:
    /// @param count  at most so many; 0: all
    /// @throws Error not_found | corrupt
    EvaluationPictures(const std::vector<std::string> &sources, std::int64_t count);

    [[nodiscard]] std::int64_t size() const { return count_; }
    /// Nothing for one that cannot be read, which skipped() then tells of.
    [[nodiscard]] std::optional<FloatPicture> get(std::int64_t index, const PictureSize &size);
    [[nodiscard]] std::vector<std::string> skipped() const { return set_->skipped(); }

  private:
    std::unique_ptr<ClassSet> set_;
    std::int64_t count_;
};

} // namespace mirra::trainer
