/* What compiles Rego gets a stack of 256 MiB, which valgrind walks through, byte for byte, each time one is made and given back: a case took
 * 64 s that takes 36 ms. The cases need a fraction of it. The library's call comes here, since the program is looked through first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

enum { MAX_STACK = 32 << 20 };

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size) {
  int (*original)(pthread_attr_t *, size_t);
  /* C99 has no cast from what dlsym gives to a function. */
  void *found = dlsym(RTLD_NEXT, "pthread_attr_setstacksize");
  memcpy(&original, &found, sizeof original);
  return original(attributes, size > MAX_STACK ? MAX_STACK : size);
}
