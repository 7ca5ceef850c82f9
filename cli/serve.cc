// exactloss serve: a subject of this program as a host.
#include "oracle/serve.h"

#include <iostream>
#include <memory>
#include <string>

#include "cli/command.h"

namespace exactloss {

Action AddServe(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  app.add_option("subject", *name, "highway/TARGET/MODE or naive/FORM")->required();
  app.footer("Speaks the protocol of docs/protocol.md on standard input and output, until its input ends.");
  return [name] {
    Serve(*MakeSubject(*name), std::cin, std::cout);
    return kOk;
  };
}

}  // namespace exactloss
