// Finds the series that a task declares, and reads the uses of their options.
#include "series.hpp"

#include "paths.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

namespace mirra::cli {
namespace {

/// The first, and those of its kind that come after it in the series: NAME_2 is at place 2.
template<class Item> std::vector<const Item *> kind_of(const std::vector<Item> &items, const Item &first) {
    std::vector<const Item *> found{&first};
    while (found.size() < first.max_count) {
        const std::size_t place = found.size() + 1;
        const std::string name = first.name + "_" + std::to_string(place);
        const auto item = std::ranges::find_if(items, [&](const Item &each) {
            return each.series == first.series && each.place == place && each.name == name;
        });
        if (item == items.end()) break;
        found.push_back(&*item);
    }
    return found;
}

template<class Item> bool holds(const std::vector<const Item *> &items, const Item &item) {
    return std::ranges::find(items, &item) != items.end();
}

/// One use, taken apart.
struct Use {
    std::string file;
    std::optional<std::string> weight, mask;
};

bool is_file(const std::string &path) {
    std::error_code error;
    return !path.empty() && std::filesystem::exists(path, error) &&
           !std::filesystem::is_directory(path, error);
}

/// FILE or FILE:WEIGHT; the former if there is such a file.
Use without_mask(const std::string &text, bool weights) {
    const auto colon = text.rfind(':');
    if (!weights || colon == std::string::npos || is_file(text)) return {text, std::nullopt, std::nullopt};
    return {text.substr(0, colon), text.substr(colon + 1), std::nullopt};
}

/// Of several ways to take it apart, one in which every file exists; else one in which the mask is missing.
Use take_apart(const Series &series, const std::string &text) {
    Use whole = without_mask(text, !series.weights.empty());
    const bool number = !whole.weight || whole.weight->find('@') == std::string::npos;
    if (series.masks.empty() || (number && is_file(whole.file))) return whole;
    std::optional<Use> likely;
    for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
        Use use = without_mask(text.substr(0, at), !series.weights.empty());
        use.mask = text.substr(at + 1);
        if (!is_file(use.file)) continue;
        if (is_file(*use.mask)) return use;
        likely = std::move(use);
    }
    return likely ? *std::move(likely) : whole;
}

void check_file(const std::string &file, const std::string &what, const Series &series) {
    if (is_file(file)) return;
    std::error_code error;
    const bool folder = std::filesystem::is_directory(file, error);
    throw Failure(ExitCode::input,
                  what + (file.empty() ? " has no name"
                          : folder     ? " is a folder"
                                       : " is not there"),
                  file.empty() ? option_name(series.name()) : file,
                  "check the path; the option takes " + series.syntax());
}

/// The item that goes with the k-th use. Throws Failure (usage) if there is none.
template<class Item>
const Item &item_of(const std::vector<const Item *> &items, std::size_t index, const std::string &text) {
    if (index < items.size()) return *items[index];
    throw Failure(ExitCode::usage,
                  "the task has nothing that would take this for number " + std::to_string(index + 1), text);
}

void add_use(const Series &series, const std::string &text, std::size_t index, SeriesValues &values) {
    const Use use = take_apart(series, text);
    check_file(use.file, "the file", series);
    const bool prepared = !series.prepared.empty() && use.file.ends_with(kTensorEnding);
    values.ports[item_of(prepared ? series.prepared : series.pictures, index, use.file).name] = use.file;
    if (use.mask) {
        check_file(*use.mask, "the mask", series);
        values.ports[item_of(series.masks, index, text).name] = *use.mask;
    }
    if (!use.weight) return;
    const Param &weight = item_of(series.weights, index, text);
    if (const std::string reason = objection(weight, *use.weight); !reason.empty())
        throw Failure(ExitCode::usage, "the weight " + reason, text, "the option takes " + series.syntax());
    values.params[weight.name] = *use.weight;
}

} // namespace

std::string Series::syntax() const {
    return std::string("FILE") + (weights.empty() ? "" : "[:WEIGHT]") + (masks.empty() ? "" : "[@MASK]");
}

std::string Series::doc() const {
    std::string text = " A file; the option may be given " + std::to_string(pictures.size()) + " times.";
    if (!prepared.empty()) text += std::string(" One that ends in ") + kTensorEnding + " is a prepared one.";
    if (!weights.empty())
        text += " :WEIGHT is its share against the others (" + weights.front()->default_text + ").";
    if (!masks.empty()) text += " @MASK is a picture file that is white where it applies.";
    return text;
}

bool Series::has(const Port &port) const {
    return holds(pictures, port) || holds(masks, port) || holds(prepared, port);
}

bool Series::has(const Param &param) const {
    return holds(weights, param);
}

std::vector<Series> find_series(const Task &task, const Port *primary) {
    std::vector<Series> found;
    const auto series_of = [&found](const auto &first) -> Series & {
        const auto known = std::ranges::find(found, first.series, &Series::id);
        return known != found.end() ? *known : found.emplace_back(Series{.id = first.series});
    };
    for (const Port &port : task.ports) {
        if (!port.input || &port == primary || port.series.empty() || port.place != 1) continue;
        Series &series = series_of(port);
        if (port.type == MIRRA_TYPE_TENSOR && series.prepared.empty()) {
            series.prepared = kind_of(task.ports, port);
        } else if (port.type == MIRRA_TYPE_IMAGE && series.pictures.empty()) {
            series.pictures = kind_of(task.ports, port);
        } else if (port.type == MIRRA_TYPE_IMAGE && series.masks.empty()) {
            series.masks = kind_of(task.ports, port);
        }
    }
    std::erase_if(found, [](const Series &series) { return series.pictures.empty(); });
    for (const Param &param : task.params) {
        const bool number = param.type == MIRRA_TYPE_FLOAT || param.type == MIRRA_TYPE_INT;
        const auto series = std::ranges::find(found, param.series, &Series::id);
        if (number && param.place == 1 && series != found.end() && series->weights.empty())
            series->weights = kind_of(task.params, param);
    }
    return found;
}

SeriesValues read_series(const Series &series, const std::vector<std::string> &uses) {
    if (uses.size() > series.pictures.size())
        throw Failure(ExitCode::usage,
                      "the option was given " + std::to_string(uses.size()) + " times, but the task takes " +
                          std::to_string(series.pictures.size()),
                      option_name(series.name()), "leave some out");
    SeriesValues values;
    for (std::size_t i = 0; i < uses.size(); ++i) add_use(series, uses[i], i, values);
    return values;
}

} // namespace mirra::cli
