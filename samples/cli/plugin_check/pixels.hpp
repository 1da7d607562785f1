// Pictures that are made up, compared and looked at, in every format of samples.
#pragma once

#include "../handles.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mirra::cli::conformance {

/// What a picture is, without its pixels.
struct Shape {
    std::int32_t width = 0, height = 0;
    mirra_format format = MIRRA_FORMAT_U8;
    mirra_color color = MIRRA_COLOR_RGB;

    /// "65x130 u8 RGB"
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool has_alpha() const { return color % 2 == 0; }
};

/// Packed, interleaved samples.
class Pixels {
  public:
    /// Zeros.
    explicit Pixels(const Shape &shape);
    /// Waves and a little noise, with values from 0 to 1 and, in alpha, all kinds of transparency.
    static Pixels pattern(const Shape &shape);

    [[nodiscard]] const Shape &shape() const noexcept { return shape_; }
    [[nodiscard]] api::Image image();
    [[nodiscard]] double at(std::int32_t x, std::int32_t y, std::int32_t channel) const;
    /// A value of 0 ... 1.
    void set(std::int32_t x, std::int32_t y, std::int32_t channel, double value);
    /// Why a sample is no number: "inf at (3, 4)"; "" if all are.
    [[nodiscard]] std::string not_finite() const;

  private:
    [[nodiscard]] std::size_t place(std::int32_t x, std::int32_t y, std::int32_t channel) const;

    Shape shape_;
    std::vector<std::byte> bytes_;
};

/// Where two pictures of one shape differ most.
struct Difference {
    double most = 0; ///< of 1
    std::int32_t x = 0, y = 0;

    /// "up to 3.0/255, at (31, 0)"
    [[nodiscard]] std::string text() const;
};

/// `part` against the pixels of `whole` from (x, y) on. Throws Fault if it does not lie within.
Difference difference(const Pixels &whole, const Pixels &part, std::int32_t x = 0, std::int32_t y = 0);

} // namespace mirra::cli::conformance
