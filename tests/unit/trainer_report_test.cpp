// Reports of trainings: the page holds its parts, takes nothing for markup that is text, and errors are
// clear.
#include "bundle/digest.hpp"
#include "bundle/manifest.hpp"
#include "core/graph_module.hpp"
#include "core/run_folder.hpp"
#include "eval/evaluation.hpp"
#include "eval/pictures.hpp"
#include "eval/robustness.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "report/encoder_findings.hpp"
#include "report/encoder_page.hpp"
#include "report/finished_run.hpp"
#include "report/html.hpp"
#include "report/plot.hpp"
#include "report/sheet.hpp"
#include "report/table.hpp"
#include "report/training_report.hpp"
#include "scratch.hpp"
#include "tasks/encoder.hpp"
#include "trainer_support.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace {

using namespace mirra;
using namespace mirra::trainer;
using mirra::test::make_classes;
using mirra::test::text_of;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr const char *kRecipe = R"(# less < more & "quoted"
[network]
architecture = "resnet18"
width = 0.125
[data]
extent = 16
batch = 8
crop = "pad"
[adversary]
kind = "pgd"
epsilon = 0.5
steps = 1
[optimizer]
epochs = 1
rate = 0.05
[validation]
pictures = 8
steps = 2
[training]
precision = "fp32"
seed = 5
)";

EncoderCommand tiny_run(const std::string &name, const fs::path &data) {
    return mirra::test::encoder_command("report-" + name, kRecipe, data);
}

EncoderReport report_of(const EncoderCommand &command) {
    EncoderReport report;
    report.run = run_folder(command);
    report.count = 2;
    report.masking_count = 0;
    report.threads = 1;
    return report;
}

std::string page_of(const EncoderReport &report) {
    write_report(report);
    return text_of(report.run / "report.html");
}

std::size_t occurrences(const std::string &text, const std::string &part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

std::vector<std::byte> from_base64(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::vector<std::byte> out;
    std::uint32_t bits = 0;
    int filled = 0;
    for (const char c : text) {
        if (c == '=') break;
        bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(c));
        filled += 6;
        if (filled < 8) continue;
        filled -= 8;
        out.push_back(static_cast<std::byte>(bits >> filled));
    }
    return out;
}

std::vector<image::Image> embedded_pictures(const std::string &page) {
    const std::string begin = "src=\"data:image/png;base64,";
    std::vector<image::Image> out;
    for (auto at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
        at += begin.size();
        out.push_back(image::decode(from_base64(std::string_view(page).substr(at, page.find('"', at) - at))));
    }
    return out;
}

/// The error that the report ends with. @returns "CODE message | hint"
std::pair<ErrorCode, std::string> failure(const EncoderReport &report) {
    try {
        write_report(report);
    } catch (const Error &error) {
        return {error.code(), error.what() + (" | " + error.hint())};
    }
    return {ErrorCode::internal, "no error"};
}

/// The words of a line as the shell has them.
std::vector<std::string> shell_words(const std::string &line) {
    const auto script = "for word in " + line + "; do printf '%s\\n' \"$word\"; done";
    const std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(script.c_str(), "r"), pclose);
    std::string text;
    for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) text += static_cast<char>(c);
    std::stringstream lines(text);
    std::vector<std::string> words;
    for (std::string word; std::getline(lines, word);) words.push_back(word);
    return words;
}

