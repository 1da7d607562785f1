// Figures of Table A3.
#include "eval/paper_anomaly.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace mirra::trainer {
namespace {

struct Row {
    std::string_view name;
    PaperAuroc figure;
};

constexpr std::array kCifar10{
    Row{"airplane", {0.6874, 0.6533, 0.649}}, Row{"automobile", {0.3498, 0.3755, 0.39}},
    Row{"bird", {0.6756, 0.662, 0.652}},      Row{"cat", {0.5708, 0.6123, 0.481}},
    Row{"deer", {0.751, 0.7538, 0.735}},      Row{"dog", {0.5101, 0.5278, 0.476}},
    Row{"frog", {0.6895, 0.7113, 0.623}},     Row{"horse", {0.4773, 0.4526, 0.487}},
    Row{"ship", {0.7232, 0.7008, 0.66}},      Row{"truck", {0.362, 0.4408, 0.378}},
};
constexpr PaperAuroc kCifar10Mean{0.5797, 0.589, 0.553};

constexpr std::array kCatsAndDogs{
    Row{"cat", {0.481, 0.649, 0.663}},
    Row{"dog", {0.392, 0.427, 0.481}},
};
constexpr PaperAuroc kCatsAndDogsMean{0.527, 0.538, 0.494};

struct Table {
    std::span<const Row> rows;
    PaperAuroc mean;
};

std::optional<Table> table_of(const std::vector<std::string> &classes) {
    for (const auto &table : {Table{kCifar10, kCifar10Mean}, Table{kCatsAndDogs, kCatsAndDogsMean}})
        if (std::ranges::equal(classes, table.rows, {}, {}, &Row::name)) return table;
    return std::nullopt;
}

} // namespace

std::optional<PaperAuroc> paper_anomaly(const std::vector<std::string> &classes, const std::string &name) {
    const auto table = table_of(classes);
    if (!table) return std::nullopt;
    const auto found = std::ranges::find(table->rows, name, &Row::name);
    return found == table->rows.end() ? std::nullopt : std::optional(found->figure);
}

std::optional<PaperAuroc> paper_anomaly_mean(const std::vector<std::string> &classes) {
    const auto table = table_of(classes);
    return table ? std::optional(table->mean) : std::nullopt;
}

} // namespace mirra::trainer
