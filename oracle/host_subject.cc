#include "oracle/host_subject.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "oracle/host_frames.h"
#include "oracle/host_process.h"
#include "oracle/memory_image.h"

namespace exactloss {
namespace {

/// Enough for the pipes not to matter, few enough for a batch to be small.
constexpr std::size_t kMaxBatchProblems = 64;
constexpr std::size_t kMaxBatchBytes = std::size_t{16} << 20;

/// A library as large as LibTorch takes its time, on a cold disk above all.
constexpr std::chrono::milliseconds kHelloTimeout{30'000};

/// The memory that auditor and host share. It is sparse: what no batch touches costs nothing.
class SharedMemory {
 public:
  static constexpr std::size_t kSize = std::size_t{4} << 30;
  static constexpr std::size_t kKept = std::size_t{64} << 20;

  SharedMemory() : fd_(memfd_create("exactloss", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    // Sealed: a host that cut it short would kill this program with SIGBUS.
    if (fd_.get() < 0 || ftruncate(fd_.get(), static_cast<off_t>(kSize)) != 0 ||
        fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot make shared memory");
    }
    void* data = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd_.get(), 0);
    if (data == MAP_FAILED)
      throw std::system_error(errno, std::generic_category(), "cannot map shared memory");
    memory_ = {static_cast<std::byte*>(data), kSize};
  }
  ~SharedMemory() { munmap(memory_.data(), memory_.size()); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  int fd() const { return fd_.get(); }
  std::span<std::byte> memory() const { return memory_; }
  /// Gives back what a large batch took.
  void Trim(std::size_t used) const {
    if (used <= kKept) return;
    fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(kKept),
              static_cast<off_t>(used - kKept));
  }

 private:
  FileDescriptor fd_;
  std::span<std::byte> memory_;
};

/// The host is of no more use; this is what its current problem gets.
struct HostLost {
  AnswerStatus status;
  std::string message;
};

class HostSubject : public Subject {
 public:
  explicit HostSubject(HostOptions options) : options_(std::move(options)) {
    try {
      info_ = Start();
    } catch (const HostLost& lost) {
      throw UsageError(fmt::format("{}: no host: {}; docs/protocol.md says what a host answers",
                                   options_.name, lost.message));
    }
    info_.details.emplace("host", info_.name);
    info_.name = options_.name;
  }

  const SubjectInfo& info() const override { return info_; }
  bool ChecksArguments() const override { return true; }

  std::vector<Answer> Run(std::span<const Problem> problems) override {
    std::vector<Answer> answers;
    std::size_t alone_until = 0;  // where a batch was lost, its rest goes one by one
    while (answers.size() < problems.size()) {
      const std::size_t done = answers.size();
      const auto rest = problems.subspan(done);
      const auto batch = rest.first(done < alone_until ? 1 : BatchSize(rest));
      try {
        RunBatch(batch, &answers);
      } catch (const HostLost& lost) {
        alone_until = done + batch.size();
        process_.reset();
        answers.push_back(AnswerOfLost(problems[answers.size()], lost));
      }
    }
    return answers;
  }

  /// A lost host gets a second chance; what is lost twice is the answer.
  Answer RunRaw(const Problem& form, const RawTensors& raw) override {
    if (!share_) return Subject::RunRaw(form, raw);
    for (int chance = 0;; ++chance) {
      try {
        return RunInPlace(form, raw);
      } catch (const HostLost& lost) {
        process_.reset();
        if (chance > 0) return {lost.status, lost.message, {}};
      }
    }
  }

 private:
  /// The tensors go to the shared memory and come from it as they are.
  Answer RunInPlace(const Problem& form, const RawTensors& raw) {
    if (!process_) Start();
    const BatchPlan plan = PlanBatch({&form, 1}, share_);
    std::size_t given = 0;
    for (std::size_t k = 0; k < form.inputs.size(); ++k) {
      if (!form.inputs[k]) continue;
      const auto count = static_cast<std::size_t>(ElementCount(form.inputs[k]->shape));
      std::memcpy(shared_.memory().data() + plan.inputs[0][given++], raw.inputs[k],
                  count * static_cast<std::size_t>(SizeInBytes(form.dtype)));
    }
    std::vector<bool> wanted;
    for (const std::byte* output : raw.outputs) wanted.push_back(output != nullptr);
    process_->Send(RunHeader({&form, 1}, plan, ++run_, share_, wanted));
    try {
      AnswerHeader header = ParseAnswer(ReadHeader(options_.subject.timeout), form, run_, 0);
      for (std::size_t i = 0; i < header.answer.outputs.size(); ++i) {
        const Output& output = header.answer.outputs[i];
        const std::size_t k = header.wanted[i];
        if (output.dtype != form.dtype) {
          throw ProtocolError(fmt::format("its output \"{}\" has dtype {} instead of {}", output.name,
                                          Name(output.dtype), Name(form.dtype)));
        }
        if (raw.outputs[k] == nullptr) continue;
        std::memcpy(raw.outputs[k], shared_.memory().data() + plan.outputs[0][k], SizeOf(output));
      }
      return std::move(header.answer);
    } catch (const ProtocolError& error) {
      throw HostLost{AnswerStatus::kProtocol, error.what()};
    }
  }

  SubjectInfo Start() {
    process_.reset();
    process_.emplace(HostCommand{options_.arguments, options_.environment, shared_.fd()});
    process_->Send(HelloFrame());
    try {
      Hello hello = ParseHello(ReadHeader(kHelloTimeout));
      share_ = hello.shared_memory;
      return std::move(hello.info);
    } catch (const ProtocolError& error) {
      throw HostLost{AnswerStatus::kProtocol, error.what()};
    }
  }

  std::size_t BatchSize(std::span<const Problem> problems) const {
    std::size_t count = 0, bytes = 0;
    while (count < std::min(problems.size(), kMaxBatchProblems) && bytes < kMaxBatchBytes) {
      bytes += PlanBatch(problems.subspan(count, 1), share_).size;
      ++count;
    }
    return count;
  }

  /// Appends the answers as they come; throws HostLost at the first problem that has none.
  void RunBatch(std::span<const Problem> problems, std::vector<Answer>* answers) {
    if (!process_) Start();
    const BatchPlan plan = PlanBatch(problems, share_);
    if (share_ && plan.size > SharedMemory::kSize) {
      answers->push_back({AnswerStatus::kUnsupported,
                          fmt::format("its tensors take {} bytes, the memory shared with a host has {}",
                                      plan.size, SharedMemory::kSize),
                          {}});
      return;
    }
    ++run_;
    std::string frame = RunHeader(problems, plan, run_, share_);
    if (share_) {
      StoreInputs(problems, plan, shared_.memory().first(plan.size));
    } else {
      const std::size_t header = frame.size();
      frame.resize(header + plan.size);
      StoreInputs(problems, plan, std::as_writable_bytes(std::span(frame)).subspan(header));
    }
    process_->Send(std::move(frame));
    for (std::size_t p = 0; p < problems.size(); ++p) {
      answers->push_back(ReadAnswer(problems[p], p, plan.outputs[p]));
    }
    if (share_) shared_.Trim(plan.size);
  }

  Answer ReadAnswer(const Problem& problem, std::size_t number, const std::vector<std::size_t>& places) {
    try {
      AnswerHeader header = ParseAnswer(ReadHeader(options_.subject.timeout), problem, run_, number);
      const std::string payload = ReadPayload(header.bytes, problem);
      if (!share_) CheckPayload(header);
      std::size_t start = 0;
      for (std::size_t i = 0; i < header.answer.outputs.size(); ++i) {
        Output& output = header.answer.outputs[i];
        const std::size_t size = SizeOf(output);
        const auto bytes = share_ ? shared_.memory().subspan(places[header.wanted[i]], size)
                                  : std::as_bytes(std::span(payload)).subspan(start, size);
        output.bits = LoadBits(output.dtype, bytes);
        start += size;
      }
      return std::move(header.answer);
    } catch (const ProtocolError& error) {
      throw HostLost{AnswerStatus::kProtocol, error.what()};
    }
  }

  static std::size_t SizeOf(const Output& output) {
    return static_cast<std::size_t>(ElementCount(output.shape) * SizeInBytes(output.dtype));
  }

  static void CheckPayload(const AnswerHeader& header) {
    std::size_t wanted = 0;
    for (const Output& output : header.answer.outputs) wanted += SizeOf(output);
    if (header.answer.status == AnswerStatus::kOk && header.bytes != wanted) {
      throw ProtocolError(
          fmt::format("its \"bytes\" are {} where its outputs take {}", header.bytes, wanted));
    }
  }

  std::string ReadHeader(std::chrono::milliseconds timeout) {
    std::string line;
    switch (process_->ReadLine(&line, kMaxHeader, timeout)) {
      case HostProcess::Event::kRead:
        return line;
      case HostProcess::Event::kTooLong:
        throw HostLost{AnswerStatus::kProtocol,
                       fmt::format("a frame is a line of JSON of at most {} bytes, and it sent {}",
                                   kMaxHeader, Quote(process_->unread()))};
      case HostProcess::Event::kTimeout:
        throw HostLost{AnswerStatus::kTimeout, "it did not answer within " + Seconds(timeout) + Unread()};
      case HostProcess::Event::kEnd:
        break;
    }
    throw Ended();
  }

  std::string ReadPayload(std::size_t bytes, const Problem& problem) {
    std::size_t room = 0;
    for (const OutputSpec& spec : OutputsOf(problem))
      room += 8 * static_cast<std::size_t>(ElementCount(spec.shape));
    constexpr std::size_t kSlack = 1 << 20;  // an output of a wrong shape is read past, and the host kept
    if (bytes > room + kSlack) {
      throw ProtocolError(
          fmt::format("it announces {} bytes where its outputs take at most {}", bytes, room));
    }
    std::string payload;
    switch (process_->ReadBytes(&payload, bytes, options_.subject.timeout)) {
      case HostProcess::Event::kRead:
        return payload;
      case HostProcess::Event::kTimeout:
        throw HostLost{AnswerStatus::kTimeout,
                       fmt::format("it sent {} of the {} bytes that it announced, and no more within {}",
                                   process_->unread().size(), bytes, Seconds(options_.subject.timeout))};
      default:
        throw Ended(
            fmt::format("after {} of the {} bytes that it announced", process_->unread().size(), bytes));
    }
  }

  /// The host is gone. How it ended, and what it left: half a frame, last words.
  HostLost Ended(const std::string& when = {}) {
    const std::string ending = process_->Ending();
    const std::string words = process_->LastWords();
    std::string message = "the host " + ending + (when.empty() ? Unread() : " " + when);
    if (!words.empty()) message += fmt::format("; its last words: {}", Quote(words));
    return {AnswerStatus::kCrash, message};
  }

  std::string Unread() const {
    const std::string& unread = process_->unread();
    return unread.empty() ? "" : " after half a frame, " + Quote(unread);
  }

  static std::string Seconds(std::chrono::milliseconds timeout) {
    return fmt::format("{} s", static_cast<double>(timeout.count()) / 1000);
  }

  /// A crash is reported as it is; one that does not happen again is said to be flaky. A hang is not
  /// repeated.
  Answer AnswerOfLost(const Problem& problem, const HostLost& lost) {
    Answer answer{lost.status, lost.message, {}};
    if (lost.status == AnswerStatus::kTimeout) return answer;
    std::vector<Answer> again;
    try {
      RunBatch({&problem, 1}, &again);
      answer.message += "; flaky: asked again, alone, a fresh host answered";
    } catch (const HostLost&) {
      process_.reset();
    }
    return answer;
  }

  HostOptions options_;
  SharedMemory shared_;
  SubjectInfo info_;
  std::optional<HostProcess> process_;
  bool share_ = false;
  std::int64_t run_ = 0;
};

}  // namespace

std::unique_ptr<Subject> MakeHostSubject(HostOptions options) {
  return std::make_unique<HostSubject>(std::move(options));
}

}  // namespace exactloss
