#include "reports/certificate_file.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "reports/atomic_file.h"
#include "reports/numbers.h"
#include "reports/strict_json.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "exactloss certificate 1";

Json ToJson(const SubjectInfo& subject) {
  return {{"name", subject.name}, {"version", subject.version}, {"details", subject.details}};
}

Json ToJson(const Ranges& ranges) {
  Json json = Json::array();
  for (const auto& [begin, end] : ranges.ranges()) json.push_back({begin, end});
  return json;
}

Json ToJson(const Kind& kind, const AnswersOfKind& answers, Dtype dtype) {
  Json json = {{"verdict", Name(kind.first)}, {"class", Name(kind.second)}, {"count", answers.count}};
  if (answers.line.empty()) return json;
  json["worst"] = {{"ulp", FormatHex(answers.ulp)},
                   {"line", answers.line},
                   {"got", BitsText(dtype, answers.got)},
                   {"truth", answers.truth},
                   {"ordinal", answers.ordinal}};
  return json;
}

Json ToJson(const OutputTally& tally, Dtype dtype) {
  Json answers = Json::array(), histogram = Json::object();
  for (const auto& [kind, of_kind] : tally.kinds) {
    if (of_kind.count > 0) answers.push_back(ToJson(kind, of_kind, dtype));
  }
  for (const auto& [edge, count] : tally.histogram) histogram[FormatHex(edge)] = count;
  return {{"answers", std::move(answers)}, {"ulp_from", std::move(histogram)}};
}

/// All but the digest.
Json ToJson(const Certificate& c) {
  const Dtype dtype = *ParseDtype(c.dtype);
  Json subjects = Json::array(), cases = Json::array();
  for (const SubjectInfo& subject : c.subjects) subjects.push_back(ToJson(subject));
  for (std::size_t i = 0; i < c.cases.size(); ++i) {
    const CaseTally& tally = c.tallies[i];
    Json outputs = Json::array();
    for (std::size_t k = 0; k < tally.outputs.size(); ++k) {
      Json output = {{"subject", c.subjects[k / c.outputs.size()].name},
                     {"output", c.outputs[k % c.outputs.size()]}};
      output.update(ToJson(tally.outputs[k], dtype));
      outputs.push_back(std::move(output));
    }
    cases.push_back({{"case", c.cases[i]},
                     {"points", tally.points},
                     {"outside_the_domain", tally.outside},
                     {"nans_left_out", tally.nans_left_out},
                     {"left_to_the_interval_tier", tally.asked},
                     {"fast_tier_checked", tally.checked},
                     {"fast_tier_off", tally.off},
                     {"outputs", std::move(outputs)}});
  }
  return {{"format", kFormat},
          {"program", c.program},
          {"command", c.command},
          {"cpu", c.cpu},
          {"loss", c.loss},
          {"dtype", c.dtype},
          {"varied", c.varied},
          {"stride", c.stride},
          {"subjects", std::move(subjects)},
          {"outputs", c.outputs},
          {"points_per_chunk", c.points_per_chunk},
          {"chunks", c.chunks},
          {"chunks_done", ToJson(c.done)},
          {"cases", std::move(cases)}};
}

