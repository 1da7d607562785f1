// What a terminal would obey becomes an escape; all else stays.
#include "mirra/printable.hpp"
#include "mirra/shortened.hpp"

#include <gtest/gtest.h>

namespace mirra {
namespace {

TEST(Printable, LeavesWhatIsShown) {
    for (const char *text :
         {"", "plain ~ text", "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x99\x82", "a\\b"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, SpellsOutWhatATerminalObeys) {
    EXPECT_EQ(printable("\x1b]0;PWNED\x07\x1b[31mred"), "\\x1b]0;PWNED\\x07\\x1b[31mred");
    EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
    EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\u009b31m"); // the one character that means ESC [
    EXPECT_EQ(printable("photo\xe2\x80\xaegnp.exe"), "photo\\u202egnp.exe");
    EXPECT_EQ(printable("\xe2\x81\xa6\xe2\x80\xa8\xd8\x9c"), "\\u2066\\u2028\\u061c");
}

TEST(Printable, SpellsOutWhatIsNoUtf8) {
    EXPECT_EQ(printable("\x9b"
                        "31m"),
              "\\x9b31m"); // the same in Latin-1
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");          // overlong
    EXPECT_EQ(printable("\xe0\x80\x9b"), "\\xe0\\x80\\x9b"); // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // a surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
    EXPECT_EQ(printable("\xf8\x88\x80\x80\x80"), "\\xf8\\x88\\x80\\x80\\x80");
}

TEST(Printable, EveryPairOfBytesIsSafe) {
    for (int a = 0; a < 256; ++a)
        for (int b = 0; b < 256; ++b) {
            const std::string text{static_cast<char>(a), static_cast<char>(b)};
            const std::string out = printable(text);
            for (std::size_t i = 0; i < out.size(); ++i) {
                const auto byte = static_cast<unsigned char>(out[i]);
                ASSERT_FALSE(byte < 0x20 || byte == 0x7f) << a << ' ' << b;
                const auto before = i > 0 ? static_cast<unsigned char>(out[i - 1]) : 0;
                ASSERT_FALSE(before == 0xc2 && byte < 0xa0) << a << ' ' << b;
                ASSERT_FALSE(byte >= 0x80 && byte < 0xc0 && before < 0xc2) << a << ' ' << b;
            }
        }
}

TEST(Printable, LinesStayLines) {
    EXPECT_EQ(printable_lines("a\x1b\nb\n\nc\td"), "a\\x1b\nb\n\nc\\td");
    EXPECT_EQ(printable_lines("end\n"), "end\n");
}

TEST(Shortened, KeepsBeginningAndEndAndWholeCharacters) {
    EXPECT_EQ(shortened("short", 5), "short");
    const std::string text = "the name '" + std::string(60'000, 'A') + "' is none";
    const std::string out = shortened(text, 100);
    EXPECT_LE(out.size(), 100U);
    EXPECT_TRUE(out.starts_with("the name 'AAA") && out.ends_with("AAA' is none")) << out;
    std::string wide;
    for (int i = 0; i < 1000; ++i) wide += "\xe6\x97\xa5";
    for (std::size_t most = 50; most < 60; ++most) {
        const std::string kept = shortened(wide, most);
        EXPECT_LE(kept.size(), most);
        EXPECT_EQ(printable(kept), kept) << "UTF-8";
    }
}

TEST(Shortened, ASmallNumberLeavesTheBeginning) {
    for (std::size_t most = 0; most < 12; ++most)
        EXPECT_LE(shortened("a long text of words", most).size(), most);
    EXPECT_EQ(shortened("a long text", 4), "a lo");
    EXPECT_EQ(shortened("a\xe6\x97\xa5 and more", 3), "a");
    EXPECT_EQ(shortened("a\xe6\x97\xa5 and more", 4), "a\xe6\x97\xa5");
    EXPECT_EQ(shortened("a\xf0\x9f\x99\x82 and more", 4), "a");
}

TEST(Shortened, OfWhatIsNoUtf8AsMuchStays) {
    for (const char byte : {'\x80', '\xbf', '\xff'})
        for (const std::size_t most : {5U, 40U, 100U}) {
            const std::string out = shortened(std::string(60'000, byte), most);
            EXPECT_LE(out.size(), most);
            EXPECT_GE(out.size() + 4, most) << "most of it";
        }
}

} // namespace
} // namespace mirra
