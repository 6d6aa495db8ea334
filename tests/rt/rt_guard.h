/* rt_guard.h - between enter and leave, this thread may not allocate, free, lock, print or
 * make a system call: the process says which on stderr and ends with DENIED.
 *
 * C library calls are replaced in this program, for all libraries it loads; system calls
 * are trapped by the kernel (Syscall User Dispatch, Linux 5.11 on x86-64). */
#ifndef RT_GUARD_H
#define RT_GUARD_H

#include <stdbool.h>

enum { RT_GUARD_DENIED = 66 };

/** Once per process, before the first enter. False: this system cannot trap system calls;
 *  the rest works. */
bool rt_guard_start(void);

void rt_guard_enter(void);
void rt_guard_leave(void);

#endif
