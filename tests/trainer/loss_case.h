/* loss_case.h - a network's numbers of any size, for tests of losses. */
#ifndef LOSS_CASE_H
#define LOSS_CASE_H

#include "check.h"
#include "loss/loss_config.h"
#include "loss/loss_f64.h"

#include <dfnet4/dsp.h>
#include <stdlib.h>

enum { LOSS_BANDS_MAX = 64 };

typedef struct loss_case {
    dfn_model_info info;
    int widths[LOSS_BANDS_MAX];
} loss_case;

/** `bands` bands of at least two of `bins` bins at 48 kHz; keep it where it is. */
static inline void loss_case_init(loss_case *c, int bins, int bands)
{
    const int fft = 2 * (bins - 1);
    *c = (loss_case){.info = {.sample_rate = 48000,
                              .fft_size = fft,
                              .hop_size = fft / 2,
                              .bins = bins,
                              .nb_erb = bands,
                              .erb_widths = c->widths,
                              .lsnr_min = -15,
                              .lsnr_max = 35}};
    if (dfn_erb_widths(c->widths, 48000, fft, bands, 2, NULL) != DFN_OK)
        abort();
}

static inline dfn_loss *loss_open(const dfn_loss_config *config, const loss_case *c, int B,
                                  int T, unsigned cpu)
{
    dfn_error err;
    dfn_loss *l;
    if (dfn_loss_new(&l, config, &c->info, B, T, cpu, &err) != DFN_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return l;
}

static inline dfn_loss_f64 *loss_open_f64(const dfn_loss_config *config, const loss_case *c,
                                          int B, int T)
{
    dfn_error err;
    dfn_loss_f64 *l;
    if (dfn_loss_new_f64(&l, config, &c->info, B, T, 0, &err) != DFN_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return l;
}

static inline void *loss_zeros(size_t n, size_t elem)
{
    void *p = calloc(n, elem);
    if (!p)
        abort();
    return p;
}

#endif
