// Pictures and trainings for the trainer's tests.
#pragma once

#include "core/random.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "scratch.hpp"
#include "tasks/encoder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace mirra::test {

/// A fresh folder with `count` smooth colour pictures.
inline std::filesystem::path make_pictures(const std::string &name, int count, int width, int height) {
    const std::filesystem::path folder = mirra::test::scratch() + "mirra-pictures-" + name;
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    for (int i = 0; i < count; ++i) {
        image::Image picture(width, height, 3, image::SampleType::u8);
        auto bytes = picture.bytes();
        for (std::size_t k = 0; k < bytes.size(); ++k)
            bytes[k] = static_cast<std::byte>(128 + 100 * std::sin(0.013 * static_cast<double>(k) * (i + 1)));
        image::write(folder / ("picture" + std::to_string(i) + ".png"), picture.view());
    }
    return folder;
}

/// A folder with `count` pictures in each of two classes, told apart by their colour.
inline std::filesystem::path make_classes(const std::string &name, int count,
                                          const std::array<std::string, 2> &classes = {"red", "blue"}) {
    const std::filesystem::path folder = mirra::test::scratch() + name;
    for (std::size_t label = 0; label < classes.size(); ++label)
        for (int i = 0; i < count; ++i) {
            image::Image picture(32, 32, 3, image::SampleType::u8);
            auto pixels = picture.bytes();
            for (std::size_t k = 0; k < pixels.size(); ++k) {
                const int base = k % 3 == 2 * label ? 150 : 90;
                const auto noise = trainer::mix(k * 977 + static_cast<std::uint64_t>(i)) % 30;
                pixels[k] = static_cast<std::byte>(base + static_cast<int>(noise));
            }
            const auto place = folder / classes[label];
            std::filesystem::create_directories(place);
            image::write(place / (std::to_string(i) + ".png"), picture.view());
        }
    return folder;
}

/// A training in an empty folder of its own, on one thread: recipe and output are set.
template<class Command>
Command run_command(const std::string &name, const std::string &recipe, const std::string &bundle) {
    const std::filesystem::path folder = mirra::test::scratch() + name;
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "recipe.toml") << recipe;
    Command command;
    command.recipe = folder / "recipe.toml";
    command.output = folder / bundle;
    command.threads = 1;
    return command;
}

/// The training of an encoder on pictures that validate it as well.
inline trainer::EncoderCommand encoder_command(const std::string &name, const std::string &recipe,
                                               const std::filesystem::path &data) {
    auto command = run_command<trainer::EncoderCommand>(name, recipe, "encoder.mirra");
    command.data = {data.string()};
    command.validation = command.data;
    return command;
}

/// All tensors of a bundle.
inline std::map<std::string, std::vector<float>> weights_of(const std::filesystem::path &path) {
    const auto bundle = bundle::Bundle::open(path);
    std::map<std::string, std::vector<float>> out;
    for (const auto &[name, tensor] : bundle->file().tensors()) {
        const auto values = bundle->weight(name);
        out[name] = {values.begin(), values.end()};
    }
    return out;
}

/// The error that `function` throws, as "what (subject). hint"; it must have the code.
template<class Function> std::string refusal(ErrorCode code, const Function &function) {
    try {
        function();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), code) << error.what();
        return std::string(error.what()) + " (" + error.subject() + "). " + error.hint();
    }
    ADD_FAILURE() << "accepted";
    return {};
}

/// A whole file.
inline std::string text_of(const std::filesystem::path &path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A TCP port that nothing listens on.
inline std::uint16_t free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto *place = reinterpret_cast<sockaddr *>(&address);
    EXPECT_EQ(bind(listener, place, size), 0);
    EXPECT_EQ(getsockname(listener, place, &size), 0);
    close(listener);
    return ntohs(address.sin_port);
}

/// What a bundle's manifest says for its task.
inline nlohmann::json defaults_of(const std::filesystem::path &path) {
    return nlohmann::json::parse(bundle::Bundle::open(path)->manifest().defaults);
}

} // namespace mirra::test
