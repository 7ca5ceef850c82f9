// exactloss merge: the certificates of a sweep's shards as one.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "reference/text.h"
#include "reports/certificate_file.h"

namespace exactloss {
namespace {

struct MergeFlags {
  std::vector<std::string> files;
  std::string certificate;
};

ExitStatus RunMerge(const MergeFlags& flags) {
  if (flags.files.empty()) throw UsageError("which? Give the certificates of the shards");
  if (flags.certificate.empty()) throw UsageError("where to? Give --certificate FILE");
  Certificate whole = ReadCertificate(flags.files[0]);
  for (std::size_t i = 1; i < flags.files.size(); ++i) {
    const Certificate part = ReadCertificate(flags.files[i]);
    try {
      Merge(part, &whole);
    } catch (const UsageError& error) {
      throw UsageError(Concat(flags.files[i], ": ", error.what()));
    }
  }
  SaveCertificate(whole, flags.certificate);
  WriteCertificateText(whole, std::cout);
  const std::uint64_t missing = whole.chunks - whole.done.Count();
  std::cout << DigestOf(whole)
            << (missing == 0 ? "" : fmt::format(": {} of {} chunks are missing", missing, whole.chunks))
            << '\n';
  return kOk;
}

}  // namespace

Action AddMerge(CLI::App& app) {
  const auto flags = std::make_shared<MergeFlags>();
  app.add_option("certificates", flags->files, "of the shards of one sweep");
  app.add_option("--certificate", flags->certificate, "write the whole to this file");
  return [flags] { return RunMerge(*flags); };
}

}  // namespace exactloss
