// What errors say: the value that was received, those that are allowed, and what to do.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Message, subject and hint of what `call` refuses.
std::string refusal(const std::function<mirra_status(mirra_error **)> &call) {
    Failure failure;
    const mirra_status status = call(failure.out());
    EXPECT_NE(MIRRA_OK, status);
    EXPECT_STRNE("", mirra_error_subject(failure.get())) << message(failure);
    return message(failure);
}

class CapiMessages : public ::testing::Test {
  protected:
    [[nodiscard]] std::string of_image(const std::function<void(mirra_image &)> &change) const {
        mirra_image image = pixels_.image;
        change(image);
        const void *lowest = nullptr;
        std::uint64_t bytes = 0;
        return refusal([&](mirra_error **e) { return mirra_image_extent(&image, 0, &lowest, &bytes, e); });
    }

    Pixels<std::uint8_t> pixels_{4, 3, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
};

TEST_F(CapiMessages, NumbersThatStandForNothingNameThoseThatDo) {
    EXPECT_EQ("image: format is 9, which there is not | image | Use MIRRA_FORMAT_U8 (1), _U16 (2), _F16 (3), "
              "_F32 (4) "
              "or _U16_SWAPPED (5).",
              of_image([](mirra_image &i) { i.format = 9; }));
    EXPECT_THAT(of_image([](mirra_image &i) { i.color = 5; }),
                HasSubstr("image: color is 5, which there is not | image | Use MIRRA_COLOR_GRAY (1)"));
    EXPECT_THAT(
        of_image([](mirra_image &i) { i.alpha_mode = -1; }),
        HasSubstr("image: alpha_mode is -1, which there is not | image | Use MIRRA_ALPHA_STRAIGHT (0)"));
    EXPECT_THAT(
        of_image([](mirra_image &i) { i.transfer = 2; }),
        HasSubstr("image: transfer is 2, which there is not | image | Use MIRRA_TRANSFER_ENCODED (0)"));
    Picture picture;
    EXPECT_THAT(refusal([&](mirra_error **e) { return mirra_picture_create(1, 1, 9, 3, picture.out(), e); }),
                StartsWith("format is 9, which there is not | format | Use MIRRA_FORMAT_U8 (1)"));
    EXPECT_THAT(refusal([&](mirra_error **e) { return mirra_picture_create(1, 1, 1, 9, picture.out(), e); }),
                StartsWith("color is 9, which there is not | color | Use MIRRA_COLOR_GRAY (1)"));
    EXPECT_OK(mirra_picture_create(1, 1, 1, 1, picture.out(), error));
    const void *bytes = nullptr;
    std::uint64_t size = 0;
    EXPECT_THAT(
        refusal([&](mirra_error **e) { return mirra_picture_metadata(picture.get(), 7, &bytes, &size, e); }),
        StartsWith("kind is 7, which there is not | kind | Use MIRRA_METADATA_ICC (1)"));
    const Bundle bundle = make_bundle();
    const Engine engine = make_engine();
    const mirra_session_options options = session_options("denoise", bundle, 0, 0, 9);
    Session session;
    EXPECT_THAT(refusal([&](mirra_error **e) {
                    return mirra_session_create(engine.get(), &options, session.out(), e);
                }),
                StartsWith("precision is 9, which there is not | precision | Use MIRRA_PRECISION_AUTO (0)"));
    MIRRA_STRUCT(mirra_engine_options, of_engine);
    of_engine.log_level = 4;
    Engine other;
    EXPECT_THAT(refusal([&](mirra_error **e) { return mirra_engine_create(&of_engine, other.out(), e); }),
                StartsWith("log_level is 4, which there is not | log_level | Use MIRRA_LOG_DEBUG (0)"));
}

TEST_F(CapiMessages, FlagsAndReservedFieldsSayWhatTheyWere) {
    EXPECT_EQ(
        "image: the flags 0x11 have 0x10, which this version of Mirra does not know | image | It knows 0x1: "
        "leave others out, or install a newer Mirra.",
        of_image([](mirra_image &i) { i.flags = 0x11; }));
    MIRRA_STRUCT(mirra_read_options, options);
    options.flags = 4;
    Picture picture;
    EXPECT_THAT(
        refusal(
            [&](mirra_error **e) { return mirra_image_read("/nowhere.png", &options, picture.out(), e); }),
        HasSubstr("options.flags: the flags 0x4 have 0x4, which this version of Mirra does not know | "
                  "options.flags | It knows none: set them to 0"));
    EXPECT_THAT(
        of_image([](mirra_image &i) { i.reserved = 5; }),
        StartsWith("image.reserved is 5, and must be 0 in this version of Mirra | image.reserved | Set it"));
}

TEST_F(CapiMessages, ImagesSayWhichPartIsWrong) {
    EXPECT_THAT(of_image([](mirra_image &i) { i.planes[0].data = nullptr; }),
                StartsWith("image: planes[0].data is NULL | image | Set it to the first pixel"));
    EXPECT_THAT(of_image([](mirra_image &i) { i.plane_count = 3; }),
                StartsWith("image: planes[1].data is NULL | image | Set it to the first sample"));
    EXPECT_THAT(of_image([](mirra_image &i) { i.plane_count = 2; }),
                StartsWith("image: plane_count is 2 of an image of 3 channels | image | It is 1 for"));
    EXPECT_THAT(of_image([](mirra_image &i) { i.width = -4; }),
                StartsWith("image: it is -4 x 3 pixels | image | Width and height are at least 1."));
    EXPECT_THAT(of_image([](mirra_image &i) { i.icc_bytes = 7; }),
                StartsWith("image: icc is NULL but icc_bytes is 7 | image | Set both"));
    const void *lowest = nullptr;
    std::uint64_t bytes = 0;
    const auto extent = [&](mirra_error **e) {
        return mirra_image_extent(&pixels_.image, 1, &lowest, &bytes, e);
    };
    EXPECT_THAT(refusal(extent), StartsWith("there is no plane 1: the image has 1 plane | plane | "));
    EXPECT_THAT(refusal([&](mirra_error **e) { return mirra_image_add_noise(&pixels_.image, -1, 0, e); }),
                StartsWith("sigma is -1.0"));
}

TEST_F(CapiMessages, WritingSaysWhichOptionToSet) {
    void *bytes = nullptr;
    std::size_t size = 0;
    MIRRA_STRUCT(mirra_write_options, options);
    for (const mirra_write_options *given :
         std::initializer_list<const mirra_write_options *>{nullptr, &options})
        EXPECT_THAT(refusal([&](mirra_error **e) {
                        return mirra_image_write_memory(&pixels_.image, nullptr, given, &bytes, &size, e);
                    }),
                    HasSubstr(R"( | Set options.format to "png", "jpeg" or another format of this build.)"));
    options.jpeg_quality = 101;
    const auto check = [&](mirra_error **e) {
        return mirra_image_check_write("/tmp/x.jpg", nullptr, &options, e);
    };
    EXPECT_THAT(refusal(check),
                StartsWith("jpeg_quality is 101, and must be 1 to 100 | jpeg_quality | Set it"));
    options.jpeg_quality = 0;
    options.bit_depth = 12;
    EXPECT_THAT(refusal(check),
                StartsWith("bit_depth is 12, and must be 8, 16 or 32 | bit_depth | Set it to 0"));
}

TEST_F(CapiMessages, NamesAndIndicesThatAreNotThereComeWithThoseThatAre) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> pixels(32, 32, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8); // large enough for a noise level
    Result result;
    EXPECT_OK(run(session, pixels.image, pixels.image, error, nullptr, result.out()));
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_THAT(refusal([&](mirra_error **e) { return mirra_result_find(result.get(), "psnr", &value, e); }),
                AllOf(StartsWith("the result has no value 'psnr' | psnr | It has: "), HasSubstr("sigma")));
    EXPECT_THAT(
        refusal([&](mirra_error **e) { return mirra_result_value(result.get(), 99, nullptr, &value, e); }),
        StartsWith("there is no value 99: there "));
    Tensors tensors;
    EXPECT_OK(mirra_tensors_create(tensors.out(), error));
    DLManagedTensor *tensor = nullptr;
    const auto copy = [&](mirra_error **e) { return mirra_tensors_copy(tensors.get(), "x", &tensor, e); };
    EXPECT_EQ("the set has no tensor 'x' | x | It has none.", refusal(copy));
    float number = 1;
    std::int64_t extent = 1;
    const DLTensor given{&number, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &extent, nullptr, 0};
    EXPECT_OK(mirra_tensors_add(tensors.get(), "y", &given, error));
    EXPECT_EQ("the set has no tensor 'x' | x | It has: y.", refusal(copy));
    MIRRA_STRUCT(mirra_graph_info, graph);
    EXPECT_THAT(refusal([&](mirra_error **e) { return mirra_bundle_graph(bundle.get(), 1, &graph, e); }),
                StartsWith("there is no graph 1: there is one | index | They are counted from 0."));
    MIRRA_STRUCT(mirra_task_info, task);
    EXPECT_THAT(refusal([&](mirra_error **e) { return mirra_engine_task(engine.get(), 77, &task, e); }),
                StartsWith("there is no task 77: there are "));
}

TEST_F(CapiMessages, APortThatIsGivenTwiceIsNamed) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    const mirra_port_value values[] = {port("image", pixels_.image), port("image", pixels_.image)};
    EXPECT_EQ("the port 'image' is given twice | image | Give the run one mirra_port_value for each port.",
              refusal([&](mirra_error **e) {
                  return mirra_session_run(session.get(), values, 2, nullptr, nullptr, e);
              }));
}

} // namespace
} // namespace mirra::test
