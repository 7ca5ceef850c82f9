#include "reports/atomic_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

namespace exactloss {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override { MakeFolder(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string Read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::size_t Files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("exactloss_atomic_" + std::to_string(getpid()));
  const fs::path path_ = folder_ / "report.md";
};

TEST_F(AtomicFileTest, IsThereWhenItIsComplete) {
  AtomicFile file(path_);
  file.out() << "all of it";
  EXPECT_FALSE(fs::exists(path_));
  file.Commit();
  EXPECT_EQ(Read(path_), "all of it");
  EXPECT_EQ(Files(), 1U);
}

TEST_F(AtomicFileTest, WithoutCommitNothingChanges) {
  std::ofstream(path_) << "before";
  { AtomicFile(path_).out() << "half"; }
  EXPECT_EQ(Read(path_), "before");
  EXPECT_EQ(Files(), 1U);
}

TEST_F(AtomicFileTest, ReplacesWhatWasThere) {
  std::ofstream(path_) << "before";
  AtomicFile file(path_);
  file.out() << "after";
  EXPECT_EQ(Read(path_), "before");
  file.Commit();
  EXPECT_EQ(Read(path_), "after");
}

/// What opening, writing and committing says.
std::string WhyNot(const fs::path& path, std::size_t size = 1) {
  try {
    AtomicFile file(path);
    file.out() << std::string(size, 'x');
    file.Commit();
  } catch (const OutputError& error) {
    return error.what();
  }
  return "it is written";
}

TEST_F(AtomicFileTest, SaysWhyItCannotBeWritten) {
  EXPECT_EQ(WhyNot(folder_), folder_.string() + " cannot be written: Is a directory");
  EXPECT_EQ(WhyNot(folder_ / "no" / "file"),
            (folder_ / "no" / "file").string() + " cannot be written: No such file or directory");
  EXPECT_EQ(WhyNot("/dev/full"), "/dev/full cannot be written: No space left on device");
  EXPECT_EQ(WhyNot("/dev/full", 1 << 20),
            "/dev/full cannot be written: something is lost; is the disk full?");
  EXPECT_EQ(WhyNot("/dev/null"), "it is written");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(AtomicFileTest, AFolderThatIsAFile) {
  std::ofstream(path_) << "a file";
  EXPECT_THROW(MakeFolder(path_), OutputError);
  EXPECT_THROW(MakeFolder(path_ / "below"), OutputError);
}

}  // namespace
}  // namespace exactloss
