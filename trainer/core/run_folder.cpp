// The log as CSV, the record as JSON.
#include "core/run_folder.hpp"

#include "core/text.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

namespace mirra::trainer {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double cell(const std::string &text) {
    return number_of<double>(text).value_or(kNaN);
}

std::vector<std::string> cells_of(const std::string &line) {
    constexpr std::size_t kMost = 256; // logs have a dozen
    std::vector<std::string> out;
    std::stringstream cells(line);
    for (std::string text; out.size() < kMost && std::getline(cells, text, ',');) out.push_back(text);
    return out;
}

} // namespace

RunLog::RunLog(std::filesystem::path path, std::vector<std::string> columns, std::int64_t last_step)
    : path_(std::move(path))
    , columns_(std::move(columns)) {
    std::ifstream file(path_);
    std::string line;
    std::getline(file, line);
    const auto header = cells_of(line);
    while (std::getline(file, line)) {
        const auto cells = cells_of(line);
        const double step = cells.empty() ? kNaN : cell(cells.front());
        if (!(step >= 0 && step <= static_cast<double>(last_step))) continue;
        LogRow row{.step = static_cast<std::int64_t>(step), .values = {}};
        for (const auto &column : columns_) {
            const auto at = static_cast<std::size_t>(std::ranges::find(header, column) - header.begin());
            row.values.push_back(at < std::min(header.size(), cells.size()) ? cell(cells[at]) : kNaN);
        }
        rows_.push_back(std::move(row));
    }
}

void RunLog::save() const {
    std::string text = "step";
    for (const auto &column : columns_) text += "," + column;
    text += "\n";
    for (const auto &row : rows_) {
        text += std::to_string(row.step);
        for (const double value : row.values) {
            char number[40] = "";
            if (!std::isnan(value)) std::snprintf(number, sizeof number, "%.6g", value);
            text += std::string(",") + number;
        }
        text += "\n";
    }
    write_file(path_, text);
}

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestRecord = std::uint64_t{16} << 20;

std::filesystem::path file_of(const std::filesystem::path &folder) {
    return folder / "run.json";
}

bool plain(char c) {
    constexpr std::string_view kPlain = "_@%+=:,./-";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPlain.find(c) != std::string_view::npos;
}

std::string shell_word(const std::string &word) {
    if (!word.empty() && std::ranges::all_of(word, plain)) return word;
    std::string out = "'";
    for (const char c : word) {
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    }
    return out + "'";
}

RunRecord parse(const Json &json) {
    RunRecord out;
    out.command = json.value("command", std::string());
    out.directory = json.value("directory", std::string());
    out.data = json.at("data").get<std::vector<std::string>>();
    out.validation = json.value("validation", std::vector<std::string>());
    out.output = json.at("output").get<std::string>();
    out.recipe = json.value("recipe", std::string());
    out.recipe_text = json.at("recipe_text").get<std::string>();
    out.seed = json.value("seed", std::uint64_t{0});
    out.device = json.value("device", std::string());
    out.precision = json.value("precision", std::string());
    out.pictures = json.value("pictures", std::int64_t{0});
    out.validation_pictures = json.value("validation_pictures", std::int64_t{0});
    if (json.contains("skipped")) out.skipped = json.at("skipped").get<std::int64_t>();
    out.epochs = json.value("epochs", std::int64_t{0});
    if (json.contains("epochs_before")) out.epochs_before = json.at("epochs_before").get<std::int64_t>();
    out.processes = json.value("processes", 1);
    out.started = json.value("started", std::string());
    out.trainer = json.value("trainer", std::string());
    out.libtorch = json.value("libtorch", std::string());
    return out;
}

} // namespace

std::string shell_line(const std::vector<std::string> &words) {
    std::string out;
    for (const auto &word : words) {
        if (!out.empty()) out += ' ';
        out += shell_word(word);
    }
    return out;
}

void write_run_record(const std::filesystem::path &folder, const RunRecord &record) {
    Json json{{"command", record.command},
              {"directory", record.directory.string()},
              {"data", record.data},
              {"validation", record.validation},
              {"output", record.output.string()},
              {"recipe", record.recipe},
              {"recipe_text", record.recipe_text},
              {"seed", record.seed},
              {"device", record.device},
              {"precision", record.precision},
              {"processes", record.processes},
              {"pictures", record.pictures},
              {"validation_pictures", record.validation_pictures}};
    if (record.epochs > 0) json["epochs"] = record.epochs;
    if (record.epochs_before) json["epochs_before"] = *record.epochs_before;
    if (record.skipped) json["skipped"] = *record.skipped;
    json["started"] = record.started;
    json["trainer"] = record.trainer;
    json["libtorch"] = record.libtorch;
    write_file(file_of(folder), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::optional<RunRecord> read_run_record(const std::filesystem::path &folder) {
    const auto path = file_of(folder);
    if (!std::filesystem::exists(path)) return std::nullopt;
    const auto bytes = read_file(path, kLargestRecord);
    const auto *text = reinterpret_cast<const char *>(bytes.data());
    const auto damaged = [&](const std::string &what) {
        return Error(ErrorCode::corrupt, "not the record of a training run: " + what, path.string(),
                     "remove the file: a training that goes on writes it anew; to report without it, name "
                     "what it said with --bundle and --data");
    };
    try {
        // nlohmann's ordered members take quadratic time, its tree many times the text: bounded before.
        const json::Document bounded({text, bytes.size()}, {.depth = 8, .values = 1u << 18, .members = 1024},
                                     "the record", path.string());
        return parse(Json::parse(text, text + bytes.size()));
    } catch (const Json::exception &error) {
        throw damaged(error.what());
    } catch (const Error &error) {
        throw damaged(error.what());
    }
}

} // namespace mirra::trainer
