// Contracts: what is documented of arguments, right and wrong, and what a subject does with them. A line says
// both:
//
//   refuse(delta) huber f32 mean delta=-0x1p+0 input=1 target=0
//   give(nan) mse f32 mean input=[0]: target=[0]:
//   accept nll f32 mean ignore_index=7 input=[1,3]:-1,-2,-3 target=7
//
//   line    = promise SP call
//   promise = "accept" | "refuse(" what ")" | "give(" number ")"
//   call    = a repro line, whose arguments may be wrong (ParseCall)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/audit.h"

namespace exactloss {

struct Promise {
  enum class Kind : std::uint8_t {
    kAccept,  ///< the call is right
    kRefuse,  ///< an error whose message names `what`: an argument, "shape" or "dtype"
    kGive,    ///< every element of the loss is `value`
  };
  Kind kind = Kind::kAccept;
  std::string what;
  double value = 0;
};

/// One line of a contract.
struct Contract {
  std::string line;
  Promise promise;
  Problem call;
  std::string source;  ///< who documents it; "" for a line that a person wrote
};

/// The output that a finding of a contract names: no number is judged, but the call.
inline constexpr std::string_view kArguments = "arguments";

/// Does it begin with a promise?
bool IsContract(std::string_view line);

/// Throws UsageError.
Contract ParseContract(std::string_view line);

/// The contracts of these losses, or of all: the rows of their family, and of each parameter its domain.
std::vector<Contract> ContractsOf(const std::vector<const LossSpec*>& losses = {});

/// One finding: `exact` where the promise is kept, else `contract`, a crash or a timeout. Its message says
/// what the subject did.
Finding JudgeContract(const Contract& contract, const Subject& subject, const Answer& answer);

/// Asks every subject, one after the other, and writes the findings contract by contract. Returns the
/// subjects that were asked, which an interruption makes fewer. Throws UsageError for one that cannot be
/// made.
std::vector<SubjectInfo> AuditContracts(const std::vector<Contract>& contracts, const AuditOptions& options,
                                        const std::vector<Sink*>& sinks);

}  // namespace exactloss