TEST(EncoderReport, ThePageHoldsEveryPart) {
    const auto command = tiny_run("parts", make_classes("parts", 24));
    ASSERT_EQ(train_encoder(command), 0);
    RobustnessEvaluation evaluation;
    evaluation.bundle = command.output;
    evaluation.data = command.data;
    evaluation.budget = {Norm::l2, 0.5};
    Evaluation result;
    result.images = 200;
    result.clean = 180;
    result.robust = 120;
    record_robustness(evaluation, result);
    auto report = report_of(command);
    report.compare = command.output;
    report.masking_count = 2;
    const auto page = page_of(report);

    EXPECT_THAT(page, HasSubstr("90.0<small>&#8201;%"));  // clean, recorded
    EXPECT_THAT(page, HasSubstr("85.1 to 93.4 %"));       // its interval (Wilson)
    EXPECT_THAT(page, HasSubstr("AutoAttack, ℓ2 ≤ 0.5")); // robust, recorded
    EXPECT_THAT(page, HasSubstr("53.1 to 66.5 %"));
    EXPECT_THAT(page, HasSubstr("PGD-2, ℓ2 ≤ 0.5")); // robust, from the log
    EXPECT_THAT(page, HasSubstr("last validation</span>8 pictures, spread over those"));
    EXPECT_EQ(occurrences(page, "<svg viewBox"), 5u); // four panels, loss over PGD's steps
    EXPECT_EQ(occurrences(page, "<article"), 2u);
    EXPECT_THAT(page, HasSubstr("perturbation × "));
    EXPECT_THAT(page, HasSubstr("gradient<span>encoder (2)</span>")); // of the other network
    EXPECT_THAT(page, HasSubstr("On 2 pictures, ℓ2 ≤ 0.5"));
    EXPECT_THAT(page, HasSubstr("<pre>" + escaped(kRecipe) + "</pre>"));
    EXPECT_THAT(page, HasSubstr("mirra-train encoder <span class=\"option\">--data</span> "));
    EXPECT_THAT(page, HasSubstr("<th>Skipped in training</th><td>0</td>"));
    for (const auto *foreign : {"<script", "http:", "https:", "url(", "@import"})
        EXPECT_THAT(page, Not(HasSubstr(foreign)));
    const auto pictures = embedded_pictures(page);
    ASSERT_EQ(pictures.size(), 12u); // of each example: picture, 2 adversarial, perturbation, 2 gradients
    for (const auto &picture : pictures)
        EXPECT_EQ(std::pair(picture.width(), picture.height()), std::pair(128, 128));
}

TEST(Sheet, SmallPicturesAreEnlargedByWholePixels) {
    const FloatPicture gray{8, 4, std::vector<float>(8 * 4 * 3, 0.25F)};
    const FloatPicture large{300, 200, std::vector<float>(300 * 200 * 3, 0.25F)};
    const auto path = mirra::test::scratch() + "sheet.png";
    const auto same = [&](const std::vector<SheetRow> &rows) {
        write_sheet(path, rows);
        const auto sheet = to_float(image::read(path, {}));
        return std::ranges::count_if(sheet.values,
                                     [](float value) { return std::abs(value - 0.25F) < 0.01F; }) /
               3;
    };
    EXPECT_EQ(same({{{"", gray}}}), 16 * 8 * 16 * 4);
    EXPECT_EQ(same({{{"", large}}}), 300 * 200);
    EXPECT_EQ(same({{{"", gray}, {"", large}}}), 300 * 200 + 8 * 4) << "one scale a sheet";
}

TEST(EncoderReport, TextIsNeverMarkup) {
    auto command =
        tiny_run("hostile", make_classes("hostile", 8, {"<img src=x onerror=alert(1)>", "a&\"b'"}));
    command.licence = "</style><script>alert(2)";
    ASSERT_EQ(train_encoder(command), 0);
    const auto page = page_of(report_of(command));
    EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(1)&gt;"));
    EXPECT_THAT(page, HasSubstr("a&amp;&quot;b&#39;"));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(2)"));
    EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_EQ(occurrences(page, "</style>"), 1u);
}

TEST(EncoderReport, MissingFilesAreNamedWithAWayOut) {
    const auto data = make_classes("moving", 8);
    const auto command = tiny_run("moving", data);
    auto report = report_of(command);
    EXPECT_THAT(failure(report).second, HasSubstr("no training run here"));
    fs::create_directories(report.run); // a training that has only begun has its record, and no log
    RunRecord begun;
    begun.output = command.output;
    write_run_record(report.run, begun);
    EXPECT_THAT(failure(report).second, HasSubstr("no bundle"));
    ASSERT_EQ(train_encoder(command), 0);

    const fs::path moved = data.string() + "-moved";
    fs::rename(data, moved);
    EXPECT_THAT(failure(report).second, HasSubstr("--no-examples"));
    EXPECT_FALSE(fs::exists(report.run / "report.html"));
    report.no_examples = true;
    EXPECT_TRUE(embedded_pictures(page_of(report)).empty());
    report.no_examples = false;
    report.data = {moved.string()};
    EXPECT_EQ(embedded_pictures(page_of(report)).size(), 8u);

    const fs::path elsewhere = command.output.string() + ".moved";
    fs::rename(command.output, elsewhere);
    const auto [code, text] = failure(report);
    EXPECT_EQ(code, ErrorCode::not_found);
    EXPECT_THAT(text, HasSubstr("no bundle"));
    EXPECT_THAT(text, HasSubstr("--bundle"));
    report.bundle = elsewhere;
    EXPECT_EQ(failure(report).second, "no error");
}

