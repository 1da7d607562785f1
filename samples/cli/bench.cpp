// Collects the times of runs.
#include "bench.hpp"

#include "results.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

double seconds_between(std::chrono::steady_clock::time_point a, std::chrono::steady_clock::time_point b) {
    return std::chrono::duration<double>(b - a).count();
}

double median(const std::vector<double> &ascending) {
    const std::size_t middle = ascending.size() / 2;
    return ascending.size() % 2 == 1 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}

/// The least value that so many percent of them do not exceed.
double percentile(const std::vector<double> &ascending, std::size_t percent) {
    return ascending[(ascending.size() * percent + 99) / 100 - 1];
}

} // namespace

void Timings::begin() {
    begin_ = mark_ = Clock::now();
    stage_.clear();
    run_.clear();
}

void Timings::close_stage(Clock::time_point now) {
    if (!stage_.empty()) run_[stage_] += seconds_between(mark_, now);
    mark_ = now;
}

void Timings::mark(const std::string &stage) {
    close_stage(Clock::now());
    stage_ = stage;
    if (std::find(order_.begin(), order_.end(), stage) == order_.end()) order_.push_back(stage);
}

void Timings::end(bool keep) {
    const auto now = Clock::now();
    close_stage(now);
    run_["total"] = seconds_between(begin_, now);
    if (!keep) return;
    for (const auto &[stage, seconds] : run_) seconds_[stage].push_back(seconds);
}

Json Timings::json() const {
    Json stages = Json::array();
    std::vector<std::string> order = order_;
    order.emplace_back("total");
    for (const auto &stage : order) {
        std::vector<double> seconds = seconds_.at(stage);
        std::sort(seconds.begin(), seconds.end());
        const double middle = median(seconds);
        stages.push_back({{"stage", stage},
                          {"min_ms", 1e3 * seconds.front()},
                          {"median_ms", 1e3 * middle},
                          {"p95_ms", 1e3 * percentile(seconds, 95)},
                          {"max_ms", 1e3 * seconds.back()},
                          {"mpixel_per_s", middle > 0 ? megapixels_ / middle : 0.0}});
    }
    return stages;
}

std::int32_t Timings::callback(void *user, const mirra_progress *progress) noexcept {
    try {
        static_cast<Timings *>(user)->mark(progress->stage);
    } catch (...) {
        return 1; // Out of memory: the figures would be wrong, so the run stops.
    }
    return 0;
}

Json timed_run(const Session &session, std::span<const mirra_port_value> ports, const Interrupt &interrupt,
               Timings &timings) {
    auto options = make_struct<mirra_run_options>();
    options.progress = &Timings::callback;
    options.user = &timings;
    options.cancel = interrupt.token();
    const auto result = make<Result>(Phase::input, [&](mirra_result **out, mirra_error **e) {
        return mirra_session_run(session.get(), ports.data(), ports.size(), &options, out, e);
    });
    Json run = run_json(get<mirra_result_info>(Phase::setup, [&](mirra_result_info *out, mirra_error **e) {
        return mirra_result_get_info(result.get(), out, e);
    }));
    run.erase("seconds");
    return run;
}

} // namespace mirra::cli
