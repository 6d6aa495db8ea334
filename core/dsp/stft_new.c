/* stft_new.c - set-up of a dfn_stft: window and tables in one block. */
#include "dsp/stft.h"
#include "graph/arena.h"

#include <dfnet4/cpu.h>
#include <math.h>

static const double PI = 3.14159265358979323846;

/* The transform of 960 of the newest instruction set allowed. */
static void choose(dfn_stft960_analyse **analyse, dfn_stft960_synthesise **synthesise,
                   unsigned cpu)
{
    *analyse = NULL;
    *synthesise = NULL;
    (void)cpu;
#if defined(DFN_HAVE_SIMD) && defined(__x86_64__)
    if (cpu & DFN_CPU_AVX512) {
        *analyse = dfn_stft960_analyse_avx512;
        *synthesise = dfn_stft960_synthesise_avx512;
    } else if (cpu & DFN_CPU_AVX2) {
        *analyse = dfn_stft960_analyse_avx2;
        *synthesise = dfn_stft960_synthesise_avx2;
    }
#elif defined(DFN_HAVE_SIMD) && defined(__aarch64__)
    if (cpu & DFN_CPU_NEON) {
        *analyse = dfn_stft960_analyse_neon;
        *synthesise = dfn_stft960_synthesise_neon;
    }
#endif
}

static double vorbis(int i, int size)
{
    const double v = sin(PI * (i + 0.5) / size);
    return sin(PI / 2 * v * v);
}

static void fill960(dfn_stft960 *s)
{
    for (int i = 0; i < FRAME_960; i++) {
        s->analysis[i] = (float)(vorbis(i, FRAME_960) / FRAME_960);
        s->synthesis[i] = (float)vorbis(i, FRAME_960);
    }
    for (int k = 0; k < LINES_960; k++)
        for (int n = 0; n < COLUMNS_960; n++) {
            s->twiddle[0][k][n] = (float)cos(2 * PI * k * n / FRAME_960);
            s->twiddle[1][k][n] = (float)-sin(2 * PI * k * n / FRAME_960);
        }
    for (int b = 0; b < 4; b++)
        for (int c = 0; c < 8; c++) {
            s->root[b][c][0] = (float)cos(2 * PI * b * c / COLUMNS_960);
            s->root[b][c][1] = (float)-sin(2 * PI * b * c / COLUMNS_960);
        }
}

static dfn_stft *layout960(dfn_arena *a, unsigned cpu)
{
    dfn_stft *s = dfn_arena_take(a, 1, sizeof *s);
    dfn_stft960 *fast = dfn_arena_take(a, 1, sizeof *fast);
    if (s) {
        *s = (dfn_stft){.size = FRAME_960, .hop = HOP_960, .fast = fast};
        choose(&s->analyse, &s->synthesise, cpu);
        fill960(fast);
    }
    return s;
}

static dfn_stft *layout(dfn_arena *a, int size, int hop, unsigned cpu)
{
    dfn_stft960_analyse *analyse;
    dfn_stft960_synthesise *synthesise;
    choose(&analyse, &synthesise, cpu);
    if (size == FRAME_960 && analyse)
        return layout960(a, cpu);
    dfn_stft *s = dfn_arena_take(a, 1, sizeof *s);
    float *window = dfn_arena_take(a, (size_t)size, sizeof *window);
    float *frame = dfn_arena_take(a, (size_t)size, sizeof *frame);
    void *fft = dfn_arena_take(a, dfn_fft_bytes(size), 1);
    if (s) {
        *s = (dfn_stft){.size = size,
                        .hop = hop,
                        .scale = 1 / (float)size, /* size^2 / (2 hop), as size is 2 hop */
                        .window = window,
                        .frame = frame,
                        .fft = dfn_fft_place(fft, size)};
        for (int i = 0; i < size; i++)
            window[i] = (float)vorbis(i, size);
    }
    return s;
}

dfn_status dfn_stft_new(dfn_stft **out, int fft_size, int hop_size, unsigned cpu,
                        dfn_error *err)
{
    dfn_arena measure = {0};
    *out = NULL;
    if (hop_size < 1 || fft_size / 2 != hop_size || !dfn_fft_supported(fft_size))
        return dfn_fail(err, DFN_ERR_ARG,
                        "no framing with a transform of %d and a hop of %d: the transform "
                        "must be twice the hop, 4 to %d, with no prime factor above 5",
                        fft_size, hop_size, (int)DFN_FFT_MAX);
    layout(&measure, fft_size, hop_size, cpu);
    dfn_arena place = {.base = dfn_block_new(measure.used)};
    if (!place.base)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a transform of %d", fft_size);
    *out = layout(&place, fft_size, hop_size, cpu);
    return DFN_OK;
}

void dfn_stft_free(dfn_stft *s) { free(s); }
