#ifndef ONION_TLS_BINDING_HANDSHAKE_POOL_H_
#define ONION_TLS_BINDING_HANDSHAKE_POOL_H_

#include <napi.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "tls/rw_lock.h"

namespace onion::binding {

// Runs the handshake steps of one environment on libuv's thread pool.
//
//   Submit ──► waiting ──► runner, on the pool ──► done ──► Finish
//                                  ▲  several, each one step after the other
//
// With a piece of work for each step, a burst of them would have all threads of
// the pool compete with the event loop for the processors, and file system and
// DNS would wait behind the last one. So steps wait here for a few runners, and
// a runner goes behind what else is in libuv's queue after kStepsInARow of
// them.
class HandshakePool {
 public:
  class Step {
   public:
    Step() = default;
    virtual ~Step() = default;
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

    // Nobody needs it any more: if it has not begun, it is finished without.
    void Abandon() { is_abandoned_.store(true, std::memory_order_relaxed); }

   private:
    friend class HandshakePool;

    // On a thread of the pool.
    virtual void Run() = 0;
    // On the thread of JavaScript, some time after that.
    virtual void Finish() = 0;

    std::atomic<bool> is_abandoned_ = false;
  };

  // `limit`: how many steps may run at a time.
  void Submit(Napi::Env env, std::unique_ptr<Step> step, size_t limit);

 private:
  static constexpr size_t kStepsInARow = 32;
  // Waking the event loop up takes about as long as finishing a step, so that
  // of many several are delivered at once.
  static constexpr size_t kStepsAtOnce = 4;

  class Runner;

  static void OnSignal(Napi::Env env, Napi::Function, HandshakePool* pool,
                       void*);
  using Signal = Napi::TypedThreadSafeFunction<HandshakePool, void, &OnSignal>;

  void PrepareSignal(Napi::Env env);
  void Staff(Napi::Env env);
  void Deliver(Napi::Env env);

  // What a runner does.
  void Work();
  std::unique_ptr<Step> Take(size_t taken);
  void Put(std::unique_ptr<Step> step);

  tls::RwLock lock_;
  // Under the lock.
  std::deque<std::unique_ptr<Step>> waiting_;
  std::vector<std::unique_ptr<Step>> done_;
  size_t runners_ = 0;
  // Of the thread of JavaScript.
  size_t limit_ = 1;
  Signal signal_;
};

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_HANDSHAKE_POOL_H_
