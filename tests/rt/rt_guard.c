#define _GNU_SOURCE
#include "rt_guard.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SET_SYSCALL_USER_DISPATCH = 59, DISPATCH_ON = 1, ALLOW = 0, BLOCK = 1 };

static _Thread_local volatile unsigned char selector; /* read by the kernel */
static _Thread_local volatile int depth;
static bool traps;

static void deny(const char *what, long number)
{
    char text[96];
    if (!depth)
        return;
    depth = 0;
    selector = ALLOW;
    const int n = snprintf(text, sizeof text, "rt_guard: %s", what);
    const int m = number < 0 ? n : n + snprintf(text + n, sizeof text - n, " %ld", number);
    text[m] = '\n';
    if (write(STDERR_FILENO, text, (size_t)m + 1) < 0)
        _exit(1);
    _exit(RT_GUARD_DENIED);
}

static void on_syscall(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    selector = ALLOW;
    deny("syscall", info->si_syscall);
}

bool rt_guard_start(void)
{
    struct sigaction act = {.sa_sigaction = on_syscall, .sa_flags = SA_SIGINFO};
    traps = sigaction(SIGSYS, &act, NULL) == 0 &&
            prctl(SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, 0, 0, &selector) == 0;
    return traps;
}

void rt_guard_enter(void)
{
    depth = 1;
    selector = traps ? BLOCK : ALLOW;
}

void rt_guard_leave(void)
{
    selector = ALLOW;
    depth = 0;
}

/* ---- replaced calls -------------------------------------------------------------------
 */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

void *malloc(size_t n)
{
    deny("malloc", -1);
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    deny("calloc", -1);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    deny("realloc", -1);
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    deny("aligned_alloc", -1);
    return __libc_memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    deny("posix_memalign", -1);
    *p = __libc_memalign(align, n);
    return *p ? 0 : 12; /* ENOMEM */
}

void free(void *p)
{
    if (p)
        deny("free", -1);
    __libc_free(p);
}

/* Call the C library's own function of this name. */
#define REAL(type, name, ...)                                                              \
    static type (*real)(__VA_ARGS__);                                                      \
    deny(#name, -1);                                                                       \
    if (!real)                                                                             \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

int pthread_mutex_lock(pthread_mutex_t *m)
{
    REAL(int, pthread_mutex_lock, pthread_mutex_t *);
    return real(m);
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    REAL(int, pthread_mutex_trylock, pthread_mutex_t *);
    return real(m);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    REAL(int, pthread_rwlock_rdlock, pthread_rwlock_t *);
    return real(l);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    REAL(int, pthread_rwlock_wrlock, pthread_rwlock_t *);
    return real(l);
}

int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    REAL(int, pthread_cond_wait, pthread_cond_t *, pthread_mutex_t *);
    return real(c, m);
}

int sem_wait(sem_t *s)
{
    REAL(int, sem_wait, sem_t *);
    return real(s);
}

int vfprintf(FILE *f, const char *format, va_list args)
{
    REAL(int, vfprintf, FILE *, const char *, va_list);
    return real(f, format, args);
}

int fprintf(FILE *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vfprintf(f, format, args);
    va_end(args);
    return n;
}

int printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vfprintf(stdout, format, args);
    va_end(args);
    return n;
}

int puts(const char *text)
{
    REAL(int, puts, const char *);
    return real(text);
}

size_t fwrite(const void *p, size_t size, size_t n, FILE *f)
{
    REAL(size_t, fwrite, const void *, size_t, size_t, FILE *);
    return real(p, size, n, f);
}

int fflush(FILE *f)
{
    REAL(int, fflush, FILE *);
    return real(f);
}
