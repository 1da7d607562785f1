// The pictures of an evaluation: chosen, read and brought to size.
#pragma once

#include "data/picture_set.hpp"
#include "eval/float_picture.hpp"
#include "mirra/runtime.hpp"

#include <cstdint>
#include <functional>
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
    std::unique_ptr<PictureSet> set_;
    std::int64_t count_;
};

/// `count` of `size` places, evenly spaced and ascending; a seed other than 0 moves all of them by the same
/// step, around the end. @param count  0, or more than there are: all places
std::vector<std::int64_t> spaced_places(std::int64_t size, std::int64_t count, std::uint64_t seed);

/// One thread.
class StylizationPictures {
  public:
    struct Options {
        std::int64_t count = 0; ///< at most; 0: all
        std::uint64_t seed = 0;
        std::int64_t extent = 0;       ///< width and height, the aspect not kept; 0: as they are
        std::string option = "--data"; ///< that names the sources, for messages
        /// @throws Error for a picture of a size that cannot be measured
        std::function<void(std::int64_t width, std::int64_t height)> check_size = {};
    };
    /// @param sources  folders at any depth: their val/ or test/ where there is one
    /// @throws Error not_found | corrupt
    StylizationPictures(const std::vector<std::string> &sources, const Options &options);

    [[nodiscard]] std::size_t size() const { return places_.size(); }
    /// How many pictures were chosen from.
    [[nodiscard]] std::int64_t available() const { return set_->size(); }
    /// The file's last name, without what follows the dot.
    [[nodiscard]] std::string name(std::size_t index) const;
    /// Nothing for one that cannot be read or measured, which skipped() then tells of.
    [[nodiscard]] std::optional<FloatPicture> get(std::size_t index);
    /// "name: reason" of each.
    [[nodiscard]] std::vector<std::string> skipped() const;

  private:
    [[nodiscard]] bool measurable(std::size_t index, const FloatPicture &picture);

    Options options_;
    std::unique_ptr<PictureSet> set_;
    std::vector<std::int64_t> places_;
    std::vector<std::string> unfit_;
};

} // namespace mirra::trainer
