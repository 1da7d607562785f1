// Values and tensors of steps, brought together in one transfer.
#include "core/readings.hpp"

#include "core/divergence.hpp"
#include "mirra/error.hpp"
#include "runtime/torch/libtorch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirra::trainer {

struct Readings::Row {
    struct Measured {
        std::size_t column;
        torch::Tensor value;
    };
    struct Guard {
        torch::Tensor value;
        std::string what, rate;
    };
    std::int64_t step;
    std::vector<double> values;
    std::vector<Measured> measured;
    std::vector<Guard> guards;
};

namespace {

/// Values of tensors of one element, by one transfer for those that are not in the processor's memory.
std::vector<double> values_of(const std::vector<torch::Tensor> &tensors) {
    std::vector<double> out(tensors.size());
    std::vector<torch::Tensor> elsewhere;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < tensors.size(); ++i)
        if (tensors[i].is_cpu()) {
            out[i] = tensors[i].item<double>();
        } else {
            elsewhere.push_back(tensors[i].to(at::kFloat).reshape({}));
            places.push_back(i);
        }
    if (elsewhere.empty()) return out;
    const auto all = torch::stack(elsewhere).to(at::kCPU, at::kDouble);
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = all.const_data_ptr<double>()[i];
    return out;
}

} // namespace

Readings::Readings(std::vector<std::string> columns) : columns_(std::move(columns)) {}
Readings::~Readings() = default;

void Readings::begin(std::int64_t step) {
    rows_.push_back({.step = step,
                     .values = std::vector<double>(columns_.size(), std::numeric_limits<double>::quiet_NaN()),
                     .measured = {},
                     .guards = {}});
}

std::size_t Readings::place_of(const std::string &column) const {
    const auto found = std::ranges::find(columns_, column);
    if (found == columns_.end()) throw Error(ErrorCode::internal, "the log has no such column", column);
    return static_cast<std::size_t>(found - columns_.begin());
}

void Readings::set(const std::string &column, double value) {
    rows_.back().values[place_of(column)] = value;
}

void Readings::set(const std::string &column, const at::Tensor &value) {
    rows_.back().measured.push_back({place_of(column), value.detach()});
}

void Readings::require_finite(const at::Tensor &value, const std::string &what, const std::string &rate) {
    rows_.back().guards.push_back({value.detach(), what, rate});
}

std::int64_t Readings::rows() const {
    return std::ssize(rows_);
}

bool Readings::must_wait() const {
    const auto far = [](const auto &kept) { return !kept.value.is_cpu(); };
    return std::ranges::any_of(rows_, [&](const Row &row) {
        return std::ranges::any_of(row.measured, far) || std::ranges::any_of(row.guards, far);
    });
}

std::vector<std::vector<double>> Readings::take() {
    const auto rows = std::exchange(rows_, {});
    std::vector<torch::Tensor> tensors;
    for (const auto &row : rows) {
        for (const auto &guard : row.guards) tensors.push_back(guard.value);
        for (const auto &measured : row.measured) tensors.push_back(measured.value);
    }
    const auto values = values_of(tensors);
    auto next = values.begin();
    std::vector<std::vector<double>> out;
    for (const auto &row : rows) {
        for (const auto &guard : row.guards)
            if (!std::isfinite(*next++))
                throw diverged(guard.what + " is not finite at step " + std::to_string(row.step + 1),
                               guard.rate);
        out.push_back(row.values);
        for (const auto &measured : row.measured) out.back()[measured.column] = *next++;
    }
    return out;
}

Readings::Supply Readings::take_supply() {
    return {.waited = std::exchange(waited_, {}), .pictures = std::exchange(pictures_, 0)};
}

} // namespace mirra::trainer
