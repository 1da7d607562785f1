// A list of its own for each thread.
#include "inside.hpp"

namespace mirra::host {
namespace {

thread_local const Inside *t_innermost = nullptr;

} // namespace

Inside::Inside(Kind kind, const void *which) noexcept : kind_(kind), which_(which), outer_(t_innermost) {
    t_innermost = this;
}

Inside::~Inside() {
    t_innermost = outer_;
}

std::uint32_t Inside::times(const void *which) noexcept {
    std::uint32_t count = 0;
    for (const Inside *each = t_innermost; each != nullptr; each = each->outer_)
        count += each->which_ == which;
    return count;
}

int Inside::runs() noexcept {
    const auto again = [](const Inside &run) {
        for (const Inside *each = run.outer_; each != nullptr; each = each->outer_)
            if (each->which_ == run.which_) return true;
        return false;
    };
    int count = 0;
    for (const Inside *each = t_innermost; each != nullptr; each = each->outer_)
        if (each->kind_ == Kind::run && !again(*each)) ++count;
    return count;
}

} // namespace mirra::host
