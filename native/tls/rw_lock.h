#ifndef ONION_TLS_TLS_RW_LOCK_H_
#define ONION_TLS_TLS_RW_LOCK_H_

#include <openssl/crypto.h>

namespace onion::tls {

// A lock for many readers or one writer. OpenSSL's, because that of the C++
// library needs parts of it that throw, which portable binaries leave out.
class RwLock {
 public:
  RwLock() : lock_(CRYPTO_THREAD_lock_new()) {}
  ~RwLock() { CRYPTO_THREAD_lock_free(lock_); }
  RwLock(const RwLock&) = delete;
  RwLock& operator=(const RwLock&) = delete;

  // Each holds the lock for as long as it lives.
  class Reading {
   public:
    explicit Reading(const RwLock& lock) : lock_(lock.lock_) {
      CRYPTO_THREAD_read_lock(lock_);
    }
    ~Reading() { CRYPTO_THREAD_unlock(lock_); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    CRYPTO_RWLOCK* lock_;
  };

  class Writing {
   public:
    explicit Writing(const RwLock& lock) : lock_(lock.lock_) {
      CRYPTO_THREAD_write_lock(lock_);
    }
    ~Writing() { CRYPTO_THREAD_unlock(lock_); }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    CRYPTO_RWLOCK* lock_;
  };

 private:
  CRYPTO_RWLOCK* lock_;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_RW_LOCK_H_
