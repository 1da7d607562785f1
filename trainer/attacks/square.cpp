// Random search, image by image, in batches.
#include "attacks/square.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace mirra::trainer {
namespace {

constexpr double kStabiliser = 1e-12;
constexpr std::int64_t kTilesAcross = 5; // in the start of the l2 attack
constexpr int kBlock = 64;               // queries whose randomness is drawn at once

/// -1 or 1 from uniform draws.
torch::Tensor signs(const torch::Tensor &uniform) {
    return uniform.lt(0.5).to(uniform.scalar_type()).mul_(-2).add_(1);
}

/// Uniform draws [N, 1] as integers below `bound`, or 0.
torch::Tensor below(const torch::Tensor &uniform, std::int64_t bound) {
    return (uniform * bound).to(at::kLong).clamp_(0, std::max<std::int64_t>(bound - 1, 0));
}

/// Places of `side` pixels from `start` [N, 1] on: int64 [N, side].
torch::Tensor span(const torch::Tensor &start, std::int64_t side) {
    return start + torch::arange(side, start.options());
}

/// One window of every image.
struct Windows {
    torch::Tensor rows, columns; ///< int64 [N, side]

    /// For index() and index_put_() on [N, C, H, W]: selects [N, C, side, side].
    [[nodiscard]] std::vector<at::indexing::TensorIndex> index(std::int64_t channels) const {
        const auto images = torch::arange(rows.size(0), rows.options()).view({-1, 1, 1, 1});
        return {images, torch::arange(channels, rows.options()).view({1, -1, 1, 1}),
                rows.view({rows.size(0), 1, -1, 1}), columns.view({columns.size(0), 1, 1, -1})};
    }
};

class Run {
  public:
    Run(const Classifier &classifier, const SquareOptions &options, const torch::Tensor &images,
        torch::Tensor labels, const Randomness &randomness)
        : classifier_(classifier)
        , options_(options)
        , images_(images)
        , labels_(std::move(labels))
        , noise_(randomness, images)
        , result_(torch::empty_like(images))
        , places_(torch::arange(images.size(0), labels_.options()))
        , channels_(images.size(1))
        , height_(images.size(2))
        , width_(images.size(3)) {}

    torch::Tensor run() {
        const bool l2 = options_.budget.norm == Norm::l2;
        best_ = l2 ? tiles() : stripes();
        margin_ = margin(classifier_(best_), labels_);
        for (int query = 0; query < options_.queries && drop_fooled(); ++query) {
            draw(query);
            accept(l2 ? concentrated(query) : recoloured(query));
        }
        store();
        return result_;
    }

  private:
    torch::Tensor start_draws(std::int64_t count) {
        drawn_ = count;
        return noise_.uniform(0, count);
    }

    /// Start of the linf attack: vertical stripes of +-epsilon.
    torch::Tensor stripes() {
        const auto colours = signs(start_draws(channels_ * width_)).view({-1, channels_, 1, width_});
        return project(images_ + colours * options_.budget.epsilon, images_, options_.budget);
    }

    /// Start of the l2 attack: a grid of patterns, each upright or lying, of either sign in each channel.
    torch::Tensor tiles() {
        const auto side = std::max<std::int64_t>(std::min(height_, width_) / kTilesAcross, 1);
        const auto down = height_ / side, across = width_ / side, count = down * across;
        const auto draws = start_draws(count * (channels_ + 1)).view({-1, channels_ + 1, down, 1, across, 1});
        const auto pattern = square_pattern(side, images_.options());
        const auto upright = pattern.view({1, 1, 1, side, 1, side});
        const auto lying = pattern.t().reshape_as(upright);
        const auto grid = torch::where(draws.narrow(1, channels_, 1) < 0.5, upright, lying) *
                          signs(draws.narrow(1, 0, channels_));
        auto move = torch::zeros_like(images_);
        move.narrow(2, (height_ - down * side) / 2, down * side)
            .narrow(3, (width_ - across * side) / 2, across * side)
            .copy_(grid.reshape({-1, channels_, down * side, across * side}));
        return on_the_sphere(move);
    }

    /// The images moved by epsilon in the direction of `move`, which is overwritten.
    torch::Tensor on_the_sphere(torch::Tensor &move) {
        move.mul_(options_.budget.epsilon / (norms(move, Norm::l2) + kStabiliser));
        return project(move.add_(images_), images_, options_.budget);
    }

    /// draws_: of this query, [N, 5 + C]: two windows, lying or not, the signs of the channels.
    void draw(int query) {
        const auto each = 5 + channels_;
        if (query % kBlock == 0) block_ = noise_.uniform(drawn_ + query * each, kBlock * each);
        draws_ = block_.narrow(1, query % kBlock * each, each);
    }
    [[nodiscard]] torch::Tensor drawn(std::int64_t which) const { return draws_.narrow(1, which, 1); }
    [[nodiscard]] torch::Tensor drawn_signs() const {
        return signs(draws_.narrow(1, 5, channels_)).view({-1, channels_, 1, 1});
    }
    [[nodiscard]] Windows drawn_windows(std::int64_t first, std::int64_t side) const {
        return {span(below(drawn(first), height_ - side), side),
                span(below(drawn(first + 1), width_ - side), side)};
    }

