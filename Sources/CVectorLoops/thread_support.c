#define _GNU_SOURCE
#include "thread_support.h"

#include <unistd.h>
#if defined(__linux__)
#include <errno.h>
#include <sched.h>
#endif

static _Thread_local bool in_parallel_loop;

bool ntk_is_in_parallel_loop(void) { return in_parallel_loop; }

void ntk_set_in_parallel_loop(bool value) { in_parallel_loop = value; }

size_t ntk_available_processors(void) {
#if defined(__linux__)
  /* The kernel refuses a set smaller than its own. */
  for (size_t processors = 1024; processors <= 1 << 16; processors *= 4) {
    cpu_set_t *set = CPU_ALLOC(processors);
    size_t bytes = CPU_ALLOC_SIZE(processors);
    if (!set) break;
    int failed = sched_getaffinity(0, bytes, set);
    int count = failed ? 0 : CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (count > 0) return (size_t)count;
    if (errno != EINVAL) break;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (size_t)online : 1;
}
