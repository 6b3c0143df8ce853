// Counts heap allocations of a process: LD_PRELOAD=…/malloc_count.so prints `allocations=N` on standard error at exit.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static unsigned long count;

void *malloc(size_t size) { __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED); return __libc_malloc(size); }
void *calloc(size_t n, size_t size) { __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED); return __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED); return __libc_realloc(old, size); }
void *aligned_alloc(size_t align, size_t size) { __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED); return __libc_memalign(align, size); }
int posix_memalign(void **out, size_t align, size_t size) {
  __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
  *out = __libc_memalign(align, size);
  return *out ? 0 : 12;
}
__attribute__((destructor)) static void report(void) { fprintf(stderr, "allocations=%lu\n", count); }
