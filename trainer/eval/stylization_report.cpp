// Tables of stylizers.
#include "eval/stylization_report.hpp"

#include "eval/paper_stylization.hpp"
#include "report/csv.hpp"

#include <algorithm>
#include <cstdio>

namespace mirra::trainer {
namespace {

template<class... Values> std::string format(const char *pattern, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, pattern, values...);
    return text;
}

std::string training_of(const StylizationRow &row) {
    if (!row.epsilon) return "-";
    if (*row.epsilon == 0) return "std";
    return format("%.16s %g", row.norm.c_str(), *row.epsilon);
}

std::optional<PaperStylization> paper_of(const StylizationEvaluation &evaluation, const StylizationRow &row) {
    if (!row.epsilon || evaluation.strength != 1) return std::nullopt;
    return paper_stylization(row.architecture, *row.epsilon > 0, row.plain);
}

std::size_t width_of(const StylizationResult &result, std::string StylizationRow::*field, std::size_t least) {
    for (const auto &row : result.rows) least = std::max(least, (row.*field).size());
    return least;
}

std::string padded(const std::string &text, std::size_t width) {
    return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

/// Room for the head of a column, and for what stands below it.
std::size_t gram_width(const std::string &head) {
    constexpr std::size_t kFigures = 19;
    return std::max(head.size(), kFigures);
}

std::string gram_head(const GramColumn &column) {
    return "Gram " + column.network;
}

} // namespace

std::string stylization_table(const StylizationEvaluation &evaluation, const StylizationResult &result) {
    const auto names = width_of(result, &StylizationRow::name, 6),
               levels = width_of(result, &StylizationRow::levels, 6);
    auto text = padded("bundle", names) + "  " + padded("levels", levels) + "  eps      pairs  " +
                padded("SSIM (error)", 15);
    for (const auto &column : result.columns)
        text += "  " + padded(gram_head(column), gram_width(gram_head(column)));
    text += "   s/pair  paper: Gram VGG-19, SSIM\n";
    for (const auto &row : result.rows) {
        text += padded(row.name, names) + "  " + padded(row.levels, levels);
        text += format("  %-7s %6lld  %.4f (%.4f)", training_of(row).c_str(),
                       static_cast<long long>(row.ssim.count()), row.ssim.mean(), standard_error(row.ssim));
        for (std::size_t n = 0; n < row.gram.size(); ++n) {
            const auto &sum = row.gram[n].sum;
            text += "  " + padded(format("%.4g (%.2g)", sum.mean(), standard_error(sum)),
                                  gram_width(gram_head(result.columns[n])));
        }
        text += format("  %7.3f", row.seconds);
        if (const auto figure = paper_of(evaluation, row))
            text += format("  %.3f, %.3f", figure->gram, figure->ssim);
        text += "\n";
    }
    return text + format("The paper's universal style transfer (VGG-19, five levels, blending): %.3f, %.3f\n",
                         kPaperUniversal.gram, kPaperUniversal.ssim);
}

std::string stylization_csv(const StylizationEvaluation &evaluation, const StylizationResult &result) {
    std::string text = "bundle,architecture,norm,epsilon,levels,strength,extent,contents,styles,pairs,ssim,"
                       "ssim_error,seconds_per_pair";
    const auto add = [&text](const std::string &field) { text.append(1, ',').append(csv_field(field)); };
    for (const auto &[network, layers] : result.columns) {
        for (const char *what : {"gram ", "gram error "}) add(what + network);
        for (const auto &layer : layers) add("gram " + network + " " + layer);
    }
    text += ",paper_gram_vgg19,paper_ssim\n";
    for (const auto &row : result.rows) {
        text.append(csv_field(row.name));
        for (const auto &field : {row.architecture, row.norm}) add(field);
        text.append(1, ',');
        if (row.epsilon) text += format("%g", *row.epsilon);
        add(row.levels);
        text += format(",%g,%lld,%lld,%lld,%lld,%.5f,%.5f,%.5f", evaluation.strength,
                       static_cast<long long>(evaluation.extent), static_cast<long long>(result.contents),
                       static_cast<long long>(result.styles), static_cast<long long>(row.ssim.count()),
                       row.ssim.mean(), standard_error(row.ssim), row.seconds);
        for (const auto &gram : row.gram) {
            text += format(",%.6g,%.6g", gram.sum.mean(), standard_error(gram.sum));
            for (const auto &layer : gram.layers) text += format(",%.6g", layer.mean());
        }
        const auto figure = paper_of(evaluation, row);
        text += figure ? format(",%g,%g\n", figure->gram, figure->ssim) : ",,\n";
    }
    return text;
}

} // namespace mirra::trainer
