/* lanes_error.h - what separates two spectra of 16 frames side by side (lanes.h), and its
 * gradient, from their complex transforms, whose numbers lie in `place`.
 *
 * Before it is included: sums, which bin() adds the errors of a vector of bins to;
 * static inline void bin(sums *e, cx *d, cx y, cx s, const REAL *c, REAL g), where d gets the
 * gradient. */
#ifndef DFN_LANES_ERROR_H
#define DFN_LANES_ERROR_H

/* Two transforms, places, and exp(-pi j k / n), see lanes_error in sigs.h. */
typedef struct lanes_pair {
    REAL *y;
    const REAL *s;
    const int *place;
    const REAL *w, *c;
    REAL g;
    int n, bins;
    bool grad;
} lanes_pair;

static const cx no_gradient = {0};

/* Numbers 0 and n, which are real, at lane j. */
static inline void lanes_ends(sums *e, const lanes_pair *p, int j)
{
    const vf zero = vf_set(0);
    const cx y = cx_load(p->y + j), s = cx_load(p->s + j);
    cx first = no_gradient, last = no_gradient;
    if (p->bins > 0)
        bin(e, &first, (cx){y.re + y.im, zero}, (cx){s.re + s.im, zero}, p->c, p->g);
    if (p->bins > p->n)
        bin(e, &last, (cx){y.re - y.im, zero}, (cx){s.re - s.im, zero}, p->c, p->g);
    if (p->grad)
        cx_store(p->y + j, (cx){first.re - last.re, first.re + last.re});
}

/* Numbers k and n - k, at lane j; they are one for k = n / 2. */
static inline void lanes_two(sums *e, const lanes_pair *p, int k, int j)
{
    const size_t up = (size_t)p->place[k] * ROW + (size_t)j;
    const size_t down = (size_t)p->place[p->n - k] * ROW + (size_t)j;
    const REAL *w = p->w + 2 * k;
    cx y[2], s[2], d[2];
    lanes_split(&y[0], &y[1], cx_load(p->y + up), cx_load(p->y + down), w);
    lanes_split(&s[0], &s[1], cx_load(p->s + up), cx_load(p->s + down), w);
    bin(e, &d[0], y[0], s[0], p->c, p->g);
    d[1] = up == down ? d[0] : no_gradient;
    if (up != down && p->n - k < p->bins)
        bin(e, &d[1], y[1], s[1], p->c, p->g);
    if (!p->grad)
        return;
    lanes_join(&y[0], &y[1], d[0], d[1], w);
    cx_store(p->y + down, y[1]);
    cx_store(p->y + up, y[0]);
}

static inline void lanes_none(const lanes_pair *p, int k, int j)
{
    cx_store(p->y + (size_t)p->place[k] * ROW + (size_t)j, no_gradient);
    cx_store(p->y + (size_t)p->place[p->n - k] * ROW + (size_t)j, no_gradient);
}

static inline void lanes_compare(sums *e, const lanes_pair *p)
{
    for (int j = 0; j < DFN_LANES; j += VF)
        lanes_ends(e, p, j);
    const int middle = p->n / 2, last = p->bins - 1 < middle ? p->bins - 1 : middle;
    for (int k = 1; k <= last; k++)
        for (int j = 0; j < DFN_LANES; j += VF)
            lanes_two(e, p, k, j);
    for (int k = last < 1 ? 1 : last + 1; p->grad && k <= middle; k++)
        for (int j = 0; j < DFN_LANES; j += VF)
            lanes_none(p, k, j);
}

#endif
