#include "runtime/buffer.h"

#include <algorithm>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace infomotion {
namespace {

constexpr std::size_t kCacheLine = 64, kHugePage = std::size_t{2} << 20;

}  // namespace

void Buffer::Free::operator()(float* floats) const { ::operator delete(floats, std::align_val_t(alignment)); }

// Large buffers lie on huge pages where the system has them: one fault in place of 512, and fewer misses in the TLB.
void Buffer::allocate(std::size_t size) {
  const std::size_t bytes = (size + 2 * kSpare) * sizeof(float);
  const std::size_t alignment = bytes >= 2 * kHugePage ? kHugePage : kCacheLine;
  size_ = 0;
  floats_.reset();
  void* memory = ::operator new(bytes, std::align_val_t(alignment));
#if defined(__linux__)
  if (alignment == kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: what it returns changes nothing
#endif
  floats_ = {static_cast<float*>(memory), Free{alignment}};
  size_ = size;
}

void Buffer::resize(std::size_t size) {
  if (size == size_ && floats_ != nullptr) return;
  allocate(size);
  std::fill_n(floats_.get(), size + 2 * kSpare, 0.0f);
}

Buffer Buffer::raw(std::size_t size) {
  Buffer buffer;
  buffer.allocate(size);
  std::fill_n(buffer.floats_.get(), kSpare, 0.0f);
  std::fill_n(buffer.data() + size, kSpare, 0.0f);
  return buffer;
}

}  // namespace infomotion
