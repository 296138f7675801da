#ifndef ONION_TLS_TLS_CHAIN_H_
#define ONION_TLS_TLS_CHAIN_H_

#include <memory>
#include <span>
#include <vector>

#include "tls/bytes.h"
#include "tls/engine.h"
#include "tls/outcome.h"
#include "tls/workspace.h"

namespace onion::tls {

// A handshake step on its way through the thread pool: it owns the engine.
struct Errand {
  RwLock* contexts = nullptr;
  std::unique_ptr<Engine> engine;
  ByteQueue input;
  Event event = Event::kNone;

  // The only part that runs on another thread.
  void Run();
};

// The engines of a connection in order, the outermost first (level 0).
//
// Contract: Receive returns at the first event; it says how much it has taken
// of what it was given, and is to be called with the rest once what it held
// back is done (with no bytes, which goes on from the event). At the end of a
// call all that engines had to send has been sealed by the layers below and
// lies in the wire sink. The halves of a layer open and close independently: a
// layer whose read half is closed is passed over by Receive, one whose write
// half is closed by Send.
class Chain {
 public:
  explicit Chain(Workspace* workspace) : workspace_(workspace) {}
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  void Push(std::unique_ptr<Engine> engine);
  Outcome Start(size_t level);
  Outcome Receive(ByteView wire, MutableBytes plaintext);
  // `largest` bounds the plaintext of a record of the innermost layer.
  Outcome Send(std::span<const ByteView> chunks, MutableBytes wire,
               size_t largest = Workspace::kRecord);
  Outcome CloseWrite(size_t level);
  void DropWrite(size_t level);
  void CloseRead(size_t level);
  void Remove(size_t level);
  void Hold(size_t level, ByteView bytes);
  Outcome KeyUpdate(size_t level, bool request_peer);
  bool Renegotiate(size_t level);

  // A handshake step that is to run elsewhere leaves with its engine and comes
  // back with it. At most one is away at a time.
  std::unique_ptr<Errand> Lend(size_t level);
  void Return(std::unique_ptr<Errand> errand);

  [[nodiscard]] size_t size() const { return layers_.size(); }
  [[nodiscard]] Engine* engine(size_t level) const;
  [[nodiscard]] size_t held() const;
  // Whether an engine has decrypted more than there was room for.
  [[nodiscard]] bool has_plaintext() const;
  // Whether a layer that writes can't for now (Engine::writes_wait).
  [[nodiscard]] bool writes_wait() const;
  ByteQueue TakeHeld(size_t level);
  ByteQueue& wire() { return wire_.queue(); }

 private:
  friend class Workspace;

  struct Layer {
    std::unique_ptr<Engine> engine;  // null while an errand has it
    ByteQueue held;
    Event returned = Event::kNone;  // what an errand came back with
    bool has_returned = false;
    bool started = false;
    bool failed = false;
    bool unfinished = false;  // a pass was stopped before this layer was dry
    bool read_open = true;
    bool write_open = false;

    [[nodiscard]] bool writes() const {
      return write_open && engine != nullptr;
    }
  };

  bool Feed(size_t level, ByteView bytes);
  bool FeedSome(size_t level, ByteView* bytes);
  [[nodiscard]] bool HasSettled(const Layer& layer, ByteView rest) const;
  bool Process(size_t level, ByteView* input);
  bool StepHandshake(size_t level, ByteView* input);
  bool StopHandshake(Event event, size_t level);
  Event ReadOnce(size_t level, ByteView* input, bool* stopped);
  bool Deliver(ByteView* bytes);
  void DeliverSome(ByteView* bytes);
  bool Stop(Event event, size_t level);
  [[nodiscard]] size_t NextReader(size_t level) const;
  ByteQueue& HeldFor(size_t level);
  [[nodiscard]] Engine* WriterBelow(size_t level, size_t* found) const;
  [[nodiscard]] size_t CountWriters() const;
  Outlet* ConnectWriters(size_t writers);
  bool SealPiece(ByteView piece, Outlet* outlet);
  void Drain();
  void Begin();
  Outcome Finish();
  // Gives the engines' record buffers back; false in the middle of a pass.
  bool Cool();

  Workspace* workspace_;
  std::vector<Layer> layers_;
  ByteQueue held_;  // for the application
  Sink wire_;
  MutableBytes plaintext_;
  Outcome outcome_;
  bool is_warm_ = false;
  bool is_passing_ = false;
};

}  // namespace onion::tls

#endif  // ONION_TLS_TLS_CHAIN_H_
