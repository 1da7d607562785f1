// Prepared styles and features as a caller hands them in: any values, in tensors of any shape, to small
// bundles.
#include "fuzz.hpp"
#include "scratch_bundle.hpp"

#include "stylizer_support.hpp"

#include <array>

using namespace mirra;

namespace {

constexpr std::int64_t kMostValues = 1 << 14;

std::vector<std::int64_t> shape_of(fuzz::Input &input) {
    std::vector<std::int64_t> shape(input.choice(6));
    for (auto &extent : shape) extent = input.take<std::uint8_t>();
    return shape;
}

/// Of that shape, filled with what is left of the input over and over; null where it is too large.
std::unique_ptr<test::Values> filled(const std::vector<std::int64_t> &shape, fuzz::Bytes bytes) {
    std::int64_t count = 1;
    for (const auto extent : shape) count *= extent;
    if (count > kMostValues) return nullptr;
    std::vector<float> values(static_cast<std::size_t>(count));
    const auto given = bytes.size() / sizeof(float);
    for (std::size_t i = 0; given > 0 && i < values.size(); ++i)
        std::memcpy(&values[i], &bytes[i % given * sizeof(float)], sizeof(float));
    return std::make_unique<test::Values>(shape, std::move(values));
}

/// All that is left, one behind the other, as prepared styles are.
std::unique_ptr<test::Values> row_of(fuzz::Bytes bytes) {
    const auto count = std::min<std::size_t>(bytes.size() / sizeof(float), kMostValues);
    return filled({static_cast<std::int64_t>(count)}, bytes);
}

struct Bundles {
    test::Bundle stylizer, inverter, anomaly;
};

const Bundles &bundles() {
    static const Bundles all = [] {
        const fuzz::ScratchBundle file("features");
        const auto open = [&](test::Bundle &bundle) {
            fuzz::expect(mirra_bundle_open(file.path().c_str(), bundle.out(), nullptr) == MIRRA_OK,
                         "no bundle");
        };
        Bundles out;
        test::write_stylizer(file.path());
        open(out.stylizer);
        test::write_inverter(file.path());
        open(out.inverter);
        test::write_anomaly(file.path());
        open(out.anomaly);
        return out;
    }();
    return all;
}

void run(const test::Bundle &bundle, const char *task, const char *name, const DLTensor *tensor, bool twice) {
    static const auto engine = test::inverter_engine(MIRRA_TEST_RUNTIME);
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = task;
    options.bundle = bundle.get();
    test::Session session;
    fuzz::expect(mirra_session_create(engine->get(), &options, session.out(), nullptr) == MIRRA_OK,
                 "no session");
    const auto in = test::picture(13, 9);
    test::Floats out(13, 9, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    std::vector<mirra_port_value> ports{test::port("image", in->image)};
    if (std::string_view(task) != "detect") ports.push_back(test::port("output", out.image));
    for (const auto *port : {name, twice ? "statistics_2" : nullptr}) {
        if (port == nullptr) continue;
        MIRRA_STRUCT(mirra_port_value, value);
        value.name = port;
        value.tensor = tensor;
        ports.push_back(value);
    }
    test::Failure failure;
    const auto status =
        mirra_session_run(session.get(), ports.data(), ports.size(), nullptr, nullptr, failure.out());
    fuzz::expect(status != MIRRA_E_INTERNAL && status != MIRRA_E_PLUGIN, test::message(failure));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::Input input(fuzz::bytes_of(data, size));
    const auto way = input.choice(6);
    const auto shape = way < 2 ? std::vector<std::int64_t>{} : shape_of(input);
    const auto tensor = way < 2 ? row_of(input.rest()) : filled(shape, input.rest());
    if (tensor == nullptr) return 0;
    if (way < 3)
        run(bundles().stylizer, "stylize", "statistics", tensor->get(), way == 1);
    else if (way < 5)
        run(bundles().inverter, "invert", "features_in", tensor->get(), false);
    else
        run(bundles().anomaly, "detect", "batch", tensor->get(), false);
    return 0;
}