TEST(EncoderReport, WhatDoesNotFitIsRefused) {
    auto standard = tiny_run("standard", make_classes("standard", 8));
    standard.overrides["adversary.kind"] = "none";
    standard.overrides["adversary.epsilon"] = "0";
    ASSERT_EQ(train_encoder(standard), 0);
    auto report = report_of(standard);
    EXPECT_THAT(failure(report).second, HasSubstr("--eps"));
    report.epsilon = 0.25;
    EXPECT_EQ(failure(report).second, "no error");
    const auto page = text_of(report.run / "report.html");
    EXPECT_THAT(page, HasSubstr("neither trained nor validated against an attack"));
    EXPECT_THAT(page, Not(HasSubstr("mirra-train attack"))) << "with an epsilon of 0, which it refuses";

    auto other = tiny_run("other", make_classes("other", 8, {"one", "two"}));
    other.overrides["adversary.kind"] = "none";
    ASSERT_EQ(train_encoder(other), 0);
    report.compare = other.output;
    EXPECT_EQ(failure(report).first, ErrorCode::mismatch);
    report.compare.clear();
    report.bundle = other.output;
    EXPECT_EQ(failure(report).first, ErrorCode::mismatch); // trained with another recipe than the run
    std::ofstream(report.run / "run.json") << "{\"data\": 3";
    EXPECT_EQ(failure(report).first, ErrorCode::corrupt);
}

TEST(EncoderReport, SignsOfMaskingAreSaid) {
    MaskingReport masking;
    masking.images = 100;
    masking.loss_over_steps = {1, 1.5, 2};
    masking.restart_accuracies = {0.5, 0.51};
    masking.pgd_accuracy = masking.square_accuracy = 0.5;
    EXPECT_THAT(masking_section(masking, {Norm::l2, 0.5}).code(), HasSubstr("No sign of gradient masking"));
    masking.square_accuracy = 0.25;
    const auto code = masking_section(masking, {Norm::l2, 0.5}).code();
    EXPECT_THAT(code, HasSubstr("Signs of gradient masking"));
    EXPECT_THAT(code, HasSubstr("25.0 %"));
    EXPECT_THAT(code, HasSubstr("PGD-2, 2 random starts"));
    EXPECT_THAT(code, HasSubstr("50.0 to 51.0 %"));
}

TEST(RunRecord, ItsCommandMakesTheSameRun) {
    auto command = tiny_run("it's here; echo $HOME", make_classes("a class of \"its\" own", 8));
    command.overrides["adversary.epsilon"] = "0.3333333333333333";
    command.overrides["adversary.norm"] = "linf";
    command.overrides["training.seed"] = "7";
    command.loader_threads = 2;
    ASSERT_EQ(train_encoder(command), 0);
    const auto record = read_run_record(run_folder(command));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->data, command.data);
    EXPECT_EQ(record->seed, 7u);
    EXPECT_EQ(record->pictures, 16);
    EXPECT_EQ(record->skipped, 0);
    EXPECT_EQ(record->processes, 1);

    auto words = shell_words(record->command);
    ASSERT_EQ(words, words_of(command));
    std::reverse(words.begin(), words.end());
    words.pop_back(); // the program
    const auto before = text_of(command.output);
    int status = -1;
    CLI::App app;
    add_encoder_command(app, status);
    app.parse(words); // another recipe, seed or data set would be refused
    EXPECT_EQ(status, 0);
    EXPECT_EQ(text_of(command.output), before);
}

