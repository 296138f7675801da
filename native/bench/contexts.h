#ifndef ONION_TLS_BENCH_CONTEXTS_H_
#define ONION_TLS_BENCH_CONTEXTS_H_

#include <openssl/ssl.h>

#include <memory>

#include "bench/loop.h"
#include "tls/openssl_pointers.h"

namespace onion::bench {

// The contexts of both ends; null pointers when OpenSSL refuses the identity.
struct Contexts {
  explicit Contexts(const Work& work);
  [[nodiscard]] bool ok() const { return client && server; }

  tls::SslCtxPointer client;
  tls::SslCtxPointer server;
};

}  // namespace onion::bench

#endif  // ONION_TLS_BENCH_CONTEXTS_H_
