// A host as a subject: the auditor's side of the subject protocol (docs/protocol.md).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "oracle/subject.h"

namespace exactloss {

struct HostOptions {
  std::string name;                                ///< of the subject, as typed
  std::vector<std::string> arguments;              ///< program and arguments
  std::map<std::string, std::string> environment;  ///< on top of this process's
  SubjectOptions subject;
};

/// Starts the host and greets it; throws UsageError, with what was seen, if it is none.
///
/// A problem at which the host dies, hangs or leaves the protocol gets kCrash, kTimeout or kProtocol; the
/// host is started again and goes on with the next. Crashes and broken answers are asked once more, alone, of
/// a fresh host, and the message says so if they do not happen again.
std::unique_ptr<Subject> MakeHostSubject(HostOptions options);

}  // namespace exactloss
