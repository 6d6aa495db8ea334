#include "data/philox.h"

#include <math.h>

void dfn_philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int i = 0; i < 10; i++) {
        const uint64_t p = (uint64_t)0xd2511f53u * a, q = (uint64_t)0xcd9e8d57u * c;
        a = (uint32_t)(q >> 32) ^ b ^ k0;
        b = (uint32_t)q;
        c = (uint32_t)(p >> 32) ^ d ^ k1;
        d = (uint32_t)p;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

/* A block of the generator itself turns the 192 bits of a name into a key and half a
 * counter: two examples share a row only by chance (2^-128). */
dfn_philox dfn_philox_start(uint64_t seed, uint64_t epoch, uint64_t index)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t name[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)epoch,
                              (uint32_t)(epoch >> 32)};
    uint32_t mixed[4];
    dfn_philox_block(name, key, mixed);
    return (dfn_philox){.key = {mixed[0], mixed[1]}, .counter = {0, 0, mixed[2], mixed[3]}};
}

dfn_philox dfn_philox_stream(const dfn_philox *r, uint32_t stream)
{
    return (dfn_philox){.key = {r->key[0], r->key[1]},
                        .counter = {0, stream, r->counter[2], r->counter[3]}};
}

uint32_t dfn_philox_next(dfn_philox *r)
{
    if (!r->left) {
        dfn_philox_block(r->counter, r->key, r->out);
        r->counter[0]++;
        r->left = 4;
    }
    return r->out[--r->left];
}

double dfn_philox_unit(dfn_philox *r)
{
    return ((double)dfn_philox_next(r) + 0.5) * 0x1p-32;
}

double dfn_philox_uniform(dfn_philox *r, double min, double max)
{
    return min + (max - min) * dfn_philox_unit(r);
}

int dfn_philox_chance(dfn_philox *r, double p) { return dfn_philox_unit(r) < p; }

size_t dfn_philox_below(dfn_philox *r, size_t n)
{
    return (size_t)((uint64_t)dfn_philox_next(r) * n >> 32);
}

/* Four 16-bit numbers have a variance of 4 (2^32 - 1) / 12. */
void dfn_philox_normals(dfn_philox *r, float *x, size_t n)
{
    const float scale = (float)sqrt(3.0 / 4294967295.0);
    for (size_t i = 0; i < n; i++) {
        const uint32_t u = dfn_philox_next(r), v = dfn_philox_next(r);
        const int32_t sum =
            (int32_t)((u & 0xffff) + (u >> 16) + (v & 0xffff) + (v >> 16)) - 131070;
        x[i] = scale * (float)sum;
    }
}
