// The shipped plugins over random networks, pictures of odd sizes, and tensors that need not fit, as a seed
// or a fuzzer decides: whatever the outcome, nothing crashes, hangs, reports a fault of the library's own or
// gives a result of another size.
#pragma once

#include "random_graphs.hpp"
#include "stylizer_support.hpp"

#include <array>
#include <functional>
#include <limits>

namespace mirra::test {

inline constexpr std::array<float, 6> kStrange{
    0, -1, 1e30F, 3e38F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};

/// Values between 0 and 1, and now and then some that are not.
std::unique_ptr<Values> random_tensor(Dice &dice, const std::vector<std::int64_t> &shape,
                                      bool may_be_strange = true);

/// What the dice make of one task: a bundle, a session, its runs.
class Trial {
  public:
    /// @param path  of the bundle that is written
    Trial(std::shared_ptr<Engine> engine, Dice dice, std::string path);

    void bundle_of(const char *task, const std::string &defaults,
                   const std::map<std::string, graph::Graph> &graphs);
    bool session_of(const char *task, std::int32_t tile_size);
    void set(const char *name, const std::string &text);
    void set(const char *name, double value) { set(name, std::to_string(value)); }
    std::unique_ptr<Floats> some_picture(std::int32_t most = 50);

    void image(const char *name, const Floats &pixels) { ports_.push_back(port(name, pixels.image)); }
    void tensor(const char *name, const DLTensor *values);
    /// Whether the run gave a result; the ports are forgotten.
    bool run();

    [[nodiscard]] std::vector<std::int64_t> shape_of(const char *result) const;
    [[nodiscard]] std::vector<float> values(const char *result) const;

    /// Every graph by itself, on tensors of any size.
    void run_graphs(const std::map<std::string, graph::Graph> &graphs);

    Dice dice;
    std::uint64_t memory_limit = 400U << 20U;

  private:
    bool ok(const char *what, const std::function<mirra_status(mirra_error **)> &call);

    std::shared_ptr<Engine> engine_;
    std::string path_;
    Bundle bundle_;
    Session session_;
    Result result_;
    std::vector<mirra_port_value> ports_;
};

/// One trial of a task; whether a run gave a result.
bool denoise(Trial &trial);
bool invert(Trial &trial);
bool detect(Trial &trial, const char *method);
bool stylize(Trial &trial);

} // namespace mirra::test
