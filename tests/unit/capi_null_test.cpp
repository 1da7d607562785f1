// Every function of mirra.h with NULL for each of its pointers. The list is made from the header: a function
// that is new is called as well, and one that takes a type that is not known here does not compile.
#include "capi_test_support.hpp"

#include <set>
#include <tuple>
#include <utility>

namespace mirra::test {
namespace {

/// Arguments that may be NULL, by function and place, beside every last `mirra_error **`.
const std::set<std::pair<std::string, std::size_t>> kMayBeNull{
    {"mirra_engine_create", 0},      {"mirra_bundle_open_memory", 2}, {"mirra_image_read", 1},
    {"mirra_image_write", 2},        {"mirra_image_write", 3},        {"mirra_image_check_write", 1},
    {"mirra_image_check_write", 2},  {"mirra_graph_run", 3},          {"mirra_session_run", 3},
    {"mirra_session_run", 4},        {"mirra_session_submit", 3},     {"mirra_result_value", 2},
    {"mirra_job_wait", 2},           {"mirra_picture_wrap", 1},       {"mirra_picture_wrap", 2},
    {"mirra_image_read_memory", 2},  {"mirra_image_write_memory", 1}, {"mirra_session_reset", 1},
    {"mirra_engine_measure_peak", 1}};

/// Objects and values that functions take without objection.
struct World {
    Engine engine = make_engine();
    Bundle bundle = make_bundle();
    Session session = make_session(engine, bundle);
    Picture picture;
    Tensors tensors;
    Cancel cancel;
    Pixels<std::uint8_t> in{4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    std::vector<mirra_port_value> ports{port("image", in.image), port("output", in.image)};
    Result result;
    Job job;
    float number = 1;
    std::int64_t extent = 1;
    DLTensor tensor{&number, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &extent, nullptr, 0};

    World() {
        EXPECT_OK(mirra_picture_create(4, 4, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB, picture.out(), error));
        EXPECT_OK(mirra_tensors_create(tensors.out(), error));
        EXPECT_OK(mirra_cancel_create(cancel.out(), error));
        EXPECT_OK(run(session, in.image, in.image, error, nullptr, result.out()));
        EXPECT_OK(mirra_session_submit(session.get(), ports.data(), 2, nullptr, job.out(), error));
        EXPECT_OK(mirra_job_wait(job.get(), -1, nullptr, error));
    }
};

World &world() {
    static World made;
    return made;
}

/// One argument: what goes in, and what is destroyed when it came out.
template<class T> struct Argument;

#define MIRRA_TEST_ARGUMENT(type, value)                                                                     \
    template<> struct Argument<type> {                                                                       \
        type get() {                                                                                         \
            return value;                                                                                    \
        }                                                                                                    \
    }
MIRRA_TEST_ARGUMENT(const char *, "x");
MIRRA_TEST_ARGUMENT(const void *, "x");
MIRRA_TEST_ARGUMENT(std::int32_t, 1);
MIRRA_TEST_ARGUMENT(std::uint32_t, 0);
MIRRA_TEST_ARGUMENT(std::uint64_t, 1); // a size_t as well
MIRRA_TEST_ARGUMENT(double, 0);
MIRRA_TEST_ARGUMENT(mirra_engine *, world().engine.get());
MIRRA_TEST_ARGUMENT(const mirra_engine *, world().engine.get());
MIRRA_TEST_ARGUMENT(const mirra_bundle *, world().bundle.get());
MIRRA_TEST_ARGUMENT(mirra_session *, world().session.get());
MIRRA_TEST_ARGUMENT(mirra_picture *, world().picture.get());
MIRRA_TEST_ARGUMENT(const mirra_picture *, world().picture.get());
MIRRA_TEST_ARGUMENT(mirra_tensors *, world().tensors.get());
MIRRA_TEST_ARGUMENT(const mirra_tensors *, world().tensors.get());
MIRRA_TEST_ARGUMENT(const mirra_result *, world().result.get());
MIRRA_TEST_ARGUMENT(mirra_job *, world().job.get());
MIRRA_TEST_ARGUMENT(const mirra_port_value *, world().ports.data());
MIRRA_TEST_ARGUMENT(const mirra_image *, &world().in.image);
MIRRA_TEST_ARGUMENT(const DLTensor *, &world().tensor);
using Release = void (*)(void *);
MIRRA_TEST_ARGUMENT(Release, nullptr);
// Only in functions whose pointers are all NULL in the one call that there is.
MIRRA_TEST_ARGUMENT(char *, nullptr);
MIRRA_TEST_ARGUMENT(void *, nullptr);
MIRRA_TEST_ARGUMENT(const mirra_error *, nullptr);
MIRRA_TEST_ARGUMENT(mirra_error *, nullptr);
MIRRA_TEST_ARGUMENT(mirra_bundle *, nullptr);
MIRRA_TEST_ARGUMENT(mirra_result *, nullptr);
MIRRA_TEST_ARGUMENT(mirra_cancel *, nullptr);
MIRRA_TEST_ARGUMENT(const mirra_cancel *, nullptr);
#undef MIRRA_TEST_ARGUMENT

/// What a function fills, or reads all zeros from.
template<class T>
    requires requires(T value) { value.struct_size; }
struct Argument<T *> {
    T value{};
    T *get() {
        const_cast<std::remove_const_t<T> &>(value).struct_size = sizeof(T);
        return const_cast<T *>(&value);
    }
};

/// What a function gives.
template<class T, void (*Destroy)(T *)> struct Given {
    T *made = nullptr;
    Given() = default;
    Given(const Given &) = delete;
    Given &operator=(const Given &) = delete;
    ~Given() { Destroy(made); }
    T **get() { return &made; }
};
template<class Managed> void destroy_tensor(Managed *tensor) {
    if (tensor != nullptr) tensor->deleter(tensor);
}
template<> struct Argument<mirra_error **> : Given<mirra_error, mirra_error_destroy> {};
template<> struct Argument<mirra_engine **> : Given<mirra_engine, mirra_engine_destroy> {};
template<> struct Argument<mirra_bundle **> : Given<mirra_bundle, mirra_bundle_destroy> {};
template<> struct Argument<mirra_picture **> : Given<mirra_picture, mirra_picture_destroy> {};
template<> struct Argument<mirra_tensors **> : Given<mirra_tensors, mirra_tensors_destroy> {};
template<> struct Argument<mirra_session **> : Given<mirra_session, mirra_session_destroy> {};
template<> struct Argument<mirra_cancel **> : Given<mirra_cancel, mirra_cancel_destroy> {};
template<> struct Argument<mirra_result **> : Given<mirra_result, mirra_result_destroy> {};
template<> struct Argument<mirra_job **> : Given<mirra_job, mirra_job_destroy> {};
template<> struct Argument<char **> : Given<char, mirra_string_free> {};
template<> struct Argument<DLManagedTensor **> : Given<DLManagedTensor, destroy_tensor> {};
template<> struct Argument<DLManagedTensorVersioned **> : Given<DLManagedTensorVersioned, destroy_tensor> {};
template<> struct Argument<void **> : Given<void, mirra_memory_free> {};
template<> struct Argument<const void **> {
    const void *value = nullptr;
    const void **get() { return &value; }
};
template<> struct Argument<std::uint64_t *> { // a size_t as well
    std::uint64_t value = 0;
    std::uint64_t *get() { return &value; }
};
template<> struct Argument<const char **> {
    const char *value = nullptr;
    const char **get() { return &value; }
};
template<> struct Argument<double *> {
    double value = 0;
    double *get() { return &value; }
};

template<class Result> bool is_nothing(Result result) {
    if constexpr (std::is_same_v<Result, const char *>)
        return result == nullptr || *result == '\0';
    else
        return result == Result{};
}

template<class Result, class... A> class Function {
  public:
    static constexpr std::size_t kCount = sizeof...(A);
    template<std::size_t I> using At = std::tuple_element_t<I, std::tuple<A...>>;
    template<std::size_t I> static constexpr bool is_pointer = std::is_pointer_v<At<I>>;
    static constexpr bool gives_status = [] {
        if constexpr (kCount == 0)
            return false;
        else
            return std::is_same_v<At<kCount - 1>, mirra_error **>;
    }();

    Function(const char *name, Result (*function)(A...)) : name_(name), function_(function) {}

    void with_all_null() const {
        if constexpr ((std::is_pointer_v<A> || ...)) {
            const std::tuple<A...> arguments{};
            if constexpr (std::is_void_v<Result>) {
                std::apply(function_, arguments);
            } else {
                const Result result = std::apply(function_, arguments);
                if constexpr (gives_status)
                    EXPECT_STREQ("invalid_argument", mirra_status_name(result)) << name_;
                else
                    EXPECT_TRUE(is_nothing(result)) << name_;
            }
        }
    }

    void with_each_null() const {
        [this]<std::size_t... I>(std::index_sequence<I...>) {
            (this->template with_null<I>(), ...);
        }(std::index_sequence_for<A...>());
    }

  private:
    template<std::size_t I> void with_null() const {
        if constexpr (gives_status && is_pointer<I> && I + 1 < kCount) {
            std::tuple<Argument<A>...> held;
            auto arguments = std::apply([](auto &...each) { return std::tuple<A...>(each.get()...); }, held);
            std::get<I>(arguments) = nullptr;
            const mirra_status status = std::apply(function_, arguments);
            mirra_error *error = std::get<kCount - 1>(held).made;
            EXPECT_EQ(status, mirra_error_code(error)) << name_;
            EXPECT_NE(MIRRA_E_INTERNAL, status) << name_ << ": " << mirra_error_message(error);
            if (!kMayBeNull.contains({name_, I})) {
                EXPECT_STREQ("invalid_argument", mirra_status_name(status))
                    << name_ << ", argument " << I << ": " << mirra_error_message(error);
            }
        }
    }

    std::string name_;
    Result (*function_)(A...);
};

/// Makes f(name, function) of each function of the header.
template<class Visit> void for_all_functions(const Visit &visit) {
#define MIRRA_TEST_FUNCTION(name) visit(Function(#name, name));
#include "capi_functions.inc"
#undef MIRRA_TEST_FUNCTION
}

TEST(CapiNull, NoFunctionMindsThatAllPointersAreNull) {
    std::size_t count = 0;
    for_all_functions([&](const auto &function) {
        function.with_all_null();
        ++count;
    });
    EXPECT_LT(60U, count) << "the list of functions was not read from the header";
}

TEST(CapiNull, EachPointerThatMustBeGivenIsAskedFor) {
    for_all_functions([](const auto &function) { function.with_each_null(); });
}

TEST(CapiNull, TheExceptionsAreFunctionsThatThereAre) {
    std::set<std::string> names;
#define MIRRA_TEST_FUNCTION(name) names.insert(#name);
#include "capi_functions.inc" // NOLINT(readability-duplicate-include)
#undef MIRRA_TEST_FUNCTION
    for (const auto &[name, place] : kMayBeNull) EXPECT_TRUE(names.contains(name)) << name;
}

} // namespace
} // namespace mirra::test
