#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "bench/loop.h"
#include "tls/openssl_pointers.h"

namespace onion::bench {

namespace {

using CipherPointer =
    std::unique_ptr<EVP_CIPHER_CTX, tls::FreeWith<EVP_CIPHER_CTX_free>>;

constexpr size_t kRecord = 16384;
constexpr uint8_t kKey[32] = {1, 2, 3};

// Seals and opens one record in place, with a TLS 1.3 header as the
// additional data.
class Gcm {
 public:
  Gcm() : seal_(EVP_CIPHER_CTX_new()), open_(EVP_CIPHER_CTX_new()) {
    const EVP_CIPHER* cipher = EVP_aes_256_gcm();
    EVP_EncryptInit_ex(seal_.get(), cipher, nullptr, kKey, nonce_);
    EVP_DecryptInit_ex(open_.get(), cipher, nullptr, kKey, nonce_);
  }

  bool Pass(uint8_t* record, int size) {
    nonce_[0]++;
    int done = 0;
    uint8_t tag[16];
    EVP_EncryptInit_ex(seal_.get(), nullptr, nullptr, nullptr, nonce_);
    EVP_EncryptUpdate(seal_.get(), nullptr, &done, header_, sizeof header_);
    EVP_EncryptUpdate(seal_.get(), record, &done, record, size);
    EVP_EncryptFinal_ex(seal_.get(), record, &done);
    EVP_CIPHER_CTX_ctrl(seal_.get(), EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag);
    EVP_DecryptInit_ex(open_.get(), nullptr, nullptr, nullptr, nonce_);
    EVP_DecryptUpdate(open_.get(), nullptr, &done, header_, sizeof header_);
    EVP_DecryptUpdate(open_.get(), record, &done, record, size);
    EVP_CIPHER_CTX_ctrl(open_.get(), EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag);
    return EVP_DecryptFinal_ex(open_.get(), record, &done) == 1;
  }

 private:
  CipherPointer seal_;
  CipherPointer open_;
  uint8_t nonce_[12] = {};
  uint8_t header_[5] = {0x17, 3, 3, 0x40, 0};
};

}  // namespace

double RunGcm(const Work& work) {
  Gcm gcm;
  std::vector<uint8_t> record(kRecord, 'x');
  const size_t total = work.bytes * work.depth;
  const auto start = std::chrono::steady_clock::now();
  for (size_t moved = 0; moved < total; moved += kRecord) {
    const size_t size = std::min(kRecord, total - moved);
    if (!gcm.Pass(record.data(), static_cast<int>(size))) return -1;
  }
  const std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  return elapsed.count();
}

}  // namespace onion::bench
