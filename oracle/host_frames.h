// The frames of the subject protocol (docs/protocol.md) as text and bytes; no processes here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "oracle/subject.h"

namespace exactloss {

/// What a host sent is not the protocol; the message says what is wrong with it.
class ProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A longer header is no header.
inline constexpr std::size_t kMaxHeader = std::size_t{1} << 20;

std::string HelloFrame();

struct Hello {
  SubjectInfo info;
  bool shared_memory = false;
};
Hello ParseHello(const std::string& header);

/// Where the tensors of a batch lie: in the payload, or in the shared memory with room for the outputs.
struct BatchPlan {
  std::vector<std::vector<std::size_t>> inputs;   ///< per problem and given input: the start of its buffer
  std::vector<std::vector<std::size_t>> outputs;  ///< per problem and output; empty in payload mode
  std::size_t size = 0;                           ///< bytes of it all
};
BatchPlan PlanBatch(std::span<const Problem> problems, bool shared_memory);

/// Writes the inputs where the plan wants them, and kUnwritten elsewhere.
void StoreInputs(std::span<const Problem> problems, const BatchPlan& plan, std::span<std::byte> memory);

/// The header of a `run` frame. Payload mode announces plan.size bytes after it. `wanted` says for each
/// output whether it is asked for; empty: all are.
std::string RunHeader(std::span<const Problem> problems, const BatchPlan& plan, std::int64_t id,
                      bool shared_memory, const std::vector<bool>& wanted = {});

/// An answer's header. Its outputs have names, dtypes and shapes, but no bits yet.
struct AnswerHeader {
  Answer answer;                    ///< kProtocol when the outputs are not those that were asked for
  std::size_t bytes = 0;            ///< of payload that follow
  std::vector<std::size_t> wanted;  ///< for each output, its index in OutputsOf
};
/// Throws ProtocolError unless it is an answer to that problem of that run: the host is lost then.
AnswerHeader ParseAnswer(const std::string& header, const Problem& problem, std::int64_t id,
                         std::size_t number);

/// Up to 60 bytes of what a host sent, printable.
std::string Quote(const std::string& bytes);

}  // namespace exactloss
