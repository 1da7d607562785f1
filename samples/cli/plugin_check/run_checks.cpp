// Runs on pictures of all sizes and kinds.
#include "check.hpp"

#include <array>

namespace mirra::cli::conformance {
namespace {

constexpr std::array kSizes{Shape{1, 1}, Shape{17, 13}, Shape{64, 64}, Shape{65, 130}, Shape{130, 1}};

void require_finite(const Taken &taken, const std::string &where) {
    for (const auto &[port, pixels] : taken.images)
        if (const std::string bad = pixels.not_finite(); !bad.empty())
            throw Fault(where, "output '" + port + "' is no number: " + bad);
}

void check_sizes(const Lab &lab, Findings &findings) {
    lab.require_runs();
    Session session = lab.session();
    for (Shape shape : kSizes) {
        shape.format = MIRRA_FORMAT_F32;
        findings.guard([&] { require_finite(lab.take(session, shape), shape.text()); });
    }
}

void check_formats(const Lab &lab, Findings &findings) {
    lab.require_runs();
    Session session = lab.session();
    for (const mirra_format format : {MIRRA_FORMAT_U8, MIRRA_FORMAT_U16, MIRRA_FORMAT_F16, MIRRA_FORMAT_F32})
        for (const mirra_color color :
             {MIRRA_COLOR_GRAY, MIRRA_COLOR_GRAY_ALPHA, MIRRA_COLOR_RGB, MIRRA_COLOR_RGBA}) {
            const Shape shape{17, 13, format, color};
            findings.guard([&] { require_finite(lab.take(session, shape), shape.text()); });
        }
}

/// The first image input, if alpha goes round the task.
bool alpha_goes_round(const Task &task) {
    for (const Port &port : task.ports)
        if (port.input && port.type == MIRRA_TYPE_IMAGE) return !port.with_alpha;
    return false;
}

void compare_alpha(const Pixels &output, const Pixels &input) {
    const std::string where = input.shape().text();
    const std::int32_t channel = input.shape().color - 1;
    for (std::int32_t y = 0; y < input.shape().height; ++y)
        for (std::int32_t x = 0; x < input.shape().width; ++x)
            if (output.at(x, y, output.shape().color - 1) != input.at(x, y, channel))
                throw Fault(where, "alpha differs from that of the input at (" + std::to_string(x) + ", " +
                                       std::to_string(y) + ")");
}

void check_alpha(const Lab &lab, Findings &findings) {
    lab.require_runs();
    if (!alpha_goes_round(lab.task())) throw NotChecked("alpha is the task's own affair");
    Session session = lab.session();
    for (const mirra_color color : {MIRRA_COLOR_GRAY_ALPHA, MIRRA_COLOR_RGBA}) {
        const Shape shape{65, 40, MIRRA_FORMAT_U8, color};
        findings.guard([&] {
            const Taken taken = lab.take(session, shape);
            const Pixels &output = taken.image(lab.task());
            if (output.shape().width != shape.width || output.shape().height != shape.height)
                throw NotChecked("the output has another size than the input");
            compare_alpha(output, Pixels::pattern(shape));
        });
    }
}

void require_equal(const Lab &lab, const Taken &first, const Taken &again, const std::string &where,
                   const std::string &what) {
    const std::string apart = differs(lab.task(), first, again);
    if (!apart.empty()) throw Fault(where, what + " differs from the first: " + apart);
}

void check_repeats(const Lab &lab, Findings &findings) {
    lab.require_runs();
    const Shape shape{64, 64};
    Session session = lab.session();
    const Taken first = lab.take(session, shape);
    findings.guard([&] {
        require_equal(lab, first, lab.take(session, shape), shape.text(), "the second run of a session");
        lab.take(session, {17, 13});
        require_equal(lab, first, lab.take(session, shape), shape.text(), "a run after one of another size");
    });
    Session other = lab.session();
    require_equal(lab, first, lab.take(other, shape), shape.text(), "a run of a second session");
}

} // namespace

Checks run_checks() {
    return {{"sizes", "runs work at odd sizes, and give finite numbers", check_sizes},
            {"formats", "runs work in every format, gray and colour", check_formats},
            {"alpha", "transparency is kept", check_alpha},
            {"repeats", "the same run gives the same pixels", check_repeats}};
}

} // namespace mirra::cli::conformance
