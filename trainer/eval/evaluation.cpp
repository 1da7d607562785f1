#include "eval/evaluation.hpp"

#include "core/data_files.hpp"
#include "core/progress.hpp"
#include "core/provenance.hpp"
#include "eval/pictures.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/image.hpp"
#include "mirra/picture_file.hpp"
#include "report/plot.hpp"
#include "report/table.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>

namespace mirra::trainer {

void add_eval_command(CLI::App &app, int &status) {
    auto *eval = app.add_subcommand("eval", "Measure a bundle");
    eval->require_subcommand(1);
    add_denoising_evaluation(*eval, status);
    add_inversion_evaluations(*eval, status);
    add_anomaly_evaluation(*eval, status);
    add_stylization_evaluation(*eval, status);
    add_network_evaluation(*eval, status);
}

void add_host_options(CLI::App &sub, std::string *precision, std::string &device, int &threads) {
    if (precision != nullptr)
        sub.add_option("--precision", *precision)
            ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
            ->capture_default_str();
    sub.add_option("--device", device, "cpu or cuda:N")->capture_default_str();
    sub.add_option("--threads", threads, "Threads of the kernels [all]");
}

int finish(const std::vector<std::string> &skipped) {
    for (const auto &file : skipped) log_warning("skipped " + file);
    return skipped.empty() ? 0 : 1;
}

std::vector<std::string> short_names(const std::vector<std::filesystem::path> &paths) {
    std::vector<std::string> out;
    for (const auto &path : paths) {
        const auto same = [&](const auto &other) { return other.stem() == path.stem(); };
        out.push_back(std::ranges::count_if(paths, same) == 1 ? path.stem().string() : path.string());
    }
    return out;
}

void require_writable(const std::filesystem::path &table, const std::vector<std::filesystem::path> &plots,
                      const std::vector<std::filesystem::path> &pictures) {
    if (!table.empty()) check_writable(table);
    for (const auto &path : plots) check_plot(path);
    for (const auto &path : pictures)
        if (!path.empty()) image::check_write(path, 0, 0);
}

namespace {

namespace fs = std::filesystem;

constexpr int kColors = 3;

} // namespace

std::shared_ptr<host::Engine> host_engine() {
    host::EngineOptions options;
    for (const auto &folder : module_folders()) {
        std::error_code error;
        const auto plugins = folder / "plugins", runtime = folder / "libmirra_runtime_torch.so";
        if (options.plugin_path.empty() && fs::is_directory(plugins, error))
            options.plugin_path = plugins.string();
        if (options.runtime_module.empty() && fs::exists(runtime, error))
            options.runtime_module = runtime.string();
    }
    return host::make_engine(options);
}

namespace {

image::ImageView view_of(const std::vector<float> &values, const FloatPicture &picture,
                         std::int32_t channels) {
    auto *bytes = reinterpret_cast<std::byte *>(const_cast<float *>(values.data()));
    return image::interleaved_view(bytes, picture.width, picture.height, channels, image::SampleType::f32);
}

image::ImageView view_of(const FloatPicture &picture) {
    return view_of(picture.values, picture, kColors);
}

std::vector<float> first_channel(const FloatPicture &picture) {
    std::vector<float> out(picture.values.size() / kColors);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = picture.values[kColors * i];
    return out;
}

} // namespace

HostTask::HostTask(const std::string &task, std::shared_ptr<const bundle::Bundle> bundle,
                   const Options &options) {
    host::SessionOptions session;
    session.task = task;
    session.bundle = std::move(bundle);
    session.device = options.device;
    session.precision = parse_precision(options.precision);
    session.threads = options.threads;
    session_ = host::Session::create(host_engine(), session);
}

FloatPicture HostTask::run(const FloatPicture &picture, bool gray,
                           const std::map<std::string, const FloatPicture *> &others) {
    FloatPicture out{picture.width, picture.height, std::vector<float>(picture.values.size())};
    const auto plane = gray ? first_channel(picture) : std::vector<float>();
    std::vector<float> gray_out(plane.size());
    host::RunRequest request;
    request.images["image"] = gray ? view_of(plane, picture, 1) : view_of(picture);
    request.images["output"] = gray ? view_of(gray_out, picture, 1) : view_of(out);
    for (const auto &[port, other] : others) request.images[port] = view_of(*other);
    request.progress = [](const host::Progress &) { return !interrupted(); };
    try {
        session_->run(request);
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled && interrupted()) throw Interrupted{};
        throw;
    }
    for (std::size_t i = 0; gray && i < out.values.size(); ++i) out.values[i] = gray_out[i / kColors];
    return out;
}

std::string radius_text(const std::string &norm, const std::optional<double> &epsilon) {
    if (!epsilon) return "-";
    return *epsilon == 0 ? "std" : formatted("%.16s %g", norm.c_str(), *epsilon);
}

EncoderOrigin encoder_origin(const bundle::Manifest &manifest) {
    const auto provenance = bundle::parse_provenance(manifest);
    EncoderOrigin out;
    if (!provenance.encoder) {
        out.data = provenance.data;
        out.classes = provenance.classes;
    }
    const auto adversary = provenance.encoder ? provenance.encoder->adversary : adversary_of(manifest);
    if (adversary) {
        out.norm = adversary->norm;
        out.epsilon = adversary->epsilon;
    }
    return out;
}

namespace {

/// A row of another kind, whatever it holds under the names that `same` looks at, is another measurement.
bool replaced(const Quality &row, const Quality &fresh,
              const std::function<bool(const Quality &, const Quality &)> &same) {
    try {
        return row.is_object() && same(row, fresh);
    } catch (const Quality::type_error &) {
        return false;
    }
}

} // namespace

std::string merged_quality(const std::string &old, const std::vector<Quality> &fresh,
                           const std::function<bool(const Quality &, const Quality &)> &same) {
    auto merged = Quality::array();
    for (const auto &row : Quality::parse(old))
        if (std::ranges::none_of(fresh, [&](const Quality &each) { return replaced(row, each, same); }))
            merged.push_back(row);
    for (const auto &each : fresh) merged.push_back(each);
    return merged.dump();
}

namespace {

/// The one type of all tensors; write_bundle() knows no other way.
bundle::DType stored_type(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    const auto &tensors = bundle.file().tensors();
    if (tensors.empty()) return bundle::DType::f32;
    const auto type = tensors.begin()->second.dtype;
    for (const auto &[name, tensor] : tensors)
        if (tensor.dtype != type)
            throw Error(ErrorCode::unsupported,
                        "the bundle's tensors are of several types, and writing it anew would change some",
                        path.string() + ": " + name, "leave --record out, or store all weights in one type");
    return type;
}

} // namespace

void check_rewritable(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    stored_type(bundle, path);
    check_output(path);
}

void rewrite_manifest(const bundle::Bundle &bundle, const bundle::Manifest &manifest,
                      const std::filesystem::path &path) {
    const auto type = stored_type(bundle, path);
    bundle::Weights weights;
    for (const auto &[name, tensor] : bundle.file().tensors()) {
        const auto values = bundle.weight(name);
        weights[name] = {tensor.shape, {values.begin(), values.end()}};
    }
    bundle::write_bundle(path, manifest, weights, type);
    log_info("recorded in " + path.string());
}

} // namespace mirra::trainer
