// The JSON form of a graph: round trip, and hostile texts.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mirra;
using namespace mirra::graph;

TEST(GraphJson, RoundTripOfEveryArchitecture) {
    for (const auto &graph :
         {wavelet_denoiser({}), alexnet_denoiser(), alexnet_autoencoder(AlexNetTap::conv5),
          alexnet_autoencoder(AlexNetTap::conv2), alexnet_autoencoder(AlexNetTap::conv1),
          alexnet_encoder(InputTransform::mean_std)})
        EXPECT_EQ(parse_json(to_json(graph)), graph) << graph.name;
}

TEST(GraphJson, TruncatedAtEveryLengthIsAnErrorNeverACrash) {
    const auto text =
        to_json(wavelet_denoiser({.channels = {4, 4}, .blocks = {1, 1}, .noise_level_input = false}));
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_THAT([&] { static_cast<void>(parse_json(std::string_view(text).substr(0, length))); },
                    mirra::test::throws_error(ErrorCode::corrupt, "(graph)"))
            << length;
}

TEST(GraphJson, EveryChangedByteIsAnErrorOrAValidGraph) {
    const auto text = to_json(wavelet_denoiser({.channels = {4}, .blocks = {1}, .noise_level_input = false}));
    for (std::size_t i = 0; i < text.size(); ++i)
        for (const char c : {'\0', '"', '9', '}', '-'}) {
            auto changed = text;
            changed[i] = c;
            try {
                validate(parse_json(changed));
            } catch (const Error &error) {
                EXPECT_NE(std::string(error.what()), "");
            }
        }
}

TEST(GraphJson, WrongTypesAndDeepNesting) {
    for (
        const char *text :
        {"", "null", "[]", "3", "{\"name\":3}", R"({"name":"g","inputs":{},"nodes":3,"outputs":[]})",
         R"({"name":"g","inputs":[{"name":"x","channels":"3"}],"nodes":[],"outputs":[]})",
         R"({"name":"g","inputs":[{"name":"x","channels":-1}],"nodes":[],"outputs":[{"name":"y","source":"x"}]})"})
        EXPECT_THAT([&] { static_cast<void>(parse_json(text)); },
                    mirra::test::throws_error(ErrorCode::corrupt, "graph"))
            << text;
    EXPECT_THAT([&] { static_cast<void>(parse_json(std::string(1'000'000, '['))); },
                mirra::test::throws_error(ErrorCode::limit, "the graph is nested deeper than 32"));
    EXPECT_THAT([&] { static_cast<void>(parse_json(std::string(Limits::kJsonBytes + 1, ' '))); },
                mirra::test::throws_error(ErrorCode::limit, "graph description is too long"));
}

} // namespace
