// mirra sheet: pictures side by side on one.
#include "../sheet.hpp"
#include "../checks.hpp"
#include "../command.hpp"
#include "../interrupt.hpp"
#include "../paths.hpp"
#include "../pictures.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

constexpr std::size_t kMaxEntries = 16;

class SheetCommand final : public Command {
  public:
    SheetCommand() : Command("sheet", "Puts pictures side by side, with captions.") {}

    void declare(CLI::App &app) override {
        console_.declare(app);
        app.add_option("PICTURES", inputs_, "Picture files.")->required();
        app.add_option("-o,--output", output_, "File for the sheet.")->required();
        app.add_option("--label", labels_, "Caption of a picture, in their order (the file's name).")
            ->allow_extra_args(false);
        app.add_flag("--zoom", settings_.zoom, "Add a row with an enlarged detail of each.");
        app.add_option("--zoom-factor", settings_.zoom_factor, "How much the detail is enlarged (4).")
            ->check(between(1, 32));
        app.add_option("--detail", detail_, "Centre of the detail, X,Y (the middle).")
            ->delimiter(',')
            ->expected(2);
        app.add_option("--cell-width", settings_.cell_width, "Wider pictures are shown smaller (720).")
            ->check(between(64, 8192));
        read_.declare(app);
        write_.declare(app, console_);
    }

    ExitCode run() override {
        DashNames(console_.json()).picture(output_, "--output");
        for (const auto &input : inputs_) check_not_same(output_, input);
        check_output(output_, write_);
        if (inputs_.size() > kMaxEntries)
            throw Failure(ExitCode::usage,
                          "a sheet holds " + std::to_string(kMaxEntries) + " pictures at most", "sheet");
        if (labels_.size() > inputs_.size())
            throw Failure(ExitCode::usage, "there are more labels than pictures", "--label");
        if (!detail_.empty()) settings_.detail = {detail_[0], detail_[1]};
        const Interrupt interrupt;
        std::vector<Picture> pictures;
        for (const auto &input : inputs_) pictures.push_back(read_picture(input, read_.max_pixels));
        std::vector<SheetEntry> entries;
        for (std::size_t i = 0; i < pictures.size(); ++i)
            entries.push_back({&pictures[i], i < labels_.size()
                                                 ? labels_[i]
                                                 : std::filesystem::path(inputs_[i]).filename().string()});
        const Picture sheet = make_sheet(entries, settings_);
        interrupt.check();
        write_picture(output_, sheet, sheet.get(), write_);
        if (console_.json()) console_.document(Json{{"inputs", inputs_}, {"output", output_}});
        console_.note("sheet: " + output_);
        return ExitCode::ok;
    }

  private:
    std::vector<std::string> inputs_, labels_;
    std::vector<int> detail_;
    std::string output_;
    SheetSettings settings_;
    ReadSettings read_;
    WriteSettings write_;
};

} // namespace

std::unique_ptr<Command> make_sheet_command() {
    return std::make_unique<SheetCommand>();
}

} // namespace mirra::cli
