// A faulty subject behind the subject protocol (docs/protocol.md), so that the program itself can be asked:
//   exactloss audit --loss mse --subject 'exec:build/release/tests/faults/fault_host mse.half'
// Without an argument it lists the faults.
#include <iostream>

#include "oracle/serve.h"
#include "tests/faults/fault.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    for (const exactloss::Fault& fault : exactloss::Faults()) {
      std::cout << fault.id << ": " << fault.what << '\n';
    }
    return 4;
  }
  try {
    exactloss::Serve(*exactloss::MakeFaultSubject(argv[1]), std::cin, std::cout);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "fault_host: " << error.what() << "\n";
    return 4;
  }
}
