#ifndef ONION_TLS_TLS_WORKSPACE_H_
#define ONION_TLS_TLS_WORKSPACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tls/bio.h"
#include "tls/bytes.h"
#include "tls/rw_lock.h"
#include "tls/sealer.h"
#include "tls/signature_cache.h"

namespace onion::tls {

class Chain;

// What the chains of a thread share: buffers that they work in, hot in the
// cache and none of them held by an idle connection, and what they have learned
// of certificates.
//
// OpenSSL's own record buffers, 33 KiB an engine, are worth keeping between
// the passes of a busy connection and too much for an idle one. So the few
// chains that were used last keep theirs; a newcomer takes the place of the
// one that came longest ago.
class Workspace {
 public:
  static constexpr size_t kRecord = 16384;

  // What the layer at this level has decrypted and the next one is about to
  // read.
  MutableBytes Plaintext(size_t level);
  // Of layers that seal within each other, the lowest at place 0.
  Sealer& sealer(size_t place);
  ByteQueue& gathered() { return gathered_; }
  Detour& detour() { return detour_; }
  // Held shared by errands, which read what engines have in common, and alone
  // by whoever changes it. OpenSSL locks little of an SSL_CTX.
  RwLock& contexts() { return contexts_; }
  SignatureCache& signatures() { return signatures_; }

  void Warm(Chain* chain);
  void Forget(const Chain* chain);

 private:
  static constexpr size_t kWarmChains = 8;

  RwLock contexts_;
  SignatureCache signatures_;
  std::array<Chain*, kWarmChains> warm_{};
  size_t next_warm_ = 0;
  std::vector<std::unique_ptr<uint8_t[]>> plaintext_;
  std::vector<std::unique_ptr<Sealer>> sealers_;
  ByteQueue gathered_;
  Detour detour_;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_WORKSPACE_H_
