#include "report/html.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace mirra::trainer {

std::string base64(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kBytes = 3, kChars = 4;
    constexpr unsigned kBits = 6, kMask = 63;
    std::string out;
    out.reserve((bytes.size() + kBytes - 1) / kBytes * kChars);
    for (std::size_t at = 0; at < bytes.size(); at += kBytes) {
        const auto count = std::min(kBytes, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < kBytes; ++i)
            group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
        for (std::size_t i = 0; i < kChars; ++i) {
            const auto shift = kBits * static_cast<unsigned>(kChars - 1 - i);
            out += i <= count ? kDigits[group >> shift & kMask] : '=';
        }
    }
    return out;
}

namespace {

/// Light, for large screens, phones and paper. No fonts are loaded: each system shows its own.
Html page_style() {
    Html out;
    out << R"css(
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --wash: #f6f8fa; --accent: #0a5ea8;
  --good: #13703f; --bad: #b42318; --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { margin: 0; font-size: 2.1rem; line-height: 1.15; letter-spacing: -0.02em; }
h2 { margin: 3rem 0 0.75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: 1.3rem;
  letter-spacing: -0.01em; }
p { margin: 0 0 0.9rem; max-width: 46rem; }
code, pre { font-family: var(--mono); font-size: 0.85rem; }
pre { margin: 0; padding: 0.9rem 1rem; background: var(--wash); border: 1px solid var(--line); border-radius: 6px;
  white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
pre.command { user-select: all; -webkit-user-select: all; }
.option { white-space: nowrap; }
.eyebrow { margin: 0 0 0.35rem; color: var(--accent); font-size: 0.8rem; font-weight: 600; letter-spacing: 0.06em;
  text-transform: uppercase; }
.lead { margin: 0.6rem 0 1.8rem; max-width: none; color: var(--soft); font-size: 1.05rem; }
.soft { color: var(--soft); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.note { padding: 0.7rem 1rem; border-left: 4px solid var(--good); background: var(--wash); border-radius: 0 6px 6px 0;
  max-width: none; }
.note.bad { border-color: var(--bad); color: inherit; }
.note ul { margin: 0.3rem 0 0; padding-left: 1.2rem; }

.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem; }
.card { padding: 1rem 1.15rem 1.05rem; border: 1px solid var(--line); border-radius: 10px; break-inside: avoid; }
.card.missing { border-style: dashed; background: var(--wash); }
.card .name { font-weight: 600; }
.card .value { margin: 0.15rem 0 0; font-size: 2.5rem; font-weight: 650; line-height: 1.15; letter-spacing: -0.025em; }
.card .value small { font-size: 1.35rem; font-weight: 500; letter-spacing: 0; }
.card .interval { color: var(--soft); font-size: 0.9rem; }
.card .source { margin: 0.5rem 0 0; color: var(--soft); font-size: 0.85rem; line-height: 1.4; }
.card .origin { display: inline-block; margin-right: 0.3em; padding: 0 0.45em; border-radius: 4px; background: #e3eefa;
  color: #0a4a85; font-weight: 600; }
.card .origin.log { background: #fdf0d5; color: #7a4b00; }
.bar { display: block; width: 100%; height: 10px; margin: 0.55rem 0 0.3rem; }

.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem 2rem; }
figure { margin: 0; break-inside: avoid; }
.plot svg[viewBox] { display: block; width: 100%; height: auto; }
.plot text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.plot figcaption { margin-bottom: 0.4rem; font-size: 0.9rem; }
.key { display: inline-block; margin-left: 0.8rem; color: var(--soft); white-space: nowrap; }
.key svg { margin-right: 0.35rem; vertical-align: -0.05em; }

.example { padding: 1.1rem 0 1.2rem; border-top: 1px solid var(--line); break-inside: avoid; }
.example:first-of-type { border-top: 0; }
.cells { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0 0.9rem; }
.cells figure { display: grid; grid-row: span 3; grid-template-rows: subgrid; padding-bottom: 0.5rem; }
.cells.four { grid-template-columns: repeat(4, minmax(0, 1fr)); max-width: 48rem; }
.cells img { display: block; width: 100%; height: auto; margin: 0.35rem 0 0.35rem; border-radius: 4px;
  image-rendering: pixelated; }
.cells figcaption { font-size: 0.85rem; line-height: 1.35; }
.cells .label { align-self: end; font-size: 0.85rem; line-height: 1.3; }
.cells .label span { display: block; color: var(--soft); overflow-wrap: anywhere; }
.cells .before { margin-top: 0.25rem; color: var(--soft); }
.cells figcaption b { overflow-wrap: anywhere; }

.scroll { overflow-x: auto; margin: 1.4rem 0 0; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.45rem 0.9rem 0.45rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; }
.facts th { width: 13rem; color: var(--soft); font-weight: 400; }
.facts td { overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem 2rem;
  align-items: start; }
.beside .scroll { margin: 0; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: 0.85rem; }

@media (max-width: 46rem) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.7rem; }
  .cells, .cells.four { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .facts, .facts tbody, .facts tr, .facts th, .facts td { display: block; width: auto; }
  .facts th { padding-bottom: 0; border: 0; }
  .facts td { padding-top: 0; }
}
@page { margin: 14mm; }
@media print {
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; margin-top: 1.6rem; }
  .cells { gap: 0 0.5rem; }
  .cells.four { max-width: 75%; }
  .cells .label, .cells figcaption { font-size: 7pt; }
  .example { padding: 0.5rem 0; }
  .plots, .beside { grid-template-columns: 1fr 1fr; gap: 1rem; }
  table { font-size: 8pt; }
  th, td { padding: 0.25rem 0.4rem 0.25rem 0; }
  thead th { white-space: normal; }
  .scroll { overflow: visible; }
  .cards { grid-template-columns: repeat(3, 1fr); }
  .card .value { font-size: 1.9rem; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
)css";
    return out;
}

} // namespace

std::string escaped(std::string_view text) {
    constexpr unsigned char kFirstPrintable = 0x20, kDelete = 0x7f;
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if (c == '\'')
            out += "&#39;";
        else if ((code < kFirstPrintable && c != '\n' && c != '\t') || code == kDelete)
            out += "\xEF\xBF\xBD";
        else
            out += c;
    }
    return out;
}

Html &Html::operator<<(const std::string &text) {
    code_ += escaped(text);
    return *this;
}

Html &Html::operator<<(const Html &part) {
    code_ += part.code_;
    return *this;
}

Html command_line(const std::string &line) {
    Html out;
    std::size_t at = 0;
    while (at < line.size()) {
        const auto end = std::min(line.find(' ', at), line.size());
        const auto word = line.substr(at, end - at);
        if (at > 0) out << " ";
        if (word.starts_with('-'))
            out << "<span class=\"option\">" << word << "</span>";
        else
            out << word;
        at = end + 1;
    }
    return out;
}

Html html_page(const std::string &title, const Html &body) {
    Html page;
    page << "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
            "style-src 'unsafe-inline'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
         << title << "</title>\n<style>" << page_style() << "</style>\n</head>\n<body>\n<main>\n"
         << body << "</main>\n</body>\n</html>\n";
    return page;
}

} // namespace mirra::trainer