TEST(RunRecord, AResumedRunKeepsItsStart) {
    const auto command = tiny_run("resumed", "nowhere");
    const auto folder = run_folder(command);
    fs::create_directories(folder);
    auto recipe = Recipe::load(command.recipe);
    TrainingFacts facts;
    facts.recipe = &recipe;
    RunStart resumed;
    resumed.resumed = true;
    RunRecord old;
    old.started = "2001-02-03T04:05:06Z";
    write_run_record(folder, old);
    record_run(command, facts, resumed);
    EXPECT_EQ(read_run_record(folder)->started, old.started);
    record_run(command, facts, {});
    EXPECT_EQ(read_run_record(folder)->started.substr(0, 2), "20");
    EXPECT_NE(read_run_record(folder)->started, old.started);
}

TEST(RunRecord, OfADamagedOneIsSaidWhatToDo) {
    const fs::path folder = mirra::test::scratch() + "damaged-record";
    fs::create_directories(folder);
    for (const char *text : {"", "{", "[]", "{\"data\": 5}", "{\"data\": [], \"output\": 1}"}) {
        std::ofstream(folder / "run.json") << text;
        EXPECT_THAT(mirra::test::refusal(ErrorCode::corrupt, [&] { read_run_record(folder); }),
                    testing::AllOf(HasSubstr("(" + (folder / "run.json").string() + ")"),
                                   HasSubstr("remove the file")))
            << text;
    }
    auto command = tiny_run("damaged", "nowhere");
    command.folder = folder;
    EXPECT_NO_THROW(record_skipped(command, 1)) << "the training is done";
}

/// What a training of the task "denoise" leaves, with a log in each of the folders.
EncoderReport denoiser_run(const std::string &name, const std::vector<std::string> &logs) {
    const fs::path output = mirra::test::scratch() + "report-" + name + ".mirra";
    const fs::path run = output.string() + ".run";
    for (const auto &folder : logs) {
        fs::create_directories(run / folder);
        std::ofstream(run / folder / "log.csv") << "step,loss,validation_psnr\n2,0.5,\n4,0.25,28.125\n";
    }
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = "<Small>";
    manifest.architecture = "fastdvd";
    manifest.provenance = R"({"data": ["bsds500/train"], "pictures": 12, "recipe": "d.toml", "steps": 4,
                              "batch": 8, "extent": 64, "seed": 7, "recipe_text": "[training]\nsteps = 4"})";
    manifest.quality = R"([{"data": "kodak24", "sigma": 25, "psnr": 31.5}, 3])";
    graph::Builder builder("denoiser");
    builder.output("image", builder.conv2d(builder.input("image", 3), {.in = 3, .out = 3}, "conv"));
    manifest.graphs["denoiser"] = builder.finish();
    bundle::write_bundle(output, manifest, {{"conv.weight", {{3, 3, 3, 3}, std::vector<float>(81)}}},
                         bundle::DType::f32);
    EncoderReport report;
    report.run = run;
    return report;
}

TEST(TrainingReport, OfAnyTaskHasCurvesSettingsAndProvenance) {
    const auto page = page_of(denoiser_run("denoiser", {""}));
    for (const auto *part :
         {"training for the task denoise", "&lt;Small&gt;", "trained on bsds500/train; 4 steps",
          "last validation psnr", "28.125", ">loss<", "fastdvd, 81 parameters", "4 of 8 pictures", "64 × 64",
          "data kodak24", "psnr 31.5", "sigma 25", "steps = 4"})
        EXPECT_THAT(page, HasSubstr(part));
    EXPECT_EQ(occurrences(page, "<polyline"), 2u) << "a curve a column";
    EXPECT_THAT(page, Not(HasSubstr("Adversarial")));
    EXPECT_THAT(page, Not(HasSubstr("accuracy")));
}

TEST(TrainingReport, OfSeveralLevelsHasTheCurvesOfEach) {
    const auto page = page_of(denoiser_run("levels", {"conv1", "conv2"}));
    EXPECT_EQ(occurrences(page, "<polyline"), 4u);
    EXPECT_THAT(page, HasSubstr("<h3>Level conv1</h3>"));
    EXPECT_THAT(page, HasSubstr("conv2, last validation psnr"));
}

