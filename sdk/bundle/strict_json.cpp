// nlohmann's parser under a callback that counts depth and remembers keys.
#include "strict_json.hpp"

#include "mirra/error.hpp"

#include <set>
#include <vector>

namespace mirra::bundle {
namespace {

using Json = nlohmann::json;

class Guard {
  public:
    Guard(int max_depth, const std::string &subject) : max_depth_(max_depth), subject_(subject) {}

    bool operator()(int depth, Json::parse_event_t event, const Json &value) {
        switch (event) {
        case Json::parse_event_t::object_start:
            check_depth(depth);
            keys_.emplace_back();
            break;
        case Json::parse_event_t::object_end:
            keys_.pop_back();
            break;
        case Json::parse_event_t::array_start:
            check_depth(depth);
            break;
        case Json::parse_event_t::key:
            if (!keys_.back().insert(value.get<std::string>()).second)
                throw Error(ErrorCode::corrupt,
                            "the JSON header has the key '" + shortened(value) + "' twice", subject_,
                            "the file is damaged, or its writer has a bug");
            break;
        default:
            break;
        }
        return true;
    }

  private:
    void check_depth(int depth) const {
        if (depth >= max_depth_)
            throw Error(ErrorCode::limit,
                        "the JSON header is nested deeper than " + std::to_string(max_depth_), subject_,
                        "the file is damaged, or its writer has a bug");
    }
    static std::string shortened(const Json &key) { return key.get_ref<const std::string &>().substr(0, 80); }

    int max_depth_;
    const std::string &subject_;
    std::vector<std::set<std::string>> keys_;
};

} // namespace

nlohmann::json parse_strict(std::string_view text, int max_depth, const std::string &subject) {
    try {
        Guard guard(max_depth, subject);
        return Json::parse(text, std::ref(guard));
    } catch (const Json::parse_error &error) {
        // The parser's own text quotes the file, at any length and in any encoding.
        throw Error(ErrorCode::corrupt, "the header is not valid JSON at byte " + std::to_string(error.byte),
                    subject, "the file is damaged, or it is not a safetensors file");
    } catch (const Json::exception &) {
        throw Error(ErrorCode::corrupt, "the header holds a number that no computer can represent", subject,
                    "the file is damaged, or its writer has a bug");
    }
}

} // namespace mirra::bundle
