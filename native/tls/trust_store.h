#ifndef ONION_TLS_TLS_TRUST_STORE_H_
#define ONION_TLS_TLS_TRUST_STORE_H_

#include <span>

#include "tls/openssl_pointers.h"

namespace onion::tls {

// The certificates that verify peers of the contexts that bring none of their
// own. One store is shared by all of them, because parsing the 150 or so roots
// takes milliseconds and a few hundred KiB. It is handed out while it is still
// empty, so that a program which verifies nobody never pays for it.
class TrustStore {
 public:
  TrustStore();

  // Adds to the store that contexts already share; a second set gets a store
  // of its own, which only contexts created afterwards see.
  [[nodiscard]] bool Load(std::span<const ByteView> certificates);
  [[nodiscard]] bool loaded() const { return loaded_; }

  // Makes the context verify with the shared store.
  [[nodiscard]] bool AttachTo(SSL_CTX* context) const;
  [[nodiscard]] bool IsAttachedTo(const SSL_CTX* context) const;

 private:
  X509StorePointer store_;
  bool loaded_ = false;
};

// Gives the context a copy of the store it has, which it may then add to
// without changing what others trust.
[[nodiscard]] bool CopyStoreOf(SSL_CTX* context);

// Certificates that OpenSSL takes from one PEM or DER value into a store.
[[nodiscard]] bool AddCertificates(X509_STORE* store, ByteView bytes);

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_TRUST_STORE_H_
