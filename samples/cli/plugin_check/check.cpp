// All checks, and how one runs.
#include "check.hpp"

namespace mirra::cli::conformance {

Checks all_checks() {
    Checks all;
    for (const auto group : {contract_checks, run_checks, tile_checks, port_checks, parameter_checks,
                             limit_checks, concurrency_checks})
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
