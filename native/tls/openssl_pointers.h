#ifndef ONION_TLS_TLS_OPENSSL_POINTERS_H_
#define ONION_TLS_TLS_OPENSSL_POINTERS_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

#include "tls/bytes.h"

namespace onion::tls {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

// sk_X509_pop_free is a macro, so it can't be an argument of FreeWith.
struct FreeCertificateStack {
  void operator()(STACK_OF(X509) * stack) const {
    sk_X509_pop_free(stack, X509_free);
  }
};

using BioPointer = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using CertificateStack = std::unique_ptr<STACK_OF(X509), FreeCertificateStack>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Pkcs12Pointer = std::unique_ptr<PKCS12, FreeWith<PKCS12_free>>;
using SslCtxPointer = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using X509CrlPointer = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;
using X509Pointer = std::unique_ptr<X509, FreeWith<X509_free>>;
using X509StoreCtxPointer =
    std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;
using X509StorePointer = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;

// A BIO that reads from `bytes`, which have to outlive it.
inline BioPointer ReadFrom(ByteView bytes) {
  return BioPointer(
      BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_OPENSSL_POINTERS_H_
