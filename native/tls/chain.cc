// Theory of operation
//
//            Receive                                Send
//   wire ──► engine 0 ──► engine 1 ──► … ──►  application plaintext
//   wire ◄── engine 0 ◄── engine 1 ◄── … ◄──  application plaintext
//
// Inbound, a record at a time runs up the chain: what engine k decrypts lies in
// the workspace's buffer of level k for just as long as engine k+1 reads it, so
// five layers work in 80 KiB of cache. The innermost decrypts straight into the
// caller's buffer.
//
// A pass stops at the first event. The input that the layers on the way had not
// used up is held by each of them, older bytes further up, and what the
// outermost reader has not touched is left to the caller. Receive therefore
// goes on from the innermost held bytes to the outermost, and only then takes
// what is new: no byte ever overtakes another.
//
// The way out is in chain_outbound.cc.

#include "tls/chain.h"

#include <algorithm>
#include <utility>

namespace onion::tls {

void Errand::Run() {
  const RwLock::Hold hold = contexts->Read();
  ByteView rest = input.view();
  event = engine->Handshake(&rest);
  input.Consume(input.size() - rest.size());
}

Chain::~Chain() {
  if (is_warm_) workspace_->Forget(this);
}

void Chain::Begin() {
  outcome_ = {};
  is_passing_ = true;
  if (!is_warm_) workspace_->Warm(this);
}

Outcome Chain::Finish() {
  Drain();
  // Node's own calls of OpenSSL come next.
  ClearErrors();
  is_passing_ = false;
  return outcome_;
}

bool Chain::Cool() {
  if (is_passing_) return false;
  for (Layer& layer : layers_) {
    if (layer.engine != nullptr) SSL_free_buffers(layer.engine->ssl());
  }
  is_warm_ = false;
  return true;
}

Engine* Chain::engine(size_t level) const {
  return level < layers_.size() ? layers_[level].engine.get() : nullptr;
}

void Chain::Push(std::unique_ptr<Engine> engine) {
  engine->Use(&workspace_->signatures());
  layers_.emplace_back();
  layers_.back().engine = std::move(engine);
}

Outcome Chain::Start(size_t level) {
  Begin();
  Layer& layer = layers_[level];
  layer.started = true;
  layer.unfinished = !layer.engine->options().is_server;
  if (layer.unfinished) Feed(level, {});
  return Finish();
}

Outcome Chain::Receive(ByteView wire, MutableBytes plaintext) {
  Begin();
  plaintext_ = plaintext;
  ByteView nothing;
  bool going = held_.empty() || Deliver(&nothing);
  for (size_t level = layers_.size(); going && level-- > 0;) {
    Layer& layer = layers_[level];
    if (layer.read_open && (layer.unfinished || !layer.held.empty())) {
      going = Feed(level, {});
    }
  }
  ByteView rest = wire;
  if (going && !wire.empty()) FeedSome(0, &rest);
  outcome_.used = wire.size() - rest.size();
  plaintext_ = {};
  return Finish();
}

// Passes bytes to the first open read half from `level` up, and has what a
// pass that stops leaves over be held there; false: it has stopped.
bool Chain::Feed(size_t level, ByteView bytes) {
  const bool going = FeedSome(level, &bytes);
  HeldFor(NextReader(level)).Append(bytes);
  return going;
}

// The same, and what is left over stays in `bytes`.
bool Chain::FeedSome(size_t level, ByteView* bytes) {
  level = NextReader(level);
  if (level == layers_.size()) return Deliver(bytes);
  Layer& layer = layers_[level];
  if (!layer.started || layer.engine == nullptr) {
    layer.held.Append(std::exchange(*bytes, {}));
    return true;
  }
  // What an engine asks for in the middle of a step may run other chains, which
  // work in the same buffers.
  const bool asks = layer.engine->options().psk && !layer.engine->established();
  bool going = false;
  if (layer.held.empty() && !asks) {
    going = Process(level, bytes);
  } else {
    layer.held.Append(std::exchange(*bytes, {}));
    ByteQueue older;
    older.Swap(layer.held);
    ByteView rest = older.view();
    going = Process(level, &rest);
    layer.held.Append(rest);
  }
  layer.unfinished = !going && !HasSettled(layer, *bytes);
  return going;
}

// Whether a pass that a finished handshake has stopped leaves this layer with
// nothing to go on with: no more than a record is ever read ahead of it.
bool Chain::HasSettled(const Layer& layer, ByteView rest) const {
  return outcome_.event == Event::kEstablished && rest.empty() &&
         layer.held.empty() && SSL_pending(layer.engine->ssl()) == 0;
}

bool Chain::Process(size_t level, ByteView* input) {
  Layer& layer = layers_[level];
  if (layer.failed) return Stop(Event::kFailed, level);
  if (layer.has_returned || !layer.engine->established())
    return StepHandshake(level, input);
  for (;;) {
    bool stopped = false;
    const Event event = ReadOnce(level, input, &stopped);
    if (event == Event::kFailed) layer.failed = true;
    if (stopped) return false;
    if (event == Event::kNone) return true;
    if (event != Event::kFull) return Stop(event, level);
  }
}

bool Chain::StepHandshake(size_t level, ByteView* input) {
  Layer& layer = layers_[level];
  Event event = Event::kNone;
  if (layer.has_returned) {
    layer.has_returned = false;
    event = layer.returned;
    if (event != Event::kNone) return StopHandshake(event, level);
    if (input->empty()) return true;
  }
  if (layer.engine->options().offload) {
    if (input->empty() && !layer.unfinished) return true;
    // The errand takes along what is held.
    layer.held.Append(std::exchange(*input, {}));
    return Stop(Event::kOffload, level);
  }
  event = layer.engine->Handshake(input);
  return event == Event::kNone || StopHandshake(event, level);
}

bool Chain::StopHandshake(Event event, size_t level) {
  if (event == Event::kEstablished) layers_[level].write_open = true;
  layers_[level].failed = event == Event::kFailed;
  return Stop(event, level);
}

// Decrypts once and passes it on. kFull: there may be more.
Event Chain::ReadOnce(size_t level, ByteView* input, bool* stopped) {
  Engine& engine = *layers_[level].engine;
  const bool innermost = NextReader(level + 1) == layers_.size();
  size_t produced = 0;
  if (!innermost) {
    const MutableBytes buffer = workspace_->Plaintext(level);
    const Event event =
        engine.ReadRecord(input, buffer, &workspace_->detour(), &produced);
    *stopped = produced > 0 && !Feed(level + 1, buffer.first(produced));
    return event;
  }
  const MutableBytes room = plaintext_.subspan(outcome_.plaintext);
  const Event event =
      engine.Read(input, room, &workspace_->detour(), &produced);
  outcome_.plaintext += produced;
  if (event != Event::kFull) return event;
  if (input->empty() && SSL_pending(engine.ssl()) == 0) return Event::kNone;
  *stopped = !Stop(Event::kFull, level);
  return event;
}

// Bytes for which no layer is left.
bool Chain::Deliver(ByteView* bytes) {
  ByteView older = held_.view();
  DeliverSome(&older);
  held_.Consume(held_.size() - older.size());
  if (!held_.empty()) return Stop(Event::kFull, layers_.size());
  held_.Clear();
  DeliverSome(bytes);
  return bytes->empty() || Stop(Event::kFull, layers_.size());
}

void Chain::DeliverSome(ByteView* bytes) {
  const MutableBytes room = plaintext_.subspan(outcome_.plaintext);
  const size_t count = std::min(room.size(), bytes->size());
  if (count > 0) std::memcpy(room.data(), bytes->data(), count);
  outcome_.plaintext += count;
  *bytes = bytes->subspan(count);
}

bool Chain::Stop(Event event, size_t level) {
  outcome_.event = event;
  outcome_.layer = level;
  return false;
}

size_t Chain::NextReader(size_t level) const {
  while (level < layers_.size() && !layers_[level].read_open) level++;
  return level;
}

ByteQueue& Chain::HeldFor(size_t level) {
  return level < layers_.size() ? layers_[level].held : held_;
}

void Chain::CloseRead(size_t level) {
  Layer& layer = layers_[level];
  layer.read_open = false;
  layer.unfinished = false;
  HeldFor(NextReader(level)).Append(layer.held.view());
  layer.held.Release();
}

void Chain::Remove(size_t level) {
  layers_.erase(layers_.begin() + static_cast<std::ptrdiff_t>(level));
}

void Chain::Hold(size_t level, ByteView bytes) {
  layers_[level].held.Append(bytes);
}

Outcome Chain::KeyUpdate(size_t level, bool request_peer) {
  Begin();
  if (!layers_[level].engine->KeyUpdate(request_peer)) {
    Stop(Event::kFailed, level);
  }
  return Finish();
}

bool Chain::Renegotiate(size_t level) {
  Begin();
  const bool started = layers_[level].engine->Renegotiate();
  Finish();
  return started;
}

std::unique_ptr<Errand> Chain::Lend(size_t level) {
  Layer& layer = layers_[level];
  auto errand = std::make_unique<Errand>();
  errand->contexts = &workspace_->contexts();
  errand->engine = std::move(layer.engine);
  errand->input.Swap(layer.held);
  return errand;
}

void Chain::Return(std::unique_ptr<Errand> errand) {
  for (Layer& layer : layers_) {
    if (layer.engine != nullptr) continue;
    layer.engine = std::move(errand->engine);
    layer.returned = errand->event;
    layer.has_returned = true;
    layer.unfinished = true;
    errand->input.Append(layer.held.view());
    layer.held.Swap(errand->input);
    return;
  }
}

size_t Chain::held() const {
  size_t total = held_.size();
  for (const Layer& layer : layers_) total += layer.held.size();
  return total;
}

bool Chain::has_plaintext() const {
  return std::any_of(layers_.begin(), layers_.end(), [](const Layer& layer) {
    return layer.read_open && layer.engine != nullptr &&
           SSL_pending(layer.engine->ssl()) > 0;
  });
}

bool Chain::writes_wait() const {
  return std::any_of(layers_.begin(), layers_.end(), [](const Layer& layer) {
    return layer.engine != nullptr &&
           (layer.engine->has_waiting() ||
            (layer.write_open && layer.engine->writes_wait()));
  });
}

ByteQueue Chain::TakeHeld(size_t level) {
  ByteQueue taken;
  taken.Swap(HeldFor(level));
  return taken;
}

}  // namespace onion::tls
