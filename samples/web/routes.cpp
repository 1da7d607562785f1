// What the server answers:
//   GET    /, /app.js, ...             the page
//   GET    /api/schema                 the tasks
//   POST   /api/files?kind=K           takes a file (its bytes are the content), gives its name
//   GET    /api/files/NAME?format=F    a picture in a format, or tensors as safetensors
//   GET    /api/files/NAME/view        a picture as browsers show it
//   DELETE /api/files/NAME             lets go of it
//   POST   /api/jobs                   begins a job, gives its name
//   GET    /api/jobs/NAME              how far it is, what it gave
//   GET    /api/jobs/NAME/preview      its unfinished result
//   DELETE /api/jobs/NAME              stops it
// Errors have {"error": {"code", "message", "subject", "hint"}}.
#include "routes.hpp"

#include "page.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>

namespace web {
namespace {

using httplib::Response;
using Query = httplib::Request;

constexpr const char *kJson = "application/json";

void answer(Response &response, int status, const Json &body) {
    response.status = status;
    response.set_content(body.dump(-1, ' ', false, Json::error_handler_t::replace), kJson);
}

int http_status(mirra_status code) {
    switch (code) {
    case MIRRA_E_INVALID_ARGUMENT:
    case MIRRA_E_MISMATCH:
        return 400;
    case MIRRA_E_NOT_FOUND:
        return 404;
    case MIRRA_E_LIMIT:
        return 413;
    case MIRRA_E_CORRUPT:
    case MIRRA_E_UNSUPPORTED:
        return 422;
    case MIRRA_E_BUSY:
    case MIRRA_E_CANCELLED:
        return 503;
    default:
        return 500;
    }
}

void answer_error(Response &response, const api::Error &error) {
    answer(response, http_status(error.code()), {{"error", error_json(error)}});
}

/// Calls a function that answers, and answers with what it throws.
template<class Call> void guarded(Response &response, const Call &call) {
    try {
        call();
    } catch (const api::Error &error) {
        answer_error(response, error);
    } catch (const std::bad_alloc &) {
        answer_error(response, api::Error(MIRRA_E_OUT_OF_MEMORY, "memory ran out"));
    } catch (const std::exception &error) {
        std::fprintf(stderr, "mirra-web: %s\n", api::printable(error.what()).c_str());
        answer_error(response,
                     api::Error(MIRRA_E_INTERNAL, "the server made a mistake; its terminal says more"));
    }
}

std::string read_body(const httplib::ContentReader &reader, std::size_t length) {
    std::string body;
    body.reserve(length);
    const bool whole = reader([&](const char *bytes, std::size_t size) {
        if (body.size() + size > length) return false;
        body.append(bytes, size);
        return true;
    });
    if (!whole || body.size() != length)
        throw api::Error(MIRRA_E_INVALID_ARGUMENT, "the content did not arrive whole", "", "Try again.");
    return body;
}

std::string type_of(const std::string &format) {
    return format == "png" || format == "jpeg" || format == "tiff" || format == "webp" || format == "jxl"
               ? "image/" + format
               : "application/octet-stream";
}

void answer_bytes(Response &response, api::Memory memory, const std::string &type, Ledger::Share share) {
    struct Held {
        Ledger::Share share;
        api::Memory memory;
    };
    const auto held = std::make_shared<Held>(Held{std::move(share), std::move(memory)});
    response.set_content_provider(held->memory.size(), type,
                                  [held](std::size_t offset, std::size_t length, httplib::DataSink &sink) {
                                      const auto *bytes = reinterpret_cast<const char *>(held->memory.data());
                                      return sink.write(bytes + offset, length);
                                  });
}

std::int32_t whole_number(const Query &query, const char *name) {
    const std::string text = query.get_param_value(name);
    std::int32_t value = 0;
    if (text.empty()) return 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
        throw api::Error(MIRRA_E_INVALID_ARGUMENT, "a whole number is expected", name);
    return value;
}

class Answers {
  public:
    Answers(const Workshop &shop, Jobs &jobs) : shop_(shop), jobs_(jobs) {}

    void take_file(const Query &query, Response &response, const httplib::ContentReader &reader) {
        const std::size_t length = body_length(query).value_or(0);
        const Ledger::Share share = shop_.store.room(length); // while it is read
        Upload upload;
        upload.kind = kind_of(query.get_param_value("kind"));
        upload.ending = query.get_param_value("ending");
        const bool plain =
            std::ranges::all_of(upload.ending, [](unsigned char c) { return std::isalnum(c) != 0; });
        if (!plain || upload.ending.size() > 8) upload.ending = "bin";
        upload.bytes = read_body(reader, length);
        const std::string name = shop_.store.add(upload);
        Json told{{"file", name}};
        const ItemPointer item = shop_.store.get(name);
        if (item->kind == Kind::picture) {
            const mirra_image view = item->picture.view().get();
            const mirra_picture_info info = item->picture.info();
            told.update({{"width", view.width},
                         {"height", view.height},
                         {"bit_depth", info.bit_depth},
                         {"format", info.file_format},
                         {"notes", item->picture.notes()}});
        } else if (item->kind == Kind::bundle) {
            told.update({{"name", item->bundle.info().name}, {"task", item->bundle.info().task}});
        }
        answer(response, 201, told);
    }

    void give_file(const Query &query, Response &response) {
        const ItemPointer item = shop_.store.get(query.matches[1]);
        if (item->kind == Kind::tensors) {
            give(response, item->tensors.write_memory(), "application/octet-stream");
            return;
        }
        api::WriteOptions options;
        options.format = query.get_param_value("format");
        options.jpeg_quality = whole_number(query, "quality");
        options.bit_depth = whole_number(query, "depth");
        give_picture(response, *item, options);
    }

