// The pickle machine: a stack, marks and a memo, over values that do nothing.
#include "pickle.hpp"

#include "mirra/error.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <unordered_map>

namespace mirra::trainer::importer {
namespace {

constexpr std::size_t kMaxValues = 1u << 20;
constexpr std::size_t kMaxSteps = 16u << 20;
constexpr unsigned kNewestProtocol = 5;
constexpr std::size_t kMaxName = 1024;   ///< of a class, with its module
constexpr std::uint64_t kMemoBytes = 48; ///< of an entry of the memo, roughly

/// Bounds-checked reading of the operands of opcodes.
class PickleReader {
  public:
    PickleReader(std::span<const std::byte> bytes, const std::string &subject)
        : bytes_(bytes)
        , subject_(subject) {}

    [[nodiscard]] std::size_t position() const noexcept { return at_; }

    std::uint8_t byte();
    /// A little-endian unsigned integer of `width` bytes, up to 8.
    std::uint64_t number(std::size_t width);
    /// A big-endian IEEE double.
    double real();
    std::string_view raw(std::uint64_t size);
    /// `width` bytes of length, then that many bytes.
    std::string_view counted(std::size_t width) { return raw(number(width)); }
    /// Text up to the end of the line.
    std::string_view line();

    /// @throws Error corrupt, with the position
    [[noreturn]] void fail(const std::string &what) const;
    [[nodiscard]] const std::string &subject() const noexcept { return subject_; }

  private:
    std::span<const std::byte> bytes_;
    const std::string &subject_;
    std::size_t at_ = 0;
};

std::uint8_t PickleReader::byte() {
    return static_cast<std::uint8_t>(raw(1).front());
}

std::uint64_t PickleReader::number(std::size_t width) {
    std::uint64_t value = 0;
    const std::string_view bytes = raw(width);
    for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

double PickleReader::real() {
    std::uint64_t bits = 0;
    for (const char c : raw(8)) bits = bits << 8 | static_cast<std::uint8_t>(c);
    return std::bit_cast<double>(bits);
}

std::string_view PickleReader::raw(std::uint64_t size) {
    if (size > bytes_.size() - at_) fail("the data ends in the middle of a value");
    const std::string_view out(reinterpret_cast<const char *>(bytes_.data() + at_),
                               static_cast<std::size_t>(size));
    at_ += out.size();
    return out;
}

std::string_view PickleReader::line() {
    const std::string_view rest(reinterpret_cast<const char *>(bytes_.data() + at_), bytes_.size() - at_);
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) fail("the data ends in the middle of a line");
    at_ += end + 1;
    return rest.substr(0, end);
}

void PickleReader::fail(const std::string &what) const {
    throw Error(ErrorCode::corrupt,
                "the pickled part is damaged at byte " + std::to_string(at_) + ": " + what, subject_,
                "copy or download the file again");
}

class Machine {
  public:
    Machine(std::span<const std::byte> bytes, const std::string &subject, Allowance &allowance)
        : reader_(bytes, subject)
        , allowance_(allowance) {}

