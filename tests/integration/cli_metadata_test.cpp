// Colour tags and metadata through the commands: what goes in comes out, and what is lost is named.
#include "cli_support.hpp"

#include <mirra/mirra.h>

#include <array>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirra::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kHeader = 8 + 12 + 13;

std::string slurp(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string number(std::uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xffU);
    return text;
}

std::string chunk(const std::string &type, const std::string &data) {
    std::uint32_t sum = 0xffffffffU;
    for (const char letter : type + data) {
        sum ^= static_cast<unsigned char>(letter);
        for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ ((sum & 1U) != 0 ? 0xedb88320U : 0U);
    }
    return number(static_cast<std::uint32_t>(data.size())) + type + data + number(~sum);
}

/// A picture of waves with chunks behind its header.
void write_tagged(const std::string &path, const std::string &chunks, bool wide = false) {
    write_waves(path, 64, 48);
    if (wide) {
        ASSERT_EQ(run_cli({"noise", path, "-o", path, "--sigma", "0", "--bit-depth", "16"}).exit_code, 0);
    }
    const std::string file = slurp(path);
    std::ofstream(path, std::ios::binary) << file.substr(0, kHeader) + chunks + file.substr(kHeader);
}

const std::string kLinear = chunk("gAMA", number(100000));
const std::string kSrgb = chunk("sRGB", std::string(1, '\1'));
const std::string kDisplayP3 = chunk("cICP", std::string{12, 13, 0, 1});

class CliMetadata : public testing::Test {
  protected:
    TemporaryFolder folder_;
    std::string in_ = folder_ / "in.png";
    std::string out_ = folder_ / "out.png";
};

TEST_F(CliMetadata, LinearLightIsRecognisedAndStaysTagged) {
    write_tagged(in_, kLinear, true);
    EXPECT_TRUE(run_cli({"info", in_, "--json"}).json()["linear"]);
    ASSERT_EQ(run_cli({"noise", in_, "-o", out_, "--sigma", "0"}).exit_code, 0);
    EXPECT_THAT(slurp(out_), HasSubstr(kLinear));
    EXPECT_TRUE(run_cli({"compare", in_, out_, "--json"}).json()["equal"]);
    const Outcome run = run_cli({"denoise", in_, "-o", out_, "--sigma", "5"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(slurp(out_), HasSubstr(kLinear));
    EXPECT_GT(run_cli({"compare", in_, out_, "--json"}).json()["psnr"].get<double>(), 30)
        << "displayed alike";
    ASSERT_EQ(run_cli({"denoise", in_, "-o", out_, "--sigma", "5", "--bit-depth", "8"}).exit_code, 0);
    EXPECT_EQ(run_cli({"info", out_, "--json"}).json()["color_tag"], "srgb");
    EXPECT_GT(run_cli({"compare", in_, out_, "--json"}).json()["psnr"].get<double>(), 30);
}

TEST_F(CliMetadata, TagsStayWithResultsAndSheets) {
    for (const std::string &tag : {kSrgb, kDisplayP3}) {
        write_tagged(in_, tag);
        ASSERT_EQ(run_cli({"denoise", in_, "-o", out_, "--compare", folder_ / "pair.png"}).exit_code, 0);
        ASSERT_EQ(run_cli({"sheet", in_, out_, "-o", folder_ / "sheet.png"}).exit_code, 0);
        for (const std::string name : {"out.png", "pair.png", "sheet.png"})
            EXPECT_THAT(slurp(folder_ / name), HasSubstr(tag)) << name;
    }
}

TEST_F(CliMetadata, ASheetOfDifferingColoursIsConverted) {
    const std::string plain = folder_ / "plain.png";
    const std::string sheet = folder_ / "sheet.png";
    write_flat(plain, 64, 48, 200);
    write_tagged(in_, kDisplayP3);
    ASSERT_EQ(run_cli({"sheet", plain, in_, "-o", sheet}).exit_code, 0);
    EXPECT_EQ(run_cli({"info", sheet, "--json"}).json()["color_tag"], "srgb");
    write_tagged(out_, "");
    EXPECT_FALSE(run_cli({"compare", in_, out_, "--json"}).json()["equal"])
        << "the same numbers, other colours";
}

TEST_F(CliMetadata, ASheetSaysNothingOfThePlaceOfAPhotograph) {
    write_tagged(in_, chunk("eXIf", std::string("MM\0*\0\0\0\x08\0\1\1\x0f\0\2\0\0\0\4Cam\0\0\0\0\0", 26)));
    ASSERT_EQ(run_cli({"denoise", in_, "-o", out_, "--compare", folder_ / "pair.png"}).exit_code, 0);
    EXPECT_THAT(slurp(out_), HasSubstr("eXIf"));
    EXPECT_THAT(slurp(folder_ / "pair.png"), Not(HasSubstr("eXIf")));
}

TEST_F(CliMetadata, TextsAreKeptAndLossesAreNamed) {
    const std::string texts = chunk("tEXt", std::string("Author\0A. Person", 16)) +
                              chunk("tEXt", std::string("workflow\0", 9) + std::string(70000, 'w'));
    write_tagged(in_, texts + chunk("caBX", "jumb"));
    const Outcome png = run_cli({"denoise", in_, "-o", out_});
    EXPECT_THAT(slurp(out_), HasSubstr(std::string("Author\0A. Person", 16)));
    EXPECT_THAT(png.err, HasSubstr("C2PA"));
    EXPECT_THAT(png.err, Not(HasSubstr("workflow")));
    const std::string jpeg = folder_ / "out.jpg";
    const Outcome run = run_cli({"denoise", in_, "-o", jpeg});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.err, testing::AllOf(HasSubstr("C2PA"), HasSubstr("'workflow'")));
    EXPECT_THAT(slurp(jpeg), HasSubstr("<rdf:li>A. Person</rdf:li>"));
    EXPECT_THAT(run_cli({"denoise", in_, "-o", jpeg, "--quiet"}).err, Not(HasSubstr("C2PA")));
}

} // namespace
} // namespace mirra::test