    /// linf: a square whose every channel goes to one end of its range.
    torch::Tensor recoloured(int query) {
        const auto side = square_side(query, options_.initial_share, height_, width_);
        auto candidate = best_.clone();
        const auto window = drawn_windows(0, side).index(channels_);
        const auto there = images_.index(window);
        candidate.index_put_(window, (there + drawn_signs() * options_.budget.epsilon).clamp_(0, 1));
        return candidate;
    }

    /// l2: takes the perturbation out of one window and the pattern, with that much more norm, into another.
    torch::Tensor concentrated(int query) {
        const auto side = std::min({std::max<std::int64_t>(odd_side(query), 3), height_, width_});
        const auto epsilon = options_.budget.epsilon;
        const auto move = best_ - images_;
        const auto to = drawn_windows(0, side).index(channels_),
                   from = drawn_windows(2, side).index(channels_);
        const auto whole = norms(move, Norm::l2);
        const auto old = move.index(to);
        auto kept = move.clone();
        kept.index_put_(to, torch::zeros_like(old)).index_put_(from, torch::zeros_like(old));
        const auto windows = norms(move - kept, Norm::l2).square();
        auto fresh = pattern(side) * drawn_signs() + old / (kStabiliser + channel_norms(old));
        const auto unused = (epsilon * epsilon - whole.square()).clamp_min_(0) / channels_;
        fresh.mul_((unused + windows).sqrt() / (kStabiliser + channel_norms(fresh)));
        kept.index_put_(to, fresh);
        return on_the_sphere(kept);
    }

    [[nodiscard]] std::int64_t odd_side(int query) const {
        return square_side(query, options_.initial_share, height_, width_) | 1;
    }
    static torch::Tensor channel_norms(const torch::Tensor &windows) {
        return at::linalg_vector_norm(windows, 2, at::IntArrayRef{2, 3}, true);
    }
    torch::Tensor pattern(std::int64_t side) {
        if (!pattern_.defined() || pattern_.size(0) != side)
            pattern_ = square_pattern(side, images_.options());
        const auto lying = drawn(4).view({-1, 1, 1, 1}) > 0.5;
        return torch::where(lying, pattern_.t(), pattern_);
    }

    void accept(const torch::Tensor &candidate) {
        const auto lower = margin(classifier_(candidate), labels_);
        best_ = torch::where((lower < margin_).view({-1, 1, 1, 1}), candidate, best_);
        margin_ = torch::minimum(lower, margin_);
    }

    /// False when no image stands.
    bool drop_fooled() {
        const auto rows = remaining_rows(margin_ <= 0);
        if (!rows) return true;
        store();
        keep_rows({&images_, &labels_, &places_, &best_, &margin_, &block_}, *rows);
        noise_.select(*rows);
        return rows->numel() > 0;
    }

    void store() { result_.index_copy_(0, places_, best_); }

    const Classifier &classifier_;
    const SquareOptions &options_;
    torch::Tensor images_, labels_;
    ImageNoise noise_;
    torch::Tensor result_, places_; // the rows' places in the result
    std::int64_t channels_, height_, width_;
    torch::Tensor best_, margin_;
    std::int64_t drawn_ = 0; // by the start
    torch::Tensor block_, draws_, pattern_;
};

/// At Chebyshev distance d from the centre: the sum of 1 / k^2 over k > d, up to the farthest pixel.
torch::Tensor rectangle(std::int64_t rows, std::int64_t columns) {
    const auto reach = std::max(rows / 2, columns / 2) + 1;
    std::vector<float> tail(static_cast<std::size_t>(reach) + 1);
    for (auto k = reach; k > 0; --k)
        tail[static_cast<std::size_t>(k - 1)] =
            tail[static_cast<std::size_t>(k)] + 1.0F / static_cast<float>(k * k);
    const auto down = (torch::arange(rows) - rows / 2).abs().unsqueeze(1);
    const auto across = (torch::arange(columns) - columns / 2).abs();
    const auto values = torch::tensor(tail).index({torch::maximum(down, across)});
    return values / values.norm();
}

} // namespace

torch::Tensor square(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                     const SquareOptions &options, const Randomness &randomness) {
    const torch::NoGradGuard no_grad;
    return Run(classifier, options, images, labels, randomness).run();
}

std::int64_t square_side(int query, double initial_share, std::int64_t height, std::int64_t width) {
    constexpr std::array kHalvings = {10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000};
    const auto halvings =
        std::count_if(kHalvings.begin(), kHalvings.end(), [=](int at) { return query > at; });
    const double share = initial_share / static_cast<double>(1 << halvings);
    const auto side = std::lround(std::sqrt(share * static_cast<double>(height * width)));
    return std::clamp<std::int64_t>(side, 1, std::min(height, width));
}

torch::Tensor square_pattern(std::int64_t side, const torch::TensorOptions &options) {
    const auto upper = side / 2;
    const auto pattern = torch::cat({rectangle(upper, side), -rectangle(side - upper, side)});
    return (pattern / pattern.norm()).to(options);
}

} // namespace mirra::trainer
