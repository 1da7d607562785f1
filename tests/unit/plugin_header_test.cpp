// mirra_plugin.hpp over a table of the test's own: versions of hosts, errors in both directions, exceptions.
#include "mirra/mirra_plugin.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

struct mirra_error { // the host's own; here the test is the host
    mirra_status code;
    std::string message, subject;
};

namespace {

namespace plugin = mirra::plugin;
using plugin::Failed, plugin::Host, plugin::Tensor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A host with the functions that the tests call, which counts its errors.
struct FakeHost {
    FakeHost() {
        api.struct_size = sizeof api;
        api.host = this;
        api.error_create = [](const mirra_host_api *host, mirra_status code, const char *message,
                              const char *subject, const char *) {
            ++of(host).errors;
            return new mirra_error{code, message, subject == nullptr ? "" : subject};
        };
        api.error_destroy = [](const mirra_host_api *host, mirra_error *error) {
            --of(host).errors;
            delete error;
        };
        api.log = [](const mirra_host_api *host, mirra_log_level, const char *message) {
            of(host).logged.emplace_back(message);
        };
        api.register_task = [](const mirra_host_api *host, const mirra_task *described, mirra_error **) {
            of(host).task = *described;
            return mirra_status{MIRRA_OK};
        };
        api.param = [](mirra_context *context, const char *name, mirra_value *, mirra_error **error) {
            *error = host_of(context).api.error_create(&host_of(context).api, MIRRA_E_NOT_FOUND, "no such",
                                                       name, "");
            return mirra_status{MIRRA_E_NOT_FOUND};
        };
        api.parallel_for = [](mirra_context *, std::uint64_t count,
                              mirra_status (*body)(void *, std::uint64_t), void *user, mirra_error **) {
            for (std::uint64_t i = 0; i < count; ++i)
                if (const mirra_status status = body(user, i); status != MIRRA_OK) return status;
            return mirra_status{MIRRA_OK};
        };
        api.graph_gradient = [](mirra_context *context, const mirra_gradient_request *request,
                                mirra_tensor **, mirra_error **error) {
            mirra_tensor *upstream = nullptr;
            return request->upstream(request->user, context, nullptr, &upstream, error);
        };
    }
    static FakeHost &of(const mirra_host_api *host) { return *static_cast<FakeHost *>(host->host); }
    static FakeHost &host_of(mirra_context *context) { return *reinterpret_cast<FakeHost *>(context); }
    [[nodiscard]] mirra_context *context() { return reinterpret_cast<mirra_context *>(this); }
    [[nodiscard]] Host host() { return {&api, context()}; }

