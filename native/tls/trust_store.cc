#include "tls/trust_store.h"

#include <vector>

#include "tls/pem.h"

namespace onion::tls {

TrustStore::TrustStore() : store_(X509_STORE_new()) {}

bool TrustStore::Load(std::span<const ByteView> certificates) {
  std::vector<X509Pointer> parsed;
  for (const ByteView bytes : certificates) {
    std::vector<X509Pointer> some = ReadCertificates(bytes);
    if (some.empty()) return false;
    for (X509Pointer& one : some) parsed.push_back(std::move(one));
  }
  if (loaded_) store_.reset(X509_STORE_new());
  if (store_ == nullptr) return false;
  for (const X509Pointer& one : parsed) {
    if (X509_STORE_add_cert(store_.get(), one.get()) != 1) return false;
  }
  loaded_ = true;
  return true;
}

bool TrustStore::AttachTo(SSL_CTX* context) const {
  if (store_ == nullptr) return false;
  SSL_CTX_set1_cert_store(context, store_.get());
  return true;
}

bool TrustStore::IsAttachedTo(const SSL_CTX* context) const {
  return SSL_CTX_get_cert_store(context) == store_.get();
}

bool CopyStoreOf(SSL_CTX* context) {
  X509StorePointer copy(X509_STORE_new());
  const CertificateStack all(
      X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(context)));
  if (copy == nullptr || all == nullptr) return false;
  for (int i = 0; i < sk_X509_num(all.get()); ++i) {
    if (X509_STORE_add_cert(copy.get(), sk_X509_value(all.get(), i)) != 1) {
      return false;
    }
  }
  SSL_CTX_set_cert_store(context, copy.release());
  return true;
}

bool AddCertificates(X509_STORE* store, ByteView bytes) {
  const std::vector<X509Pointer> certificates = ReadCertificates(bytes);
  for (const X509Pointer& one : certificates) {
    if (X509_STORE_add_cert(store, one.get()) != 1) return false;
  }
  return !certificates.empty();
}

}  // namespace onion::tls
