// What a host may send: its hello, and the header of an answer.
#include "oracle/host_frames.h"

#include "fuzz/target.h"

namespace exactloss::fuzz {
namespace {

const Problem& Asked() {
  static const Problem problem = ParseProblem("huber f32 mean delta=0.5 input@strided=1,2,3 target=4,5,6");
  return problem;
}

}  // namespace

void Run(std::string_view bytes) {
  const std::string header(bytes);
  try {
    (void)ParseHello(header);
  } catch (const ProtocolError&) {
  }
  try {
    const AnswerHeader answer = ParseAnswer(header, Asked(), 7, 3);
    if (answer.wanted.size() != answer.answer.outputs.size())
      Fail("an output that nobody asked for is taken");
  } catch (const ProtocolError&) {
  }
}

}  // namespace exactloss::fuzz
