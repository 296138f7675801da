// What handshakes stop at and are answered with, and why one has failed.

#include "binding/chain_binding.h"
#include "binding/convert.h"
#include "binding/engine_options.h"

namespace onion::binding {

// Takes an engine to the thread pool and back. The chain may be destroyed in
// the meantime: then the engine ends with the errand.
class ChainBinding::OffloadWorker : public Napi::AsyncWorker {
 public:
  OffloadWorker(ChainBinding* binding, const Napi::Object& self,
                std::unique_ptr<tls::Errand> errand, const Napi::Function& done)
      : Napi::AsyncWorker(done, "onion-tls handshake"),
        binding_(binding),
        self_(Napi::Persistent(self)),
        errand_(std::move(errand)) {}

  void Execute() override { errand_->Run(); }

  void OnOK() override {
    if (binding_->chain_ != nullptr) {
      binding_->chain_->Return(std::move(errand_));
    }
    Callback().Call({});
  }

 private:
  ChainBinding* binding_;
  Napi::ObjectReference self_;
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
  auto* worker =
      new OffloadWorker(this, info.This().As<Napi::Object>(),
                        chain_->Lend(level), info[1].As<Napi::Function>());
  worker->Queue();
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
