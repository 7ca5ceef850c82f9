#include "oracle/host_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "reference/text.h"

extern char** environ;

namespace exactloss {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = 1 << 16;
constexpr std::size_t kStderrTail = 4096;

/// $@ is the host. The shell becomes the host; before, it leaves a guard behind, in the same process group,
/// that waits for the end of file 3. That comes when this program ends, in whatever way, and then the guard
/// kills the group: a host that hangs does not outlive its auditor. (PR_SET_PDEATHSIG would not reach the
/// host's own children, and fires when the thread ends that started the host.) A crash that was asked for
/// needs no core file.
constexpr const char* kLauncher =
    "ulimit -c 0; (read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 & exec \"$@\" 3<&-";
constexpr int kLifeline = 3;

/// Above the numbers that a host's descriptors get, so that moving them there cannot overwrite one another.
constexpr int kFirstOwnDescriptor = 10;

void Check(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

struct Pipe {
  FileDescriptor read, write;
};

FileDescriptor MoveUp(int fd) {
  const FileDescriptor low(fd);
  const int high = fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnDescriptor);
  Check(high < 0 ? errno : 0, "cannot start a host: fcntl");
  return FileDescriptor(high);
}

Pipe MakePipe() {
  int ends[2];
  Check(pipe2(ends, O_CLOEXEC) != 0 ? errno : 0, "cannot start a host: pipe");
  FileDescriptor write_end(ends[1]);
  Pipe pipe{MoveUp(ends[0]), FileDescriptor()};
  pipe.write = MoveUp(ends[1]);
  return pipe;
}

void DoNotBlock(const FileDescriptor& fd) { fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

/// The environment of this process with some settings on top.
std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& settings) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string setting = *entry;
    if (!settings.contains(setting.substr(0, setting.find('=')))) environment.push_back(setting);
  }
  for (const auto& [name, value] : settings) environment.push_back(Concat(name, "=", value));
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

