// A certificate as JSON: counts as integers, floats as hex text, and at the end a digest of all the rest.
// Nothing in it depends on when, or in how many parts and jobs, it was made.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>

#include "oracle/certificate.h"

namespace exactloss {

/// "fnv1a:0123456789abcdef", of the text without its digest.
std::string DigestOf(const Certificate& certificate);

/// Whole, or what was there before; throws OutputError.
void SaveCertificate(const Certificate& certificate, const std::filesystem::path& path);

/// Throws UsageError, which names the file and what is wrong with it: it cannot be read, is no certificate,
/// is of another version, or is not what its digest says.
Certificate ReadCertificate(const std::string& path);

/// A table for people: verdicts, worst ulp and input of each output.
void WriteCertificateText(const Certificate& certificate, std::ostream& out);

}  // namespace exactloss
