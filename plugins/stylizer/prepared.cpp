// Prepared styles: statistics of several levels as one tensor.
#include "prepared.hpp"

#include <cmath>

namespace stylizer {
namespace {

constexpr float kMark = 20051, kVersion = 1;
constexpr std::int64_t kMostPrepared = 64, kMostCharacters = 256, kMostChannels = 4096;

/// Takes numbers one after the other.
class Reader {
  public:
    Reader(const Host &host, const std::vector<float> &values, const char *port)
        : host_(host)
        , values_(values)
        , port_(port) {}

    std::vector<float> take(std::int64_t count) {
        if (count > static_cast<std::int64_t>(values_.size() - at_)) fail("it ends too early");
        const auto from = values_.begin() + static_cast<std::ptrdiff_t>(at_);
        at_ += static_cast<std::size_t>(count);
        return {from, from + count};
    }
    std::int64_t count(std::int64_t most) {
        const float value = take(1).front();
        if (!(value >= 1 && value <= static_cast<float>(most)) || value != std::floor(value))
            fail("a count in it is impossible");
        return static_cast<std::int64_t>(value);
    }
    [[nodiscard]] bool done() const { return at_ == values_.size(); }
    [[noreturn]] void fail(const std::string &what) const {
        host_.fail(MIRRA_E_MISMATCH, "this is no prepared style: " + what, port_,
                   "Make one by the task 'style-prepare' with the bundle in use.");
    }

  private:
    const Host &host_;
    const std::vector<float> &values_;
    const char *port_;
    std::size_t at_ = 0;
};

std::string read_name(Reader &reader) {
    std::string name;
    for (const float character : reader.take(reader.count(kMostCharacters))) {
        constexpr float kFirst = 32, kLast = 126;
        if (!(character >= kFirst && character <= kLast)) reader.fail("the name of a level is no text");
        name += static_cast<char>(character);
    }
    return name;
}

PreparedLevel read_level(Reader &reader) {
    PreparedLevel level;
    level.name = read_name(reader);
    const std::int64_t channels = reader.count(kMostChannels);
    level.fingerprint = reader.take(channels);
    level.statistics.mean = reader.take(channels);
    const std::vector<float> triangle = reader.take(channels * (channels + 1) / 2);
    const auto n = static_cast<std::size_t>(channels);
    level.statistics.covariance.resize(n * n);
    auto next = triangle.begin();
    for (std::size_t row = 0; row < n; ++row)
        for (std::size_t column = 0; column <= row; ++column)
            level.statistics.covariance[row * n + column] = level.statistics.covariance[column * n + row] =
                *next++;
    return level;
}

template<class Values> void append(std::vector<float> &out, const Values &values) {
    for (const auto value : values) out.push_back(static_cast<float>(value));
}

} // namespace

std::vector<float> pack(const std::vector<PreparedLevel> &levels) {
    std::vector<float> out{kMark, kVersion, static_cast<float>(levels.size())};
    for (const PreparedLevel &level : levels) {
        const auto n = static_cast<std::size_t>(level.statistics.channels());
        out.push_back(static_cast<float>(level.name.size()));
        append(out, level.name);
        out.push_back(static_cast<float>(n));
        append(out, level.fingerprint);
        append(out, level.statistics.mean);
        for (std::size_t row = 0; row < n; ++row)
            for (std::size_t column = 0; column <= row; ++column)
                out.push_back(level.statistics.covariance[row * n + column]);
    }
    return out;
}

std::vector<PreparedLevel> unpack(const Host &host, const std::vector<float> &values, const char *port) {
    constexpr float kLargest = 1e30F; // eigenvalues, which add up many of them, stay finite
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::abs(value) <= kLargest; }))
        host.fail(MIRRA_E_INVALID_ARGUMENT,
                  "the prepared style holds values that are no finite numbers, or larger than any features'",
                  port, "Make it anew by the task 'style-prepare'.");
    Reader reader(host, values, port);
    if (reader.take(1).front() != kMark) reader.fail("it does not begin like one");
    if (reader.take(1).front() != kVersion) reader.fail("its version is not the one that this plugin reads");
    std::vector<PreparedLevel> levels;
    for (std::int64_t left = reader.count(kMostPrepared); left > 0; --left)
        levels.push_back(read_level(reader));
    if (!reader.done()) reader.fail("something stands behind its end");
    return levels;
}

bool same_encoder(const std::vector<float> &a, const std::vector<float> &b) {
    constexpr double kTolerance =
        0.05; // reduced precisions stay within a hundredth, other encoders differ by one
    if (a.size() != b.size()) return false;
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
        norm += std::pow(static_cast<double>(b[i]), 2);
    }
    return difference <= kTolerance * kTolerance * norm;
}

} // namespace stylizer
