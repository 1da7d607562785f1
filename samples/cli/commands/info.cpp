// mirra info: what a bundle, picture or tensor file holds, or which version this is.
#include "../command.hpp"
#include "../graph_table.hpp"
#include "../handles.hpp"
#include "../loading.hpp"
#include "../ordered_json.hpp"
#include "../pictures.hpp"
#include "../results.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

Json bundle_json(const std::string &path, const Bundle &bundle) {
    const auto info = get<mirra_bundle_info>(Phase::input, [&](mirra_bundle_info *out, mirra_error **e) {
        return mirra_bundle_get_info(bundle.get(), out, e);
    });
    Json out{{"file", path},
             {"kind", "bundle"},
             {"name", info.name},
             {"task", info.task},
             {"architecture", info.architecture},
             {"licence", info.licence},
             {"sha256", info.sha256},
             {"tensors", info.tensor_count},
             {"bytes", info.tensor_bytes}};
    out["graphs"] = Json::array();
    for (std::uint32_t i = 0; i < info.graph_count; ++i) {
        const auto graph = get<mirra_graph_info>(Phase::input, [&](mirra_graph_info *g, mirra_error **e) {
            return mirra_bundle_graph(bundle.get(), i, g, e);
        });
        Json inputs = Json::object();
        for (std::uint32_t k = 0; k < graph.input_count; ++k)
            inputs[graph.inputs[k]] = graph.input_channels[k];
        out["graphs"].push_back(
            {{"name", graph.name},
             {"input_channels", inputs},
             {"outputs", std::vector<std::string>(graph.outputs, graph.outputs + graph.output_count)},
             {"parameters", graph.parameter_count},
             {"alignment", graph.alignment},
             {"minimum_extent", graph.minimum_extent},
             {"tileable", graph.tileable != 0},
             {"halo", {graph.halo_left, graph.halo_top, graph.halo_right, graph.halo_bottom}}});
    }
    out["manifest"] = parse_ordered(mirra_bundle_manifest_json(bundle.get()));
    return out;
}

/// Null of a picture of which too little is visible to tell.
Json noise_json(const mirra_image &view) {
    try {
        return api::ConstImage(view).estimate_noise();
    } catch (const api::Error &error) {
        if (error.code() == MIRRA_E_INVALID_ARGUMENT) return nullptr;
        throw Failure(Phase::input, error);
    }
}

Json picture_json(const std::string &path, const ReadSettings &read) {
    const Picture picture = read_picture(path, read.max_pixels);
    const mirra_image view = view_of(picture);
    const auto info = get<mirra_picture_info>(Phase::input, [&](mirra_picture_info *out, mirra_error **e) {
        return mirra_picture_get_info(picture.get(), out, e);
    });
    std::vector<std::string> notes;
    for (std::uint32_t i = 0; i < info.note_count; ++i)
        notes.emplace_back(mirra_picture_note(picture.get(), i));
    return {{"file", path},
            {"kind", "picture"},
            {"format", info.file_format},
            {"width", view.width},
            {"height", view.height},
            {"channels", view.color},
            {"bit_depth", info.bit_depth},
            {"icc_bytes", info.icc_bytes},
            {"exif_bytes", info.exif_bytes},
            {"color_tag", info.color_tag},
            {"linear", view.transfer == MIRRA_TRANSFER_LINEAR},
            {"noise_sigma", noise_json(view)},
            {"notes", notes}};
}

Json file_json(const std::string &path, const ReadSettings &read) {
    const std::string ending = std::filesystem::path(path).extension().string();
    if (ending == ".safetensors")
        return {{"file", path}, {"kind", "tensors"}, {"shapes", shapes_json(read_tensors(path))}};
    if (ending != ".mirra") return picture_json(path, read);
    std::error_code error;
    const bool here = std::filesystem::exists(path, error);
    // With its folder, so that it is not taken for the bundle that tasks find by that name.
    const std::string found =
        !here ? find_bundle(make_engine(), path) : (path.find('/') == std::string::npos ? "./" : "") + path;
    const auto bundle = make<Bundle>(Phase::input, [&](mirra_bundle **out, mirra_error **e) {
        return mirra_bundle_open(found.c_str(), out, e);
    });
    return bundle_json(found, bundle);
}

Json library_json() {
    return {{"kind", "library"}, {"version", mirra_version_string()}, {"abi", mirra_abi_version()}};
}

class InfoCommand final : public Command {
  public:
    InfoCommand()
        : Command("info", "Says what a bundle, picture or tensor file holds, or which version this is.") {}

    void declare(CLI::App &app) override {
        console_.declare_json(app);
        read_.declare(app);
        app.add_option("FILE", file_, "A .mirra bundle, a .safetensors file or a picture; none: the version.")
            ->check(CLI::Validator(
                [](const std::string &file) { return file.empty() ? "the name of FILE is empty" : ""; }, ""));
    }

    ExitCode run() override {
        const Json info = file_.empty() ? library_json() : file_json(file_, read_);
        if (console_.json()) {
            console_.document(info);
            return ExitCode::ok;
        }
        for (const auto &[key, value] : info.items()) {
            if (key == "graphs") {
                for (const auto &graph : value)
                    console_.block(graph_table(
                        graph, info.at("manifest").at("graphs").at(graph["name"].get<std::string>())));
            } else if (key != "manifest") {
                console_.result(key + ": " + value_text(value));
            }
        }
        return ExitCode::ok;
    }

  private:
    std::string file_;
    ReadSettings read_;
};

} // namespace

std::unique_ptr<Command> make_info_command() {
    return std::make_unique<InfoCommand>();
}

} // namespace mirra::cli
