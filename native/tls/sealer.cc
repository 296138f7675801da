#include "tls/sealer.h"

#include "tls/engine.h"

namespace onion::tls {

void Sealer::Connect(Engine* engine, Outlet* below) {
  engine_ = engine;
  below_ = below;
}

void Sealer::Append(ByteView plaintext) {
  if (engine_->failed()) return;
  if (engine_->WritesSlowly(plaintext)) {
    if (detour_ == nullptr) detour_ = std::make_unique<Detour>();
    const MutableBytes away = detour_->AwayFrom(plaintext.data());
    Copy(away.data(), plaintext.data(), plaintext.size());
    plaintext = ByteView(away).first(plaintext.size());
  }
  engine_->Write(plaintext, below_);
}

}  // namespace onion::tls
