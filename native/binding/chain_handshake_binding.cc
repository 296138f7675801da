// What handshakes stop at and are answered with, and why one has failed.

#include "binding/chain_binding.h"
#include "binding/convert.h"
#include "binding/engine_options.h"
#include "binding/environment.h"
#include "binding/handshake_pool.h"

namespace onion::binding {

// Takes an engine to the thread pool and back. The chain may be destroyed in
// the meantime: then the engine ends with the errand.
class ChainBinding::OffloadedStep : public HandshakePool::Step {
 public:
  OffloadedStep(ChainBinding* binding, const Napi::Object& self,
                std::unique_ptr<tls::Errand> errand, const Napi::Function& done)
      : binding_(binding),
        self_(Napi::Persistent(self)),
        done_(Napi::Persistent(done)),
        errand_(std::move(errand)) {
    binding_->away_ = this;
  }

  void Run() override { errand_->Run(); }

  void Finish() override {
    binding_->away_ = nullptr;
    if (binding_->chain_ != nullptr) {
      binding_->chain_->Return(std::move(errand_));
    }
    done_.Call({});
  }

 private:
  ChainBinding* binding_;
  Napi::ObjectReference self_;
  Napi::FunctionReference done_;
  std::unique_ptr<tls::Errand> errand_;
};

Napi::Value ChainBinding::Failure(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  tls::Engine* engine = EngineArgument(info);
  if (engine == nullptr) return env.Undefined();
  return ToFailure(env, *engine);
}

Napi::Value ChainBinding::GetClientHello(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  const tls::ClientHello* hello =
      engine == nullptr ? nullptr : engine->client_hello();
  if (hello == nullptr) return info.Env().Undefined();
  return ToClientHello(info.Env(), *hello);
}

Napi::Value ChainBinding::AnswerClientHello(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine != nullptr && info[1].IsObject()) {
    engine->Answer(ToClientHelloAnswer(info[1].As<Napi::Object>()));
  }
  return info.Env().Undefined();
}

Napi::Value ChainBinding::AnswerVerify(const Napi::CallbackInfo& info) {
  tls::Engine* engine = EngineArgument(info);
  if (engine != nullptr) engine->AnswerVerify(ToBool(info[1]));
  return info.Env().Undefined();
}

Napi::Value ChainBinding::Offload(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (EngineArgument(info) == nullptr || !LevelArgument(info, &level)) {
    return info.Env().Undefined();
  }
  environment_.handshake_pool().Submit(
      info.Env(),
      std::make_unique<OffloadedStep>(this, info.This().As<Napi::Object>(),
                                      chain_->Lend(level),
                                      info[2].As<Napi::Function>()),
      info[1].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value ChainBinding::KeyUpdate(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (EngineArgument(info) == nullptr || !LevelArgument(info, &level)) {
    return info.Env().Undefined();
  }
  return Report(info.Env(), chain_->KeyUpdate(level, ToBool(info[1])));
}

Napi::Value ChainBinding::Renegotiate(const Napi::CallbackInfo& info) {
  size_t level = 0;
  if (EngineArgument(info) == nullptr || !LevelArgument(info, &level)) {
    return info.Env().Undefined();
  }
  const bool started = chain_->Renegotiate(level);
  Report(info.Env(), {});
  return Napi::Boolean::New(info.Env(), started);
}

}  // namespace onion::binding
