#include "reports/strict_json.h"

#include <cerrno>
#include <fstream>
#include <limits>
#include <system_error>

namespace exactloss {

double ReadError(const StrictObject& of, const char* key) {
  const StrictJson& json = of.at(key);
  if (json.is_number()) return json.get<double>();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (json == "inf") return kInfinity;
  if (json == "-inf") return -kInfinity;
  if (json == "nan") return std::numeric_limits<double>::quiet_NaN();
  throw Malformed{of.where(key), R"(it is no number, "inf", "-inf" or "nan")"};
}

void ReadStrictly(const std::string& path, std::string_view what_to_do,
                  const std::function<void(const StrictJson& json)>& read) {
  errno = 0;
  std::ifstream in(path);
  in.peek();  // a folder can be opened, and not read
  if (!in.is_open() || in.bad())
    throw UsageError(fmt::format("{} cannot be read: {}", path, std::generic_category().message(errno)));
  try {
    read(StrictJson::parse(in));
  } catch (const StrictJson::parse_error& error) {
    throw UsageError(fmt::format("{}: broken or cut off at byte {}; {}", path, error.byte, what_to_do));
  } catch (const StrictJson::out_of_range&) {
    throw UsageError(fmt::format("{}: a number is beyond the range of numbers; {}", path, what_to_do));
  } catch (const Malformed& wrong) {
    throw UsageError(fmt::format("{}: {}{}{}; {}", path, wrong.where, wrong.where.empty() ? "" : ": ",
                                 wrong.what, what_to_do));
  }
}

std::string DigestOf(const nlohmann::ordered_json& json) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : json.dump(-1, ' ', false, StrictJson::error_handler_t::replace)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return fmt::format("fnv1a:{:016x}", hash);
}

}  // namespace exactloss
