#include "binding/handshake_pool.h"

#include <utility>

namespace onion::binding {

class HandshakePool::Runner : public Napi::AsyncWorker {
 public:
  Runner(Napi::Env env, HandshakePool* pool)
      : Napi::AsyncWorker(env, "onion-tls handshakes"), pool_(pool) {}

  void Execute() override { pool_->Work(); }

  // The signal does not keep the event loop alive, this does: nothing is left
  // behind by the last runner.
  void OnOK() override {
    pool_->Staff(Env());
    pool_->Deliver(Env());
  }

 private:
  HandshakePool* pool_;
};

void HandshakePool::Submit(Napi::Env env, std::unique_ptr<Step> step,
                           size_t limit) {
  if (signal_ == nullptr) PrepareSignal(env);
  limit_ = limit;
  {
    const tls::RwLock::Hold hold = lock_.Write();
    waiting_.push_back(std::move(step));
  }
  Staff(env);
}

void HandshakePool::PrepareSignal(Napi::Env env) {
  signal_ = Signal::New(env, "onion-tls handshakes", 0, 1, this);
  signal_.Unref(env);
  // Before the environment closes it: nobody has it then, and it is freed.
  env.AddCleanupHook([](HandshakePool* pool) { pool->signal_.Abort(); }, this);
}

// Starts a runner where one is missing.
void HandshakePool::Staff(Napi::Env env) {
  {
    const tls::RwLock::Hold hold = lock_.Write();
    if (waiting_.empty() || runners_ >= limit_) return;
    runners_++;
  }
  (new Runner(env, this))->Queue();
}

void HandshakePool::Work() {
  size_t taken = 0;
  while (std::unique_ptr<Step> step = Take(taken++)) {
    if (!step->is_abandoned_.load(std::memory_order_relaxed)) step->Run();
    Put(std::move(step));
  }
}

// Null: the runner is to leave, and counts no more.
std::unique_ptr<HandshakePool::Step> HandshakePool::Take(size_t taken) {
  const tls::RwLock::Hold hold = lock_.Write();
  if (waiting_.empty() || taken == kStepsInARow) {
    runners_--;
    return nullptr;
  }
  std::unique_ptr<Step> step = std::move(waiting_.front());
  waiting_.pop_front();
  return step;
}

void HandshakePool::Put(std::unique_ptr<Step> step) {
  bool is_due = false;
  {
    const tls::RwLock::Hold hold = lock_.Write();
    done_.push_back(std::move(step));
    is_due = waiting_.empty() || done_.size() == kStepsAtOnce;
  }
  if (is_due) signal_.NonBlockingCall();
}

void HandshakePool::OnSignal(Napi::Env env, Napi::Function, HandshakePool* pool,
                             void*) {
  // The environment is closing.
  if (env == nullptr) return;
  pool->Deliver(env);
}

void HandshakePool::Deliver(Napi::Env env) {
  std::vector<std::unique_ptr<Step>> done;
  {
    const tls::RwLock::Hold hold = lock_.Write();
    done.swap(done_);
  }
  for (const std::unique_ptr<Step>& step : done) {
    const Napi::HandleScope scope(env);
    step->Finish();
    if (!env.IsExceptionPending()) continue;
    // Not the next one's.
    napi_fatal_exception(env, env.GetAndClearPendingException().Value());
  }
}

}  // namespace onion::binding