TEST(Report, Base64IsThatOfTheStandard) {
    const auto encoded = [](std::string_view text) { return base64(std::as_bytes(std::span(text))); };
    EXPECT_EQ(encoded(""), "");
    EXPECT_EQ(encoded("f"), "Zg==");
    EXPECT_EQ(encoded("fo"), "Zm8=");
    EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
    EXPECT_EQ(encoded("\xff\xfe\xfd"), "//79");
}

TEST(Report, OnlyLiteralsAreMarkup) {
    Html html;
    html << "<b>" << std::string("<i>&\"'\x01") << "</b>" << 3;
    EXPECT_EQ(html.code(), "<b>&lt;i&gt;&amp;&quot;&#39;\xEF\xBF\xBD</b>3");
}

TEST(Report, CommandsAreKeptAsTheyAre) {
    EXPECT_EQ(command_line("a --b 'c  d' <e>").code(),
              "a <span class=\"option\">--b</span> &#39;c  d&#39; &lt;e&gt;");
}

TEST(Report, TicksAreRoundAndCoverTheRange) {
    EXPECT_EQ(round_ticks(0, 100, 5), (std::vector<double>{0, 20, 40, 60, 80, 100}));
    for (const auto &[low, high] :
         {std::pair(0.013, 2.31), {-3e-7, 1e-7}, {1e9, 1e9 + 7}, {2.0, 2.0}, {0.0, 0.0}}) {
        const auto ticks = round_ticks(low, high, 5);
        ASSERT_GE(ticks.size(), 3u) << low;
        ASSERT_LE(ticks.size(), 8u) << low;
        EXPECT_LE(ticks.front(), low + 1e-6 * std::abs(low));
        EXPECT_GE(ticks.back(), high - 1e-6 * std::abs(high));
    }
}

TEST(Report, PlotsLeaveOutWhatWasNotMeasured) {
    const auto nan = std::nan("");
    EXPECT_TRUE(
        svg_plot({.title = "empty", .x_label = "step", .y_label = {}, .series = {{"none", {{1, nan}}}}})
            .empty());
    const auto code =
        svg_plot({.title = "a < b",
                  .x_label = "step",
                  .y_label = {},
                  .series = {{"some", {{1, 0.5}, {2, nan}, {4, 1}}, true}, {"none", {{1, nan}}}},
                  .percent = true})
            .code();
    EXPECT_THAT(code, HasSubstr("a &lt; b"));
    EXPECT_EQ(occurrences(code, "<polyline"), 1u);
    EXPECT_EQ(occurrences(code, "r=\"3\""), 2u);
    EXPECT_THAT(code, Not(HasSubstr("nan")));
}

TEST(Report, ATableIsOneDescriptionForTextCsvJsonAndManifests) {
    Table table({{.name = "data", .shown = {.head = "data", .width = -6}, .recorded = {"data"}},
                 {.name = "sigma", .shown = {.head = "sigma", .width = 5}, .recorded = {"sigma"}},
                 {.name = "psnr",
                  .digits = places(4),
                  .shown = {.head = "PSNR (std)", .width = 7, .digits = places(3)},
                  .recorded = {"psnr"}},
                 {.name = "std", .shown = {.width = 4, .digits = places(2), .in_brackets = true}},
                 {.name = "gray", .recorded = {"gray", true}},
                 {.name = "limit", .shown = {.head = "limit", .width = 6, .missing = "-"}},
                 {.shown = {.head = "note", .gap = 2}}});
    table.add({"a,b", 0.123456789, 30.123456, 1.5, false, Cell(), "n"});
    table.add({"c", std::int64_t{25}, 7.0, 0.25, true, 2.5, ""});
    EXPECT_EQ(table.text(), "data   sigma     PSNR (std)  limit  note\n"
                            "a,b    0.123457  30.123 (1.50)      -  n\n"
                            "c         25   7.000 (0.25)    2.5\n");
    EXPECT_EQ(table.csv(), "data,sigma,psnr,std,gray,limit\n"
                           "\"a,b\",0.123457,30.1235,1.5,no,\nc,25,7.0000,0.25,yes,2.5\n");
    EXPECT_EQ(table.json().at(0).dump(),
              R"({"data":"a,b","sigma":0.123456789,"psnr":30.123456,"std":1.5,"gray":false,"limit":null})");
    EXPECT_EQ(table.entries().at(0).dump(), R"({"data":"a,b","sigma":0.123456789,"psnr":30.1235})")
        << "settings exactly, measurements with four places";
    EXPECT_EQ(table.entries().at(1).dump(), R"({"data":"c","sigma":25,"psnr":7.0,"gray":true})");
    EXPECT_TRUE(mirra::test::refusal(ErrorCode::internal, [&] {
                    table.add({"too", "few"});
                }).starts_with("a row has not a cell for each column"));
}

