#ifndef ONION_TLS_TLS_RW_LOCK_H_
#define ONION_TLS_TLS_RW_LOCK_H_

#include <openssl/crypto.h>

namespace onion::tls {

// A lock for many readers or one writer. OpenSSL's, because that of the C++
// library needs parts of it that throw, which portable binaries leave out.
class RwLock {
 public:
  // Has the lock for as long as it lives.
  class Hold {
   public:
    ~Hold() { CRYPTO_THREAD_unlock(lock_); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    friend class RwLock;
    explicit Hold(CRYPTO_RWLOCK* lock) : lock_(lock) {}

    CRYPTO_RWLOCK* lock_;
  };

  RwLock() : lock_(CRYPTO_THREAD_lock_new()) {}
  ~RwLock() { CRYPTO_THREAD_lock_free(lock_); }
  RwLock(const RwLock&) = delete;
  RwLock& operator=(const RwLock&) = delete;

  [[nodiscard]] Hold Read() {
    CRYPTO_THREAD_read_lock(lock_);
    return Hold(lock_);
  }
  [[nodiscard]] Hold Write() {
    CRYPTO_THREAD_write_lock(lock_);
    return Hold(lock_);
  }

 private:
  CRYPTO_RWLOCK* lock_;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_RW_LOCK_H_
