// The host's functions for plugins that say what a session is.
#include "c_error.hpp"
#include "c_struct.hpp"
#include "host_table.hpp"
#include "session_params.hpp"

namespace mirra::host {
namespace {

mirra_status describe(mirra_context *context, const mirra_param_info *info, mirra_error **error) {
    return guard(error, [&] {
        check_arguments({context, info});
        if (context->questions == nullptr)
            throw Error(ErrorCode::invalid_argument, "describe_param was called outside of configure",
                        "describe_param", "Describe parameters in `configure`.");
        const std::lock_guard lock(context->mutex);
        describe_param(*context->session, read_struct(info, "info"));
    });
}

} // namespace

void add_session_functions(mirra_host_api &table) noexcept {
    table.describe_param = checked<describe>;
}

} // namespace mirra::host
