#include "tls/workspace.h"

#include <algorithm>

#include "tls/chain.h"

namespace onion::tls {

MutableBytes Workspace::Plaintext(size_t level) {
  while (plaintext_.size() <= level) {
    plaintext_.emplace_back(new uint8_t[kRecord]);
  }
  return {plaintext_[level].get(), kRecord};
}

Sealer& Workspace::sealer(size_t place) {
  while (sealers_.size() <= place) {
    sealers_.push_back(std::make_unique<Sealer>());
  }
  return *sealers_[place];
}

void Workspace::Warm(Chain* chain) {
  for (size_t tries = 0; tries < kWarmChains; tries++) {
    Chain*& place = warm_[next_warm_];
    next_warm_ = (next_warm_ + 1) % kWarmChains;
    if (place != nullptr && !place->Cool()) continue;
    place = chain;
    chain->is_warm_ = true;
    return;
  }
}

void Workspace::Forget(const Chain* chain) {
  std::replace(warm_.begin(), warm_.end(), const_cast<Chain*>(chain),
               static_cast<Chain*>(nullptr));
}

}  // namespace onion::tls
