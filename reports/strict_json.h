// JSON that a program of ours wrote, read strictly: a key too many or too few is named with its place.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {

using StrictJson = nlohmann::ordered_json;

/// What is wrong, and where in the document.
struct Malformed {
  std::string where, what;
};

/// An object with just the keys that it should have.
class StrictObject {
 public:
  StrictObject(const StrictJson& json, std::string where, const std::vector<std::string>& keys)
      : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw Malformed{where_, "it is no object"};
    for (const auto& [key, value] : json.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        throw Malformed{where_, "unknown key " + Quoted(key)};
      }
    }
    for (const std::string& key : keys) {
      if (!json.contains(key)) throw Malformed{where_, "no key " + Quoted(key)};
    }
  }

  const StrictJson& at(const char* key) const { return json_[key]; }
  std::string where(std::string_view key) const {
    return where_.empty() ? std::string(key) : Concat(where_, ".", key);
  }

  template <class T>
  T as(const char* key) const {
    try {
      return at(key).get<T>();
    } catch (const StrictJson::exception&) {
      throw Malformed{where(key), "another kind of value is expected"};
    }
  }
  std::uint64_t count(const char* key) const {
    if (!at(key).is_number_unsigned()) throw Malformed{where(key), "it is no count"};
    return at(key).get<std::uint64_t>();
  }
  template <class Each>
  void each(const char* key, Each each) const {
    if (!at(key).is_array()) throw Malformed{where(key), "it is no list"};
    std::size_t number = 0;
    for (const StrictJson& item : at(key)) each(item, fmt::format("{}[{}]", where(key), number++));
  }

  /// The value of a name, looked up by `find`, which returns something like a pointer.
  auto named(const char* key, auto find) const { return Find(as<std::string>(key), where(key), find); }
  template <class Value>
  std::vector<Value> all_named(const char* key, auto find) const {
    std::vector<Value> values;
    const auto names = as<std::vector<std::string>>(key);
    for (const std::string& name : names) {
      values.push_back(Find(name, where(key), find));
    }
    return values;
  }

 private:
  static auto Find(const std::string& name, const std::string& place, auto find) {
    const auto value = find(name);
    if (!value) throw Malformed{place, Concat("no such name here: ", Quoted(name))};
    if constexpr (std::is_pointer_v<decltype(find(name))>) {
      return value;
    } else {
      return *value;
    }
  }

  const StrictJson& json_;
  std::string where_;
};

/// A number, or "inf", "-inf", "nan": what ErrorJson writes.
double ReadError(const StrictObject& of, const char* key);

/// Reads a file of JSON and gives it to `read`. Throws UsageError: one line with the file, what is wrong
/// where, and what to do.
void ReadStrictly(const std::string& path, std::string_view what_to_do,
                  const std::function<void(const StrictJson& json)>& read);

/// "fnv1a:0123456789abcdef": tells a file that was changed by hand.
std::string DigestOf(const nlohmann::ordered_json& json);

}  // namespace exactloss
