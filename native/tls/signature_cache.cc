#include "tls/signature_cache.h"

#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace onion::tls {

namespace {

// X509_cmp(3) compares what is signed, and of the rest a digest.
bool AreSame(const X509* a, const X509* b) {
  if (a == nullptr || X509_cmp(a, b) != 0) return false;
  const ASN1_BIT_STRING* signature_a = nullptr;
  const ASN1_BIT_STRING* signature_b = nullptr;
  X509_get0_signature(&signature_a, nullptr, a);
  X509_get0_signature(&signature_b, nullptr, b);
  return ASN1_STRING_cmp(signature_a, signature_b) == 0;
}

bool IsInTime(const STACK_OF(X509) * chain, const X509_VERIFY_PARAM* asked) {
  std::time_t now = std::time(nullptr);
  if ((X509_VERIFY_PARAM_get_flags(asked) & X509_V_FLAG_USE_CHECK_TIME) != 0) {
    now = X509_VERIFY_PARAM_get_time(asked);
  }
  for (int i = 0; i < sk_X509_num(chain); i++) {
    const X509* each = sk_X509_value(chain, i);
    if (X509_cmp_time(X509_get0_notBefore(each), &now) >= 0 ||
        X509_cmp_time(X509_get0_notAfter(each), &now) <= 0) {
      return false;
    }
  }
  return true;
}

X509Pointer Share(X509* certificate) {
  X509_up_ref(certificate);
  return X509Pointer(certificate);
}

}  // namespace

SignatureCache::SignatureCache() {
  const X509StoreCtxPointer fresh(X509_STORE_CTX_new());
  if (fresh == nullptr ||
      X509_STORE_CTX_init(fresh.get(), nullptr, nullptr, nullptr) != 1) {
    std::abort();
  }
  openssls_ = X509_STORE_CTX_get_verify(fresh.get());
}

// OpenSSL's own step is what says no, and how.
int SignatureCache::Verify(X509_STORE_CTX* store) {
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
  const bool is_good_so_far = X509_STORE_CTX_get_error(store) == X509_V_OK;
  // A chain of one has no signature that would be checked.
  if (!is_good_so_far || sk_X509_num(chain) < 2) return openssls_(store);
  if (IsInTime(chain, X509_STORE_CTX_get0_param(store)) && KnowsAll(chain)) {
    return 1;
  }
  const int result = openssls_(store);
  if (result == 1 && X509_STORE_CTX_get_error(store) == X509_V_OK) Keep(chain);
  return result;
}

bool SignatureCache::Knows(X509* certificate, X509* issuer) const {
  return std::any_of(signed_.begin(), signed_.end(), [&](const Signed& each) {
    return AreSame(each.certificate.get(), certificate) &&
           AreSame(each.issuer.get(), issuer);
  });
}

bool SignatureCache::KnowsAll(const STACK_OF(X509) * chain) {
  const RwLock::Hold hold = lock_.Write();
  for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
    if (!Knows(sk_X509_value(chain, i), sk_X509_value(chain, i + 1))) {
      return false;
    }
  }
  hits_++;
  return true;
}

void SignatureCache::Keep(const STACK_OF(X509) * chain) {
  const RwLock::Hold hold = lock_.Write();
  for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
    X509* certificate = sk_X509_value(chain, i);
    X509* issuer = sk_X509_value(chain, i + 1);
    if (Knows(certificate, issuer)) continue;
    signed_[next_] = {Share(certificate), Share(issuer)};
    next_ = (next_ + 1) % kSize;
  }
}

}  // namespace onion::tls
