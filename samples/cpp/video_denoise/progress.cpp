#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace video {

Progress::Progress(std::int64_t total, std::int64_t done, bool quiet)
    : total_(total)
    , before_(done)
    , quiet_(quiet)
    , terminal_(isatty(STDERR_FILENO) != 0) {}

double Progress::rate() const {
    const std::chrono::duration<double> taken = Clock::now() - started_;
    return frames_ > 1 ? static_cast<double>(frames_ - 1) / taken.count() : 0;
}

std::string Progress::line(double sigma) const {
    char text[160];
    const std::int64_t done = before_ + frames_;
    std::snprintf(text, sizeof(text), "frame %lld", static_cast<long long>(done));
    std::string line = text;
    if (total_ >= done) line += " of " + std::to_string(total_);
    std::snprintf(text, sizeof(text), ", %.2f frames/s, noise %.1f", rate(), sigma);
    line += text;
    if (total_ < done || rate() <= 0) return line;
    const auto left = static_cast<long long>(static_cast<double>(total_ - done) / rate());
    std::snprintf(text, sizeof(text), ", %lld:%02lld:%02lld left", left / 3600, left / 60 % 60, left % 60);
    return line + text;
}

void Progress::frame(double sigma) {
    // The first frame also prepares the network: the clock starts after it.
    if (frames_++ == 0) started_ = Clock::now();
    const auto now = Clock::now();
    if (quiet_ || now - shown_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(10)))
        return;
    shown_ = now;
    std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", line(sigma).c_str());
}

void Progress::end() {
    if (!quiet_ && terminal_ && frames_ > 0) std::fputc('\n', stderr);
}

} // namespace video
