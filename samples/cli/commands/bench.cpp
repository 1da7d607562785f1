// mirra bench: times a graph or a task of a bundle.
#include "../bench.hpp"
#include "../checks.hpp"
#include "../command.hpp"
#include "../graph_run.hpp"
#include "../interrupt.hpp"
#include "../loading.hpp"
#include "../pictures.hpp"
#include "../schema.hpp"
#include "../task_run.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sys/resource.h>

namespace mirra::cli {
namespace {

constexpr double kBenchSigma = 25;

std::int64_t peak_resident_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::int64_t{usage.ru_maxrss} * 1024;
}

double median_seconds(const Json &result) {
    const auto &stages = result["stages"];
    const auto total = std::ranges::find(stages, "total", [](const Json &stage) { return stage["stage"]; });
    return 1e-3 * total->at("median_ms").get<double>();
}

class BenchCommand final : public Command {
  public:
    BenchCommand() : Command("bench", "Times a graph, or the task, of a bundle.") {}

    void declare(CLI::App &app) override {
        console_.declare(app);
        app.add_option("BUNDLE", settings_.bundle, "Bundle, by path or file name (the task's own).");
        auto *graph = app.add_option("--graph", graph_, "Time this graph on tensors.");
        app.add_option("--task", task_, "Time this task on pictures (the bundle's).")->excludes(graph);
        app.add_option("--size", sizes_, "Sizes, WxH (512x512).")->delimiter(',');
        app.add_option("--batch", batch_, "Images in a run (1).")->check(between(1, 4096));
        app.add_option("--repeat", repeat_, "Runs that are timed (5).")->check(between(1, 100000));
        app.add_option("--warmup", warmup_, "Runs before them that are not (1).")->check(between(0, 100000));
        settings_.declare_tile_size(app);
        settings_.declare(app);
    }

    ExitCode run() override {
        if (settings_.bundle.empty() && (task_.empty() || !graph_.empty()))
            throw Failure(ExitCode::usage, "a bundle or --task is needed", "bench",
                          "`mirra bench denoiser.mirra`");
        std::vector<std::pair<std::int32_t, std::int32_t>> sizes;
        for (const auto &size : sizes_) sizes.push_back(parse_size(size));
        const Interrupt interrupt;
        const Engine engine = make_engine();
        Json results = Json::array();
        for (const auto &[width, height] : sizes) {
            results.push_back(graph_.empty() ? time_task(engine, width, height, interrupt)
                                             : time_graph(engine, width, height, interrupt));
            results.back()["process_peak_bytes"] = peak_resident_bytes();
            add_share(results.back(), engine);
            if (!console_.json()) print(results.back());
        }
        if (console_.json()) console_.document(Json{{"results", results}});
        return ExitCode::ok;
    }

  private:
    Json time_graph(const Engine &engine, std::int32_t width, std::int32_t height,
                    const Interrupt &interrupt) const;
    Json time_task(const Engine &engine, std::int32_t width, std::int32_t height,
                   const Interrupt &interrupt) const;
    [[nodiscard]] std::string task_of_bundle(const Engine &engine) const;
    [[nodiscard]] Json header(const std::string &what, std::int32_t width, std::int32_t height) const;
    /// Of what the device reaches at most, where networks ran on one device in a precision that is known.
    void add_share(Json &result, const Engine &engine);
    void print(const Json &result) const;

    RunSettings settings_;
    std::string graph_, task_;
    std::vector<std::string> sizes_{"512x512"};
    int batch_ = 1;
    int repeat_ = 5;
    int warmup_ = 1;
    std::map<std::string, double> peaks_; ///< multiplications a second, by precision
};

Json BenchCommand::header(const std::string &what, std::int32_t width, std::int32_t height) const {
    return {{"what", what},      {"bundle", settings_.bundle},
            {"width", width},    {"height", height},
            {"batch", batch_},   {"repeat", repeat_},
            {"warmup", warmup_}, {"threads", settings_.thread_count()}};
}

Json BenchCommand::time_graph(const Engine &engine, std::int32_t width, std::int32_t height,
                              const Interrupt &interrupt) const {
    const std::string file = find_bundle(engine, settings_.bundle);
    const Bundle bundle = open_bundle(file);
    const GraphShape graph = find_graph(bundle, graph_);
    Tensors inputs = make_tensors();
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
        const std::vector<std::int64_t> shape{batch_, graph.channels[i], height, width};
        const auto count = static_cast<std::size_t>(batch_ * graph.channels[i]) *
                           static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
        add_tensor(inputs, graph.inputs[i], shape, std::vector<float>(count, 0.5F));
    }
    Timings timings(1e-6 * batch_ * width * height);
    for (int i = -warmup_; i < repeat_; ++i) {
        interrupt.check();
        timings.begin();
        about_files(file, "size", [&] { return run_graph(engine, bundle, graph.name, settings_, inputs); });
        timings.end(i >= 0);
    }
    Json out = header("graph " + graph.name, width, height);
    out["device"] = settings_.device;
    out["precision"] = settings_.precision;
    out["stages"] = timings.json();
    out["multiply_accumulates"] =
        in_phase(Phase::setup, [&] { return bundle.graph_work(graph.name, inputs); });
    return out;
}

