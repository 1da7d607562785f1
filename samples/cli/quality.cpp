// Finds the bundle of a quality.
#include "quality.hpp"

#include <filesystem>

namespace mirra::cli {
namespace {

constexpr const char *kDefault = "balanced";

bool is_there(const Engine &engine, const std::string &bundle) {
    char *path = nullptr;
    const mirra_status status = mirra_engine_find_bundle(engine.get(), bundle.c_str(), &path, nullptr);
    mirra_string_free(path);
    return status == MIRRA_OK;
}

} // namespace

const std::vector<std::string> &quality_names() {
    static const std::vector<std::string> names{"fast", kDefault, "best"};
    return names;
}

std::string quality_bundle(const std::string &default_bundle, const std::string &quality) {
    if (quality == kDefault) return default_bundle;
    const std::filesystem::path file(default_bundle);
    return file.stem().string() + "-" + quality + file.extension().string();
}

std::string find_quality(const Engine &engine, const std::string &default_bundle,
                         const std::string &quality) {
    std::string wanted = quality_bundle(default_bundle, quality);
    if (is_there(engine, wanted)) return wanted;
    std::string others;
    for (const std::string &name : quality_names())
        if (is_there(engine, quality_bundle(default_bundle, name)))
            others += (others.empty() ? "" : ", ") + name;
    throw Failure(ExitCode::setup, "there is no bundle of the quality '" + quality + "'", wanted,
                  (others.empty() ? "There is none of another quality either" : "There are: " + others) +
                      ". Train one by mirra-train and put it as " + wanted +
                      " into a folder of MIRRA_BUNDLE_PATH, or name a bundle by --bundle.");
}

} // namespace mirra::cli
