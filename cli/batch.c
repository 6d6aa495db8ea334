/* batch.c - threads over files, and the progress bar. */
#include "batch.h"
#include "cli.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREAD_MAX = 256, REFRESH_MS = 100 };

atomic_int batch_signal;

typedef struct batch {
    job_list *list;
    const enhance_settings *settings;
    progress done;
    bool bar;
    atomic_int next;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int alive; /* under lock */
} batch;

static void on_signal(int number) { batch_signal = number; }

static void report(const batch *b, const job *j)
{
    if (j->state != JOB_DONE || b->settings->quiet)
        return;
    if (j->reason[0])
        cli_error(j->input, "note: %s", j->reason);
    if (!b->settings->json && !b->bar)
        summary_line(j, b->settings->dry_run);
}

static void *work(void *argument)
{
    batch *b = argument;
    for (int i; !batch_signal && (i = b->next++) < b->list->count;) {
        job *j = &b->list->job[i];
        if (j->state != JOB_WAITING)
            continue;
        enhance_file(j, b->settings, &b->done);
        report(b, j);
    }
    pthread_mutex_lock(&b->lock);
    b->alive--;
    pthread_cond_signal(&b->ended);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static void draw(const batch *b, int64_t total, double elapsed)
{
    enum { CELLS = 30 };
    const double part = total > 0 ? (double)b->done.bytes / (double)total : 0;
    const double speed = elapsed > 0 ? (double)b->done.audio_usec / 1e6 / elapsed : 0;
    const int full = part < 1 ? (int)(part * CELLS) : CELLS;
    char cells[CELLS + 1] = "", left[48] = "", line[160];
    memset(cells, ' ', CELLS);
    memset(cells, '=', (size_t)full);
    if (part > 0.005 && elapsed > 0.5) {
        const long s = (long)(elapsed * (1 - part) / part + 0.5);
        snprintf(left, sizeof left, "  %ld:%02ld:%02ld left", s / 3600, s / 60 % 60,
                 s % 60);
    }
    snprintf(line, sizeof line, "[%s] %3d%%  %.1fx real time%s", cells, (int)(part * 100),
             speed, left);
    cli_bar(line);
}

double batch_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Until a thread ends, or it is time to draw again. Call under the lock. */
static void wait_a_little(batch *b)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += REFRESH_MS * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000L;
    t.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&b->ended, &b->lock, &t);
}

static void wait_for_all(batch *b, int64_t total)
{
    const double start = batch_clock();
    pthread_mutex_lock(&b->lock);
    while (b->alive > 0) {
        wait_a_little(b);
        if (b->bar)
            draw(b, total, batch_clock() - start);
    }
    pthread_mutex_unlock(&b->lock);
    if (b->bar)
        cli_bar("");
}

void batch_run(job_list *list, const enhance_settings *s)
{
    batch b = {.list = list,
               .settings = s,
               .lock = PTHREAD_MUTEX_INITIALIZER,
               .ended = PTHREAD_COND_INITIALIZER};
    b.bar = !s->quiet && !s->dry_run && isatty(STDERR_FILENO);
    int waiting = 0;
    int64_t total = 0;
    for (int i = 0; i < list->count; i++)
        if (list->job[i].state == JOB_WAITING) {
            waiting++;
            total += list->job[i].bytes;
        }
    cli_catch_signals(on_signal);
    pthread_t thread[THREAD_MAX];
    int want = s->threads < waiting ? s->threads : waiting, made = 0;
    want = want < THREAD_MAX ? want : THREAD_MAX;
    b.alive = want;
    while (made < want && pthread_create(&thread[made], NULL, work, &b) == 0)
        made++;
    pthread_mutex_lock(&b.lock);
    b.alive -= want - made;
    pthread_mutex_unlock(&b.lock);
    if (waiting && !made) { /* no threads to be had: do it here */
        b.alive = 1;
        work(&b);
    }
    wait_for_all(&b, total);
    for (int i = 0; i < made; i++)
        pthread_join(thread[i], NULL);
}
