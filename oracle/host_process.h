// A host as a process: started in a process group of its own, spoken to over pipes with deadlines, killed for
// sure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace exactloss {

struct HostCommand {
  std::vector<std::string> arguments;              ///< of exec; the first is looked for in PATH
  std::map<std::string, std::string> environment;  ///< on top of that of this process
  int shared_memory = -1;                          ///< inherited; its number is EXACTLOSS_SHM_FD
};

/// A file descriptor that closes itself.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  int get() const { return fd_; }
  void Close();

 private:
  int fd_;
};

class HostProcess {
 public:
  /// Starts it; throws std::system_error if this machine cannot.
  explicit HostProcess(const HostCommand& command);
  /// Kills the host and everything that it started.
  ~HostProcess();
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  /// Queues bytes for its standard input; they leave while Read* waits.
  void Send(std::string bytes);

  enum class Event {
    kRead,
    kEnd,      ///< it closed its standard output, or died
    kTimeout,  ///< nothing complete came within the timeout, and nothing of ours was taken
    kTooLong,  ///< a line longer than the limit
  };
  /// One line, without its end.
  Event ReadLine(std::string* line, std::size_t limit, std::chrono::milliseconds timeout);
  Event ReadBytes(std::string* bytes, std::size_t count, std::chrono::milliseconds timeout);

  /// How it ended, after kEnd: "was killed by SIGSEGV", "exited with status 3", "closed its standard output".
  std::string Ending();
  /// What it has sent that nobody has read.
  const std::string& unread() const { return received_; }
  /// The last line that it wrote to its standard error; "" if none.
  std::string LastWords();

 private:
  /// Waits for the pipes and moves bytes, until `complete` or until nothing can come.
  template <class Complete>
  Event Pump(std::chrono::milliseconds timeout, Complete complete);
  bool ReadOutput();  ///< false at its end
  bool ReadErrors();  ///< whether something came
  bool WriteInput();  ///< whether something left

  FileDescriptor input_, output_, errors_, lifeline_;
  pid_t pid_ = -1;
  std::string to_send_;
  std::size_t sent_ = 0;
  std::string received_;
  std::string stderr_tail_;
};

}  // namespace exactloss