    mirra_host_api api{};
    mirra_task task{};
    int errors = 0; ///< that are alive
    std::vector<std::string> logged;
};

/// A registered task and one session of it.
template<class Session> struct Trial {
    explicit Trial(FakeHost &fake) : host(fake) {
        plugin::Registry(&host.api).add<Session>(mirra_task{});
        EXPECT_EQ(MIRRA_OK, host.task.create(nullptr, &host.api, &instance, &error));
    }
    Trial(const Trial &) = delete;
    Trial &operator=(const Trial &) = delete;
    ~Trial() {
        host.task.destroy(instance);
        if (error != nullptr) host.api.error_destroy(&host.api, error);
    }
    /// "" or the message of the error, which the host destroys.
    std::string take_error() {
        if (error == nullptr) return "";
        const std::string message = error->message;
        host.api.error_destroy(&host.api, std::exchange(error, nullptr));
        return message;
    }

    FakeHost &host;
    void *instance = nullptr;
    mirra_error *error = nullptr;
};

TEST(PluginHeader, AFunctionThatTheHostLacksIsNamedWhenItIsCalledAndWhenItIsRequired) {
    FakeHost fake;
    fake.api.struct_size = offsetof(mirra_host_api, tensor_map);
    const Host host = fake.host();
    EXPECT_FALSE(host.has(MIRRA_PLUGIN_FUNCTION(tensor_map)));
    EXPECT_TRUE(host.has(MIRRA_PLUGIN_FUNCTION(tensor_create)));
    const plugin::Registry tasks(&fake.api);
    tasks.require({MIRRA_PLUGIN_FUNCTION(graph_name), MIRRA_PLUGIN_FUNCTION(tensor_create)});
    for (const bool called : {true, false}) {
        try {
            if (called)
                static_cast<void>(host.map(nullptr));
            else
                tasks.require({MIRRA_PLUGIN_FUNCTION(tensor_create), MIRRA_PLUGIN_FUNCTION(tensor_map)});
            ADD_FAILURE() << "the host has no tensor_map";
        } catch (const Failed &failed) {
            EXPECT_EQ(MIRRA_E_UNSUPPORTED, failed.status());
            EXPECT_THAT(failed.what(), HasSubstr("'tensor_map'"));
        }
    }
}

struct Configured {
    Configured() { latest = this; }
    void configure(const Host &, mirra_setup &setup) {
        setup.margin = 5;
        setup.scale_numerator = scale;
    }
    Tensor process(const Host &, const mirra_tile &tile, const mirra_tensor *) {
        output_width = tile.output_width;
        core_width = tile.core_width;
        return {};
    }
    std::uint32_t scale = 0;
    std::int64_t output_width = -1, core_width = -1;
    static inline Configured *latest = nullptr;
};

TEST(PluginHeader, AnOlderHostsStructsAreFilledAsFarAsTheyGo) {
    FakeHost fake;
    Trial<Configured> run(fake);
    constexpr std::size_t kKnown = offsetof(mirra_setup, scale_numerator);
    mirra_setup setup{};
    std::memset(&setup, 0x55, sizeof setup);
    std::memset(&setup, 0, kKnown);
    setup.struct_size = kKnown;
    EXPECT_EQ(MIRRA_OK, fake.task.configure(run.instance, fake.context(), &setup, &run.error));
    EXPECT_EQ(5U, setup.margin);
    EXPECT_EQ(kKnown, setup.struct_size);
    EXPECT_EQ(0x55555555U, setup.scale_numerator) << "beyond the host's own";
    Configured::latest->scale = 2;
    EXPECT_EQ(MIRRA_E_UNSUPPORTED, fake.task.configure(run.instance, fake.context(), &setup, &run.error));
    EXPECT_THAT(run.take_error(), HasSubstr("fields that this version of Mirra lacks"));
    EXPECT_EQ(0x55555555U, setup.scale_numerator);

    mirra_tile tile{};
    std::memset(&tile, 0x55, sizeof tile);
    tile.struct_size = offsetof(mirra_tile, output_x);
    mirra_tensor *output = nullptr;
    EXPECT_EQ(MIRRA_OK, fake.task.process(run.instance, fake.context(), &tile, nullptr, &output, &run.error));
    EXPECT_EQ(0, Configured::latest->output_width) << "which the host does not know";
    EXPECT_EQ(tile.core_width, Configured::latest->core_width);
}

TEST(PluginHeader, ErrorsOfTheHostAreHandedOnOrDestroyed) {
    FakeHost fake;
    try {
        static_cast<void>(fake.host().real("amount"));
        ADD_FAILURE() << "there is no such parameter";
    } catch (const Failed &failed) {
        const Failed copy = failed;
        EXPECT_EQ(MIRRA_E_NOT_FOUND, copy.status());
        EXPECT_EQ(1, fake.errors);
    }
    EXPECT_EQ(0, fake.errors) << "swallowed";
    mirra_error *error = nullptr;
    EXPECT_EQ(MIRRA_E_NOT_FOUND,
              plugin::guarded(&fake.api, &error, [&] { static_cast<void>(fake.host().real("amount")); }));
    ASSERT_NE(nullptr, error);
    EXPECT_EQ("amount", error->subject);
    EXPECT_EQ(1, fake.errors);
    fake.api.error_destroy(&fake.api, error);
}

TEST(PluginHeader, WhatAnyFunctionThrowsBecomesAnError) {
    FakeHost fake;
    const auto status_of = [&](const auto &body) {
        mirra_error *error = nullptr;
        const mirra_status status = plugin::guarded(&fake.api, &error, body);
        EXPECT_EQ(status, error == nullptr ? MIRRA_OK : error->code);
        if (error != nullptr) fake.api.error_destroy(&fake.api, error);
        return status;
    };
    EXPECT_EQ(MIRRA_OK, status_of([] {}));
    EXPECT_EQ(MIRRA_E_LIMIT, status_of([] { throw Failed(MIRRA_E_LIMIT, "too many"); }));
    EXPECT_EQ(MIRRA_E_MISMATCH, status_of([] { throw plugin::OutOfBounds(); }));
    EXPECT_EQ(MIRRA_E_OUT_OF_MEMORY, status_of([] { throw std::bad_alloc(); }));
    EXPECT_EQ(MIRRA_E_PLUGIN, status_of([] { throw std::runtime_error("odd"); }));
    EXPECT_EQ(MIRRA_E_PLUGIN, status_of([] { throw 7; }));
    EXPECT_EQ(0, fake.errors);
}

TEST(PluginHeader, WhatACallbackThrowsComesOutOfTheCall) {
    FakeHost fake;
    const Host host = fake.host();
    std::vector<std::uint64_t> seen;
    const auto body = [&](std::uint64_t index) {
        seen.push_back(index);
        if (index == 2) throw std::domain_error("two");
    };
    EXPECT_THROW(host.parallel_for(5, body), std::domain_error);
    EXPECT_THAT(seen, ElementsAre(0, 1, 2));
    const auto upstream = [](const mirra_tensor *) -> Tensor { throw std::domain_error("slope"); };
    EXPECT_THROW(static_cast<void>(host.gradient("graph", "image", nullptr, "out", upstream)),
                 std::domain_error);
    const auto cancelled = [](const mirra_tensor *) -> Tensor { throw Failed(MIRRA_E_CANCELLED, "stop"); };
    try {
        static_cast<void>(host.gradient("graph", "image", nullptr, "out", cancelled));
        ADD_FAILURE() << "the callback failed";
    } catch (const Failed &failed) {
        EXPECT_EQ(MIRRA_E_CANCELLED, failed.status());
    }
    EXPECT_EQ(0, fake.errors);
}

struct Ends {
    void configure(const Host &, mirra_setup &) {}
    Tensor process(const Host &, const mirra_tile &, const mirra_tensor *) { return {}; }
    void end(const Host &, mirra_outcome outcome) {
        if (outcome == MIRRA_OUTCOME_FAILED) throw std::runtime_error("cannot end");
    }
};

TEST(PluginHeader, ATaskHasTheFunctionsThatItsSessionHas) {
    FakeHost fake;
    Trial<Ends> run(fake);
    EXPECT_NE(nullptr, fake.task.end);
    EXPECT_EQ(nullptr, fake.task.begin);
    EXPECT_EQ(nullptr, fake.task.measure);
    EXPECT_EQ(nullptr, fake.task.finish);
    EXPECT_EQ(0U, fake.task.flags);
    fake.task.end(run.instance, fake.context(), MIRRA_OUTCOME_DONE);
    EXPECT_THAT(fake.logged, IsEmpty());
    fake.task.end(run.instance, fake.context(), MIRRA_OUTCOME_FAILED);
    EXPECT_THAT(fake.logged, ElementsAre("cannot end"));
}

TEST(PluginHeader, PlacesBeyondTheValuesAreRefused) {
    plugin::Planes planes(2, 3, 4);
    EXPECT_EQ(12U, planes.channel(1).size());
    EXPECT_THROW(static_cast<void>(planes.channel(2)), plugin::OutOfBounds);
    EXPECT_EQ(4U, planes.cut(plugin::make_rect(3, 1, 1, 2)).size());
    EXPECT_THROW(static_cast<void>(planes.cut(plugin::make_rect(3, 1, 2, 2))), plugin::OutOfBounds);
    EXPECT_THROW(static_cast<void>(planes.cut(plugin::make_rect(INT64_MAX, 0, 1, 1))), plugin::OutOfBounds);
    EXPECT_THROW(planes.put(plugin::Planes(2, 1, 1), 0, 0, plugin::make_rect(1, 0, 1, 1)),
                 plugin::OutOfBounds);
    EXPECT_THROW(plugin::Planes(-1, 2, 2), Failed);
    EXPECT_THROW(plugin::Planes(INT64_MAX, INT64_MAX, 2), Failed);
    FakeHost fake;
    const std::vector<float> values(6);
    EXPECT_THROW(static_cast<void>(fake.host().upload(values, {2, 4})), Failed);
}

} // namespace