    Pickle run() {
        for (std::size_t step = 0; step < kMaxSteps; ++step) {
            const std::uint8_t opcode = reader_.byte();
            if (opcode == '.') return finish();
            if (kInstructions[opcode] == nullptr) unsupported(opcode);
            kInstructions[opcode](*this);
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
    void push(PickleValue value) { stack_.push_back(add(std::move(value))); }
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

    PickleText quoted_line() {
        const std::string_view line = reader_.line();
        if (line.size() < 2 || line.front() != line.back()) reader_.fail("a string lacks its quotes");
        return line.substr(1, line.size() - 2);
    }

    // ---- containers ----

    std::vector<std::pair<Ref, Ref>> pairs(const std::vector<Ref> &items) const {
        if (items.size() % 2 != 0) reader_.fail("a dictionary has a key without a value");
        std::vector<std::pair<Ref, Ref>> out;
        out.reserve(items.size() / 2);
        for (std::size_t i = 0; i < items.size(); i += 2) out.emplace_back(items[i], items[i + 1]);
        return out;
    }

    void append(const std::vector<Ref> &items) {
        PickleValue &target = pickle_.values[top()];
        std::vector<Ref> *list = nullptr;
        if (auto *value = std::get_if<PickleList>(&target)) list = &value->items;
        if (auto *value = std::get_if<PickleSet>(&target)) list = &value->items;
        if (auto *value = std::get_if<PickleObject>(&target)) list = &content(*value).elements;
        if (list == nullptr) reader_.fail("elements are added to something that is not a list");
        allowance_.take(2 * items.size() * sizeof(Ref)); // lists grow by doubling
        list->insert(list->end(), items.begin(), items.end());
    }

    PickleObject::Content &content(PickleObject &object) {
        if (object.content == nullptr) {
            allowance_.take(sizeof(PickleObject::Content));
            object.content = std::make_unique<PickleObject::Content>();
        }
        return *object.content;
    }

    void set_items(const std::vector<Ref> &items) {
        const auto added = pairs(items);
        PickleValue &target = pickle_.values[top()];
        std::vector<std::pair<Ref, Ref>> *list = nullptr;
        if (auto *value = std::get_if<PickleDict>(&target)) list = &value->items;
        if (auto *value = std::get_if<PickleObject>(&target)) list = &content(*value).items;
        if (list == nullptr) reader_.fail("items are put into something that is not a dictionary");
        allowance_.take(2 * items.size() * sizeof(Ref));
        list->insert(list->end(), added.begin(), added.end());
    }

    // ---- objects: recorded, never made ----

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

    void call(const std::vector<Ref> &operands) {
        PickleObject record;
        record.callable = operands[0];
        record.arguments = operands[1];
        push(std::move(record));
    }

    void call_marked(std::vector<Ref> operands) {
        if (operands.empty()) reader_.fail("an object lacks its class");
        const Ref callable = operands.front();
        operands.erase(operands.begin());
        call({callable, add(PickleTuple{std::move(operands)})});
    }

    void instance() {
        const Ref callable = add(global_lines());
        call({callable, add(PickleTuple{pop_to_mark()})});
    }

    void build(Ref state) {
        if (auto *record = std::get_if<PickleObject>(&pickle_.values[top()])) record->state = state;
    }

    // ---- memo, marks and framing ----

    void mark() {
        marks_.push_back(stack_.size());
        if (marks_.size() > kMaxValues) too_large();
    }

    void discard() {
        if (!marks_.empty() && marks_.back() == stack_.size())
            marks_.pop_back();
        else
            pop();
    }

    void duplicate(Ref ref) {
        if (stack_.size() >= kMaxValues) too_large();
        stack_.push_back(ref);
    }

    void check_protocol() {
        if (reader_.byte() > kNewestProtocol) reader_.fail("unknown protocol");
    }

    std::uint64_t memo_line() {
        const PickleValue value = integer_line();
        const auto *index = std::get_if<std::int64_t>(&value);
        if (const auto *flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
        if (index == nullptr || *index < 0) reader_.fail("not an index into the memo");
        return static_cast<std::uint64_t>(*index);
    }

    void memoize(std::uint64_t index) {
        if (memo_.size() >= kMaxValues) too_large();
        if (memo_.insert_or_assign(index, top()).second) allowance_.take(kMemoBytes);
    }

    void recall(std::uint64_t index) {
        const auto found = memo_.find(index);
        if (found == memo_.end()) reader_.fail("a reference to something that was not stored");
        duplicate(found->second);
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

    static const std::array<void (*)(Machine &), 256> kInstructions; ///< by opcode

    PickleReader reader_;
    Allowance &allowance_;
    Pickle pickle_;
    std::vector<Ref> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint64_t, Ref> memo_;
};

const std::array<void (*)(Machine &), 256> Machine::kInstructions = [] {
    std::array<void (*)(Machine &), 256> does{};
    does['N'] = [](Machine &m) { m.push(PickleNone{}); };
    does[0x88] = [](Machine &m) { m.push(true); };
    does[0x89] = [](Machine &m) { m.push(false); };
    does['J'] = [](Machine &m) { m.push(std::int64_t{static_cast<std::int32_t>(m.reader_.number(4))}); };
    does['K'] = [](Machine &m) { m.push(static_cast<std::int64_t>(m.reader_.number(1))); };
    does['M'] = [](Machine &m) { m.push(static_cast<std::int64_t>(m.reader_.number(2))); };
    does['G'] = [](Machine &m) { m.push(m.reader_.real()); };
    does[0x8a] = [](Machine &m) { m.push(big_integer(m.reader_.counted(1))); };
    does[0x8b] = [](Machine &m) { m.push(big_integer(m.reader_.counted(4))); };
    does['I'] = does['L'] = [](Machine &m) { m.push(m.integer_line()); };
    does['F'] = [](Machine &m) { m.push(m.real_line()); };

    does['X'] = does['T'] = [](Machine &m) { m.push(m.reader_.counted(4)); };
    does['U'] = does[0x8c] = [](Machine &m) { m.push(m.reader_.counted(1)); };
    does[0x8d] = [](Machine &m) { m.push(m.reader_.counted(8)); };
    does['V'] = [](Machine &m) { m.push(m.reader_.line()); };
    does['S'] = [](Machine &m) { m.push(m.quoted_line()); };
    does['B'] = [](Machine &m) { m.push(PickleBytes{m.reader_.counted(4)}); };
    does['C'] = [](Machine &m) { m.push(PickleBytes{m.reader_.counted(1)}); };
    does[0x8e] = does[0x96] = [](Machine &m) { m.push(PickleBytes{m.reader_.counted(8)}); };

    does[']'] = [](Machine &m) { m.push(PickleList{}); };
    does[')'] = [](Machine &m) { m.push(PickleTuple{}); };
    does['}'] = [](Machine &m) { m.push(PickleDict{}); };
    does[0x8f] = [](Machine &m) { m.push(PickleSet{}); };
    does['l'] = [](Machine &m) { m.push(PickleList{m.pop_to_mark()}); };
    does['t'] = [](Machine &m) { m.push(PickleTuple{m.pop_to_mark()}); };
    does[0x91] = [](Machine &m) { m.push(PickleSet{m.pop_to_mark()}); };
    does['d'] = [](Machine &m) { m.push(PickleDict{m.pairs(m.pop_to_mark())}); };
    does[0x85] = [](Machine &m) { m.push(PickleTuple{m.pop_several(1)}); };
    does[0x86] = [](Machine &m) { m.push(PickleTuple{m.pop_several(2)}); };
    does[0x87] = [](Machine &m) { m.push(PickleTuple{m.pop_several(3)}); };
    does['a'] = [](Machine &m) { m.append(m.pop_several(1)); };
    does['e'] = does[0x90] = [](Machine &m) { m.append(m.pop_to_mark()); };
    does['s'] = [](Machine &m) { m.set_items(m.pop_several(2)); };
    does['u'] = [](Machine &m) { m.set_items(m.pop_to_mark()); };

    does['c'] = [](Machine &m) { m.push(m.global_lines()); };
    does[0x93] = [](Machine &m) { m.push(m.stack_global()); };
    does['R'] = does[0x81] = [](Machine &m) { m.call(m.pop_several(2)); };
    does[0x92] = [](Machine &m) { m.call(m.pop_several(3)); }; // of keyword arguments nothing is kept
    does['o'] = [](Machine &m) { m.call_marked(m.pop_to_mark()); };
    does['i'] = [](Machine &m) { m.instance(); };
    does['b'] = [](Machine &m) { m.build(m.pop()); };
    does['P'] = [](Machine &m) { m.push(PicklePersistent{m.add(m.reader_.line())}); };
    does['Q'] = [](Machine &m) { m.push(PicklePersistent{m.pop()}); };

    does['('] = [](Machine &m) { m.mark(); };
    does['0'] = [](Machine &m) { m.discard(); };
    does['1'] = [](Machine &m) { m.pop_to_mark(); };
    does['2'] = [](Machine &m) { m.duplicate(m.top()); };
    does['p'] = [](Machine &m) { m.memoize(m.memo_line()); };
    does['q'] = [](Machine &m) { m.memoize(m.reader_.number(1)); };
    does['r'] = [](Machine &m) { m.memoize(m.reader_.number(4)); };
    does[0x94] = [](Machine &m) { m.memoize(m.memo_.size()); };
    does['g'] = [](Machine &m) { m.recall(m.memo_line()); };
    does['h'] = [](Machine &m) { m.recall(m.reader_.number(1)); };
    does['j'] = [](Machine &m) { m.recall(m.reader_.number(4)); };
    does[0x80] = [](Machine &m) { m.check_protocol(); };
    does[0x95] = [](Machine &m) { m.reader_.number(8); };
    return does;
}();

} // namespace

Pickle parse_pickle(std::span<const std::byte> bytes, const std::string &subject, Allowance &allowance) {
    return Machine(bytes, subject, allowance).run();
}

Pickle parse_pickle(std::span<const std::byte> bytes, const std::string &subject) {
    auto allowance = Allowance::for_pickle(bytes.size(), subject);
    return parse_pickle(bytes, subject, allowance);
}

void Allowance::take(std::uint64_t bytes) {
    if (bytes > left_)
        throw Error(ErrorCode::limit,
                    what_ + " more than " + std::to_string(all_) + " bytes, which a file of its size may not",
                    file_, "no checkpoint needs that much: the file is damaged or hostile");
    left_ -= bytes;
}

} // namespace mirra::trainer::importer