std::string BenchCommand::task_of_bundle(const Engine &engine) const {
    if (!task_.empty()) return task_;
    const Bundle bundle = open_bundle(find_bundle(engine, settings_.bundle));
    const auto info = get<mirra_bundle_info>(Phase::setup, [&](mirra_bundle_info *out, mirra_error **e) {
        return mirra_bundle_get_info(bundle.get(), out, e);
    });
    if (*info.task == '\0')
        throw Failure(ExitCode::usage, "the bundle belongs to no task", settings_.bundle, "give --graph");
    return info.task;
}

Json BenchCommand::time_task(const Engine &engine, std::int32_t width, std::int32_t height,
                             const Interrupt &interrupt) const {
    const Task task = read_task(engine, task_of_bundle(engine));
    const Port *input = primary_port(task, true);
    const Port *output = primary_port(task, false);
    if (input == nullptr || output == nullptr)
        throw Failure(ExitCode::usage, "the task does not turn one picture into another", task.name,
                      "give --graph");
    const Session session = open_session(engine, task.name, settings_, {});
    const Picture source = make_picture(width, height, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const Picture result = make_picture(width, height, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const mirra_image from = view_of(source);
    const mirra_image to = view_of(result);
    call(Phase::setup, [&](mirra_error **e) { return mirra_image_add_noise(&from, kBenchSigma, 1, e); });
    std::vector<mirra_port_value> ports(2, make_struct<mirra_port_value>());
    ports[0].name = input->name.c_str();
    ports[0].image = &from;
    ports[1].name = output->name.c_str();
    ports[1].image = &to;

    Timings timings(1e-6 * batch_ * width * height);
    Json out = header("task " + task.name, width, height);
    for (int i = -warmup_; i < repeat_; ++i) {
        timings.begin();
        for (int image = 0; image < batch_; ++image)
            out.update(timed_run(session, ports, interrupt, timings));
        timings.end(i >= 0);
    }
    out["stages"] = timings.json();
    out["multiply_accumulates"] = out["multiply_accumulates"].get<std::uint64_t>() * std::uint64_t(batch_);
    return out;
}

void BenchCommand::add_share(Json &result, const Engine &engine) {
    const auto precision = result["precision"].get<std::string>();
    const auto device = result["device"].get<std::string>();
    const auto work = result["multiply_accumulates"].get<double>();
    if (work == 0 || precision == "auto" || device.find_first_of(",") != std::string::npos ||
        device.ends_with(":all"))
        return;
    if (!peaks_.contains(precision)) {
        RunSettings used = settings_;
        used.precision = precision;
        peaks_[precision] = in_phase(
            Phase::setup, [&] { return engine.measure_peak(device, used.precision_value(), used.threads); });
    }
    const double peak = peaks_.at(precision);
    result["peak_multiply_accumulates_per_s"] = peak;
    result["share_of_peak"] = work / median_seconds(result) / peak;
}

void BenchCommand::print(const Json &result) const {
    console_.result(result["what"].get<std::string>() + "  " + result["width"].dump() + "x" +
                    result["height"].dump() + "  batch " + result["batch"].dump() + "  " +
                    result["device"].get<std::string>() + "  " + result["precision"].get<std::string>() +
                    "  " + result["threads"].dump() + " threads");
    for (const auto &stage : result["stages"])
        console_.result("    " + stage["stage"].get<std::string>() + ": min " + fixed(stage["min_ms"], 2) +
                        " ms, median " + fixed(stage["median_ms"], 2) + " ms, 95 % within " +
                        fixed(stage["p95_ms"], 2) + " ms, " + fixed(stage["mpixel_per_s"], 2) + " Mpixel/s");
    if (result.contains("share_of_peak"))
        console_.result(
            "    " + fixed(result["multiply_accumulates"].get<double>() / 1e9, 2) +
            " billion multiplications a run: " + fixed(100 * result["share_of_peak"].get<double>(), 0) +
            " % of the " + fixed(result["peak_multiply_accumulates_per_s"].get<double>() / 1e9, 0) +
            " billion a second that matrix products reach here");
    console_.result("    memory of the process: at most " +
                    fixed(result["process_peak_bytes"].get<double>() / 1e6, 0) + " MB");
}

} // namespace

std::unique_ptr<Command> make_bench_command() {
    return std::make_unique<BenchCommand>();
}

} // namespace mirra::cli
