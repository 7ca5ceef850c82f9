#include "tests/properties/property.h"

#include <algorithm>

namespace exactloss {

const std::vector<Property>& Properties() {
  static const std::vector<Property> properties = [] {
    std::vector<Property> all = IdentityProperties();
    for (auto* kind : {BoundProperties, MetamorphicProperties}) {
      const std::vector<Property> more = kind();
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return properties;
}

const Property* FindProperty(std::string_view name) {
  for (const Property& property : Properties()) {
    if (property.name == name) return &property;
  }
  return nullptr;
}

bool HasLoss(const Property& property, const LossSpec& loss) {
  const auto& losses = property.losses;
  return losses.empty() || std::find(losses.begin(), losses.end(), loss.name) != losses.end();
}

}  // namespace exactloss
