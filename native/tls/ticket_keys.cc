#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>

namespace onion::tls {

namespace {

// The keys live inside the SSL_CTX, in the place of OpenSSL's own, so that
// they last as long as anything that may use them. OpenSSL has longer ones:
// the rest stays zero.
constexpr size_t kPart = 16;
constexpr size_t kHmacAt = 16;
constexpr size_t kAesAt = 48;
using StoredKeys = std::array<uint8_t, 80>;

// A handshake may run on another thread while keys are rotated. The lock of a
// context is not public, that of its certificate store is.
class ContextLock {
 public:
  explicit ContextLock(SSL_CTX* context)
      : store_(SSL_CTX_get_cert_store(context)) {
    X509_STORE_lock(store_);
  }
  ~ContextLock() { X509_STORE_unlock(store_); }
  ContextLock(const ContextLock&) = delete;
  ContextLock& operator=(const ContextLock&) = delete;

 private:
  X509_STORE* store_;
};

bool Load(SSL_CTX* context, StoredKeys& keys) {
  const ContextLock lock(context);
  return SSL_CTX_get_tlsext_ticket_keys(context, keys.data(), keys.size()) == 1;
}

bool InitializeMac(EVP_MAC_CTX* mac, uint8_t* key) {
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, kPart),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3). 1: the key is set up; 0: the ticket
// was sealed with another one, so the handshake is a full one; -1: failure.
int PrepareTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv,
                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing) {
  StoredKeys keys{};
  if (!Load(SSL_get_SSL_CTX(ssl), keys)) return -1;
  if (sealing == 1) {
    std::copy_n(keys.data(), kPart, name);
    if (RAND_bytes(iv, kPart) != 1) return -1;
  } else if (!std::equal(name, name + kPart, keys.data())) {
    OPENSSL_cleanse(keys.data(), keys.size());
    return 0;
  }
  const bool ready = InitializeMac(mac, keys.data() + kHmacAt) &&
                     EVP_CipherInit_ex(cipher, EVP_aes_128_cbc(), nullptr,
                                       keys.data() + kAesAt, iv, sealing) == 1;
  OPENSSL_cleanse(keys.data(), keys.size());
  return ready ? 1 : -1;
}

}  // namespace

bool InstallTicketKeys(SSL_CTX* context) {
  TicketKeys keys{};
  return RAND_bytes(keys.data(), keys.size()) == 1 &&
         SetTicketKeys(context, keys) &&
         SSL_CTX_set_tlsext_ticket_key_evp_cb(context, PrepareTicketKey) == 1;
}

bool SetTicketKeys(SSL_CTX* context, const TicketKeys& keys) {
  StoredKeys stored{};
  std::copy_n(keys.data(), kPart, stored.data());
  std::copy_n(keys.data() + kPart, kPart, stored.data() + kHmacAt);
  std::copy_n(keys.data() + 2 * kPart, kPart, stored.data() + kAesAt);
  const ContextLock lock(context);
  return SSL_CTX_set_tlsext_ticket_keys(context, stored.data(),
                                        stored.size()) == 1;
}

bool GetTicketKeys(SSL_CTX* context, TicketKeys& keys) {
  StoredKeys stored{};
  if (!Load(context, stored)) return false;
  std::copy_n(stored.data(), kPart, keys.data());
  std::copy_n(stored.data() + kHmacAt, kPart, keys.data() + kPart);
  std::copy_n(stored.data() + kAesAt, kPart, keys.data() + 2 * kPart);
  return true;
}

}  // namespace onion::tls
