#include "tls/secure_context.h"

#include <openssl/pem.h>

#include <string>
#include <string_view>
#include <vector>

#include "peers.h"
#include "testing.h"

namespace onion::test {
namespace {

using tls::ContextError;
using tls::SecureContext;
using tls::SecureContextOptions;
using tls::TrustStore;

std::string Drain(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(length)};
}

struct Pem {
  std::string certificate;
  std::string key;
};

Pem NewPem() {
  const Credentials credentials = NewCredentials();
  Pem pem;
  tls::BioPointer bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), credentials.certificate.get());
  pem.certificate = Drain(bio.get());
  bio.reset(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(),
                           SSL_CTX_get0_privatekey(credentials.context.get()),
                           nullptr, nullptr, 0, nullptr, nullptr);
  pem.key = Drain(bio.get());
  return pem;
}

void TakesACertificateWithItsKey() {
  const Pem pem = NewPem();
  const TrustStore trust;
  SecureContextOptions options;
  options.certificates = {BytesOf(pem.certificate)};
  options.keys = {{.data = BytesOf(pem.key), .passphrase = {}}};
  ContextError error;
  auto context = SecureContext::Create(options, trust, error);
  CHECK(context != nullptr);
  CHECK(context->certificate() != nullptr);
  CHECK(SSL_CTX_check_private_key(context->get()) == 1);
}

void ReadAheadStaysOff() {
  const TrustStore trust;
  ContextError error;
  auto context = SecureContext::Create({}, trust, error);
  CHECK(context != nullptr);
  CHECK(SSL_CTX_get_read_ahead(context->get()) == 0);
}

void AKeyOfAnotherCertificateIsRefused() {
  const Pem one = NewPem();
  const Pem other = NewPem();
  const TrustStore trust;
  SecureContextOptions options;
  options.certificates = {BytesOf(one.certificate)};
  options.keys = {{.data = BytesOf(other.key), .passphrase = {}}};
  ContextError error;
  CHECK(SecureContext::Create(options, trust, error) == nullptr);
  CHECK(!error.entries.empty());
}

void CutPemIsRefusedWhereverItIsCut() {
  const Pem pem = NewPem();
  const TrustStore trust;
  for (size_t length = 1; length + 2 < pem.certificate.size(); length += 7) {
    SecureContextOptions options;
    const std::string cut = pem.certificate.substr(0, length);
    options.certificates = {BytesOf(cut)};
    ContextError error;
    CHECK(SecureContext::Create(options, trust, error) == nullptr);
    CHECK(!error.message.empty() || !error.entries.empty());
  }
}

void ABadCipherListIsRefused() {
  const TrustStore trust;
  SecureContextOptions options;
  options.cipher_list = "no-such-cipher";
  ContextError error;
  CHECK(SecureContext::Create(options, trust, error) == nullptr);
}

void AContextServesAHandshake() {
  const Pem pem = NewPem();
  const TrustStore trust;
  SecureContextOptions server;
  server.certificates = {BytesOf(pem.certificate)};
  server.keys = {{.data = BytesOf(pem.key), .passphrase = {}}};
  SecureContextOptions client;
  client.authorities.emplace({BytesOf(pem.certificate)});
  ContextError error;
  auto server_context = SecureContext::Create(server, trust, error);
  auto client_context = SecureContext::Create(client, trust, error);
  CHECK(server_context != nullptr && client_context != nullptr);
  Pair pair;
  tls::EngineOptions options = ClientOptions();
  options.verify = tls::VerifyMode::kEnforce;
  pair.left().Push(client_context->get(), options);
  pair.right().Push(server_context->get(), ServerOptions());
  // Engines keep what they need of it.
  server_context.reset();
  client_context.reset();
  pair.Settle();
  CHECK(pair.left().established() == 1);
  CHECK(pair.right().established() == 1);
}

}  // namespace
}  // namespace onion::test

int main(int count, char** arguments) {
  using namespace onion::test;
  return RunTests(
      count, arguments,
      {TEST(TakesACertificateWithItsKey), TEST(ReadAheadStaysOff),
       TEST(AKeyOfAnotherCertificateIsRefused),
       TEST(CutPemIsRefusedWhereverItIsCut), TEST(ABadCipherListIsRefused),
       TEST(AContextServesAHandshake)});
}
