// Draws the progress of a run.
#include "progress.hpp"

#include "printable.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

namespace mirra::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr std::size_t kLabelWidth = 28;
constexpr std::chrono::milliseconds kBarPause{80};
constexpr std::chrono::seconds kLinePause{5};

std::string shortened(const std::string &label) {
    if (label.size() <= kLabelWidth) return label;
    std::size_t from = label.size() - kLabelWidth + 3;
    while (from < label.size() && (static_cast<unsigned char>(label[from]) & 0xc0U) == 0x80)
        ++from; // whole letters
    return "..." + label.substr(from);
}

} // namespace

Progress::Progress(const Console &console, const std::optional<std::string> &label, double megapixels)
    : console_(console)
    , silent_(!label || console.quiet())
    , label_(printable(label.value_or("")))
    , megapixels_(megapixels) {}

Progress::~Progress() {
    if (drawn_) std::cerr << "\r\033[K" << std::flush;
}

void Progress::update(const mirra_progress &progress) {
    if (silent_) return;
    const auto now = Clock::now();
    const bool terminal = console_.terminal();
    if (now - shown_ < (terminal ? Clock::duration(kBarPause) : Clock::duration(kLinePause))) return;
    shown_ = now;
    const double fraction = std::clamp(progress.fraction, 0.0, 1.0);
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    if (terminal) {
        draw(fraction, seconds);
    } else {
        console_.note(label_ + ": " + state(fraction, seconds));
    }
}

std::string Progress::state(double fraction, double seconds) const {
    std::string out = fixed(100 * fraction, 0) + "%";
    if (fraction <= 0 || seconds <= 0) return out;
    out += ", " + fixed(megapixels_ * fraction / seconds, 1) + " Mpixel/s";
    return out + ", " + time_text(seconds * (1 - fraction) / fraction) + " left";
}

void Progress::draw(double fraction, double seconds) {
    const int filled = static_cast<int>(std::lround(fraction * kBarWidth));
    std::cerr << '\r' << shortened(label_) << " [" << std::string(static_cast<std::size_t>(filled), '#')
              << std::string(static_cast<std::size_t>(kBarWidth - filled), '.') << "] "
              << state(fraction, seconds) << "\033[K" << std::flush;
    drawn_ = true;
}

std::int32_t Progress::callback(void *user, const mirra_progress *progress) noexcept {
    try {
        static_cast<Progress *>(user)->update(*progress);
    } catch (...) {
        return 0; // A bar that cannot be drawn is no reason to stop the run.
    }
    return 0;
}

} // namespace mirra::cli