double ReadHex(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

/// The value of the enumeration that has this name.
template <class Value>
Value ValueNamed(const std::string& name, int count) {
  for (int i = 0; i < count; ++i) {
    if (Name(static_cast<Value>(i)) == name) return static_cast<Value>(i);
  }
  throw UsageError(fmt::format("there is no '{}'", name));
}

OutputTally TallyOf(const Json& json) {
  OutputTally tally;
  for (const Json& of_kind : json.at("answers")) {
    const Kind kind = {
        ValueNamed<Verdict>(of_kind.at("verdict"), static_cast<int>(Verdict::kUnsupported) + 1),
        ValueNamed<Divergence>(of_kind.at("class"), static_cast<int>(Divergence::kTimeout) + 1)};
    AnswersOfKind& answers = tally.kinds[kind];
    answers.count = of_kind.at("count");
    if (!of_kind.contains("worst")) continue;
    const Json& worst = of_kind.at("worst");
    answers.ulp = ReadHex(worst.at("ulp"));
    answers.line = worst.at("line");
    answers.got = std::strtoull(worst.at("got").get<std::string>().c_str(), nullptr, 16);
    answers.truth = worst.at("truth");
    answers.ordinal = worst.at("ordinal");
  }
  for (const auto& [edge, count] : json.at("ulp_from").items()) tally.histogram[ReadHex(edge)] = count;
  return tally;
}

Certificate CertificateOf(const Json& json) {
  Certificate c;
  c.program = json.at("program");
  c.command = json.at("command");
  c.cpu = json.at("cpu");
  c.loss = json.at("loss");
  c.dtype = json.at("dtype");
  c.varied = json.at("varied");
  c.stride = json.at("stride");
  for (const Json& subject : json.at("subjects")) {
    c.subjects.push_back({subject.at("name"), subject.at("version"), subject.at("details")});
  }
  c.outputs = json.at("outputs");
  c.points_per_chunk = json.at("points_per_chunk");
  c.chunks = json.at("chunks");
  for (const Json& range : json.at("chunks_done")) c.done.Add(range.at(0), range.at(1));
  for (const Json& of_case : json.at("cases")) {
    c.cases.push_back(of_case.at("case"));
    CaseTally& tally = c.tallies.emplace_back();
    tally.points = of_case.at("points");
    tally.outside = of_case.at("outside_the_domain");
    tally.nans_left_out = of_case.at("nans_left_out");
    tally.asked = of_case.at("left_to_the_interval_tier");
    tally.checked = of_case.at("fast_tier_checked");
    tally.off = of_case.at("fast_tier_off");
    for (const Json& output : of_case.at("outputs")) tally.outputs.push_back(TallyOf(output));
  }
  return c;
}

/// The worst answer of all kinds; null where all are exact.
const AnswersOfKind* WorstOf(const OutputTally& tally) {
  const AnswersOfKind* worst = nullptr;
  for (const auto& [kind, answers] : tally.kinds) {
    if (answers.line.empty() || kind.first == Verdict::kUndecided) continue;
    if (worst == nullptr || answers.IsWorseThan(*worst)) worst = &answers;
  }
  return worst;
}

}  // namespace

std::string DigestOf(const Certificate& certificate) { return DigestOf(ToJson(certificate)); }

void SaveCertificate(const Certificate& certificate, const std::filesystem::path& path) {
  AtomicFile file(path);
  Json json = ToJson(certificate);
  json["digest"] = DigestOf(json);
  file.out() << json.dump(1) << '\n';
  file.Commit();
}

Certificate ReadCertificate(const std::string& path) {
  const auto fail = [&](const std::string& what) { return UsageError(fmt::format("{}: {}", path, what)); };
  std::ifstream in(path, std::ios::binary);
  if (!in) throw fail("it cannot be read");
  Json json = Json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("format"))
    throw fail("it is no certificate, or only a part of one");
  if (json["format"] != kFormat) {
    throw fail(fmt::format("it is a certificate of another version, {}, where this program reads \"{}\"",
                           json["format"].dump(), kFormat));
  }
  try {
    const std::string digest = json.at("digest");
    json.erase("digest");
    if (DigestOf(json) != digest) throw fail("it was changed: its digest is not that of what it says");
    return CertificateOf(json);
  } catch (const Json::exception& error) {
    throw fail(fmt::format("it is no certificate: {}", error.what()));
  }
}

void WriteCertificateText(const Certificate& c, std::ostream& out) {
  const std::string at_least = c.stride > 1 ? ">= " : "";  // a sample shows no less than there is
  for (std::size_t i = 0; i < c.cases.size(); ++i) {
    const CaseTally& tally = c.tallies[i];
    out << fmt::format("{} {}{}{}: {} points{}\n", c.loss, c.dtype, c.cases[i].empty() ? "" : " ", c.cases[i],
                       tally.points, c.stride > 1 ? fmt::format(", every {}th: a sample", c.stride) : "");
    for (std::size_t k = 0; k < tally.outputs.size(); ++k) {
      out << fmt::format("  {} {}:", c.subjects[k / c.outputs.size()].name, c.outputs[k % c.outputs.size()]);
      for (const auto& [kind, answers] : tally.outputs[k].kinds) {
        if (answers.count > 0)
          out << fmt::format(" {} {};", answers.count, ClassText(kind.first, kind.second));
      }
      if (const AnswersOfKind* worst = WorstOf(tally.outputs[k])) {
        out << fmt::format(" worst {}{} ulp: {}\n", at_least, ErrorText(worst->ulp), worst->line);
      } else {
        out << " within 0.5 ulp\n";
      }
    }
    out << fmt::format("  {} points left to the interval tier; {} outputs of the fast tier checked, {} off\n",
                       tally.asked, tally.checked, tally.off);
  }
}

}  // namespace exactloss
