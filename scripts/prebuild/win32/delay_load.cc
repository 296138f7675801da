// Takes Node-API and OpenSSL from the executable that loads the addon, whatever
// its name is: a plain import table would ask Windows for a file "node.exe",
// which a renamed or embedded Node is not.
//
// All imports are bound when the addon is loaded, as `-z now` does on Linux. An
// executable that lacks one of them makes `require` fail; binding at the first
// call would end the process there.
//
// See "Delay-Load Import Tables" in Microsoft's "PE Format" specification.

#include <windows.h>

#include <cstddef>
#include <cstdint>

// Made by dlltool for the library libnode.a.
extern "C" const IMAGE_DELAYLOAD_DESCRIPTOR __DELAY_IMPORT_DESCRIPTOR_libnode_a;

namespace {

// The addon as it lies in memory: all addresses in it count from its start.
class Image {
 public:
  explicit Image(HINSTANCE module)
      : start_(reinterpret_cast<std::byte*>(module)) {}

  bool Bind(const IMAGE_DELAYLOAD_DESCRIPTOR& descriptor) const {
    auto* slots = At<IMAGE_THUNK_DATA>(descriptor.ImportAddressTableRVA);
    const auto* names = At<IMAGE_THUNK_DATA>(descriptor.ImportNameTableRVA);
    std::size_t count = 0;
    while (names[count].u1.AddressOfData != 0) ++count;

    // Newer linkers put the table into a section that cannot be written to.
    const std::size_t size = count * sizeof(IMAGE_THUNK_DATA);
    DWORD protection = 0;
    if (!VirtualProtect(slots, size, PAGE_READWRITE, &protection)) return false;
    bool is_complete = true;
    for (std::size_t index = 0; index < count; ++index) {
      const FARPROC function = Find(names[index]);
      if (function == nullptr) is_complete = false;
      slots[index].u1.Function = reinterpret_cast<std::uintptr_t>(function);
    }
    return VirtualProtect(slots, size, protection, &protection) && is_complete;
  }

 private:
  template <typename T>
  T* At(std::uintptr_t address) const {
    return reinterpret_cast<T*>(start_ + address);
  }

  FARPROC Find(const IMAGE_THUNK_DATA& name) const {
    const auto* import = At<IMAGE_IMPORT_BY_NAME>(name.u1.AddressOfData);
    return GetProcAddress(GetModuleHandleW(nullptr),
                          reinterpret_cast<const char*>(import->Name));
  }

  std::byte* start_;
};

}  // namespace

// The import library's stubs refer to this. It is never reached, because their
// table is complete before anything else of the addon runs.
extern "C" FARPROC WINAPI __delayLoadHelper2(const IMAGE_DELAYLOAD_DESCRIPTOR*,
                                             FARPROC*) {
  return nullptr;
}

extern "C" BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID) {
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  return Image(module).Bind(__DELAY_IMPORT_DESCRIPTOR_libnode_a) ? TRUE : FALSE;
}
