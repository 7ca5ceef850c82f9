// A certificate, or what an interrupted sweep has saved: what is taken must have the digest that it says.
#include "fuzz/target.h"
#include "reports/certificate_file.h"

namespace exactloss::fuzz {

void Run(std::string_view bytes) {
  try {
    const Certificate certificate = ReadCertificate(FileOf(bytes).string());
    if (bytes.find(DigestOf(certificate)) == bytes.npos) Fail("a certificate with another digest is taken");
  } catch (const UsageError&) {
  }
}

}  // namespace exactloss::fuzz
