// What is known about signatures must never stand for anything else.
#include "tls/signature_cache.h"

#include <openssl/x509.h>

#include <ctime>
#include <string_view>

#include "peers.h"
#include "testing.h"
#include "tls/openssl_pointers.h"

namespace onion::test {
namespace {

using tls::SignatureCache;
using tls::X509Pointer;

Identity NewRoot() { return Issue("root"); }

// One byte of it is another: `find` finds it in the certificate's DER.
template <typename Find>
X509Pointer Change(const X509* genuine, Find find) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(genuine, &der);
  CHECK(length > 0);
  const std::string_view text(reinterpret_cast<const char*>(der),
                              static_cast<size_t>(length));
  der[find(text)] ^= 1;
  const unsigned char* cursor = der;
  X509Pointer changed(d2i_X509(nullptr, &cursor, length));
  OPENSSL_free(der);
  CHECK(changed != nullptr);
  return changed;
}

// As a peer's certificate comes: an object of its own each time.
X509Pointer Copy(const X509* certificate) {
  return X509Pointer(X509_dup(const_cast<X509*>(certificate)));
}

// Returns the error of X509_verify_cert(3), X509_V_OK if there is none.
int Verify(SignatureCache* cache, const Identity& root, X509Pointer leaf,
           std::time_t at = 0) {
  const tls::X509StorePointer trusted(X509_STORE_new());
  CHECK(X509_STORE_add_cert(trusted.get(), root.certificate.get()) == 1);
  const tls::X509StoreCtxPointer store(X509_STORE_CTX_new());
  CHECK(X509_STORE_CTX_init(store.get(), trusted.get(), leaf.get(), nullptr) ==
        1);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(store.get());
  if (at != 0) X509_VERIFY_PARAM_set_time(param, at);
  X509_STORE_CTX_set_app_data(store.get(), cache);
  X509_STORE_CTX_set_verify(store.get(), [](X509_STORE_CTX* each) {
    void* asked_of = X509_STORE_CTX_get_app_data(each);
    return static_cast<SignatureCache*>(asked_of)->Verify(each);
  });
  // Errors are walked through, as engines have it.
  X509_STORE_CTX_set_verify_cb(store.get(),
                               [](int, X509_STORE_CTX*) -> int { return 1; });
  X509_verify_cert(store.get());
  return X509_STORE_CTX_get_error(store.get());
}

void ASignatureIsCheckedOnce() {
  SignatureCache cache;
  const Identity root = NewRoot();
  const Identity leaf = Issue("leaf", &root);
  CHECK(Verify(&cache, root, Copy(leaf.certificate.get())) == X509_V_OK);
  CHECK(cache.hits() == 0);
  CHECK(Verify(&cache, root, Copy(leaf.certificate.get())) == X509_V_OK);
  CHECK(cache.hits() == 1);
}

void AChangedCertificateIsNotTheGenuineOne() {
  SignatureCache cache;
  const Identity root = NewRoot();
  const Identity leaf = Issue("leaf", &root);
  const X509* genuine = leaf.certificate.get();
  CHECK(Verify(&cache, root, Copy(genuine)) == X509_V_OK);
  const auto in_name = [](std::string_view der) { return der.find("leaf"); };
  const auto in_signature = [](std::string_view der) { return der.size() - 1; };
  for (int times = 0; times < 2; times++) {
    CHECK(Verify(&cache, root, Change(genuine, in_name)) ==
          X509_V_ERR_CERT_SIGNATURE_FAILURE);
    CHECK(Verify(&cache, root, Change(genuine, in_signature)) ==
          X509_V_ERR_CERT_SIGNATURE_FAILURE);
  }
  CHECK(cache.hits() == 0);
}

void ARootOfTheSameNameIsAnother() {
  SignatureCache cache;
  const Identity root = NewRoot();
  const Identity other = NewRoot();
  const Identity leaf = Issue("leaf", &root);
  CHECK(Verify(&cache, root, Copy(leaf.certificate.get())) == X509_V_OK);
  CHECK(Verify(&cache, other, Copy(leaf.certificate.get())) ==
        X509_V_ERR_CERT_SIGNATURE_FAILURE);
  CHECK(cache.hits() == 0);
}

void DatesAreAskedEachTime() {
  SignatureCache cache;
  const Identity root = NewRoot();
  const Identity leaf = Issue("leaf", &root);
  const std::time_t now = std::time(nullptr);
  const auto at = [&](std::time_t when) {
    return Verify(&cache, root, Copy(leaf.certificate.get()), when);
  };
  CHECK(at(now) == X509_V_OK);
  CHECK(at(now + 2 * kLifetime) == X509_V_ERR_CERT_HAS_EXPIRED);
  CHECK(at(now - 2 * kLifetime) == X509_V_ERR_CERT_NOT_YET_VALID);
  CHECK(cache.hits() == 0);
  CHECK(at(now) == X509_V_OK);
  CHECK(cache.hits() == 1);
}

void AnUntrustedChainIsNotKept() {
  SignatureCache cache;
  const Identity root = NewRoot();
  const Identity stranger = Issue("stranger");
  const Identity leaf = Issue("leaf", &stranger);
  for (int times = 0; times < 2; times++) {
    CHECK(Verify(&cache, root, Copy(leaf.certificate.get())) ==
          X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
  }
  CHECK(cache.hits() == 0);
}

void TheOldestIsForgotten() {
  SignatureCache cache;
  const Identity root = NewRoot();
  const Identity first = Issue("leaf", &root);
  CHECK(Verify(&cache, root, Copy(first.certificate.get())) == X509_V_OK);
  for (int others = 0; others < 32; others++) {
    const Identity other = Issue("other", &root);
    CHECK(Verify(&cache, root, Copy(other.certificate.get())) == X509_V_OK);
  }
  CHECK(Verify(&cache, root, Copy(first.certificate.get())) == X509_V_OK);
  CHECK(cache.hits() == 0);
}

// The layers of a chain share what they know.
void EnginesAsk() {
  const Identity root = NewRoot();
  const Identity leaf = Issue("leaf", &root);
  Credentials server = NewCredentials();
  SSL_CTX* context = server.context.get();
  Use(context, leaf);
  server.certificate = Copy(root.certificate.get());
  const tls::SslCtxPointer client = NewTrustingContext(server);
  Pair pair;
  for (size_t depth = 1; depth <= 3; depth++) {
    pair.right().Push(context, ServerOptions());
    tls::EngineOptions options = ClientOptions();
    options.verify = tls::VerifyMode::kEnforce;
    pair.left().Push(client.get(), std::move(options));
    pair.Settle();
    CHECK(pair.left().established() == depth);
    CHECK(pair.left().workspace().signatures().hits() == depth - 1);
  }
}

}  // namespace
}  // namespace onion::test

int main(int count, char** arguments) {
  using namespace onion::test;
  return RunTests(count, arguments,
                  {TEST(ASignatureIsCheckedOnce),
                   TEST(AChangedCertificateIsNotTheGenuineOne),
                   TEST(ARootOfTheSameNameIsAnother),
                   TEST(DatesAreAskedEachTime), TEST(AnUntrustedChainIsNotKept),
                   TEST(TheOldestIsForgotten), TEST(EnginesAsk)});
}
