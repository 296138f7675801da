#include "bench/contexts.h"

#include <openssl/pem.h>

namespace onion::bench {

namespace {

using BioPointer = std::unique_ptr<BIO, tls::FreeWith<BIO_free_all>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, tls::FreeWith<EVP_PKEY_free>>;

BioPointer Reader(std::string_view pem) {
  return BioPointer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

}  // namespace

Contexts::Contexts(const Work& work)
    : client(SSL_CTX_new(TLS_client_method())),
      server(SSL_CTX_new(TLS_server_method())) {
  const BioPointer key_bio = Reader(work.key);
  const BioPointer certificate_bio = Reader(work.certificate);
  const KeyPointer key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  const tls::X509Pointer certificate(
      PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
  const bool usable =
      client && server && key && certificate &&
      SSL_CTX_use_certificate(server.get(), certificate.get()) == 1 &&
      SSL_CTX_use_PrivateKey(server.get(), key.get()) == 1;
  if (!usable) {
    server.reset();
    return;
  }
  SSL_CTX_set_num_tickets(server.get(), 0);
}

}  // namespace onion::bench
