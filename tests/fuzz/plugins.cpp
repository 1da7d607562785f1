// The shipped plugins over networks, pictures and tensors that the input decides, with the tests' runtime.
#include "fuzz.hpp"
#include "scratch_bundle.hpp"

#include "plugin_trials.hpp"

using namespace mirra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    static const auto engine = test::inverter_engine(MIRRA_TEST_RUNTIME);
    static const fuzz::ScratchBundle file("plugins");
    test::Dice dice(fuzz::bytes_of(data, size));
    const auto task = dice.between(0, 5);
    test::Trial trial(engine, dice, file.path());
    switch (task) {
    case 0:
        test::denoise(trial);
        break;
    case 1:
        test::invert(trial);
        break;
    case 2:
        test::detect(trial, "reconstruction");
        break;
    case 3:
        test::detect(trial, "latent-search");
        break;
    case 4:
        test::detect(trial, "feature-memory");
        break;
    default:
        test::stylize(trial);
    }
    fuzz::expect_all_held();
    return 0;
}
