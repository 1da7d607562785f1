// The provenance as JSON: one list of members for reading and for writing.
#include "mirra/provenance.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <type_traits>

namespace mirra::bundle {
namespace {

using Json = nlohmann::json;

/// @param visit  called with the name and the member
template<class Visitor> void members(Adversary &adversary, Visitor &visit) {
    visit("norm", adversary.norm);
    visit("epsilon", adversary.epsilon);
    visit.require("norm", adversary.norm == "l2" || adversary.norm == "linf");
    visit.require("epsilon", adversary.epsilon >= 0);
}
template<class Visitor> void members(EncoderRecord &encoder, Visitor &visit) {
    visit("name", encoder.name);
    visit("sha256", encoder.sha256);
    visit.inside(encoder.adversary);
}
template<class Visitor> void members(Round &round, Visitor &visit) {
    visit("sha256", round.sha256);
    visit("recipe", round.recipe);
    visit("steps", round.steps);
    visit("epochs", round.epochs);
    visit.inside(round.adversary);
}
template<class Visitor> void members(CalibrationRecord &calibration, Visitor &visit) {
    visit("normal", calibration.normal);
    visit("fingerprint", calibration.fingerprint);
    visit("normal_data", calibration.normal_data);
    visit("bad", calibration.bad);
    visit("bad_data", calibration.bad_data);
}
template<class Visitor> void members(LevelValidation &validation, Visitor &visit) {
    visit("count", validation.count);
    visit("extent", validation.extent);
    visit("psnr", validation.psnr);
    visit("ssim", validation.ssim);
}
template<class Visitor> void members(Provenance &provenance, Visitor &visit) {
    visit("data", provenance.data);
    visit("pictures", provenance.pictures);
    visit("recipe", provenance.recipe);
    visit("recipe_text", provenance.recipe_text);
    visit("seed", provenance.seed);
    visit("steps", provenance.steps);
    visit("batch", provenance.batch);
    visit("extent", provenance.extent);
    visit("device", provenance.device);
    visit("processes", provenance.processes);
    visit("date", provenance.date);
    visit("trainer", provenance.trainer);
    visit("classes", provenance.classes);
    visit("encoder", provenance.encoder);
    visit("loss", provenance.loss);
    visit("initial_weights", provenance.initial_weights);
    visit("class", provenance.normal_class);
    visit("data_fingerprint", provenance.data_fingerprint);
    visit("count", provenance.count);
    visit("calibration", provenance.calibration);
    visit("levels", provenance.levels);
    visit("adversary", provenance.adversary);
    visit("epochs", provenance.epochs);
    visit("rounds", provenance.rounds);
}

template<class Record> bool read(const Json &json, Record &out);
bool read(const Json &json, std::vector<LevelRecord> &out);

bool read(const Json &json, std::string &out) {
    if (!json.is_string()) return false;
    out = json.get<std::string>();
    return true;
}
bool read(const Json &json, double &out) {
    if (!json.is_number()) return false;
    out = json.get<double>();
    return true;
}
template<class Integer> bool read_integer(const Json &json, Integer &out) {
    const bool fits = json.is_number_unsigned() || (json.is_number_integer() && std::is_signed_v<Integer>);
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    if (!fits || (json.is_number_unsigned() && std::is_signed_v<Integer> &&
                  json.get<std::uint64_t>() > static_cast<std::uint64_t>(kMost)))
        return false;
    out = json.get<Integer>();
    return true;
}
bool read(const Json &json, std::int64_t &out) {
    return read_integer(json, out);
}
bool read(const Json &json, std::uint64_t &out) {
    return read_integer(json, out);
}
template<class Value> bool read(const Json &json, std::optional<Value> &out) {
    Value value{};
    if (!read(json, value)) return false;
    out = std::move(value);
    return true;
}
template<class Item> bool read(const Json &json, std::vector<Item> &out) {
    std::vector<Item> items;
    const bool fits = json.is_array() && std::ranges::all_of(json, [&](const auto &item) {
                          return read(item, items.emplace_back());
                      });
    if (fits) out = std::move(items);
    return fits;
}

/// Takes members from an object.
class Reader {
  public:
    explicit Reader(const Json &json) : json_(json) {}
    template<class Member> void operator()(const char *name, Member &member) {
        known_.emplace_back(name);
        if (const auto found = json_.find(name); found != json_.end() && !read(*found, member))
            damaged_.emplace_back(name);
    }
    void require(const char *name, bool fits) {
        if (!fits && std::ranges::find(damaged_, name) == damaged_.end()) damaged_.emplace_back(name);
    }
    /// A record whose members stand among its owner's.
    void inside(std::optional<Adversary> &member) {
        if (!json_.contains("epsilon")) return;
        Adversary value;
        Reader own(json_);
        members(value, own);
        if (own.damaged_.empty())
            member = std::move(value);
        else
            damaged_.insert(damaged_.end(), own.damaged_.begin(), own.damaged_.end());
    }
    [[nodiscard]] const std::vector<std::string> &damaged() const { return damaged_; }
    [[nodiscard]] bool knows(const std::string &name) const {
        return std::ranges::find(known_, name) != known_.end();
    }

