#include "tests/cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace exactloss {
namespace {

namespace fs = std::filesystem;

void Redirect(const std::string& path, int flags, int fd) {
  const int file = open(path.c_str(), flags, 0600);
  if (file < 0 || dup2(file, fd) < 0) _exit(127);
  close(file);
}

}  // namespace

std::string NewFolder(const std::string& name) {
  static std::atomic<int> number{0};
  const fs::path folder =
      fs::path(testing::TempDir()) /
      ("exactloss_" + name + "_" + std::to_string(getpid()) + "_" + std::to_string(++number));
  fs::create_directories(folder);
  return folder.string();
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Running::Running(const std::vector<std::string>& arguments, const How& how) : folder_(NewFolder("run")) {
  WriteFile(folder_ + "/in", how.in);
  std::vector<char*> words;
  std::string program = EXACTLOSS_PROGRAM;
  words.push_back(program.data());
  std::vector<std::string> copies = arguments;
  for (std::string& word : copies) words.push_back(word.data());
  words.push_back(nullptr);

  pid_ = how.terminal ? forkpty(&terminal_, nullptr, nullptr, nullptr) : fork();
  if (pid_ != 0) return;
  Redirect(folder_ + "/in", O_RDONLY, STDIN_FILENO);
  if (!how.terminal) {
    Redirect(folder_ + "/out", O_WRONLY | O_CREAT, STDOUT_FILENO);
    Redirect(folder_ + "/err", O_WRONLY | O_CREAT, STDERR_FILENO);
  }
  for (const char* name : {"NO_COLOR", "EXACTLOSS_HOSTS"}) unsetenv(name);
  for (const auto& [name, value] : how.set) setenv(name.c_str(), value.c_str(), 1);
  execv(words.front(), words.data());
  _exit(127);
}

Running::~Running() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (terminal_ >= 0) close(terminal_);
  fs::remove_all(folder_);
}

/// What comes from the terminal, until the program has closed it.
std::string Running::Collect() {
  std::string text;
  char buffer[4096];
  for (ssize_t count = 1; terminal_ >= 0 && count > 0;) {
    count = read(terminal_, buffer, sizeof buffer);
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

Ran Running::Wait() {
  const std::string terminal = Collect();
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, terminal.empty() ? ReadFile(folder_ + "/out") : terminal, ReadFile(folder_ + "/err")};
}

Ran Exactloss(const std::vector<std::string>& arguments, const How& how) {
  return Running(arguments, how).Wait();
}

}  // namespace exactloss
