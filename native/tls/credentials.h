#ifndef ONION_TLS_TLS_CREDENTIALS_H_
#define ONION_TLS_TLS_CREDENTIALS_H_

#include "tls/pem.h"
#include "tls/trust_store.h"

namespace onion::tls {

// Each adds to what a context has; false leaves the reason in OpenSSL's error
// queue.

// The first certificate is the context's own, the others are sent with it. A
// context has one place for each type of key; a second certificate of a type
// replaces the first.
[[nodiscard]] bool UseCertificateChain(SSL_CTX* context, ByteView bytes);

// Certificates come before keys, so that a key is checked against its
// certificate.
[[nodiscard]] bool UsePrivateKey(SSL_CTX* context, const Secret& secret);

// Key, certificate and the certificates beside them, which become trusted, as
// Node has it. Null, or what is wrong in Node's words, for where OpenSSL's
// error queue does not say more.
[[nodiscard]] const char* UsePkcs12(SSL_CTX* context, const Secret& secret,
                                    const TrustStore& default_trust);

// Certificates to verify peers with; a server names them to its clients.
[[nodiscard]] bool UseAuthorities(SSL_CTX* context, ByteView bytes,
                                  const TrustStore& default_trust);

// Turns on the checking of revocation for the whole chain.
[[nodiscard]] bool UseRevocationLists(SSL_CTX* context, ByteView bytes,
                                      const TrustStore& default_trust);

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_CREDENTIALS_H_