  private:
    const Json &json_;
    std::vector<std::string> known_, damaged_;
};

template<class Record> bool read(const Json &json, Record &out) {
    if (!json.is_object()) return false;
    Reader reader(json);
    members(out, reader);
    return reader.damaged().empty();
}

Provenance provenance_in(const Json &json) {
    Provenance out;
    if (!json.is_object()) return out;
    Reader reader(json);
    members(out, reader);
    for (const auto &[name, value] : json.items())
        if (!reader.knows(name)) out.other[name] = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    out.damaged = reader.damaged();
    return out;
}

bool read(const Json &json, std::vector<LevelRecord> &out) {
    if (!json.is_object()) return false;
    for (const auto &[layer, value] : json.items()) {
        LevelRecord level{.layer = layer, .training = provenance_in(value), .sha256 = {}, .validation = {}};
        if (!value.is_object()) continue; // by hand
        Reader reader(value);
        reader("sha256", level.sha256);
        reader("validation", level.validation);
        level.training.other.erase("sha256");
        level.training.other.erase("validation");
        out.push_back(std::move(level));
    }
    return true;
}

Json written(const Provenance &provenance);

/// Puts members that are not empty into an object.
class Writer {
  public:
    void operator()(const char *name, const std::string &member) {
        if (!member.empty()) json_[name] = member;
    }
    void operator()(const char *name, double member) { json_[name] = member; }
    void operator()(const char *name, std::int64_t member) { json_[name] = member; }
    void operator()(const char *name, const std::vector<std::string> &member) {
        if (!member.empty()) json_[name] = member;
    }
    template<class Value> void operator()(const char *name, std::optional<Value> &member) {
        if (!member) return;
        if constexpr (std::is_class_v<Value> && !std::is_same_v<Value, std::string>)
            json_[name] = of(*member);
        else
            json_[name] = *member;
    }
    void operator()(const char *name, std::vector<Round> &member) {
        for (auto &round : member) json_[name].push_back(of(round));
    }
    void operator()(const char *name, const std::vector<LevelRecord> &member) {
        for (const auto &level : member) {
            auto &json = json_[name][level.layer] = written(level.training);
            json["sha256"] = level.sha256;
            if (auto validation = level.validation) json["validation"] = of(*validation);
        }
    }
    void require(const char *, bool) {}
    void inside(std::optional<Adversary> &member) {
        if (member) members(*member, *this);
    }
    template<class Record> static Json of(Record &record) {
        Writer writer;
        members(record, writer);
        return std::move(writer.json_);
    }

  private:
    Json json_ = Json::object();
};

Json written(const Provenance &provenance) {
    auto copy = provenance;
    auto json = Writer::of(copy);
    for (const auto &[name, value] : provenance.other) json[name] = Json::parse(value);
    return json;
}

} // namespace

Provenance parse_provenance(const Manifest &manifest) {
    return provenance_in(Json::parse(manifest.provenance, nullptr, false));
}

std::string to_json(const Provenance &provenance) {
    return written(provenance).dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace mirra::bundle
