// A handler that appends.
#include "ordered_json.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace mirra::cli {
namespace {

class Appender final : public nlohmann::json_sax<Json> {
  public:
    Json root;

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t &) override { return add(value); }
    bool string(string_t &value) override { return add(std::move(value)); }
    bool binary(binary_t &) override { return false; } // not in texts
    bool key(string_t &value) override {
        key_ = std::move(value);
        return true;
    }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string &, const Json::exception &) override {
        throw Json::parse_error::create(101, position, "the JSON text is damaged", nullptr);
    }

  private:
    using Members = std::vector<std::pair<const std::string, Json>>;

    Json &append(Json value) {
        if (open_.empty()) return root = std::move(value);
        Json &place = *open_.back();
        if (place.is_array()) return place.get_ref<Json::array_t &>().emplace_back(std::move(value));
        Members &members = place.get_ref<Json::object_t &>();
        return members.emplace_back(std::move(key_), std::move(value)).second;
    }
    bool add(Json value) {
        append(std::move(value));
        return true;
    }
    bool open(Json container) {
        open_.push_back(&append(std::move(container)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::vector<Json *>
        open_; ///< a container is only moved when its parent grows, which is when it is closed
    std::string key_;
};

} // namespace

Json parse_ordered(std::string_view text) {
    Appender appender;
    Json::sax_parse(text, &appender);
    return std::move(appender.root);
}

} // namespace mirra::cli