TEST(Report, APlotIsOneDescriptionForSvgAndPng) {
    const Plot plot{.title = "a < b",
                    .x_label = "step",
                    .y_label = "loss",
                    .series = {{"one", {{0, 1}, {100, 3}}, true}, {"two", {{0, 2}, {50, 2}, {100, 1}}}}};
    const std::filesystem::path folder = mirra::test::scratch();
    write_plots(folder / "plot.svg", {plot, plot}, 2);
    write_plots(folder / "plot.png", {plot, plot}, 2);
    std::stringstream svg;
    svg << std::ifstream(folder / "plot.svg").rdbuf();
    EXPECT_THAT(svg.str(), testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    for (const auto *part : {"a &lt; b", ">loss<", ">two<"})
        EXPECT_EQ(occurrences(svg.str(), part), 2u) << part;
    const auto picture = image::read(folder / "plot.png");
    EXPECT_THAT(svg.str(), HasSubstr("viewBox=\"0 0 " + std::to_string(picture.width() / 2) + ".0 " +
                                     std::to_string(picture.height() / 2) + ".0\""));
    EXPECT_NO_THROW(check_plot(folder / "new.svg"));
    mirra::test::refusal(ErrorCode::not_found, [&] { check_plot(folder / "no" / "new.svg"); });
    EXPECT_THAT(mirra::test::refusal(ErrorCode::unsupported, [&] { check_plot(folder / "new.txt"); }),
                testing::AllOf(HasSubstr(".png"), HasSubstr(".svg")));
}

TEST(Report, PicturesAreCentredOnGray) {
    EXPECT_TRUE(gradient_picture(torch::zeros({3, 4, 4})).eq(0.5).all().item<bool>());
    torch::manual_seed(1);
    const auto noise = torch::randn({3, 64, 64});
    const auto picture = gradient_picture(1e-9 * noise);
    EXPECT_NEAR(picture.mean().item<double>(), 0.5, 0.01);
    EXPECT_NEAR(picture.std().item<double>(), 1.0 / 6, 0.01); // three sigmas to either side
    EXPECT_TRUE(torch::allclose(picture, gradient_picture(noise), 1e-4, 1e-5));
    EXPECT_EQ(difference_factor(torch::full({10}, 0.031)), 10);
    EXPECT_EQ(difference_factor(torch::zeros({10})), 1);
}

TEST(Report, TheViewIsThatOfTheTrueClass) {
    torch::manual_seed(2);
    const auto weights = torch::randn({48, 3});
    const Classifier linear = [&](const torch::Tensor &x) {
        return x.reshape({x.size(0), 48}).matmul(weights);
    };
    const auto images = torch::rand({5, 3, 4, 4});
    const auto labels = torch::tensor(std::vector<std::int64_t>{0, 1, 2, 0, 1});
    const auto attack = example_attack({Norm::linf, 0.1});
    const auto view = view_of(linear, images, labels, {.attack = attack, .batch = 2});
    const auto expected = weights.t().index_select(0, labels).reshape({5, 3, 4, 4});
    EXPECT_TRUE(torch::allclose(view.gradient, expected));
    EXPECT_LE((view.adversarial - images).abs().max().item<double>(), 0.1 + 1e-6);
    const auto of_truth = [&](const torch::Tensor &all) { return all.gather(1, labels.unsqueeze(1)); };
    EXPECT_TRUE((of_truth(view.attacked) < of_truth(view.clean)).all().item<bool>());
    const auto at_once = view_of(linear, images, labels, {.attack = attack, .batch = 5});
    EXPECT_TRUE(torch::allclose(view.adversarial, at_once.adversarial));
}

TEST(Report, ExamplesAreSpreadOverTheClasses) {
    const auto labels = torch::tensor(std::vector<std::int64_t>{4, 4, 4, 1, 4, 0, 1});
    EXPECT_EQ(spread_over_classes(labels, 4), (std::vector<std::int64_t>{0, 3, 5, 1}));
    EXPECT_EQ(spread_over_classes(labels, 99).size(), 7u);
}

TEST(Report, TheDecisiveMeasurementIsThatOfTheRunsBudget) {
    const auto row = [](const char *attack, double epsilon, int count, double robust) {
        return R"({"data":"d","attack":")" + std::string(attack) + R"(","norm":"l2","epsilon":)" +
               std::to_string(epsilon) + R"(,"count":)" + std::to_string(count) +
               R"(,"clean_accuracy":0.9,"robust_accuracy":)" + std::to_string(robust) + "}";
    };
    const auto rows = recorded_measurements(
        "[" + row("pgd-10", 0.5, 100, 0.6) + "," + row("pgd-20", 0.5, 100, 0.5) + "," +
        row("pgd-20", 1, 100, 0.1) + "," + row("pgd-20", 0.5, 10, 0) +
        R"(,{"data":"d","sigma":25,"psnr":30},3,)" + row("autoattack", 1, 100, 1.5) + "]");
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(decisive(rows, "pgd", {Norm::l2, 0.5})->robust, 0.5);
    EXPECT_EQ(decisive(rows, "pgd", {Norm::linf, 0.5})->count, 100); // none within that budget: any
    EXPECT_FALSE(decisive(rows, "autoattack", {Norm::l2, 1}));
    EXPECT_TRUE(recorded_measurements("not json").empty());
    auto other = row("pgd-10", 0.5, 100, 0.6);
    other.replace(other.find("\"l2\""), 4, "\"l1\"");
    EXPECT_TRUE(recorded_measurements("[" + other + "]").empty()) << "of a norm that is not known";
}

TEST(Report, ManifestsOfSeveralTypesAreLeftAlone) {
    graph::Builder b("classifier");
    const auto features = b.conv2d(b.input("image", 3), {.in = 3, .out = 4}, "a");
    b.output("logits", b.flatten(b.global_avg_pool(b.conv2d(features, {.in = 4, .out = 2}, "c"))));
    const GraphModule network(b.finish(), {});
    bundle::Manifest manifest;
    manifest.graphs.emplace("classifier", network.graph());
    const fs::path path = mirra::test::scratch() + "types.mirra";
    bundle::write_bundle(path, manifest, network.weights(), bundle::DType::f32);
    const auto before = bundle::Bundle::open(path);
    check_rewritable(*before, path);
    auto tensors = before->file().tensors();
    const auto half = bundle::from_float(before->weight("c.weight"), bundle::DType::f16);
    tensors.at("c.weight").dtype = bundle::DType::f16;
    tensors.at("c.weight").bytes = half;
    auto json = before->manifest_json();
    json.replace(json.find(before->sha256()), before->sha256().size(), bundle::sha256_of(tensors));
    const fs::path mixed = mirra::test::scratch() + "mixed.mirra";
    bundle::write_tensors(
        mixed, tensors,
        {{bundle::kManifestKey, json}, {bundle::kManifestDigestKey, bundle::sha256_of(json)}});
    try {
        check_rewritable(*bundle::Bundle::open(mixed), mixed);
        ADD_FAILURE() << "it would be written in one type";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_THAT(error.subject(), HasSubstr("mixed.mirra"));
    }
}

TEST(Report, NumbersAreReadable) {
    EXPECT_EQ(shortest(1.0 / 3), "0.3333333333333333");
    EXPECT_EQ(shortest(0.031), "0.031");
    EXPECT_EQ(grouped(1234567), "1,234,567");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(-123456), "-123,456");
    EXPECT_EQ(ball({Norm::linf, 8.0 / 255}), "ℓ∞ ≤ 8/255");
    EXPECT_EQ(ball({Norm::l2, 0.5}), "ℓ2 ≤ 0.5");
    EXPECT_EQ(percent(0.931), "93.1 %");
}

} // namespace
