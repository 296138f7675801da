// Outbound, plaintext is cut so that the record of the innermost layer, grown
// by the overhead of each layer below, still fits one record of the outermost.
// Small chunks are gathered first: a record costs as much as a kilobyte. A
// piece falls through the layers within one SSL_write of the innermost, whose
// record is what the layer below writes, and so on (sealer.h).
//
// Engines also send of their own accord: handshake messages, alerts, answers to
// KeyUpdate. That output waits in each engine's sink; Drain seals it from the
// innermost layer down, so an alert of layer 3 leaves under layers 2 and 1.

#include <algorithm>

#include "tls/chain.h"

namespace onion::tls {

namespace {

// What one layer adds to a record at most: 22 bytes in TLS 1.3 and 29 with
// AES-GCM in TLS 1.2; padding and MAC of CBC suites go beyond it, and then
// cost a second record below, nothing worse.
constexpr size_t kOverhead = 32;

// Layers that seal within each other: OpenSSL takes some 4 KiB of the stack for
// each, of which a worker thread may have no more than 192 left.
constexpr size_t kNested = 8;

}  // namespace

Outcome Chain::Send(std::span<const ByteView> chunks, MutableBytes wire,
                    size_t largest) {
  Begin();
  wire_.Attach(wire);
  const size_t writers = CountWriters();
  Outlet* const outlet = ConnectWriters(writers);
  const size_t below = writers == 0 ? 0 : writers - 1;
  const size_t full =
      Workspace::kRecord - std::min(below * kOverhead, Workspace::kRecord / 2);
  const size_t piece = std::clamp<size_t>(largest, 1, full);
  ByteQueue& gathered = workspace_->gathered();
  gathered.Consume(gathered.size());
  bool going = true;
  for (ByteView chunk : chunks) {
    while (going && !chunk.empty()) {
      if (gathered.empty() && chunk.size() >= piece) {
        going = SealPiece(chunk.first(piece), outlet);
        chunk = chunk.subspan(piece);
        continue;
      }
      const size_t take = std::min(chunk.size(), piece - gathered.size());
      gathered.Append(chunk.first(take));
      chunk = chunk.subspan(take);
      if (gathered.size() < piece) continue;
      going = SealPiece(gathered.view(), outlet);
      gathered.Consume(gathered.size());
    }
  }
  if (going && !gathered.empty()) SealPiece(gathered.view(), outlet);
  gathered.Consume(gathered.size());
  outcome_.wire = wire_.used();
  wire_.Detach();
  return Finish();
}

size_t Chain::CountWriters() const {
  return static_cast<size_t>(
      std::count_if(layers_.begin(), layers_.end(),
                    [](const Layer& layer) { return layer.writes(); }));
}

// Each to the one below, the innermost few of them: what is left to the others
// waits for Drain. Returns the outlet of the application.
Outlet* Chain::ConnectWriters(size_t writers) {
  const size_t left_out = writers > kNested ? writers - kNested : 0;
  Outlet* outlet = &wire_;
  size_t writer = 0;
  for (const Layer& layer : layers_) {
    if (!layer.writes()) continue;
    const size_t place = writer++;
    if (place < left_out) continue;
    if (place == left_out && place > 0) outlet = &layer.engine->output();
    Sealer& sealer = workspace_->sealer(place - left_out);
    sealer.Connect(layer.engine.get(), outlet);
    outlet = &sealer;
  }
  return outlet;
}

bool Chain::SealPiece(ByteView piece, Outlet* outlet) {
  outlet->Append(piece);
  for (size_t level = 0; level < layers_.size(); level++) {
    Layer& layer = layers_[level];
    if (!layer.writes() || !layer.engine->failed()) continue;
    layer.failed = true;
    return Stop(Event::kFailed, level);
  }
  return true;
}

Outcome Chain::CloseWrite(size_t level) {
  Begin();
  Layer& layer = layers_[level];
  if (layer.engine != nullptr && !layer.failed) layer.engine->CloseNotify();
  // Its own close_notify still goes through the layers below, not through it.
  layer.write_open = false;
  return Finish();
}

void Chain::DropWrite(size_t level) { layers_[level].write_open = false; }

// Seals what the engines themselves have to say, from the innermost down.
void Chain::Drain() {
  for (size_t level = layers_.size(); level-- > 0;) {
    if (layers_[level].engine == nullptr) continue;
    ByteQueue& queue = layers_[level].engine->output().queue();
    if (queue.empty()) continue;
    size_t below = level;
    Engine* writer = WriterBelow(level, &below);
    if (writer == nullptr) {
      wire_.Append(queue.view());
    } else if (!writer->Write(queue.view(), &writer->output())) {
      layers_[below].failed = true;
      Stop(Event::kFailed, below);
    }
    queue.Clear();
  }
}

Engine* Chain::WriterBelow(size_t level, size_t* found) const {
  while (level-- > 0) {
    const Layer& layer = layers_[level];
    if (!layer.writes()) continue;
    *found = level;
    return layer.engine.get();
  }
  return nullptr;
}

}  // namespace onion::tls
