// Training data: broken files are skipped and named, batches depend on seed and step alone.
#include "data/loaders.hpp"
#include "data/picture_files.hpp"
#include "data/picture_set.hpp"
#include "data/picture_store.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "scratch.hpp"
#include "tasks/anomaly.hpp"
#include "throws.hpp"
#include "trainer_support.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

namespace {

using namespace mirra;
using namespace mirra::trainer;
using test::throws_error;

TEST(PictureSet, FindsPicturesAndSkipsBrokenOnesByName) {
    const auto folder = test::make_pictures("set", 3, 40, 30);
    std::ofstream(folder / "broken.png") << "not a picture";
    std::ofstream(folder / "notes.txt") << "text";
    PictureSet set(open_folders({folder}), {.cache_bytes = 1 << 20});
    ASSERT_EQ(set.size(), 4);
    for (std::int64_t i = 0; i < set.size(); ++i) EXPECT_EQ(set.get(i).picture->width(), 40);
    const auto skipped = set.skipped();
    ASSERT_EQ(skipped.size(), 1u);
    EXPECT_NE(skipped[0].find("broken.png"), std::string::npos);
}

TEST(PictureSet, LeavesOutWhatIsNoPictureOfTheFolder) {
    const auto folder = test::make_pictures("mixed", 2, 20, 20);
    const auto first = PictureSet(open_folders({folder}), {}).name(0);
    for (const char *name : {"a.jfif", "B.PNG", "IMG_1"}) std::filesystem::copy_file(first, folder / name);
    for (const char *name : {"._a.png", ".hidden.png"}) std::ofstream(folder / name) << "x";
    for (const char *name : {"Thumbs.db", "desktop.ini", "README"}) std::ofstream(folder / name) << "x";
    std::filesystem::create_directories(folder / ".thumbnails");
    std::filesystem::copy_file(first, folder / ".thumbnails" / "a.png");
    std::filesystem::create_symlink("circle.png", folder / "circle.png");
    std::filesystem::create_symlink("nowhere.png", folder / "lost.png");
    EXPECT_EQ(PictureSet(open_folders({folder}), {}).size(), 5);
}

TEST(PictureSet, APictureGivenTwiceIsOnePicture) {
    const auto folder = test::make_pictures("twice", 3, 20, 20);
    const auto inner = folder / "inner";
    std::filesystem::create_directories(inner);
    std::filesystem::copy_file(PictureSet(open_folders({folder}), {}).name(0), inner / "fourth.png");
    std::filesystem::create_symlink(inner / "fourth.png", folder / "link.png");
    EXPECT_EQ(PictureSet(open_folders({folder, inner, folder / "inner" / ".."}), {}).size(), 4);
}

TEST(PictureLimit, HoldsForEveryWayToAPicture) {
    struct Restored {
        ~Restored() { limit_pictures(image::DecodeOptions{}.max_pixels); }
    } const restored;
    const auto pictures = test::make_pictures("limited", 1, 32, 32),
               classes = test::make_classes("limits", 1);
    const PictureStore stores[] = {open_folders({pictures}), open_class_folders(classes),
                                   square_pictures(open_folders({pictures}), 16)};
    for (const auto &store : stores) {
        const auto &picture = store.pictures.front();
        limit_pictures(32 * 32);
        EXPECT_NO_THROW(store.decode(picture, 0)) << picture.name;
        EXPECT_NO_THROW(store.original(picture)) << picture.name;
        limit_pictures(32 * 32 - 1);
        EXPECT_THAT([&] { static_cast<void>(store.decode(picture, 0)); },
                    throws_error(ErrorCode::limit, "pixels"))
            << picture.name;
        EXPECT_THAT([&] { static_cast<void>(store.original(picture)); },
                    throws_error(ErrorCode::limit, "pixels"))
            << picture.name;
    }
    std::ifstream file(pictures / "picture0.png", std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT([&] { static_cast<void>(decode_picture(std::as_bytes(std::span(bytes)))); },
                throws_error(ErrorCode::limit, "pixels"));
}

TEST(PictureSet, MissingAndEmptyFoldersAreErrors) {
    EXPECT_THAT(
        [&] { static_cast<void>(PictureSet(open_folders({mirra::test::scratch() + "no-such-folder"}), {})); },
        throws_error(ErrorCode::not_found, "cannot open the data folder"));
    const std::filesystem::path empty = mirra::test::scratch() + "mirra-empty";
    std::filesystem::create_directories(empty);
    EXPECT_THAT([&] { static_cast<void>(PictureSet(open_folders({empty}), {})); },
                throws_error(ErrorCode::not_found, "the folder holds no picture"));
}

std::vector<std::string> names_of(const PictureSet &set) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < set.size(); ++i) names.push_back(set.name(i));
    return names;
}

