// The head of the page: what was trained, and how well it does.
#include "core/provenance.hpp"
#include "log/log.hpp"
#include "report/encoder_sections.hpp"
#include "report/wording.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::trainer {
namespace {

enum class Source : std::uint8_t { recorded, log };

struct Card {
    std::string name;
    double value = 0;
    std::optional<Interval> interval;
    Source source = Source::recorded;
    std::string detail;
};

/// 0 to 100 % with the interval as a darker part.
Html bar(double value, const std::optional<Interval> &interval) {
    constexpr double kPercent = 100;
    const auto place = [](double share) { return decimal(kPercent * share, 2); };
    Html out;
    out << "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
           "<rect y=\"2\" width=\"100\" height=\"6\" fill=\"#e4e8ec\"/><rect y=\"2\" height=\"6\" "
           "fill=\"#0a5ea8\" width=\""
        << place(value) << "\"/>";
    if (interval)
        out << "<rect height=\"10\" fill=\"#0a2f57\" fill-opacity=\"0.55\" x=\"" << place(interval->low)
            << "\" width=\"" << place(interval->high - interval->low) << "\"/>";
    out << "</svg>";
    return out;
}

Html card(const Card &card) {
    constexpr double kPercent = 100;
    Html out;
    out << "<div class=\"card\"><div class=\"name\">" << card.name << "</div><div class=\"value\">"
        << decimal(kPercent * card.value, 1) << "<small>&#8201;%</small></div>"
        << bar(card.value, card.interval) << "<div class=\"interval\">";
    if (card.interval)
        out << "95&#8201;% interval: " << range(*card.interval);
    else
        out << "no interval: the number of pictures is not known";
    out << "</div><p class=\"source\">";
    if (card.source == Source::recorded)
        out << "<span class=\"origin\">recorded</span>";
    else
        out << "<span class=\"origin log\">last validation</span>";
    out << card.detail << "</p></div>\n";
    return out;
}

Html missing_card(const std::string &name, const Html &how) {
    Html out;
    out << "<div class=\"card missing\"><div class=\"name\">" << name
        << "</div><div class=\"value soft\">&#8211;</div><p class=\"source\">" << how << "</p></div>\n";
    return out;
}

std::string pictures_of(const Measurement &row) {
    return grouped(row.count) + " pictures of " + row.data;
}

std::optional<Interval> interval_of(double share, std::int64_t count) {
    if (count <= 0) return std::nullopt;
    return confidence(std::llround(share * static_cast<double>(count)), count);
}

Html clean_card(const FinishedRun &run) {
    const auto most = std::ranges::max_element(run.measurements, {}, &Measurement::count);
    if (most != run.measurements.end())
        return card({.name = "Clean accuracy",
                     .value = most->clean,
                     .interval = most->clean_interval(),
                     .source = Source::recorded,
                     .detail = pictures_of(*most)});
    const auto value = run.last("validation_clean");
    Html none;
    none << "No validation is in the log.";
    if (!value) return missing_card("Clean accuracy", none);
    const auto count = run.record ? run.record->validation_pictures : 0;
    return card({.name = "Clean accuracy",
                 .value = *value,
                 .interval = interval_of(*value, count),
                 .source = Source::log,
                 .detail = count > 0 ? "all " + grouped(count) + " pictures for validation"
                                     : "all pictures for validation"});
}

Card recorded_card(const Measurement &row) {
    return {.name = attack_name(row.attack) + ", " + ball(row.budget),
            .value = row.robust,
            .interval = row.robust_interval(),
            .source = Source::recorded,
            .detail = pictures_of(row)};
}

/// What would measure it.
Html not_measured(const FinishedRun &run, const char *attack) {
    const auto budget = run.budget();
    Html out;
    if (!(budget.epsilon > 0)) {
        out << "Not measured: the run was neither trained nor validated against an attack.";
        return out;
    }
    std::vector<std::string> words{"mirra-train", "attack", "--bundle", run.bundle_path.filename().string()};
    if (run.record)
        for (const auto &source : run.record->validation.empty() ? run.record->data : run.record->validation)
            words.insert(words.end(), {"--data", source});
    words.insert(words.end(), {"--attack", attack, "--norm", budget.norm == Norm::l2 ? "l2" : "linf", "--eps",
                               shortest(budget.epsilon), "--record"});
    out << "Not measured; this does: <code>" << command_line(shell_line(words)) << "</code>";
    return out;
}

Html pgd_card(const FinishedRun &run) {
    if (const auto row = decisive(run.measurements, "pgd", run.budget())) return card(recorded_card(*row));
    const auto &settings = run.settings;
    const auto value = run.last("validation_robust");
    if (!value) return missing_card("PGD", not_measured(run, "pgd"));
    const auto known = run.record ? run.record->validation_pictures : 0;
    const auto count = std::min(known, settings.validation_pictures);
    return card({.name = "PGD-" + std::to_string(settings.validation_steps) + ", " +
                         ball({settings.budget.norm, settings.validation_epsilon}),
                 .value = *value,
                 .interval = interval_of(*value, count),
                 .source = Source::log,
                 .detail = (count > 0 ? grouped(count) + " " : std::string()) +
                           "pictures, spread over those for validation"});
}

Html autoattack_card(const FinishedRun &run) {
    const auto row = decisive(run.measurements, "autoattack", run.budget());
    return row ? card(recorded_card(*row)) : missing_card("AutoAttack", not_measured(run, "autoattack"));
}

Html table(const std::vector<Measurement> &rows) {
    Html out;
    if (rows.empty()) return out;
    out << "<div class=\"scroll\"><table><thead><tr><th>Recorded: "
           "attack</th><th>Perturbation</th><th>Data</th>"
           "<th class=\"number\">Pictures</th><th class=\"number\">Clean</th><th class=\"number\">95&#8201;% "
           "interval</th>"
           "<th class=\"number\">Robust</th><th class=\"number\">95&#8201;% "
           "interval</th></tr></thead><tbody>\n";
    for (const auto &row : rows)
        out << "<tr><th>" << attack_name(row.attack) << "</th><td>" << ball(row.budget) << "</td><td>"
            << row.data << "</td><td class=\"number\">" << grouped(row.count) << "</td><td class=\"number\">"
            << percent(row.clean) << "</td><td class=\"number\">" << range(row.clean_interval())
            << "</td><td class=\"number\">" << percent(row.robust) << "</td><td class=\"number\">"
            << range(row.robust_interval()) << "</td></tr>\n";
    out << "</tbody></table></div>\n";
    return out;
}

std::string against(const EncoderRecipe &settings) {
    const auto steps = std::to_string(settings.attack_steps);
    switch (settings.adversary) {
    case Adversary::none:
        return ", without an adversary (standard training)";
    case Adversary::pgd:
        return " against PGD-" + steps + ", " + ball(settings.budget);
    case Adversary::fgsm_rs:
        return " against FGSM-RS, " + ball(settings.budget);
    case Adversary::gairat:
        return " against PGD-" + steps + ", " + ball(settings.budget) + ", weighted as in GAIRAT";
    }
    return {};
}

std::string described(const FinishedRun &run) {
    const auto &settings = run.settings;
    auto out = settings.network.architecture;
    if (settings.network.width != 1) out += ", width " + short_number(settings.network.width);
    out += ", trained";
    for (std::size_t i = 0; i < run.origin.data.size(); ++i)
        out += (i == 0 ? " on " : ", ") + run.origin.data[i];
    return out + against(settings) + "; " + grouped(settings.epochs) +
           (settings.epochs == 1 ? " epoch, " : " epochs, ") + grouped(run.origin.steps) + " steps.";
}

} // namespace

Html verdict_section(const FinishedRun &run, const std::optional<MaskingReport> &masking) {
    const auto &name = run.bundle->manifest().name;
    Html out;
    out << "<p class=\"eyebrow\">Mirra: training of an encoder</p>\n<h1>"
        << (name.empty() ? run.bundle_path.filename().string() : name) << "</h1>\n<p class=\"lead\">"
        << described(run) << "</p>\n<div class=\"cards\">\n"
        << clean_card(run) << pgd_card(run) << autoattack_card(run) << "</div>\n";
    if (masking && !masking->signs().empty())
        out << "<p class=\"note bad\" style=\"margin-top:1rem\">Signs of gradient masking were found (<a "
               "href=\"#masking\">below</a>): the robust accuracies may be too high.</p>\n";
    out << table(run.measurements);
    return out;
}

} // namespace mirra::trainer
