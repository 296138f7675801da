#ifndef ONION_TLS_TLS_SEALER_H_
#define ONION_TLS_TLS_SEALER_H_

#include <memory>

#include "tls/bytes.h"
#include "tls/copy.h"

namespace onion::tls {

class Engine;

// A layer as the outlet of the one above it: what it is given is sealed and
// goes on to the outlet below. OpenSSL hands out a record where it has sealed
// it, and the layer below reads it there: nothing is copied in between.
class Sealer final : public Outlet {
 public:
  void Connect(Engine* engine, Outlet* below);
  // Lost once the layer has failed.
  void Append(ByteView plaintext) override;

 private:
  Engine* engine_ = nullptr;
  Outlet* below_ = nullptr;
  // One for each place: OpenSSL may write another record of what lies in that
  // of the layer above.
  std::unique_ptr<Detour> detour_;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_SEALER_H_
