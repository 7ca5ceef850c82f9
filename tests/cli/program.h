// The program as a subprocess.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace exactloss {

struct Ran {
  int status = -1;  ///< exit status; 128 + signal when one killed it
  std::string out, err;
};

struct How {
  std::string in = {};                          ///< on standard input
  std::map<std::string, std::string> set = {};  ///< environment variables
  bool terminal = false;  ///< standard output and error are a terminal; both come as `out`
};

/// Runs `exactloss` with these arguments to its end.
Ran Exactloss(const std::vector<std::string>& arguments, const How& how = {});

/// The program while it runs, its output in files.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments, const How& how = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  pid_t pid() const { return pid_; }
  Ran Wait();

 private:
  std::string Collect();

  const std::string folder_;
  int terminal_ = -1;
  pid_t pid_ = -1;
};

std::vector<std::string> LinesOf(const std::string& text);

/// A new folder for this test's files.
std::string NewFolder(const std::string& name);
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& text);

/// examples/python_host.py, which computes mse.
inline const std::string kPythonHost = "exec:python3 " EXACTLOSS_SOURCE_DIR "/examples/python_host.py";

}  // namespace exactloss
