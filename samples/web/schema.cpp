// The tasks as the page sees them.
#include "schema.hpp"

#include <filesystem>

namespace web {

Schema::Schema(const api::Engine &engine, const Options &options) : all_(Json::parse(engine.schema_json())) {
    for (Json &task : all_["tasks"]) add_networks(engine, task);
    all_["formats"] = file_formats();
    all_["quality"] = options.quality;
    all_["limits"] = {{"upload_bytes", options.upload_megabytes << 20},
                      {"pixels", options.megapixels * 1000000}};
    text_ = all_.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Schema::add_networks(const api::Engine &engine, Json &task) {
    const std::string name = task.at("name");
    const mirra_task_info info = engine.task(name);
    task["qualities"] = Json::array();
    for (std::uint32_t i = 0; i < info.quality_count; ++i) task["qualities"].push_back(info.qualities[i]);
    task["bundles"] = Json::array();
    for (const mirra_bundle_record &record : engine.bundles()) {
        if (record.usable == 0 || name != record.task || *record.quality != '\0') continue;
        const std::string file = std::filesystem::path(record.path).filename();
        if (bundles_.emplace(file, record.path).second || bundles_[file] == record.path)
            task["bundles"].push_back(file);
    }
}

const Json &Schema::task(const std::string &name) const {
    if (const Json *task = named(all_.at("tasks"), name)) return *task;
    throw api::Error(MIRRA_E_NOT_FOUND, "there is no such task", name, "Load the page again.");
}

const std::string &Schema::bundle(const std::string &name) const {
    const auto found = bundles_.find(name);
    if (found == bundles_.end())
        throw api::Error(MIRRA_E_NOT_FOUND, "there is no such network", name, "Load the page again.");
    return found->second;
}

const Json *named(const Json &list, const std::string &name) {
    for (const Json &each : list)
        if (each.at("name") == name) return &each;
    return nullptr;
}

std::vector<std::string> file_formats() {
    const api::Picture one = api::Picture::create(1, 1, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    std::vector<std::string> formats;
    for (const char *format : {"png", "jpeg", "tiff", "webp", "jxl"}) {
        api::WriteOptions options;
        options.format = format;
        try {
            static_cast<void>(one.write_memory(options));
            formats.emplace_back(format);
        } catch (const api::Error &error) {
            if (error.code() != MIRRA_E_UNSUPPORTED) throw;
        }
    }
    return formats;
}

} // namespace web
