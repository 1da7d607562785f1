// The pickle machine: a stack, marks and a memo, over values that do nothing.
#include "pickle.hpp"

#include "pickle_reader.hpp"

#include "mirra/error.hpp"

#include <charconv>
#include <unordered_map>

namespace mirra::trainer::importer {
namespace {

constexpr std::size_t kMaxValues = 1u << 20;
constexpr std::size_t kMaxSteps = 16u << 20;
constexpr unsigned kNewestProtocol = 5;
constexpr std::size_t kMaxName = 1024;   ///< of a class, with its module
constexpr std::uint64_t kMemoBytes = 48; ///< of an entry of the memo, roughly

class Machine {
  public:
    Machine(std::span<const std::byte> bytes, const std::string &subject, Allowance &allowance)
        : reader_(bytes, subject)
        , allowance_(allowance) {}

    Pickle run() {
        for (std::size_t step = 0; step < kMaxSteps; ++step) {
            const std::uint8_t opcode = reader_.byte();
            if (opcode == '.') return finish();
            if (!number(opcode) && !text(opcode) && !container(opcode) && !object(opcode) &&
                !bookkeeping(opcode))
                unsupported(opcode);
        }
        too_large();
    }

  private:
    Pickle finish() {
        pickle_.root = pop();
        pickle_.size = reader_.position();
        return std::move(pickle_);
    }

    // ---- stack ----

    Ref add(PickleValue value) {
        if (pickle_.values.size() >= kMaxValues) too_large();
        allowance_.take(sizeof(PickleValue));
        pickle_.values.push_back(std::move(value));
        return static_cast<Ref>(pickle_.values.size() - 1);
    }
    bool push(PickleValue value) {
        stack_.push_back(add(std::move(value)));
        return true;
    }
    Ref pop() {
        const Ref ref = top();
        stack_.pop_back();
        return ref;
    }
    Ref top() const {
        if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
            reader_.fail("an instruction lacks its operands");
        return stack_.back();
    }
    std::vector<Ref> pop_to_mark() {
        if (marks_.empty()) reader_.fail("an instruction lacks its mark");
        const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        std::vector<Ref> items(from, stack_.end());
        allowance_.take(items.size() * sizeof(Ref));
        stack_.erase(from, stack_.end());
        marks_.pop_back();
        return items;
    }
    std::vector<Ref> pop_several(std::size_t count) {
        std::vector<Ref> items(count);
        for (std::size_t i = count; i-- > 0;) items[i] = pop();
        return items;
    }

    // ---- scalars ----

    bool number(std::uint8_t opcode) {
        switch (opcode) {
        case 'N':
            return push(PickleNone{});
        case 0x88:
            return push(true);
        case 0x89:
            return push(false);
        case 'J':
            return push(std::int64_t{static_cast<std::int32_t>(reader_.number(4))});
        case 'K':
            return push(static_cast<std::int64_t>(reader_.number(1)));
        case 'M':
            return push(static_cast<std::int64_t>(reader_.number(2)));
        case 'G':
            return push(reader_.real());
        case 0x8a:
            return push(big_integer(reader_.counted(1)));
        case 0x8b:
            return push(big_integer(reader_.counted(4)));
        case 'I':
            return push(integer_line());
        case 'L':
            return push(integer_line());
        case 'F':
            return push(real_line());
        default:
            return false;
        }
    }

    static PickleValue big_integer(std::string_view bytes) {
        if (bytes.size() > 8) return PickleBigInteger{bytes};
        const bool negative = !bytes.empty() && (static_cast<std::uint8_t>(bytes.back()) & 0x80u) != 0;
        std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
        for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
        return static_cast<std::int64_t>(value);
    }

    /// "12", "12L", or "01" and "00" for the truth values.
    PickleValue integer_line() {
        std::string_view digits = reader_.line();
        if (digits == "01" || digits == "00") return digits == "01";
        if (digits.ends_with('L')) digits.remove_suffix(1);
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error == std::errc::result_out_of_range) return PickleBigInteger{};
        if (error != std::errc{} || end != digits.data() + digits.size()) reader_.fail("not an integer");
        return value;
    }

    PickleValue real_line() {
        const std::string_view digits = reader_.line();
        double value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) reader_.fail("not a number");
        return value;
    }