TEST(PictureSet, HoldsEvenlySpacedPicturesOutForValidation) {
    PictureSet set(open_folders({test::make_pictures("held", 9, 20, 20)}), {.cache_bytes = 1 << 20});
    const auto all = names_of(set);
    const auto held = set.hold_out(3);
    EXPECT_EQ(names_of(*held), (std::vector{all[0], all[3], all[6]}));
    EXPECT_EQ(names_of(set), (std::vector{all[1], all[2], all[4], all[5], all[7], all[8]}));
    EXPECT_THAT([&] { static_cast<void>(set.hold_out(4)); },
                throws_error(ErrorCode::invalid_argument, "too few pictures: 6; 4 are held out"));
}

std::vector<std::uint8_t> batch_of(PictureSet &set, std::int64_t step, int threads) {
    CropLoader loader(set, {.batch = 3, .crop = 16, .seed = 5, .threads = threads},
                      step > 1 ? step - 1 : step);
    auto batch = loader.next();
    while (batch.step < step) batch = loader.next();
    return batch.pixels;
}

/// Checkpoints and manifests have them: the same files must give what earlier trainers wrote.
TEST(PictureSet, FingerprintsOfTheSameFilesStayTheSame) {
    const std::filesystem::path folder = mirra::test::scratch() + "fingerprints";
    std::filesystem::remove_all(folder);
    for (const auto &[name, size] :
         std::map<std::string, int>{{"a/1.png", 3}, {"b/1.png", 5}, {"b/two.jpg", 7}}) {
        std::filesystem::create_directories((folder / name).parent_path());
        std::ofstream(folder / name) << std::string(static_cast<std::size_t>(size), 'x');
    }
    PictureSet unlabelled(open_folders({folder}), {}), labelled(open_class_folders(folder), {.side = 32});
    EXPECT_EQ(unlabelled.source_fingerprint(), 16551193685363784936U);
    EXPECT_EQ(unlabelled.fingerprint(), 17783389644815630250U);
    EXPECT_EQ(labelled.source_fingerprint(), 14488399966883475352U);
    EXPECT_EQ(labelled.fingerprint(), 6429336757037798627U);
    EXPECT_FALSE(labelled.is_part());
    EXPECT_EQ(labelled.pictures_fingerprint(), 17832029607819464456U);
    const auto held = labelled.hold_out(1);
    EXPECT_EQ(labelled.fingerprint(), 6429336757037798627U) << "whatever was held out";
    EXPECT_EQ(labelled.pictures_fingerprint(), 17936288675003463893U);
    EXPECT_TRUE(labelled.is_part());
    EXPECT_TRUE(held->is_part());
    Stores stores;
    stores.push_back(open_folders({folder}));
    stores.push_back(open_class_folders(folder));
    EXPECT_EQ(source_fingerprint(stores), "0a84a0bfe02e5b18");
}

TEST(CropLoader, ABatchDependsOnItsStepAlone) {
    PictureSet set(open_folders({test::make_pictures("crops", 4, 50, 33)}), {.cache_bytes = 1 << 20});
    const auto expected = batch_of(set, 7, 1);
    EXPECT_EQ(batch_of(set, 7, 3), expected);
    EXPECT_NE(batch_of(set, 8, 1), expected);
}

