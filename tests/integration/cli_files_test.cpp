// Which files the command takes, writes and leaves alone. The task is "gain", which needs no network.
#include "cli_support.hpp"

#include <mirra/mirra.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mirra::test {
namespace {

namespace fs = std::filesystem;

std::string slurp(const std::string &path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

bool begins_as_png(const std::string &bytes) {
    return bytes.starts_with("\x89PNG");
}

bool begins_as_jpeg(const std::string &bytes) {
    return bytes.starts_with("\xff\xd8\xff");
}

/// `mirra ARGUMENTS` by a shell, for redirections and pipes: `$mirra` is the command.
Outcome run_shell(const std::string &script) {
    const TemporaryFolder folder;
    const std::string out = folder / "out", err = folder / "err";
    const std::string line = "bash -c '" + script + "' >" + out + " 2>" + err;
    setenv("mirra", MIRRA_TEST_CLI, 1);
    const int status = std::system(line.c_str());
    Outcome outcome;
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = slurp(out);
    outcome.err = slurp(err);
    return outcome;
}

/// What a shell's line begins with to run as root without its right to read everything: another user might
/// not reach the command.
std::string bound_by_rights() {
    const std::string caps = " -dac_override,-dac_read_search ";
    return geteuid() == 0 ? "setpriv --bounding-set" + caps + "--inh-caps" + caps : "";
}

class CliFiles : public testing::Test {
  protected:
    CliFiles() {
        setenv("MIRRA_PLUGIN_PATH", MIRRA_TEST_TEMPLATE, 1);
        setenv("MIRRA_RUNTIME_MODULE", MIRRA_TEST_RUNTIME, 1);
        fs::create_directory(in_);
        write_waves(in_ + "/a.png", 24, 16);
    }
    ~CliFiles() override {
        unsetenv("MIRRA_PLUGIN_PATH");
        unsetenv("MIRRA_RUNTIME_MODULE");
    }
    static Outcome gain(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"gain"});
        return run_cli(arguments);
    }
    [[nodiscard]] std::string a() const { return in_ + "/a.png"; }
    static std::vector<std::string> names_in(const std::string &folder) {
        std::vector<std::string> names;
        for (const auto &entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }

    TemporaryFolder folder_;
    std::string in_ = folder_ / "in";
    std::string out_ = folder_ / "out";
};

using Names = std::vector<std::string>;

TEST_F(CliFiles, SkipsWhatIsNoPictureAndSaysSo) {
    write_text(in_ + "/._a.png", "side file");
    write_text(in_ + "/.hidden.png", "x");
    write_text(in_ + "/desktop.ini", "x");
    write_text(in_ + "/Thumbs.db", "x");
    fs::create_symlink("circle.png", in_ + "/circle.png");
    fs::create_symlink("nowhere.png", in_ + "/lost.png");
    fs::copy_file(a(), in_ + "/IMG_1");
    write_text(in_ + "/README", "no picture");
    write_waves(in_ + "/B.JPG", 24, 16);
    for (const char *name : {"/c.jfif", "/d.jpe"}) fs::copy_file(in_ + "/B.JPG", in_ + name);
    const Outcome run = gain({in_, "-o", out_, "--json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(names_in(out_), (Names{"B.JPG", "IMG_1.png", "a.png", "c.jfif", "d.jpe"}));
    std::map<std::string, std::string> reasons;
    const auto document = run.json();
    for (const auto &skipped : document["skipped"])
        reasons[fs::path(skipped["file"].get<std::string>()).filename()] = skipped["reason"];
    EXPECT_EQ(reasons.size(), 7U) << run.out;
    for (const char *name :
         {"._a.png", ".hidden.png", "desktop.ini", "Thumbs.db", "circle.png", "lost.png", "README"})
        EXPECT_NE(reasons[name], "") << name;
    EXPECT_NE(run.err.find("circle.png"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("5 done, 0 failed, 7 skipped"), std::string::npos) << run.err;
}

TEST_F(CliFiles, WhatCannotBeReadDoesNotStopTheRest) {
    write_text(in_ + "/broken.png", "no picture");
    const fs::path closed = folder_ / "closed";
    fs::create_directory(closed);
    write_waves(closed / "z.png", 24, 16);
    fs::create_symlink(closed / "z.png", in_ + "/behind.png");
    fs::create_directory(in_ + "/private");
    for (const auto &path : {closed, fs::path(in_ + "/private")}) fs::permissions(path, fs::perms::none);
    const Outcome run = run_shell(bound_by_rights() + "$mirra gain " + in_ + " --recursive -o " + out_);
    for (const auto &path : {closed, fs::path(in_ + "/private")}) fs::permissions(path, fs::perms::owner_all);
    EXPECT_EQ(run.exit_code, 1) << run.err;
    EXPECT_NE(run.err.find("1 done, 1 failed, 2 skipped"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("behind.png: a link that leads nowhere"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("private: the folder cannot be read"), std::string::npos) << run.err;
    EXPECT_EQ(names_in(out_), Names{"a.png"});
}

TEST_F(CliFiles, AnInputThatGivesNothingDoesNotStopTheRest) {
    const std::string none = folder_ / "none", closed = folder_ / "closed", pattern = folder_ / "*.tif";
    fs::create_directory(none);
    fs::create_directory(closed);
    write_waves(closed + "/z.png", 24, 16);
    fs::permissions(closed, fs::perms::none);
    const std::string odd = none + " " + closed + " \"" + pattern + "\" ";
    const Outcome run = run_shell(bound_by_rights() + "$mirra gain " + odd + a() + " -o " + out_ + " --json");
    const Outcome empty = run_shell(bound_by_rights() + "$mirra gain " + odd + " -o " + (folder_ / "other"));
    fs::permissions(closed, fs::perms::owner_all);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(names_in(out_), Names{"a.png"});
    std::map<std::string, std::string> reasons;
    const auto document = run.json();
    for (const auto &skipped : document["skipped"]) reasons[skipped["file"]] = skipped["reason"];
    EXPECT_EQ(reasons.size(), 3U) << run.out;
    EXPECT_NE(reasons[none].find("holds no picture file"), std::string::npos) << run.out;
    EXPECT_NE(reasons[closed].find("cannot be read"), std::string::npos) << run.out;
    EXPECT_NE(reasons[pattern].find("no file fits"), std::string::npos) << run.out;
    EXPECT_EQ(empty.exit_code, 3) << "nothing is left";
    EXPECT_FALSE(fs::exists(folder_ / "other"));
    for (const auto &lone : {none, pattern}) EXPECT_EQ(gain({lone, "-o", out_}).exit_code, 3) << lone;
}

TEST_F(CliFiles, AFolderOfResultsThatCannotBeMadeDoesNotStopTheRest) {
    fs::create_directory(in_ + "/inner");
    write_waves(in_ + "/inner/b.png", 24, 16);
    fs::create_directory(out_);
    write_text(out_ + "/inner", "a file where the folder would be");
    const Outcome run = gain({in_, "--recursive", "-o", out_});
    EXPECT_EQ(run.exit_code, 1) << run.err;
    EXPECT_NE(run.err.find("1 done, 1 failed"), std::string::npos) << run.err;
    EXPECT_EQ(size_of(out_ + "/a.png"), size_of(a()));
    EXPECT_EQ(gain({in_ + "/inner", "-o", out_ + "/inner/x/"}).exit_code, 4) << "none can be made";
}

TEST_F(CliFiles, SharesOfAFolderAreAllOfIt) {
    for (const char *name : {"b", "c", "d", "e"}) write_waves(in_ + "/" + name + ".png", 24, 16);
    Names made;
    for (const char *share : {"1/3", "2/3", "3/3"}) {
        const Outcome run = gain({in_, "-o", folder_ / "share", "--shard", share, "--json"});
        ASSERT_EQ(run.exit_code, 0) << run.err;
        for (const auto &result : run.json()["results"]) made.push_back(result["output"]);
    }
    std::ranges::sort(made);
    EXPECT_EQ(std::ranges::adjacent_find(made), made.end()) << "none is made twice";
    EXPECT_EQ(names_in(folder_ / "share"), (Names{"a.png", "b.png", "c.png", "d.png", "e.png"}));
    EXPECT_EQ(gain({in_, "-o", out_, "--shard", "6/6"}).exit_code, 0) << "a share may be empty";
    for (const char *wrong : {"0/3", "4/3", "1", "1/", "/3", "a/b", "1/3x", "-1/3"})
        EXPECT_EQ(gain({in_, "-o", out_, "--shard", wrong}).exit_code, 2) << wrong;
}

TEST_F(CliFiles, ReadingAheadGivesWhatOneAtATimeGives) {
    for (const char *name : {"b", "c", "d"}) write_waves(in_ + "/" + name + ".png", 24, 16);
    write_text(in_ + "/bb.png", "no picture");
    const Outcome overlapped = gain({in_, "-o", out_, "--json"});
    const Outcome single = gain({in_, "-o", folder_ / "single", "--memory-limit", "1000", "--json"});
    EXPECT_EQ(overlapped.exit_code, 1);
    EXPECT_EQ(single.exit_code, 1);
    const auto first = overlapped.json()["results"], second = single.json()["results"];
    ASSERT_EQ(first.size(), 5U);
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i]["input"], second[i]["input"]) << "in their order";
        EXPECT_EQ(first[i].value("error", nlohmann::json()), second[i].value("error", nlohmann::json()));
        if (first[i].contains("error")) continue;
        EXPECT_EQ(slurp(first[i]["output"]), slurp(second[i]["output"]));
    }
}

TEST_F(CliFiles, ResultsAreNeverInputs) {
    const std::string inner = in_ + "/out";
    for (int round = 0; round < 2; ++round) {
        const Outcome run = gain({in_, "--recursive", "-o", inner, "--json"});
        ASSERT_EQ(run.exit_code, 0) << run.err;
        EXPECT_EQ(run.json()["done"], 1);
        EXPECT_EQ(names_in(inner), Names{"a.png"});
    }
    // As a shell expands `in/*`.
    const Outcome listed = gain({a(), inner, "-o", inner, "--json"});
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    EXPECT_EQ(listed.json()["done"], 1);
}

TEST_F(CliFiles, AFolderOfSheetsHasOneForEachInputAndReplacesNone) {
    write_waves(in_ + "/b.jpg", 24, 16);
    const std::string sheets = folder_ / "sheets";
    const Outcome run = gain({in_, "-o", out_, "--compare", sheets + "/"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(names_in(sheets), (std::vector<std::string>{"a.png", "b.png"}));

    const std::string before = slurp(a());
    EXPECT_EQ(gain({in_, "-o", out_, "--compare", in_}).exit_code, 2) << "a.png would be its own sheet";
    write_waves(in_ + "/a.jpg", 24, 16);
    fs::remove(in_ + "/b.jpg");
    EXPECT_EQ(gain({in_ + "/a.jpg", "-o", out_, "--compare", in_}).exit_code, 0) << "none reads a.png";
    write_waves(a(), 24, 16);
    EXPECT_EQ(slurp(a()), before);
    EXPECT_EQ(gain({in_, "-o", out_, "--compare", sheets}).exit_code, 2) << "two would be a.png";
}

TEST_F(CliFiles, ASuffixPutsResultsBesideTheirInputs) {
    ASSERT_EQ(gain({in_, "--suffix", "-done"}).exit_code, 0);
    EXPECT_EQ(names_in(in_), (Names{"a-done.png", "a.png"}));
    ASSERT_EQ(gain({a(), "--suffix", "-2", "-o", out_ + "/", "--format", "jpeg"}).exit_code, 0);
    EXPECT_EQ(names_in(out_), (Names{"a-2.jpg"}));
    EXPECT_EQ(gain({a(), "--suffix", "x/y"}).exit_code, 2);
    EXPECT_EQ(gain({a(), "--suffix", ""}).exit_code, 2);
    EXPECT_EQ(gain({a()}).exit_code, 2) << "without --suffix a result needs a name";
}

TEST_F(CliFiles, WhatIsThereCanBeSkipped) {
    write_waves(in_ + "/b.png", 24, 16);
    ASSERT_EQ(gain({a(), "-o", out_ + "/"}).exit_code, 0);
    const std::string before = slurp(out_ + "/a.png");
    write_text(out_ + "/a.png", "kept");
    const auto run = gain({in_, "-o", out_, "--skip-existing", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(slurp(out_ + "/a.png"), "kept");
    EXPECT_EQ(slurp(out_ + "/b.png"), before);
    EXPECT_NE(run.out.find("its result is there"), std::string::npos);
    const auto again = gain({in_, "-o", out_, "--skip-existing", "--json"});
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_NE(again.out.find("\"done\": 0"), std::string::npos) << again.out;
    // An input that is its own output is no result yet.
    EXPECT_EQ(gain({a(), "-o", a(), "--skip-existing"}).exit_code, 0);
    EXPECT_EQ(slurp(a()), before) << "it was made";
}

TEST_F(CliFiles, ASidecarSaysHowTheResultWasMade) {
    ASSERT_EQ(gain({a(), "-o", out_ + "/", "--gain", "0.5", "--sidecar"}).exit_code, 0);
    const auto record = nlohmann::json::parse(slurp(out_ + "/a.png.json"));
    EXPECT_EQ(record["task"], "gain");
    EXPECT_EQ(record["parameters"]["gain"], 0.5);
    EXPECT_EQ(record["input"], a());
    EXPECT_EQ(record["mirra"], mirra_version_string());
    EXPECT_TRUE(record.contains("plugin"));
    EXPECT_TRUE(record["bundle"].contains("sha256"));
    EXPECT_EQ(gain({a(), "--sidecar"}).exit_code, 2);
}

TEST_F(CliFiles, ASidecarOfANameThatIsNoUtf8IsJson) {
    const std::string odd = folder_ / "\xff.png", result = out_ + "/\xff.png";
    fs::copy_file(a(), odd);
    const auto run = gain({odd, "-o", out_ + "/", "--gain", "0.5", "--sidecar"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(nlohmann::json::parse(slurp(result + ".json"))["task"], "gain");
}

TEST_F(CliFiles, ASidecarReplacesNothingElse) {
    const std::string sidecar = out_ + "/a.png.json";
    EXPECT_EQ(gain({a(), "-o", out_ + "/", "--sidecar", "--csv", sidecar}).exit_code, 2);
    const auto run = gain({a(), "-o", out_ + "/", "--sidecar", "--csv", out_ + "/table.csv"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST_F(CliFiles, FurtherFormatsAreFormatsAsOthers) {
    const std::string tiff = folder_ / "a.tif", webp = folder_ / "a.webp", back = folder_ / "back.png";
    if (gain({a(), "-o", tiff}).exit_code == 4) GTEST_SKIP() << "this system has no libtiff for the build";
    ASSERT_EQ(gain({tiff, "-o", webp, "--jpeg-quality", "100"}).exit_code, 0);
    ASSERT_EQ(gain({webp, "-o", back}).exit_code, 0);
    EXPECT_TRUE(begins_as_png(slurp(back)));
    ASSERT_EQ(gain({a(), "-o", tiff, "--bit-depth", "32"}).exit_code, 0);
    EXPECT_EQ(run_cli({"compare", tiff, a(), "--json"}).exit_code, 0);
    EXPECT_EQ(gain({a(), "-o", back, "--bit-depth", "32"}).exit_code, 4) << "a PNG has no real numbers";
}

TEST_F(CliFiles, AJpegXlIsAPictureOrNamedWithTheCommandThatConvertsIt) {
    const std::string jxl = folder_ / "a.jxl", back = folder_ / "back.png";
    if (gain({a(), "-o", jxl, "--jpeg-quality", "100"}).exit_code == 4) {
        std::ofstream(jxl) << "\xff\x0a and more";
        const Outcome run = gain({jxl, "-o", back});
        EXPECT_EQ(run.exit_code, 3);
        EXPECT_NE(run.err.find("djxl"), std::string::npos) << run.err;
        return;
    }
    ASSERT_EQ(gain({jxl, "-o", back}).exit_code, 0);
    EXPECT_TRUE(begins_as_png(slurp(back)));
    EXPECT_EQ(run_cli({"compare", jxl, a(), "--json"}).exit_code, 0);
}

TEST_F(CliFiles, ALargerInputIsReducedWhereItIsAskedFor) {
    write_waves(in_ + "/wide.png", 90, 40);
    const Outcome run = gain({in_, "-o", out_, "--max-size", "30", "--json", "--sidecar"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(size_of(out_ + "/wide.png").width, 30);
    EXPECT_EQ(size_of(out_ + "/wide.png").height, 13);
    EXPECT_EQ(size_of(out_ + "/a.png"), size_of(a())) << "is small enough";
    const auto document = nlohmann::json::parse(run.out);
    EXPECT_EQ(document["results"][1]["width"], 30);
    EXPECT_EQ(nlohmann::json::parse(slurp(out_ + "/wide.png.json"))["max_size"], 30);
    EXPECT_EQ(gain({a(), "-o", out_ + "/b.png", "--max-size", "0"}).exit_code, 2);
}

TEST_F(CliFiles, ReducingKeepsFlatColoursAndTheMean) {
    write_flat(folder_ / "flat.png", 300, 200, 77);
    ASSERT_EQ(gain({folder_ / "flat.png", "-o", folder_ / "small.png", "--max-size", "100"}).exit_code, 0);
    write_flat(folder_ / "like.png", 100, 67, 77);
    ASSERT_EQ(gain({folder_ / "like.png", "-o", folder_ / "like2.png"}).exit_code, 0);
    EXPECT_EQ(slurp(folder_ / "small.png"), slurp(folder_ / "like2.png"));
}

TEST_F(CliFiles, APageComparesAllPictures) {
    const std::string odd = in_ + "/<b>&'\"#?% 1.png", page = folder_ / "my page.html";
    write_waves(odd, 20, 20);
    write_text(in_ + "/broken.png", "no picture");
    const Outcome run = gain({in_, "-o", out_, "--compare", page});
    EXPECT_EQ(run.exit_code, 1) << run.err;
    const std::string text = slurp(page);
    EXPECT_EQ(text.find("<b>"), std::string::npos) << "names are texts";
    EXPECT_NE(text.find("&lt;b&gt;&amp;"), std::string::npos);
    EXPECT_EQ(text.find("http"), std::string::npos) << "nothing from elsewhere";
    EXPECT_EQ(text.find("broken"), std::string::npos);
    EXPECT_NE(text.find("./my%20page_files/1-before.jpg"), std::string::npos);
    const std::string folder = folder_ / "my page_files";
    EXPECT_TRUE(begins_as_jpeg(slurp(folder + "/1-after.jpg")));
    EXPECT_EQ(names_in(folder).size(), 4U);
    const std::string single = folder_ / "one.HTM";
    EXPECT_EQ(gain({a(), "-o", folder_ / "x.png", "--compare", single}).exit_code, 0);
    EXPECT_TRUE(slurp(single).starts_with("<!DOCTYPE html>"));
    EXPECT_EQ(gain({a(), "-o", folder_ / "x.png", "--compare", folder_ / "no/page.html"}).exit_code, 4);
}

TEST_F(CliFiles, DevicesAndLinksStayWhatTheyAre) {
    const Outcome null = gain({a(), "-o", folder_ / "x.png", "--csv", "/dev/null"});
    EXPECT_EQ(null.exit_code, 0) << null.err;
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
    fs::create_symlink("target.csv", folder_ / "link.csv");
    EXPECT_EQ(gain({a(), "-o", folder_ / "x.png", "--csv", folder_ / "link.csv"}).exit_code, 0);
    EXPECT_TRUE(fs::is_symlink(folder_ / "link.csv"));
    EXPECT_TRUE(slurp(folder_ / "target.csv").starts_with("input,"));
    write_text(folder_ / "private.csv", "old");
    fs::permissions(folder_ / "private.csv", fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(gain({a(), "-o", folder_ / "x.png", "--csv", folder_ / "private.csv"}).exit_code, 0);
    EXPECT_EQ(fs::status(folder_ / "private.csv").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(gain({a(), "-o", "/dev/full", "--format", "png"}).exit_code, 4);
}

TEST_F(CliFiles, APipeIsWrittenToAndOneWithoutReaderIsAnError) {
    const std::string pipe = folder_ / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(gain({a(), "-o", pipe, "--format", "png"}).exit_code, 4);
    std::string received;
    std::thread reader([&] { received = slurp(pipe); });
    Outcome run;
    do run = gain({a(), "-o", pipe, "--format", "png"});
    while (run.exit_code == 4);
    reader.join();
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(begins_as_png(received));
    EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(CliFiles, ADashIsTheStandardOutput) {
    EXPECT_TRUE(begins_as_png(gain({a(), "-o", "-"}).out));
    EXPECT_TRUE(begins_as_jpeg(gain({a(), "-o", "-", "--format", "jpeg"}).out));
    EXPECT_TRUE(begins_as_png(run_cli({"noise", a(), "-o", "-", "--sigma", "3"}).out));
    EXPECT_TRUE(begins_as_png(run_cli({"sheet", a(), "-o", "-"}).out));
    const Outcome table = gain({a(), "-o", folder_ / "x.png", "--csv", "-"});
    EXPECT_TRUE(table.out.starts_with("input,width,height")) << table.out;
    EXPECT_EQ(gain({a(), "-o", "-", "--json"}).exit_code, 2);
    EXPECT_EQ(gain({a(), "-o", "-", "--csv", "-"}).exit_code, 2);
    EXPECT_EQ(gain({a(), "-o", folder_ / "x.png", "--preview", "-"}).exit_code, 2);
    EXPECT_EQ(gain({a(), in_, "-o", "-"}).exit_code, 2);
    EXPECT_FALSE(fs::exists("-"));
    // Redirected, it goes where the shell's descriptor stands.
    const Outcome shell = run_shell("(echo first; $mirra gain " + a() + " -o " + (folder_ / "x.png") +
                                    " --csv /dev/stdout -q; echo last) >" + (folder_ / "log"));
    const std::string log = slurp(folder_ / "log");
    EXPECT_TRUE(log.starts_with("first\ninput,") && log.ends_with("last\n")) << log;
}

TEST_F(CliFiles, AReaderThatLeavesEndsItQuietly) {
    write_waves(folder_ / "big.png", 900, 900);
    const Outcome picture = run_shell("$mirra gain " + (folder_ / "big.png") +
                                      " -q -o - | head -c 4 >/dev/null; echo ${PIPESTATUS[0]}");
    EXPECT_EQ(picture.out, "141\n");
    EXPECT_EQ(picture.err, "");
    const Outcome text = run_shell("$mirra tasks --json | true; echo ${PIPESTATUS[0]}");
    EXPECT_TRUE(text.out == "141\n" || text.out == "0\n") << text.out;
    EXPECT_EQ(text.err, "");
}

TEST_F(CliFiles, AClosedStandardOutputIsNotTheNextFile) {
    const std::string file = folder_ / "x.png";
    const Outcome run = run_shell("$mirra gain " + a() + " -o " + file + " --json >&-");
    EXPECT_EQ(run.exit_code, 4) << run.err;
    EXPECT_EQ(size_of(file), size_of(a()));
}

TEST_F(CliFiles, WhatCanBeRefusedAtOnceIs) {
    const std::string wide = folder_ / "wide.png";
    write_flat(wide, 70000, 1, 9);
    const Outcome jpeg = gain({wide, "-o", folder_ / "wide.jpg"});
    EXPECT_EQ(jpeg.exit_code, 4);
    EXPECT_NE(jpeg.err.find("cannot be larger than"), std::string::npos) << jpeg.err;
    EXPECT_EQ(gain({wide, "-o", folder_ / "wide2.png"}).exit_code, 0);
    EXPECT_EQ(gain({wide, "-o", folder_ / "copy", "--format", "jpeg"}).exit_code, 4);
    EXPECT_EQ(gain({a(), "-o", folder_ / "x.bmp"}).exit_code, 4);
    EXPECT_EQ(gain({a(), "-o", folder_ / (std::string(300, 'n') + ".png")}).exit_code, 4);
    EXPECT_EQ(gain({a(), "-o", folder_ / "none/x.png"}).exit_code, 4);
    EXPECT_EQ(gain({a(), "-o", folder_ / "x.png", "--csv", folder_ / "none/x.csv"}).exit_code, 4);
    EXPECT_FALSE(fs::exists(folder_ / "x.png")) << "nothing was computed";
}

TEST_F(CliFiles, FoldersThatNothingCameIntoDoNotStay) {
    const std::string broken = folder_ / "broken.png";
    write_text(broken, "no picture");
    EXPECT_EQ(gain({broken, "-o", out_ + "/deep/"}).exit_code, 3);
    EXPECT_FALSE(fs::exists(out_));
    EXPECT_EQ(gain({broken, "-o", folder_ / "x.png", "--compare", out_ + "/sheets/"}).exit_code, 3);
    EXPECT_FALSE(fs::exists(out_));
    fs::create_directory(out_);
    EXPECT_EQ(gain({broken, "-o", out_ + "/deep/"}).exit_code, 3);
    EXPECT_TRUE(fs::is_empty(out_)) << "it was there before";
    EXPECT_EQ(gain({a(), broken, "-o", out_ + "/deep/"}).exit_code, 1);
    EXPECT_EQ(names_in(out_ + "/deep"), Names{"a.png"});
    const std::string shared = folder_ / "shared/";
    EXPECT_EQ(gain({broken, "--shard", "1/1", "-o", shared}).exit_code, 3);
    EXPECT_TRUE(fs::exists(shared)) << "other machines may write into it";
}

TEST_F(CliFiles, ThePixelLimitNamesItsOption) {
    for (const auto &arguments : std::vector<Names>{{"gain", a(), "-o", folder_ / "x.png"},
                                                    {"noise", a(), "-o", folder_ / "x.png", "--sigma", "1"},
                                                    {"sheet", a(), "-o", folder_ / "x.png"},
                                                    {"compare", a(), a()},
                                                    {"info", a()}}) {
        Names limited = arguments;
        limited.insert(limited.end(), {"--max-pixels", "383"});
        const Outcome refused = run_cli(limited);
        EXPECT_EQ(refused.exit_code, 3) << arguments[0];
        EXPECT_NE(refused.err.find("--max-pixels"), std::string::npos) << refused.err;
        limited.back() = "384";
        EXPECT_EQ(run_cli(limited).exit_code, 0) << arguments[0];
    }
}

TEST_F(CliFiles, OtherAlphaIsNotEqual) {
    std::vector<std::uint8_t> samples(16 * 16 * 4, 200);
    write_samples(folder_ / "seen.png", 16, 16, MIRRA_COLOR_RGBA, samples);
    for (std::size_t i = 3; i < samples.size(); i += 4) samples[i] = 0;
    write_samples(folder_ / "unseen.png", 16, 16, MIRRA_COLOR_RGBA, samples);
    const auto other = run_cli({"compare", folder_ / "seen.png", folder_ / "unseen.png", "--json"}).json();
    EXPECT_FALSE(other["equal"]);
    EXPECT_FALSE(other["equal_alpha"]);
    EXPECT_TRUE(run_cli({"compare", folder_ / "seen.png", folder_ / "seen.png", "--json"}).json()["equal"]);
    // Opaque is opaque, with or without the channel.
    for (std::size_t i = 3; i < samples.size(); i += 4) samples[i] = 255;
    write_samples(folder_ / "opaque.png", 16, 16, MIRRA_COLOR_RGBA, samples);
    write_flat(folder_ / "plain.png", 16, 16, 200);
    EXPECT_TRUE(
        run_cli({"compare", folder_ / "opaque.png", folder_ / "plain.png", "--json"}).json()["equal"]);
}

TEST_F(CliFiles, NumbersAreFinite) {
    for (const char *value : {"nan", "-nan", "inf", "-inf", "NaN", "1e999"}) {
        EXPECT_EQ(gain({a(), "-o", folder_ / "x.png", "--gain", value}).exit_code, 2) << value;
        EXPECT_EQ(run_cli({"noise", a(), "-o", folder_ / "x.png", "--sigma", value}).exit_code, 2) << value;
    }
    EXPECT_FALSE(fs::exists(folder_ / "x.png"));
}

TEST_F(CliFiles, AnEmptyNameIsNoFile) {
    const std::vector<Names> empty{
        {"-o", ""}, {"-o", folder_ / "x.png", "--csv", ""}, {"-o", folder_ / "x.png", "--compare", ""}};
    for (Names arguments : empty) {
        arguments.insert(arguments.begin(), {"gain", a()});
        const Outcome run = run_cli(arguments);
        EXPECT_EQ(run.exit_code, 2) << run.err;
        EXPECT_NE(run.err.find("empty"), std::string::npos) << run.err;
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.png"));
}

TEST_F(CliFiles, SignalsThatTheCallerIgnoresStayIgnored) {
    // A picture that takes long enough for a signal to come in between.
    write_flat(folder_ / "big.png", 6000, 6000, 90);
    for (const int number : {SIGHUP, SIGINT}) {
        const Outcome run =
            run_cli({"noise", folder_ / "big.png", "-o", folder_ / "noisy.png", "--sigma", "9"},
                    Signal{number, std::chrono::milliseconds(300), true});
        EXPECT_EQ(run.exit_code, 0) << run.err;
    }
    const Outcome cancelled =
        run_cli({"noise", folder_ / "big.png", "-o", folder_ / "noisy.png", "--sigma", "9"},
                Signal{SIGHUP, std::chrono::milliseconds(300)});
    EXPECT_EQ(cancelled.exit_code, 130) << "as ever where it is not ignored";
}

} // namespace
} // namespace mirra::test
