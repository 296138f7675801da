#include "tls/credentials.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace onion::tls {

namespace {

// A store of the context's own, which may be added to.
X509_STORE* OwnStore(SSL_CTX* context, const TrustStore& default_trust) {
  if (default_trust.IsAttachedTo(context) && !CopyStoreOf(context)) {
    return nullptr;
  }
  return SSL_CTX_get_cert_store(context);
}

bool AddChain(SSL_CTX* context, X509* certificate) {
  return SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

bool Trust(SSL_CTX* context, X509_STORE* store, X509* certificate) {
  return X509_STORE_add_cert(store, certificate) == 1 &&
         SSL_CTX_add_client_CA(context, certificate) == 1;
}

}  // namespace

bool UseCertificateChain(SSL_CTX* context, ByteView bytes) {
  const std::vector<X509Pointer> chain = ReadCertificates(bytes);
  if (chain.empty()) return false;
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) return false;
  SSL_CTX_clear_chain_certs(context);
  for (size_t i = 1; i < chain.size(); ++i) {
    if (!AddChain(context, chain[i].get())) return false;
  }
  return true;
}

bool UsePrivateKey(SSL_CTX* context, const Secret& secret) {
  const KeyPointer key = ReadPrivateKey(secret);
  return key != nullptr && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

const char* UsePkcs12(SSL_CTX* context, const Secret& secret,
                      const TrustStore& default_trust) {
  const char* const failed = "PKCS12: failed to load";
  const BioPointer bio = ReadFrom(secret.data);
  if (bio == nullptr) return failed;
  const Pkcs12Pointer file(d2i_PKCS12_bio(bio.get(), nullptr));
  if (file == nullptr) return failed;

  EVP_PKEY* key_found = nullptr;
  X509* certificate_found = nullptr;
  STACK_OF(X509)* others_found = nullptr;
  const char* passphrase =
      secret.passphrase.has_value() ? secret.passphrase->c_str() : nullptr;
  const int parsed = PKCS12_parse(file.get(), passphrase, &key_found,
                                  &certificate_found, &others_found);
  const KeyPointer key(key_found);
  const X509Pointer certificate(certificate_found);
  const CertificateStack others(others_found);
  if (parsed != 1) {
    // What has encrypted it is in the legacy provider only.
    const bool is_legacy =
        ERR_GET_REASON(ERR_peek_error()) == ERR_R_UNSUPPORTED;
    return is_legacy ? "Unsupported PKCS12 PFX data" : failed;
  }
  if (key == nullptr) return "Unable to load private key from PFX data";
  if (certificate == nullptr) return "Unable to load certificate from PFX data";

  if (SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return failed;
  }
  SSL_CTX_clear_chain_certs(context);
  if (others == nullptr) return nullptr;
  X509_STORE* store = OwnStore(context, default_trust);
  if (store == nullptr) return failed;
  for (int i = 0; i < sk_X509_num(others.get()); ++i) {
    X509* other = sk_X509_value(others.get(), i);
    if (!AddChain(context, other) || !Trust(context, store, other)) {
      return failed;
    }
  }
  return nullptr;
}

bool UseAuthorities(SSL_CTX* context, ByteView bytes,
                    const TrustStore& default_trust) {
  const std::vector<X509Pointer> certificates = ReadCertificates(bytes);
  X509_STORE* store = OwnStore(context, default_trust);
  if (certificates.empty() || store == nullptr) return false;
  for (const X509Pointer& one : certificates) {
    if (!Trust(context, store, one.get())) return false;
  }
  return true;
}

bool UseRevocationLists(SSL_CTX* context, ByteView bytes,
                        const TrustStore& default_trust) {
  const std::vector<X509CrlPointer> lists = ReadRevocationLists(bytes);
  X509_STORE* store = OwnStore(context, default_trust);
  if (lists.empty() || store == nullptr) return false;
  for (const X509CrlPointer& one : lists) {
    if (X509_STORE_add_crl(store, one.get()) != 1) return false;
  }
  return X509_VERIFY_PARAM_set_flags(
             SSL_CTX_get0_param(context),
             X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

}  // namespace onion::tls
