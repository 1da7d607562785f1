// What a task needs for a run, as it says in `configure`.
#include "setup.hpp"

#include "c_struct.hpp"
#include "mirra/error.hpp"
#include "plugin_handles.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

constexpr std::uint32_t kMostPasses = 64, kMostMargin = 1024, kMostHalo = 1024;
constexpr std::uint32_t kTransferFlags = MIRRA_SETUP_ENCODED | MIRRA_SETUP_LINEAR;

[[noreturn]] void reject(const SessionState &session, const std::string &what) {
    throw Error(ErrorCode::plugin, session.task_text() + " " + what);
}

void check_known(std::uint32_t flags, std::uint32_t known, const SessionState &session) {
    if ((flags & ~known) != 0) reject(session, "asks for something that this version of Mirra does not have");
}

std::optional<image::Transfer> stated_transfer(std::uint32_t flags, const SessionState &session) {
    if (flags == kTransferFlags) reject(session, "takes the samples for encoded and for linear at once");
    if (flags == 0) return std::nullopt;
    return flags == MIRRA_SETUP_LINEAR ? image::Transfer::linear : image::Transfer::unknown;
}

/// All or none of them.
void check_extents(const mirra_graph_use &use, const SessionState &session) {
    constexpr std::int64_t kMostBatch = 65536;
    const bool none = use.batch == 0 && use.height == 0 && use.width == 0;
    const bool all = use.batch > 0 && use.batch <= kMostBatch && use.height > 0 &&
                     use.height <= graph::Limits::kExtent && use.width > 0 &&
                     use.width <= graph::Limits::kExtent;
    if (!none && !all) reject(session, "names a graph with impossible extents");
}

Setup read_setup(const mirra_setup &setup, const SessionState &session) {
    Setup out;
    out.graph = setup.graph == nullptr ? "" : setup.graph;
    out.extra_bytes_per_pixel = std::min<std::uint64_t>(setup.extra_bytes_per_pixel, 1U << 20);
    out.extra_bytes = std::min(setup.extra_bytes, std::uint64_t{1} << 48);
    check_known(setup.flags, MIRRA_SETUP_WHOLE_IMAGE | kTransferFlags, session);
    out.whole_image = (setup.flags & MIRRA_SETUP_WHOLE_IMAGE) != 0;
    out.transfer = stated_transfer(setup.flags & kTransferFlags, session);
    if (setup.measure_passes > kMostPasses) reject(session, "asks for too many passes over the tiles");
    out.measure_passes = std::max(setup.measure_passes, 1U);
    if (setup.margin > kMostMargin) reject(session, "asks for too wide a margin");
    out.margin = setup.margin;
    if (setup.halo > kMostHalo) reject(session, "asks for too wide a halo");
    out.halo = setup.halo;
    for (const auto &use : read_array(setup.uses, setup.use_count, "uses")) {
        check_known(use.flags, MIRRA_GRAPH_USE_GRADIENT, session);
        check_extents(use, session);
        out.uses.push_back(
            {use.graph == nullptr ? "" : use.graph, use.flags != 0, use.batch, use.height, use.width});
    }
    return out;
}

Setup ask(SessionState &session, const ImageSize &size, const RunRequest *request,
          std::vector<PortQuestion> &questions) {
    mirra_context context;
    context.session = &session;
    context.request = request;
    context.questions = &questions;
    const ContextHandle handle(context);
    mirra_setup setup{};
    setup.struct_size = sizeof(mirra_setup);
    setup.width = size.width;
    setup.height = size.height;
    call_plugin(context, session.task_text() + ": configure", [&](mirra_error **error) {
        return session.entry.task->functions.configure(session.instance.get(), handle.handle(), &setup,
                                                       error);
    });
    return read_setup(setup, session);
}

} // namespace

Setup configure(SessionState &session, const ImageSize &size, const RunRequest *request) {
    const auto unchanged = [&](const PortQuestion &question) {
        return question.answer == answer_of(question.kind, question.port, request);
    };
    if (session.configured != nullptr && session.configured->size == size &&
        session.configured->values == session.values &&
        std::ranges::all_of(session.configured->questions, unchanged))
        return session.configured->setup;
    session.configured = nullptr; // what the instance knows is of this call from here on, also if it fails
    auto configured = std::make_shared<Configured>();
    configured->setup = ask(session, size, request, configured->questions);
    configured->size = size;
    configured->values = session.values;
    session.configured = configured;
    return configured->setup;
}

} // namespace mirra::host
