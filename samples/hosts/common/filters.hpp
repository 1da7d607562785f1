// Tasks of Mirra as filters of a host program: one picture in, one picture out, and settings for a dialog.
// An adapter translates settings and pixels, and nothing else; a plugin that is dropped in is one more
// filter.
#pragma once

#include <mirra/mirra.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mirra_filters {

namespace api = mirra::api;

/// One of the values of a setting.
struct Choice {
    std::string value; ///< what Values hold
    std::string label; ///< what people read
};

/// What a person can set: a parameter of the task, a further picture of it, or how it runs.
struct Setting {
    enum class Type {
        boolean, ///< "true" or "false"
        whole,   ///< a whole number within the range
        real,    ///< a number within the range, with a decimal point whatever the locale says
        choice,  ///< the value of one of `choices`
        text,    ///< anything
        file,    ///< a path, or "" for none
        color    ///< "#rrggbb" or "#rrggbbaa"
    };
    enum class Role { parameter, mode, picture, quality, bundle, device, memory_limit };
    Type type = Type::text;
    Role role = Role::parameter; ///< what becomes of it in a run
    std::string target;          ///< the parameter or port that it is about; "" where it is about neither
    std::string name;            ///< [a-z][a-z0-9_]*, unique within the filter
    std::string label;
    std::string doc;
    std::string group;   ///< "" where there is none
    std::string unit;    ///< "" where there is none
    std::string initial; ///< the value at first, as Values hold it
    double minimum = 0;  ///< whole, real: the hard range
    double maximum = 0;
    double soft_minimum = 0; ///< whole, real: the range of a slider
    double soft_maximum = 0;
    double step = 0; ///< of a slider; 0: the host's choice
    std::vector<Choice> choices;
    bool advanced = false;  ///< a dialog may hide it at first
    bool required = false;  ///< a picture without which the filter does not run
    std::string visible_if; ///< "NAME=VALUE" or "NAME=VALUE|VALUE": shown only then; "": always
};

/// Values of settings, by name. A setting that is left out, or stands at its initial value, is what the
/// bundle says.
using Values = std::map<std::string, std::string>;

/// Of the choice beside a number that may be a word: the number counts.
constexpr const char *by_number = "value";

/// A task as a filter. Constant.
struct Filter {
    std::string name;  ///< [a-z][a-z0-9-]*, unique: "denoise"
    std::string task;  ///< what Mirra calls it: "denoise", "org.example.gain:gain"
    std::string label; ///< "Denoise"
    std::string doc;   ///< a paragraph
    std::string input; ///< port of the picture
    std::string output;
    /// The output is a drawing in colours: a gray picture must be given RGB or RGBA for it.
    bool colored_output = false;
    /// A region of the output may depend on all of the input; see mirra_session_required.
    bool global_statistics = false;
    /// The quality, required pictures, parameters, further pictures, and how it runs.
    std::vector<Setting> settings;

    /// NULL if there is none of that name.
    [[nodiscard]] const Setting *setting(const std::string &setting_name) const noexcept;
    /// Of a number that may be a word: the choice beside it. NULL for any other setting.
    [[nodiscard]] const Setting *mode_of(const Setting &number) const noexcept;
    /// Whether a setting counts beside the others: what its `visible_if` says of their values.
    [[nodiscard]] bool counts(const Setting &setting, const Values &values) const;
    /// Puts down a value as people write it in a script: a number that may be a word ("auto") takes either,
    /// and the choice beside it follows.
    void put(Values &values, const Setting &setting, const std::string &text) const;
};

/// A number as Values hold it: with a decimal point whatever the locale says, and no digit too many.
[[nodiscard]] std::string text_of(double number);

/// What an error says to a person: subject, what went wrong and what to do about it.
[[nodiscard]] std::string message_of(const std::exception &error);

class Filters;
namespace detail {
struct Loaded; // a session with its further pictures
}

/// A session with settings, for one run at a time; goes back to its Filters at the end.
class Lease {
  public:
    Lease(Lease &&) noexcept;
    Lease &operator=(Lease &&) noexcept;
    ~Lease();

    [[nodiscard]] api::Session &session() const noexcept;
    [[nodiscard]] const Filter &filter() const noexcept;
    /// Runs the filter. `from` and `to` may be the same memory where the output has the size of the input.
    /// @throws api::Error, or what a callback of `options` threw
    api::Result run(const api::ConstImage &from, const api::Image &to, api::RunOptions options = {}) const;
    /// The same with ports of the caller's for the picture and the result, such as sources and sinks.
    api::Result run(api::Port from, api::Port to, api::RunOptions options = {}) const;

  private:
    friend class Filters;
    Lease(Filters &owner, std::unique_ptr<detail::Loaded> loaded) noexcept;
    Filters *owner_;
    std::unique_ptr<detail::Loaded> loaded_;
};

/// The engine and its filters. A host makes one and keeps it while leases are out.
/// Thread-safety: safe; a lease serves one thread at a time.
class Filters {
  public:
    /// Loads the plugins (milliseconds), and no runtime of networks: the first lease does. @throws api::Error
    explicit Filters(const api::EngineOptions &options = {});
    ~Filters();
    Filters(const Filters &) = delete;
    Filters &operator=(const Filters &) = delete;

    [[nodiscard]] const std::vector<Filter> &all() const noexcept { return filters_; }
    /// NULL if there is none of that name.
    [[nodiscard]] const Filter *find(const std::string &name) const noexcept;
    [[nodiscard]] api::Engine &engine() noexcept { return engine_; }
    /// What a dialog offers for a setting: its choices; of the device, which is text, those that are here. To
    /// find a card loads the runtime of networks: this is for a dialog that opens, not for the host's start.
    [[nodiscard]] std::vector<Choice> choices(const Setting &setting) const;

    /// A session with these values: one that is at rest if there is any, or else a new one. `values` may
    /// leave settings out. @throws api::Error for a value that is refused, or a bundle that is missing
    [[nodiscard]] Lease lease(const Filter &filter, const Values &values);

  private:
    friend class Lease;
    void give_back(std::unique_ptr<detail::Loaded> loaded) noexcept;

    api::Engine engine_;
    std::vector<Filter> filters_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<detail::Loaded>> resting_; ///< the longest at rest first
};

} // namespace mirra_filters