    bool text(std::uint8_t opcode) {
        switch (opcode) {
        case 'X':
            return push(reader_.counted(4));
        case 0x8c:
            return push(reader_.counted(1));
        case 0x8d:
            return push(reader_.counted(8));
        case 'T':
            return push(reader_.counted(4));
        case 'U':
            return push(reader_.counted(1));
        case 'V':
            return push(reader_.line());
        case 'S':
            return push(quoted_line());
        case 'B':
            return push(PickleBytes{reader_.counted(4)});
        case 'C':
            return push(PickleBytes{reader_.counted(1)});
        case 0x8e:
            return push(PickleBytes{reader_.counted(8)});
        case 0x96:
            return push(PickleBytes{reader_.counted(8)});
        default:
            return false;
        }
    }

    PickleText quoted_line() {
        const std::string_view line = reader_.line();
        if (line.size() < 2 || line.front() != line.back()) reader_.fail("a string lacks its quotes");
        return line.substr(1, line.size() - 2);
    }

    // ---- containers ----

    bool container(std::uint8_t opcode) {
        switch (opcode) {
        case ']':
            return push(PickleList{});
        case ')':
            return push(PickleTuple{});
        case '}':
            return push(PickleDict{});
        case 0x8f:
            return push(PickleSet{});
        case 'l':
            return push(PickleList{pop_to_mark()});
        case 't':
            return push(PickleTuple{pop_to_mark()});
        case 0x91:
            return push(PickleSet{pop_to_mark()});
        case 'd':
            return push(PickleDict{pairs(pop_to_mark())});
        case 0x85:
        case 0x86:
        case 0x87:
            return push(PickleTuple{pop_several(opcode - 0x84u)});
        case 'a':
            return append(pop_several(1));
        case 'e':
        case 0x90:
            return append(pop_to_mark());
        case 's':
            return set_items(pop_several(2));
        case 'u':
            return set_items(pop_to_mark());
        default:
            return false;
        }
    }

    std::vector<std::pair<Ref, Ref>> pairs(const std::vector<Ref> &items) const {
        if (items.size() % 2 != 0) reader_.fail("a dictionary has a key without a value");
        std::vector<std::pair<Ref, Ref>> out;
        out.reserve(items.size() / 2);
        for (std::size_t i = 0; i < items.size(); i += 2) out.emplace_back(items[i], items[i + 1]);
        return out;
    }

    bool append(const std::vector<Ref> &items) {
        PickleValue &target = pickle_.values[top()];
        std::vector<Ref> *list = nullptr;
        if (auto *value = std::get_if<PickleList>(&target)) list = &value->items;
        if (auto *value = std::get_if<PickleSet>(&target)) list = &value->items;
        if (auto *value = std::get_if<PickleObject>(&target)) list = &content(*value).elements;
        if (list == nullptr) reader_.fail("elements are added to something that is not a list");
        allowance_.take(2 * items.size() * sizeof(Ref)); // lists grow by doubling
        list->insert(list->end(), items.begin(), items.end());
        return true;
    }

    PickleObject::Content &content(PickleObject &object) {
        if (object.content == nullptr) {
            allowance_.take(sizeof(PickleObject::Content));
            object.content = std::make_unique<PickleObject::Content>();
        }
        return *object.content;
    }

    bool set_items(const std::vector<Ref> &items) {
        const auto added = pairs(items);
        PickleValue &target = pickle_.values[top()];
        std::vector<std::pair<Ref, Ref>> *list = nullptr;
        if (auto *value = std::get_if<PickleDict>(&target)) list = &value->items;
        if (auto *value = std::get_if<PickleObject>(&target)) list = &content(*value).items;
        if (list == nullptr) reader_.fail("items are put into something that is not a dictionary");
        allowance_.take(2 * items.size() * sizeof(Ref));
        list->insert(list->end(), added.begin(), added.end());
        return true;
    }

    // ---- objects: recorded, never made ----

    bool object(std::uint8_t opcode) {
        switch (opcode) {
        case 'c':
            return push(global_lines());
        case 0x93:
            return push(stack_global());
        case 'R':
        case 0x81:
            return call(pop_several(2));
        case 0x92: {
            const auto operands = pop_several(3);
            return call({operands[0], operands[1]});
        }
        case 'o':
            return call_marked(pop_to_mark());
        case 'i': {
            const Ref callable = add(global_lines());
            return call({callable, add(PickleTuple{pop_to_mark()})});
        }
        case 'b':
            return build(pop());
        case 'P':
            return push(PicklePersistent{add(reader_.line())});
        case 'Q':
            return push(PicklePersistent{pop()});
        default:
            return false;
        }
    }