TEST(PictureSet, SpacesWhatItHoldsOutOrKeepsOverAllOfThem) {
    PictureSet set(open_folders({test::make_pictures("spaced", 11, 20, 20)}), {});
    const auto all = names_of(set);
    EXPECT_EQ(names_of(*set.hold_out(4)), (std::vector{all[0], all[2], all[5], all[8]}));
    set.keep(3);
    EXPECT_EQ(names_of(set), (std::vector{all[1], all[4], all[7]}));
}

/// The picture at 16 x 16, its last column and row repeated.
std::vector<std::uint8_t> with_edges_repeated(const image::Image &picture) {
    std::vector<std::uint8_t> out;
    for (int y = 0; y < 16; ++y)
        for (int x = 0; x < 16; ++x) {
            const auto *pixel =
                picture.view().at(0, std::min(x, picture.width() - 1), std::min(y, picture.height() - 1));
            for (int c = 0; c < 3; ++c) out.push_back(static_cast<std::uint8_t>(pixel[c]));
        }
    return out;
}

TEST(CropLoader, EdgesOfPicturesSmallerThanTheCropAreReplicated) {
    PictureSet set(open_folders({test::make_pictures("tiny", 2, 5, 4)}), {});
    CropLoader loader(set, {.batch = 3, .crop = 16, .flips = false, .rotations = false, .seed = 5}, 0);
    const auto pixels = loader.next().pixels;
    ASSERT_EQ(pixels.size(), 3U * 16 * 16 * 3);
    const auto first = with_edges_repeated(*set.get(0).picture),
               second = with_edges_repeated(*set.get(1).picture);
    for (auto at = pixels.begin(); at != pixels.end(); at += std::ssize(first)) {
        const std::vector sample(at, at + std::ssize(first));
        EXPECT_TRUE(sample == first || sample == second);
    }
}

/// Whether the first rows of each sample are dark and the last ones bright.
bool all_upright(const std::vector<std::uint8_t> &pixels, std::size_t sample_bytes) {
    for (std::size_t at = 0; at < pixels.size(); at += sample_bytes)
        if (pixels[at] > pixels[at + sample_bytes - 3]) return false;
    return true;
}

TEST(CropLoader, PicturesThatAreNotTurnedStayUpright) {
    const std::filesystem::path folder = mirra::test::scratch() + "mirra-upright";
    std::filesystem::create_directories(folder);
    image::Image ramp(16, 16, 3, image::SampleType::u8);
    for (std::size_t k = 0; k < ramp.bytes().size(); ++k)
        ramp.bytes()[k] = static_cast<std::byte>(k / (16 * 3) * 10 + k / 3 % 16);
    image::write(folder / "ramp.png", ramp.view());
    PictureSet set(open_folders({folder}), {});
    constexpr std::int64_t kSamples = 64;
    const auto batch = [&](bool rotations) {
        return CropLoader(set, {.batch = kSamples, .crop = 16, .rotations = rotations, .seed = 5}, 0)
            .next()
            .pixels;
    };
    const auto upright = batch(false);
    EXPECT_TRUE(all_upright(upright, 16 * 16 * 3));
    EXPECT_FALSE(all_upright(batch(true), 16 * 16 * 3));
    std::set<std::uint8_t> firsts;
    for (std::size_t at = 0; at < upright.size(); at += 16 * 16 * 3) firsts.insert(upright[at]);
    EXPECT_EQ(firsts, (std::set<std::uint8_t>{0, 15})) << "mirrored half of the time";
}

TEST(CropLoader, AnUnreadableSetEndsWithItsError) {
    const std::filesystem::path folder = mirra::test::scratch() + "mirra-unreadable";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "a.png") << "x";
    PictureSet set(open_folders({folder}), {.cache_bytes = 1 << 20});
    CropLoader loader(set, {.batch = 1, .crop = 16}, 0);
    EXPECT_THAT([&] { static_cast<void>(loader.next()); },
                throws_error(ErrorCode::corrupt, "none of the 1 pictures can be read"));
}

} // namespace