    /// Without loss where that is quick.
    void give_view(const Query &query, Response &response) {
        const ItemPointer item = shop_.store.get(query.matches[1]);
        if (item->kind != Kind::picture) throw api::Error(MIRRA_E_INVALID_ARGUMENT, "the file is no picture");
        const mirra_image view = item->picture.view().get();
        constexpr std::int64_t kQuick = 4'000'000;
        api::WriteOptions options;
        const bool quick = static_cast<std::int64_t>(view.width) * view.height <= kQuick;
        options.format = quick ? "png" : "jpeg";
        options.bit_depth = 8;
        give_picture(response, *item, options);
    }

    void begin_job(const Query &query, Response &response, const httplib::ContentReader &reader) {
        const std::string text = read_body(reader, body_length(query).value_or(0));
        const Json body = Json::parse(text, nullptr, false);
        if (body.is_discarded()) throw api::Error(MIRRA_E_INVALID_ARGUMENT, "the content is no JSON");
        answer(response, 202, {{"job", jobs_.submit(Request::parse(body, shop_))}});
    }

    const Workshop &shop_;
    Jobs &jobs_;

  private:
    static Kind kind_of(const std::string &word) {
        if (word == "picture") return Kind::picture;
        if (word == "tensors") return Kind::tensors;
        if (word == "bundle") return Kind::bundle;
        if (word == "file") return Kind::file;
        throw api::Error(MIRRA_E_INVALID_ARGUMENT, "there is no such kind of file", "kind");
    }

    void give(Response &response, api::Memory memory, const std::string &type) {
        Ledger::Share share = shop_.store.room(memory.size());
        response.set_header("Content-Disposition", "attachment");
        answer_bytes(response, std::move(memory), type, std::move(share));
    }

    void give_picture(Response &response, const Item &item, const api::WriteOptions &options) {
        if (item.kind != Kind::picture) throw api::Error(MIRRA_E_INVALID_ARGUMENT, "the file is no picture");
        const api::Picture &metadata = item.source ? item.source->picture : item.picture;
        const std::lock_guard one(encoding_);
        give(response, api::write_memory(item.picture.view(), options, &metadata), type_of(options.format));
    }

    std::mutex encoding_; ///< one at a time, so that their memory is bounded
};

void add_page(httplib::Server &server) {
    for (const PageFile &file : page_files()) {
        const char *type = file.ending == ".html"  ? "text/html; charset=utf-8"
                           : file.ending == ".css" ? "text/css; charset=utf-8"
                                                   : "text/javascript; charset=utf-8";
        const std::string path = file.name == "index.html" ? "/" : "/" + file.name;
        server.Get(path, [&file, type](const Query &, Response &response) {
            response.set_content(file.text, type);
        });
    }
}

} // namespace

void add_routes(httplib::Server &server, const Guard &guard, const Workshop &shop, Jobs &jobs) {
    server.set_default_headers(Guard::headers());
    server.set_pre_routing_handler([&guard](const Query &query, Response &response) {
        const auto refusal = guard.check(query);
        if (!refusal) return httplib::Server::HandlerResponse::Unhandled;
        answer(response, refusal->status,
               {{"error",
                 {{"code", "refused"},
                  {"message", refusal->message},
                  {"subject", ""},
                  {"hint", refusal->hint}}}});
        return httplib::Server::HandlerResponse::Handled;
    });
    add_page(server);

    const auto answers = std::make_shared<Answers>(shop, jobs);
    const auto get = [&](const char *pattern, auto call) {
        server.Get(pattern, [answers, call](const Query &query, Response &response) {
            guarded(response, [&] { call(*answers, query, response); });
        });
    };
    const auto remove = [&](const char *pattern, auto call) {
        server.Delete(pattern, [answers, call](const Query &query, Response &response) {
            guarded(response, [&] { call(*answers, query); });
            if (response.status == -1) answer(response, 200, Json::object());
        });
    };
    const auto post = [&](const char *pattern,
                          void (Answers::*call)(const Query &, Response &, const httplib::ContentReader &)) {
        server.Post(pattern, [answers, call](const Query &query, Response &response,
                                             const httplib::ContentReader &reader) {
            guarded(response, [&] { (answers.get()->*call)(query, response, reader); });
        });
    };
    post("/api/files", &Answers::take_file);
    post("/api/jobs", &Answers::begin_job);
    get("/api/schema", [](Answers &all, const Query &, Response &response) {
        response.set_content(all.shop_.schema.text(), kJson);
    });
    get("/api/files/([0-9a-f]{32})",
        [](Answers &all, const Query &query, Response &response) { all.give_file(query, response); });
    get("/api/files/([0-9a-f]{32})/view",
        [](Answers &all, const Query &query, Response &response) { all.give_view(query, response); });
    get("/api/jobs/([0-9a-f]{32})", [](Answers &all, const Query &query, Response &response) {
        answer(response, 200, all.jobs_.status(query.matches[1]));
    });
    get("/api/jobs/([0-9a-f]{32})/preview", [](Answers &all, const Query &query, Response &response) {
        answer_bytes(response, all.jobs_.preview(query.matches[1]), "image/jpeg", {});
    });
    remove("/api/files/([0-9a-f]{32})",
           [](Answers &all, const Query &query) { all.shop_.store.remove(query.matches[1]); });
    remove("/api/jobs/([0-9a-f]{32})",
           [](Answers &all, const Query &query) { all.jobs_.cancel(query.matches[1]); });
}

} // namespace web
