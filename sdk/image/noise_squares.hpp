// Small squares of a picture, in which its noise is measured.
#pragma once

#include "clipped_normal.hpp"
#include "mirra/noise_profile.hpp"

#include <Eigen/Core>

#include <span>
#include <vector>

namespace mirra::image::detail {

/// Squares spread evenly over what is visible of a picture, at most some thousands, whatever its size.
class Squares {
  public:
    /// @param view  of at least 4 x 4 pixels
    explicit Squares(const ConstImageView &view);

    [[nodiscard]] std::size_t side() const noexcept { return side_; }
    [[nodiscard]] std::size_t area() const noexcept { return side_ * side_; }
    [[nodiscard]] std::size_t count() const noexcept { return values_.size() / (area() * channels_); }
    /// One colour channel of a square, row by row.
    [[nodiscard]] std::span<const float> channel(std::size_t square, std::size_t channel) const noexcept {
        return std::span(values_).subspan((square * channels_ + channel) * area(), area());
    }
    [[nodiscard]] std::vector<MeasuredSquare> measured() const;
    /// Whether the picture touches black or white and goes nowhere beyond.
    [[nodiscard]] bool clipped() const noexcept { return clipped_; }
    /// Whether it is drawn in black or white, as text on paper: pixels at the ends of the range lie side by
    /// side nearly everywhere, which those that noise was clipped to do not.
    [[nodiscard]] bool drawn() const;

  private:
    struct Spread {
        double mean, variance; ///< the latter about the plane that fits the square best
    };
    /// Pixels of a square at an end of the range, and pairs of them side by side.
    struct Ends {
        int pixels, pairs;
    };
    [[nodiscard]] Ends ends_of(std::span<const float> values) const;
    [[nodiscard]] Spread about_plane(std::span<const float> values) const;
    [[nodiscard]] bool touches_ends(const ConstImageView &view) const;
    void add(const ConstImageView &view, const Rect &square, std::vector<float> &pixels);

    float least_alpha_; ///< of a pixel that counts
    std::size_t side_, channels_;
    std::vector<float> values_; ///< square, channel, row, column
    bool clipped_;
};

/// Covariance of chosen squares, and how many of them are how bright.
struct Statistics {
    Eigen::MatrixXd covariance; ///< its lower triangle alone
    Levels counts{};
    std::size_t squares = 0;
};

/// Some of the squares, and what their covariance is made of. From one choice to the next few of them change.
struct ChosenSquares {
    enum class Mark : std::uint8_t { out, in, added, dropped };
    std::vector<Mark> marks;  ///< of each square
    Eigen::MatrixXd products; ///< sums of the products of two pixels; the lower triangle alone
    Eigen::VectorXd sums;     ///< of the pixels
};

/// One value of each pixel of the squares: a channel, or the difference of two over sqrt(2), which has the
/// mean of their variances where their noise is independent.
class NoisySquares {
  public:
    /// @param squares        must outlive it
    /// @param first, second  channels; the same one twice: that channel
    NoisySquares(const Squares &squares, std::size_t first, std::size_t second);

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    /// Whether squares of one colour were left out, as those of a painted ground or of clipping.
    [[nodiscard]] bool has_grounds() const noexcept { return !grounds_.empty() || !ends_.empty(); }
    void keep_grounds();
    /// Of the squares whose gradients noise of these variances explains, the share that is quieter than it
    /// mostly is.
    [[nodiscard]] double quiet_share(const Levels &variances) const;
    /// Those whose gradients noise of these variances, by brightness, explains.
    /// @param chosen  those of the last call, or none; becomes those of this one
    [[nodiscard]] Statistics choose(const Levels &variances, ChosenSquares &chosen) const;
    /// How many a covariance should be made of.
    [[nodiscard]] std::size_t enough() const noexcept;

  private:
    struct Entry {
        std::size_t square;
        double gradients;          ///< sum of squared differences of neighbours
        std::size_t first, second; ///< levels of the channels' means
        [[nodiscard]] double variance(const Levels &variances) const noexcept {
            return (variances[first] + variances[second]) / 2;
        }
    };

    /// Values about the middle of their range.
    void load(std::size_t square, std::span<float> values) const;
    /// @param sign    1: adds the squares of that mark to the sums; -1: takes them out
    void add(ChosenSquares &chosen, double sign, ChosenSquares::Mark mark) const;
    [[nodiscard]] double gradients(std::span<const float> values) const;
    [[nodiscard]] double differences() const noexcept; ///< of neighbours in a square
    [[nodiscard]] double bound() const noexcept;       ///< of the gradients of unit noise

    const Squares &squares_;
    std::size_t first_, second_;
    std::vector<Entry> entries_, grounds_, ends_;
};

} // namespace mirra::image::detail
