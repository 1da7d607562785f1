#include "eval/stylization_results.hpp"

#include "core/text.hpp"
#include "eval/evaluation.hpp"
#include "eval/paper.hpp"
#include "mirra/error.hpp"
#include "report/table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string_view>

namespace mirra::trainer {
namespace {

std::vector<std::string> split(const std::string &list, char separator) {
    std::vector<std::string> out;
    std::istringstream in(list);
    for (std::string part; std::getline(in, part, separator);) out.push_back(part);
    return out;
}

std::vector<std::string> split_levels(const std::string &list) {
    auto out = split(list, ',');
    std::erase(out, "");
    return out;
}

std::string join(const std::vector<std::string> &levels) {
    std::string out;
    for (const auto &level : levels) out += (out.empty() ? "" : ",") + level;
    return out;
}

/// A level as it is written: name, strength, detail, edges.
std::vector<std::string> parts_of(const std::string &level) {
    return split(level, ':');
}

/// Of one of the numbers; whether it is a number is the plugin's to check.
double share(const std::vector<std::string> &parts, std::size_t index, double fallback) {
    return index < parts.size() ? std::strtod(parts[index].c_str(), nullptr) : fallback;
}

/// Place among the taps.
std::ptrdiff_t depth(const StylizerLevels &stylizer, const std::string &level) {
    const auto name = level.substr(0, level.find(':'));
    const auto found = std::ranges::find(stylizer.taps, name);
    if (found == stylizer.taps.end())
        throw Error(ErrorCode::invalid_argument, "the encoder has no level '" + name + "'", "--levels",
                    "its levels are: " + joined(stylizer.taps));
    return found - stylizer.taps.begin();
}

std::string in_order(const StylizerLevels &stylizer, std::vector<std::string> levels,
                     const std::string &order) {
    const auto by_depth = [&](const std::string &level) { return depth(stylizer, level); };
    if (order == "coarse-to-fine")
        std::ranges::stable_sort(levels, std::ranges::greater{}, by_depth);
    else if (order == "fine-to-coarse")
        std::ranges::stable_sort(levels, {}, by_depth);
    else
        throw Error(ErrorCode::invalid_argument, "unknown order '" + order.substr(0, 40) + "'", "--orders",
                    "one of: coarse-to-fine, fine-to-coarse");
    return join(levels);
}

} // namespace

StylizerLevels stylizer_levels(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    const auto &manifest = bundle.manifest();
    if (manifest.task != "stylize")
        throw Error(ErrorCode::mismatch, "this is no bundle of the task 'stylize'", path.string(),
                    "give one that mirra-train stylizer has made");
    StylizerLevels out;
    const auto defaults = nlohmann::json::parse(manifest.defaults, nullptr, false);
    const auto found = defaults.is_object() ? defaults.find("levels") : defaults.end();
    if (found == defaults.end() || !found->is_string() || found->get<std::string>().empty())
        throw Error(ErrorCode::corrupt, "the manifest does not say the default of 'levels'", path.string(),
                    "train the bundle anew");
    out.own = found->get<std::string>();
    for (const auto &output : bundle.graph("encoder").outputs) out.taps.push_back(output.name);
    return out;
}

std::vector<std::string> ordered_levels(const StylizerLevels &stylizer, const std::vector<std::string> &lists,
                                        const std::vector<std::string> &orders) {
    std::vector<std::string> out;
    const auto add = [&](const std::string &levels) {
        if (std::ranges::find(out, levels) == out.end()) out.push_back(levels);
    };
    for (const auto &list : lists.empty() ? std::vector<std::string>{"auto"} : lists) {
        const auto levels = split_levels(list == "auto" ? stylizer.own : list);
        if (levels.empty())
            throw Error(ErrorCode::invalid_argument, "the list of levels is empty", "--levels",
                        "its levels are: " + joined(stylizer.taps));
        for (const auto &level : levels) static_cast<void>(depth(stylizer, level));
        if (orders.empty()) add(join(levels));
        for (const auto &order : orders) add(in_order(stylizer, levels, order));
    }
    return out;
}

std::string plain_levels(const StylizerLevels &stylizer, const std::string &levels) {
    struct Added {
        double detail = 0, edges = 0;
    };
    std::map<std::string, Added> own; // of the stylizer's list
    for (const auto &level : split_levels(stylizer.own)) {
        const auto parts = parts_of(level);
        own[parts.front()] = {share(parts, 2, 0), share(parts, 3, 0)};
    }
    std::vector<std::string> names;
    for (const auto &level : split_levels(levels)) {
        const auto parts = parts_of(level);
        const auto [detail, edges] = own[parts.front()];
        if (share(parts, 1, 1) != 1 || share(parts, 2, detail) != 0 || share(parts, 3, edges) != 0) return {};
        names.push_back(parts.front());
    }
    return join(names);
}

namespace {

std::optional<PaperStylization> paper_of(const StylizationEvaluation &evaluation, const StylizationRow &row) {
    if (!row.epsilon || evaluation.strength != 1) return std::nullopt;
    return paper_stylization(row.architecture, *row.epsilon > 0, row.plain);
}

/// Wide enough for the head and every row, and to the left.
int width_of(const StylizationResult &result, std::string StylizationRow::*field) {
    std::size_t width = std::string_view("bundle").size();
    for (const auto &row : result.rows) width = std::max(width, (row.*field).size());
    return -static_cast<int>(width);
}

std::vector<Column> columns_of(const StylizationResult &result) {
    std::vector<Column> out{
        {.name = "bundle", .shown = {.head = "bundle", .width = width_of(result, &StylizationRow::name)}},
        {.name = "architecture"},
        {.name = "norm"},
        {.name = "epsilon"},
        {.name = "levels",
         .shown = {.head = "levels", .width = width_of(result, &StylizationRow::levels), .gap = 2}},
        {.shown = {.head = "eps", .width = -7, .gap = 2}},
        {.name = "strength"},
        {.name = "extent"},
        {.name = "contents"},
        {.name = "styles"},
        {.name = "pairs", .shown = {.head = "pairs", .width = 6}},
        {.name = "ssim",
         .digits = places(5),
         .shown = {.head = "SSIM (error)", .width = -6, .digits = places(4), .gap = 2}},
        {.name = "ssim_error",
         .digits = places(5),
         .shown = {.width = -6, .digits = places(4), .in_brackets = true}},
        {.name = "seconds_per_pair", .digits = places(5)}};
    for (const auto &[network, layers] : result.columns) {
        constexpr int kFigures = 19; // room for a mean and its error
        const auto head = "Gram " + network;
        const auto width = -std::max(static_cast<int>(head.size()), kFigures);
        out.push_back({.shown = {.head = head, .width = width, .gap = 2}});
        out.push_back({.name = "gram " + network});
        out.push_back({.name = "gram error " + network});
        for (const auto &layer : layers) out.push_back({.name = "gram " + network + " " + layer});
    }
    out.push_back({.shown = {.head = "s/pair", .width = 7, .digits = places(3), .gap = 2}});
    out.push_back({.shown = {.head = "paper: Gram VGG-19, SSIM", .gap = 2}});
    out.push_back({.name = "paper_gram_vgg19"});
    out.push_back({.name = "paper_ssim"});
    return out;
}

Cells cells_of(const StylizationEvaluation &evaluation, const StylizationResult &result,
               const StylizationRow &row) {
    Cells out{row.name,
              row.architecture,
              row.norm,
              row.epsilon ? Cell(*row.epsilon) : Cell(),
              row.levels,
              radius_text(row.norm, row.epsilon),
              evaluation.strength,
              evaluation.extent,
              result.contents,
              result.styles,
              row.ssim.count(),
              row.ssim.mean(),
              standard_error(row.ssim),
              row.seconds};
    for (const auto &[sum, layers] : row.gram) {
        out.emplace_back(formatted("%.4g (%.2g)", sum.mean(), standard_error(sum)));
        out.emplace_back(sum.mean());
        out.emplace_back(standard_error(sum));
        for (const auto &layer : layers) out.emplace_back(layer.mean());
    }
    const auto paper = paper_of(evaluation, row);
    out.emplace_back(row.seconds);
    out.emplace_back(paper ? formatted("%.3f, %.3f", paper->gram, paper->ssim) : "");
    out.push_back(paper ? Cell(paper->gram) : Cell());
    out.push_back(paper ? Cell(paper->ssim) : Cell());
    return out;
}

} // namespace

Table stylization_table(const StylizationEvaluation &evaluation, const StylizationResult &result) {
    Table table(columns_of(result));
    for (const auto &row : result.rows) table.add(cells_of(evaluation, result, row));
    return table;
}

std::string comparison_lines(const StylizationResult &result) {
    std::string lines;
    for (std::size_t r = 1; r < result.rows.size(); ++r) {
        const auto &first = result.rows.front(), &row = result.rows[r];
        const auto what = row.name + " " + row.levels + " less " + first.name + " " + first.levels;
        lines += paired_line(what + ", SSIM", differences(row.ssim, first.ssim), "", "pairs");
        for (std::size_t n = 0; n < result.columns.size(); ++n)
            lines += paired_line(what + ", Gram " + result.columns[n].network,
                                 differences(row.gram[n].sum, first.gram[n].sum), "", "pairs");
    }
    return lines;
}

std::string universal_line() {
    return formatted("The paper's universal style transfer (VGG-19, five levels, blending): %.3f, %.3f\n",
                     kPaperUniversal.gram, kPaperUniversal.ssim);
}

} // namespace mirra::trainer
