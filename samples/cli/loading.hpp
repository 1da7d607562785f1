// Makes engines so that a plugin which ends or blocks the program while it is loaded is named.
#pragma once

#include "handles.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace mirra::cli {

/// An engine of all plugins. If the program dies while one of them is loaded, or is ended because it hangs, a
/// last line on the standard error names its file.
Engine make_engine();
/// An engine of these plugins alone.
Engine make_engine(const std::vector<std::string> &plugins);

/// What came of loading all plugins in a process of their own.
struct Scan {
    std::vector<std::string> loaded; ///< files that were looked at without harm, in their order
    std::string culprit;             ///< the file that ended or blocked the process; "" if none did
    std::string reason;
};

/// @param patience  how long one plugin may take
Scan scan_apart(std::chrono::seconds patience);

} // namespace mirra::cli
