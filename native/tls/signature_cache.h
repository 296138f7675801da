#ifndef ONION_TLS_TLS_SIGNATURE_CACHE_H_
#define ONION_TLS_TLS_SIGNATURE_CACHE_H_

#include <openssl/x509_vfy.h>

#include <array>
#include <cstddef>

#include "tls/openssl_pointers.h"
#include "tls/rw_lock.h"

namespace onion::tls {

// Which certificates were found to be signed by which, for the chains that came
// last. Peers tend to be the same ones again, and checking the signature of a
// certificate costs as much as a key exchange.
//
// A signature that is good stays good: it depends on nothing but the bytes of
// the two certificates. All else that OpenSSL asks of a chain (trust, dates,
// names, purposes, revocation) is asked each time.
class SignatureCache {
 public:
  SignatureCache();

  // For X509_STORE_CTX_set_verify(3): the last step of X509_verify_cert, which
  // checks the signatures and dates of a chain that has been built.
  int Verify(X509_STORE_CTX* store);

  [[nodiscard]] size_t hits() const { return hits_; }

 private:
  struct Signed {
    X509Pointer certificate;
    X509Pointer issuer;
  };

  [[nodiscard]] bool Knows(X509* certificate, X509* issuer) const;
  [[nodiscard]] bool KnowsAll(const STACK_OF(X509) * chain);
  void Keep(const STACK_OF(X509) * chain);

  static constexpr size_t kSize = 32;

  // Handshakes on the thread pool ask as well.
  RwLock lock_;
  std::array<Signed, kSize> signed_;
  size_t next_ = 0;
  size_t hits_ = 0;
  X509_STORE_CTX_verify_fn openssls_ = nullptr;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_SIGNATURE_CACHE_H_