/// A write to a host that is gone must be an error and not the end of this program.
void IgnoreSigpipe() {
  struct sigaction action = {};
  sigaction(SIGPIPE, nullptr, &action);
  if (action.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t pipe_signal, no_signal;
    sigemptyset(&no_signal);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    posix_spawnattr_setsigmask(&attributes, &no_signal);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  void Give(int fd, int as) { posix_spawn_file_actions_adddup2(&actions, fd, as); }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void FileDescriptor::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

HostProcess::HostProcess(const HostCommand& command) {
  IgnoreSigpipe();
  Pipe input = MakePipe(), output = MakePipe(), errors = MakePipe(), lifeline = MakePipe();
  FileDescriptor shared_memory;

  SpawnSettings settings;
  settings.Give(input.read.get(), STDIN_FILENO);
  settings.Give(output.write.get(), STDOUT_FILENO);
  settings.Give(errors.write.get(), STDERR_FILENO);
  settings.Give(lifeline.read.get(), kLifeline);
  std::map<std::string, std::string> variables = command.environment;
  if (command.shared_memory >= 0) {
    shared_memory = FileDescriptor(fcntl(command.shared_memory, F_DUPFD_CLOEXEC, kFirstOwnDescriptor));
    settings.Give(shared_memory.get(), shared_memory.get());  // to its own number: the host inherits it
    variables["EXACTLOSS_SHM_FD"] = std::to_string(shared_memory.get());
  }

  std::vector<std::string> arguments = {"/bin/sh", "-c", kLauncher, "sh"};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = EnvironmentWith(variables);
  Check(posix_spawn(&pid_, "/bin/sh", &settings.actions, &settings.attributes, Pointers(arguments).data(),
                    Pointers(environment).data()),
        "cannot start a host: /bin/sh");

  input_ = std::move(input.write);
  output_ = std::move(output.read);
  errors_ = std::move(errors.read);
  lifeline_ = std::move(lifeline.write);
  for (const FileDescriptor* fd : {&input_, &output_, &errors_}) DoNotBlock(*fd);
}

HostProcess::~HostProcess() {
  // The group is killed before its leader is reaped: until then its number cannot belong to anyone else.
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void HostProcess::Send(std::string bytes) {
  to_send_.erase(0, sent_);
  sent_ = 0;
  if (to_send_.empty()) {
    to_send_ = std::move(bytes);
  } else {
    to_send_ += bytes;
  }
}

HostProcess::Event HostProcess::ReadLine(std::string* line, std::size_t limit,
                                         std::chrono::milliseconds timeout) {
  std::size_t searched = 0;
  std::size_t end = std::string::npos;
  const Event event = Pump(timeout, [&] {
    end = received_.find('\n', searched);
    searched = received_.size();
    return end != std::string::npos || searched > limit;
  });
  if (event != Event::kRead) return event;
  if (end == std::string::npos || end > limit) return Event::kTooLong;
  *line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return Event::kRead;
}

HostProcess::Event HostProcess::ReadBytes(std::string* bytes, std::size_t count,
                                          std::chrono::milliseconds timeout) {
  const Event event = Pump(timeout, [&] { return received_.size() >= count; });
  if (event != Event::kRead) return event;
  *bytes = received_.substr(0, count);
  received_.erase(0, count);
  return Event::kRead;
}

template <class Complete>
HostProcess::Event HostProcess::Pump(std::chrono::milliseconds timeout, Complete complete) {
  auto deadline = Clock::now() + timeout;
  while (!complete()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Event::kTimeout;
    pollfd fds[] = {{output_.get(), POLLIN, 0},
                    {errors_.get(), POLLIN, 0},
                    {sent_ < to_send_.size() ? input_.get() : -1, POLLOUT, 0}};
    if (poll(fds, 3, static_cast<int>(left)) < 0 && errno != EINTR) return Event::kEnd;
    if (fds[1].revents != 0) ReadErrors();
    if (fds[2].revents != 0 && WriteInput()) deadline = Clock::now() + timeout;
    if (fds[0].revents != 0 && !ReadOutput()) return complete() ? Event::kRead : Event::kEnd;
  }
  return Event::kRead;
}

bool HostProcess::ReadOutput() {
  char chunk[kChunk];
  const ssize_t got = read(output_.get(), chunk, sizeof(chunk));
  if (got > 0) received_.append(chunk, static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool HostProcess::ReadErrors() {
  char chunk[kChunk];
  const ssize_t got = read(errors_.get(), chunk, sizeof(chunk));
  if (got == 0) errors_.Close();  // poll would report its end for ever
  if (got <= 0) return false;
  stderr_tail_.append(chunk, static_cast<std::size_t>(got));
  if (stderr_tail_.size() > kStderrTail) stderr_tail_.erase(0, stderr_tail_.size() - kStderrTail);
  return true;
}

bool HostProcess::WriteInput() {
  const ssize_t written = write(input_.get(), to_send_.data() + sent_, to_send_.size() - sent_);
  if (written > 0) {
    sent_ += static_cast<std::size_t>(written);
    return true;
  }
  if (errno != EAGAIN && errno != EINTR)
    sent_ = to_send_.size();  // it reads no more; its output tells the rest
  return false;
}

std::string HostProcess::Ending() {
  constexpr auto kPatience = std::chrono::seconds(1);
  const auto deadline = Clock::now() + kPatience;
  siginfo_t info = {};
  // WNOWAIT: the destructor reaps it.
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0) {
    if (Clock::now() > deadline) return "closed its standard output";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (info.si_code != CLD_EXITED) return "was killed by " + SignalName(info.si_status);
  const std::string status = "exited with status " + std::to_string(info.si_status);
  constexpr int kShellSignal = 128;  // a shell's status for a command that a signal killed
  const int signal = info.si_status - kShellSignal;
  return signal > 0 && signal < SIGRTMIN ? status + " (" + SignalName(signal) + ")" : status;
}

std::string HostProcess::LastWords() {
  while (ReadErrors()) {
  }
  std::string_view text = stderr_tail_;
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace exactloss
