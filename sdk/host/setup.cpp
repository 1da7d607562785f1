// What a task needs for a run, as it says in `configure`.
#include "setup.hpp"

#include "c_struct.hpp"
#include "mirra/error.hpp"
#include "plugin_handles.hpp"

#include <algorithm>
#include <numeric>

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

constexpr std::uint64_t kMostPixelBytes = 4 * sizeof(float);

/// How large the output is, and what its tensors take, which no graph tells of. @throws Error plugin
void read_geometry(const mirra_setup &setup, Setup &out, const SessionState &session) {
    constexpr std::uint32_t kMost = 64;
    const std::uint32_t numerator = setup.scale_numerator, denominator = setup.scale_denominator;
    if (numerator != 0 || denominator != 0) {
        const bool sound = numerator != 0 && denominator != 0 && numerator <= 65536 && denominator <= 65536 &&
                           numerator / denominator <= kMost && denominator / numerator <= kMost;
        if (!sound)
            reject(session, "states an impossible scale of its output, " + std::to_string(numerator) + "/" +
                                std::to_string(denominator) +
                                ": possible is 1/64 to 64, of numbers to 65536");
        const std::uint32_t divisor = std::gcd(numerator, denominator);
        out.numerator = numerator / divisor;
        out.denominator = denominator / divisor;
        if (out.numerator != out.denominator)
            out.extra_bytes_per_pixel += out.per_input_pixel(kMostPixelBytes);
    }
    if (setup.margin % static_cast<std::uint32_t>(out.denominator) != 0)
        reject(session, "states a margin that its scale does not divide");
    if (setup.output_width == 0 && setup.output_height == 0) return;
    const auto possible = [](std::int32_t extent) { return extent >= 1 && extent <= graph::Limits::kExtent; };
    const std::string states = "states the size " + std::to_string(setup.output_width) + "x" +
                               std::to_string(setup.output_height) + " of its output";
    if (!possible(setup.output_width) || !possible(setup.output_height))
        reject(session,
               states + ": possible are sides of 1 to " + std::to_string(graph::Limits::kExtent) + " pixels");
    if (!out.whole_image) reject(session, states + ", but not MIRRA_SETUP_WHOLE_IMAGE, which goes with it");
    if (out.numerator != out.denominator)
        reject(session, states + " and a scale: only one of them is possible");
    out.output_width = setup.output_width;
    out.output_height = setup.output_height;
    // The tensor, what it is brought to, and a piece that a sink is given.
    out.extra_bytes += 3 * kMostPixelBytes * static_cast<std::uint64_t>(out.output_width) *
                       static_cast<std::uint64_t>(out.output_height);
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
    check_known(setup.flags,
                MIRRA_SETUP_WHOLE_IMAGE | MIRRA_SETUP_UNBOUNDED | MIRRA_SETUP_MEASURES_NOISE | kTransferFlags,
                session);
    if ((setup.flags & MIRRA_SETUP_UNBOUNDED) != 0) out.range = image::Range::unbounded;
    out.whole_image = (setup.flags & MIRRA_SETUP_WHOLE_IMAGE) != 0;
    out.measures_noise = (setup.flags & MIRRA_SETUP_MEASURES_NOISE) != 0;
    out.transfer = stated_transfer(setup.flags & kTransferFlags, session);
    if (setup.measure_passes > kMostPasses) reject(session, "asks for too many passes over the tiles");
    out.measure_passes = std::max(setup.measure_passes, 1U);
    if (setup.margin > kMostMargin) reject(session, "asks for too wide a margin");
    out.margin = setup.margin;
    if (setup.halo > kMostHalo) reject(session, "asks for too wide a halo");
    out.halo = setup.halo;
    read_geometry(setup, out, session);
    for (const auto &use : read_array(setup.uses, setup.use_count, "uses")) {
        check_known(use.flags, MIRRA_GRAPH_USE_GRADIENT, session);
        check_extents(use, session);
        out.uses.push_back(
            {use.graph == nullptr ? "" : use.graph, use.flags != 0, use.batch, use.height, use.width});
    }
    if (!session.has_network() && !(out.graph.empty() && out.uses.empty()))
        reject(session, "names a graph, but says that it runs no network (MIRRA_TASK_NO_NETWORK)");
    return out;
}

Setup ask(SessionState &session, const ImageSize &size, const RunRequest *request,
          std::vector<PortQuestion> &questions) {
    mirra_context context;
    context.session = &session;
    context.request = request;
    context.questions = &questions;
    context.width = size.width;
    context.height = size.height;
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
