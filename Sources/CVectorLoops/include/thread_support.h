/* What the thread pool needs and Swift does not have. */
#ifndef NTK_THREAD_SUPPORT_H
#define NTK_THREAD_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether this thread is inside a parallel loop; false in a new thread. */
bool ntk_is_in_parallel_loop(void);
void ntk_set_in_parallel_loop(bool value);

/** Processors that this process may use, at least 1. */
size_t ntk_available_processors(void);

/** Tell the processor that this thread spins. */
static inline void ntk_spin_hint(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#ifdef __cplusplus
}
#endif

#endif
