#include "cli/profiles.h"

#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {

const std::vector<Profile>& Profiles() {
  static const std::vector<Profile> kProfiles = {
      {"smoke", "seconds: is anything badly wrong?", 2, {"normal", "extreme", "special", "ties"}, false},
      {"gate", "within a minute, every fill: for each change", 4, {}},
      {"audit", "minutes: for a release", 32, {}},
      {"exhaustive", "hours: cut it with --shard", 1024, {}},
  };
  return kProfiles;
}

const Profile& ProfileNamed(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Profile& profile : Profiles()) {
    if (profile.name == name) return profile;
    names.push_back(profile.name);
  }
  throw UsageError(Concat("--profile: no profile ", Quoted(name), "; ", Suggestion(name, names)));
}

}  // namespace exactloss
