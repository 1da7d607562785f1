// Pictures for the trainer's tests.
#pragma once

#include "mirra/image.hpp"
#include "scratch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

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

} // namespace mirra::test
