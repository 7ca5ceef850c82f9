// A subject of this program as a host: the other side of the subject protocol (docs/protocol.md), so that it
// can run in a process of its own.
#pragma once

#include <iosfwd>

#include "oracle/subject.h"

namespace exactloss {

/// Answers frames until `in` ends. What the subject throws is an error of its problem, and so is a
/// floating-point environment that it leaves changed, which is put back. Throws ProtocolError for a frame
/// that is none.
void Serve(Subject& subject, std::istream& in, std::ostream& out);

}  // namespace exactloss