    PickleGlobal global_lines() {
        const auto module = reader_.line();
        return checked({module, reader_.line()});
    }

    PickleGlobal checked(const PickleGlobal &global) const {
        if (global.module.size() + global.name.size() > kMaxName)
            reader_.fail("the name of a class is too long");
        return global;
    }

    PickleGlobal stack_global() {
        const auto names = pop_several(2);
        const auto *module = pickle_.get<PickleText>(names[0]), *name = pickle_.get<PickleText>(names[1]);
        if (module == nullptr || name == nullptr) reader_.fail("the name of a class is not text");
        return checked({*module, *name});
    }

    bool call(const std::vector<Ref> &operands) {
        PickleObject record;
        record.callable = operands[0];
        record.arguments = operands[1];
        return push(std::move(record));
    }

    bool call_marked(std::vector<Ref> operands) {
        if (operands.empty()) reader_.fail("an object lacks its class");
        const Ref callable = operands.front();
        operands.erase(operands.begin());
        return call({callable, add(PickleTuple{std::move(operands)})});
    }

    bool build(Ref state) {
        if (auto *record = std::get_if<PickleObject>(&pickle_.values[top()])) record->state = state;
        return true;
    }

    // ---- memo, marks and framing ----

    bool bookkeeping(std::uint8_t opcode) {
        switch (opcode) {
        case '(':
            marks_.push_back(stack_.size());
            if (marks_.size() > kMaxValues) too_large();
            return true;
        case '0':
            return discard();
        case '1':
            pop_to_mark();
            return true;
        case '2':
            return duplicate(top());
        case 'p':
            return memoize(memo_line());
        case 'q':
            return memoize(reader_.number(1));
        case 'r':
            return memoize(reader_.number(4));
        case 0x94:
            return memoize(memo_.size());
        case 'g':
            return recall(memo_line());
        case 'h':
            return recall(reader_.number(1));
        case 'j':
            return recall(reader_.number(4));
        case 0x80:
            if (reader_.byte() > kNewestProtocol) reader_.fail("unknown protocol");
            return true;
        case 0x95:
            reader_.number(8);
            return true;
        default:
            return false;
        }
    }

    bool discard() {
        if (!marks_.empty() && marks_.back() == stack_.size())
            marks_.pop_back();
        else
            pop();
        return true;
    }

    bool duplicate(Ref ref) {
        if (stack_.size() >= kMaxValues) too_large();
        stack_.push_back(ref);
        return true;
    }

    std::uint64_t memo_line() {
        const PickleValue value = integer_line();
        const auto *index = std::get_if<std::int64_t>(&value);
        if (const auto *flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
        if (index == nullptr || *index < 0) reader_.fail("not an index into the memo");
        return static_cast<std::uint64_t>(*index);
    }

    bool memoize(std::uint64_t index) {
        if (memo_.size() >= kMaxValues) too_large();
        if (memo_.insert_or_assign(index, top()).second) allowance_.take(kMemoBytes);
        return true;
    }

    bool recall(std::uint64_t index) {
        const auto found = memo_.find(index);
        if (found == memo_.end()) reader_.fail("a reference to something that was not stored");
        return duplicate(found->second);
    }

    // ---- errors ----

    [[noreturn]] void too_large() const {
        throw Error(ErrorCode::limit, "the pickled part has too many values", reader_.subject(),
                    "no checkpoint needs that many: the file is damaged or hostile");
    }

    [[noreturn]] void unsupported(std::uint8_t opcode) const {
        throw Error(ErrorCode::unsupported,
                    "the pickled part has the instruction " + std::to_string(opcode) + " at byte " +
                        std::to_string(reader_.position() - 1) + ", which no torch.save writes",
                    reader_.subject(), "the file is damaged, or it is not a checkpoint; try safetensors");
    }

    PickleReader reader_;
    Allowance &allowance_;
    Pickle pickle_;
    std::vector<Ref> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint64_t, Ref> memo_;
};

} // namespace

Pickle parse_pickle(std::span<const std::byte> bytes, const std::string &subject, Allowance &allowance) {
    return Machine(bytes, subject, allowance).run();
}

Pickle parse_pickle(std::span<const std::byte> bytes, const std::string &subject) {
    auto allowance = Allowance::for_pickle(bytes.size(), subject);
    return parse_pickle(bytes, subject, allowance);
}

} // namespace mirra::trainer::importer
