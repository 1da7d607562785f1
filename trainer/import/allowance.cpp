// The one place where a file's cost is refused.
#include "allowance.hpp"

#include "mirra/error.hpp"

namespace mirra::trainer::importer {

void Allowance::take(std::uint64_t bytes) {
    if (bytes > left_)
        throw Error(ErrorCode::limit,
                    what_ + " more than " + std::to_string(all_) + " bytes, which a file of its size may not",
                    file_, "no checkpoint needs that much: the file is damaged or hostile");
    left_ -= bytes;
}

} // namespace mirra::trainer::importer
