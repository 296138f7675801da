#ifndef ONION_TLS_BINDING_CHAIN_BINDING_H_
#define ONION_TLS_BINDING_CHAIN_BINDING_H_

#include <napi.h>

#include <memory>

#include "binding/handshake_pool.h"
#include "tls/chain.h"

namespace onion::binding {

class Environment;

// The JavaScript face of a tls::Chain: `NativeChain` in src/native.ts. Calls
// that move bytes are here, those about a handshake that has stopped in
// chain_handshake_binding.cc, questions about a layer in chain_info_binding.cc.
class ChainBinding : public Napi::ObjectWrap<ChainBinding> {
 public:
  static void Define(Napi::Env env, Napi::Object exports);

  explicit ChainBinding(const Napi::CallbackInfo& info);
  ~ChainBinding() override;

 private:
  class OffloadedStep;

  // The two calls of each pass name their chain by its number: to find out what
  // an object wraps takes a look at a private property, by V8's runtime.
  static Napi::Value Receive(const Napi::CallbackInfo& info);
  static Napi::Value Send(const Napi::CallbackInfo& info);

  // Bytes.
  Napi::Value Push(const Napi::CallbackInfo& info);
  Napi::Value Start(const Napi::CallbackInfo& info);
  Napi::Value CloseWrite(const Napi::CallbackInfo& info);
  Napi::Value DropWrite(const Napi::CallbackInfo& info);
  Napi::Value CloseRead(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Hold(const Napi::CallbackInfo& info);
  Napi::Value TakeWire(const Napi::CallbackInfo& info);
  Napi::Value TakeNotes(const Napi::CallbackInfo& info);
  Napi::Value TakeHeld(const Napi::CallbackInfo& info);
  Napi::Value HasPlaintext(const Napi::CallbackInfo& info);
  Napi::Value Collect(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  // Handshakes.
  Napi::Value Failure(const Napi::CallbackInfo& info);
  Napi::Value GetClientHello(const Napi::CallbackInfo& info);
  Napi::Value AnswerClientHello(const Napi::CallbackInfo& info);
  Napi::Value AnswerVerify(const Napi::CallbackInfo& info);
  Napi::Value Offload(const Napi::CallbackInfo& info);
  Napi::Value KeyUpdate(const Napi::CallbackInfo& info);
  Napi::Value Renegotiate(const Napi::CallbackInfo& info);

  // Questions and settings.
  static std::vector<PropertyDescriptor> InfoMethods();
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Summarize(const Napi::CallbackInfo& info);
  Napi::Value InspectPeer(const Napi::CallbackInfo& info);
  Napi::Value VerifyResult(const Napi::CallbackInfo& info);
  Napi::Value PeerCertificates(const Napi::CallbackInfo& info);
  Napi::Value PeerMatches(const Napi::CallbackInfo& info);
  Napi::Value OwnCertificate(const Napi::CallbackInfo& info);
  Napi::Value Protocol(const Napi::CallbackInfo& info);
  Napi::Value Cipher(const Napi::CallbackInfo& info);
  Napi::Value AlpnProtocol(const Napi::CallbackInfo& info);
  Napi::Value Servername(const Napi::CallbackInfo& info);
  Napi::Value GetEphemeralKey(const Napi::CallbackInfo& info);
  Napi::Value Session(const Napi::CallbackInfo& info);
  Napi::Value Ticket(const Napi::CallbackInfo& info);
  Napi::Value IsSessionReused(const Napi::CallbackInfo& info);
  Napi::Value Finished(const Napi::CallbackInfo& info);
  Napi::Value PeerFinished(const Napi::CallbackInfo& info);
  Napi::Value GetSharedSigalgs(const Napi::CallbackInfo& info);
  Napi::Value GetOcspResponse(const Napi::CallbackInfo& info);
  Napi::Value GetKeyingMaterial(const Napi::CallbackInfo& info);
  Napi::Value SetMaxSendFragment(const Napi::CallbackInfo& info);
  Napi::Value SetServername(const Napi::CallbackInfo& info);
  Napi::Value SetSession(const Napi::CallbackInfo& info);
  Napi::Value SetContext(const Napi::CallbackInfo& info);
  Napi::Value SetVerify(const Napi::CallbackInfo& info);
  Napi::Value Trace(const Napi::CallbackInfo& info);

  // The engine that the first argument names; throws and returns null where
  // there is none.
  tls::Engine* EngineArgument(const Napi::CallbackInfo& info);
  // The same for a question: it may also be asked in the middle of a step, and
  // there is no answer while the engine is on the thread pool.
  tls::Engine* EngineAsked(const Napi::CallbackInfo& info);
  bool LevelArgument(const Napi::CallbackInfo& info, size_t* level);
  bool FindLevel(const Napi::CallbackInfo& info, size_t* level);
  // Fills in the status block; the event is the value of the call.
  Napi::Value Report(Napi::Env env, const tls::Outcome& outcome);
  // The chain that the first argument names; null where it has no layers.
  static ChainBinding* Named(const Napi::CallbackInfo& info);
  static Napi::Value Gone(Napi::Env env);
  void Free();

  // Set while a step runs that may ask JavaScript for a pre-shared key: the
  // answer must not pull the chain from under its caller.
  class Busy;

  Environment& environment_;
  uint32_t number_;
  std::unique_ptr<tls::Chain> chain_;
  // What has one of the engines, if any.
  HandshakePool::Step* away_ = nullptr;
  size_t counted_engines_ = 0;
  bool busy_ = false;
  bool free_when_idle_ = false;
};

}  // namespace onion::binding

#endif  // ONION_TLS_BINDING_CHAIN_BINDING_H_
