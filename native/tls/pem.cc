#include "tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

namespace onion::tls {

namespace {

constexpr uint8_t kDerSequence = 0x30;

bool LooksLikeDer(ByteView bytes) {
  return !bytes.empty() && bytes.front() == kDerSequence;
}

// pem_password_cb(3). Without a callback OpenSSL would ask on the terminal.
// No passphrase is an empty one, as in Node.
int CopyPassphrase(char* buffer, int size, int /*writing*/, void* data) {
  const auto* passphrase = static_cast<const std::string*>(data);
  if (passphrase == nullptr) return 0;
  const size_t length = passphrase->size();
  if (length > static_cast<size_t>(size)) return -1;
  std::copy_n(passphrase->data(), length, buffer);
  return static_cast<int>(length);
}

// Reading a run of PEM blocks ends with this error when all went well.
bool AtEndOfPem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM &&
         ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

template <typename Pointer, typename FromDer, typename FromPem>
std::vector<Pointer> ReadAll(ByteView bytes, FromDer from_der,
                             FromPem from_pem) {
  std::vector<Pointer> found;
  const BioPointer bio = ReadFrom(bytes);
  if (bio == nullptr) return found;
  if (LooksLikeDer(bytes)) {
    if (Pointer one{from_der(bio.get())}) found.push_back(std::move(one));
    return found;
  }
  while (Pointer one{from_pem(bio.get())}) found.push_back(std::move(one));
  if (found.empty()) return found;
  if (!AtEndOfPem()) {
    found.clear();
    return found;
  }
  ERR_clear_error();
  return found;
}

}  // namespace

std::vector<X509Pointer> ReadCertificates(ByteView bytes) {
  return ReadAll<X509Pointer>(
      bytes, [](BIO* bio) { return d2i_X509_bio(bio, nullptr); },
      [](BIO* bio) {
        return PEM_read_bio_X509_AUX(bio, nullptr, CopyPassphrase, nullptr);
      });
}

std::vector<X509CrlPointer> ReadRevocationLists(ByteView bytes) {
  return ReadAll<X509CrlPointer>(
      bytes, [](BIO* bio) { return d2i_X509_CRL_bio(bio, nullptr); },
      [](BIO* bio) {
        return PEM_read_bio_X509_CRL(bio, nullptr, CopyPassphrase, nullptr);
      });
}

KeyPointer ReadPrivateKey(const Secret& secret) {
  const BioPointer bio = ReadFrom(secret.data);
  if (bio == nullptr) return nullptr;
  // The API takes the callback's argument as void*; CopyPassphrase only reads.
  void* passphrase = secret.passphrase.has_value()
                         ? const_cast<std::string*>(&*secret.passphrase)
                         : nullptr;
  if (!LooksLikeDer(secret.data)) {
    return KeyPointer(PEM_read_bio_PrivateKey(bio.get(), nullptr,
                                              CopyPassphrase, passphrase));
  }
  if (passphrase != nullptr) {
    return KeyPointer(d2i_PKCS8PrivateKey_bio(bio.get(), nullptr,
                                              CopyPassphrase, passphrase));
  }
  return KeyPointer(d2i_PrivateKey_bio(bio.get(), nullptr));
}

KeyPointer ReadDhParameters(ByteView bytes) {
  const BioPointer bio = ReadFrom(bytes);
  if (bio == nullptr) return nullptr;
  KeyPointer parameters(PEM_read_bio_Parameters(bio.get(), nullptr));
  if (parameters == nullptr || EVP_PKEY_is_a(parameters.get(), "DH") == 1 ||
      EVP_PKEY_is_a(parameters.get(), "DHX") == 1) {
    return parameters;
  }
  return nullptr;
}

}  // namespace onion::tls
