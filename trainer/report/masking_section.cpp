// The checks against gradient masking.
#include "report/encoder_sections.hpp"
#include "report/svg_plot.hpp"
#include "report/wording.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

Html row(const std::string &check, const std::string &result, const std::string &sign) {
    Html out;
    out << "<tr><th>" << check << "</th><td class=\"number\">" << result << "</td><td class=\"soft\">" << sign
        << "</td></tr>\n";
    return out;
}

Html checks(const MaskingReport &report) {
    const auto steps = std::to_string(report.loss_over_steps.size() - 1);
    const auto starts = std::to_string(report.restart_accuracies.size());
    const auto [low, high] = std::ranges::minmax(report.restart_accuracies);
    Html out;
    out << "<div class=\"scroll\"><table><thead><tr><th>Check</th><th class=\"number\">Still right</th><th>A "
           "sign "
           "would be</th></tr></thead><tbody>\n"
        << row("PGD-" + steps + ", " + starts + " random starts", range({low, high}), "that they differ")
        << row("The worst of these starts", percent(report.pgd_accuracy), "")
        << row("Square, " + grouped(MaskingReport::kQueries) + " queries, no gradients",
               percent(report.square_accuracy), "less than PGD leaves")
        << row("PGD-" + steps + ", " + short_number(MaskingReport::kUnboundedFactor) + " times the budget",
               percent(report.unbounded_accuracy), "that pictures still stand")
        << "</tbody></table></div>\n";
    return out;
}

PlotSeries losses(const MaskingReport &report) {
    PlotSeries out{.name = "cross-entropy, mean", .points = {}, .dotted = true};
    for (std::size_t i = 0; i < report.loss_over_steps.size(); ++i)
        out.points.push_back({static_cast<double>(i), report.loss_over_steps[i]});
    return out;
}

} // namespace

Html masking_section(const MaskingReport &report, const Budget &budget) {
    Html out;
    out << "<h2 id=\"masking\">Checks against gradient masking</h2>\n<p>A network that hides its gradients "
           "looks robust "
           "to attacks by gradients and is not. On "
        << report.images << " pictures, " << ball(budget)
        << "; shares are of all of these pictures, and differences of two of them are chance.</p>\n";
    const auto signs = report.signs();
    if (signs.empty()) {
        out << "<p class=\"note\">No sign of gradient masking.</p>\n";
    } else {
        out << "<div class=\"note bad\"><b>Signs of gradient masking</b><ul>";
        for (const auto &sign : signs) out << "<li>" << sign << "</li>";
        out << "</ul></div>\n";
    }
    out << "<div class=\"beside\">\n"
        << checks(report)
        << svg_plot({.title = "Loss over the steps of PGD",
                     .x_label = "step of the attack",
                     .series = {losses(report)},
                     .from_zero = true})
        << "</div>\n";
    return out;
}

} // namespace mirra::trainer
