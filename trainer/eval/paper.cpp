#include "eval/paper.hpp"

#include "report/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>

namespace mirra::trainer {
namespace {

struct Inversion {
    std::string_view architecture, loss;
    bool robust;
    PaperFigure figure;
};

constexpr std::array kInversions{
    Inversion{"alexnet-conv5", "pix", false, {"1", 17.562, 0.454}},
    Inversion{"alexnet-conv5", "pix", true, {"1", 19.904, 0.505}},
    Inversion{"alexnet-conv5", "pix+feat", false, {"1", 14.462, 0.103}},
    Inversion{"alexnet-conv5", "pix+feat", true, {"1", 17.182, 0.284}},
    Inversion{"alexnet-conv5", "pix+feat+gan", false, {"1", 15.057, 0.307}},
    Inversion{"alexnet-conv5", "pix+feat+gan", true, {"1", 17.227, 0.358}},
    Inversion{"vgg16-conv5_1", "", false, {"2", 18.35, 0.466}},
    Inversion{"vgg16-conv5_1", "", true, {"2", 21.063, 0.538}},
    Inversion{"wrn-28-10-block3", "", false, {"3", 17.38, 0.59}},
    Inversion{"wrn-28-10-block3", "", true, {"3", 22.14, 0.81}},
};

constexpr std::array kScaleStandard{15.06, 16.28, 16.07, 15.43, 14.97, 14.31, 13.89, 13.48, 13.29, 13.10};
constexpr std::array kScaleRobust{17.23, 20.36, 21.37, 22.58, 22.99, 23.48, 23.58, 23.76, 23.79, 23.96};

struct Radius {
    std::string_view architecture;
    double epsilon;
    PaperFigure figure;
};

constexpr std::array kRadii{
    Radius{"alexnet-conv5", 0, {"4", 13.12, 0.20}},
    Radius{"alexnet-conv5", 0.5, {"4", 14.41, 0.26}},
    Radius{"alexnet-conv5", 2, {"4", 15.5, 0.3}},
    Radius{"alexnet-conv5", 3, {"4", 15.53, 0.26}},
    Radius{"alexnet-conv5", 4, {"4", 15.61, 0.25}},
    Radius{"resnet18-layer4", 0, {"A2", 14.7259, 0.2958}},
    Radius{"resnet18-layer4", 0.5, {"A2", 18.5161, 0.5179}},
    Radius{"resnet18-layer4", 1, {"A2", 19.2427, 0.5399}},
    Radius{"resnet18-layer4", 1.5, {"A2", 19.6278, 0.5332}},
    Radius{"resnet18-layer4", 2, {"A2", 19.5234, 0.5265}},
    Radius{"resnet18-layer4", 2.5, {"A2", 18.7568, 0.4878}},
    Radius{"resnet18-layer4", 3, {"A2", 19.3713, 0.501}},
    Radius{"resnet18-layer4", 3.5, {"A2", 19.4376, 0.4951}},
};

} // namespace

std::optional<PaperFigure> paper_inversion(const std::string &architecture, const std::string &loss,
                                           bool robust) {
    const auto found = std::ranges::find_if(kInversions, [&](const Inversion &each) {
        return each.architecture == architecture && each.robust == robust &&
               (each.loss.empty() || each.loss == loss);
    });
    return found == kInversions.end() ? std::nullopt : std::optional(found->figure);
}

std::optional<PaperFigure> paper_scale(const std::string &architecture, std::int64_t scale, bool robust) {
    const auto &values = robust ? kScaleRobust : kScaleStandard;
    if (architecture != "alexnet-conv5" || scale < 1 || scale > static_cast<std::int64_t>(values.size()))
        return std::nullopt;
    return PaperFigure{"A1", values[static_cast<std::size_t>(scale - 1)], 0};
}

std::optional<PaperFigure> paper_highres(const std::string &architecture, bool robust) {
    if (architecture != "alexnet-conv5") return std::nullopt;
    return robust ? PaperFigure{"6", 18.3606, 0.4388} : PaperFigure{"6", 14.266, 0.3874};
}

std::optional<PaperFigure> paper_radius(const std::string &architecture, double epsilon) {
    constexpr double kSame = 1e-9;
    const auto found = std::ranges::find_if(kRadii, [&](const Radius &each) {
        return each.architecture == architecture && std::abs(each.epsilon - epsilon) < kSame;
    });
    return found == kRadii.end() ? std::nullopt : std::optional(found->figure);
}

namespace {

struct Denoising {
    std::string_view data;
    std::int64_t count;
    PaperFigure standard, robust;
};

constexpr std::array kDenoising{
    Denoising{"cbsd68", 68, {"10, Std", 22.63, 0.618}, {"10, AR", 25.258, 0.71}},
    Denoising{"kodak24", 24, {"10, Std", 23.187, 0.6}, {"10, AR", 25.495, 0.701}},
    Denoising{"mcmaster", 18, {"10, Std", 23.149, 0.607}, {"10, AR", 25.353, 0.691}},
};

} // namespace

std::optional<PaperFigure> paper_denoising(const std::string &data, std::int64_t count, bool robust) {
    const auto found = std::ranges::find_if(
        kDenoising, [&](const Denoising &each) { return each.data == data && each.count == count; });
    if (found == kDenoising.end()) return std::nullopt;
    return robust ? found->robust : found->standard;
}

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

std::string paper_anomaly_note(const std::vector<std::string> &classes) {
    constexpr double kRounding = 6e-4;
    const auto table = table_of(classes);
    if (!table) return {};
    std::string wrong;
    const auto compare = [&](const char *name, double PaperAuroc::*column) {
        double mean = 0;
        for (const auto &row : table->rows)
            mean += row.figure.*column / static_cast<double>(table->rows.size());
        if (std::abs(mean - table->mean.*column) < kRounding) return;
        wrong += (wrong.empty() ? "" : "; ") +
                 formatted("%s: printed %.3f, rows %.4f", name, table->mean.*column, mean);
    };
    compare("standard", &PaperAuroc::standard);
    compare("robust", &PaperAuroc::robust);
    compare("ADGAN", &PaperAuroc::adgan);
    return wrong.empty() ? "" : "The paper's means are not those of its rows (" + wrong + ").\n";
}

std::optional<PaperStylization> paper_stylization(const std::string &architecture, bool robust,
                                                  const std::string &levels) {
    if (!architecture.starts_with("alexnet")) return std::nullopt;
    if (levels != "conv5,conv2,conv1" && levels != "conv1,conv2,conv5") return std::nullopt;
    return robust ? PaperStylization{.gram = 1.186, .ssim = 0.259}
                  : PaperStylization{.gram = 1.694, .ssim = 0.226};
}

} // namespace mirra::trainer
