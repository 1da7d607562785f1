// All checks, and how one runs.
#include "check.hpp"

#include <array>

namespace mirra::cli::conformance {
namespace {

/// What is done in a process of its own, by name.
struct Errand {
    const char *name;
    std::string (*work)(const Settings &settings, const std::string &task);
};
constexpr std::array kErrands{Errand{"engines", two_engines}, Errand{"process", try_process},
                              Errand{"names", compare_names}, Errand{"destroy", try_destroy}};

} // namespace

std::string do_errand(const Settings &settings, const std::string &errand) {
    const auto space = errand.find(' ');
    try {
        for (const Errand &each : kErrands)
            if (errand.substr(0, space) == each.name) return each.work(settings, errand.substr(space + 1));
        return "nobody knows the errand " + errand;
    } catch (const std::exception &error) {
        return error.what();
    }
}

Checks all_checks() {
    Checks all;
    for (const auto group : {contract_checks, neighbour_checks, process_checks, run_checks, tile_checks,
                             port_checks, parameter_checks, limit_checks, concurrency_checks})
        for (const Check &check : group()) all.push_back(check);
    return all;
}

Findings run_check(const Check &check, const Lab &lab) {
    Findings findings;
    try {
        findings.guard([&] { check.function(lab, findings); });
    } catch (const NotChecked &reason) {
        findings.not_checked("", reason.what());
    } catch (const api::Error &error) { // of a result that was looked at
        findings.fault("", error.message());
    }
    return findings;
}

} // namespace mirra::cli::conformance
