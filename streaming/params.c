/* params.c - what other threads may say to a stream and ask it, at any time. */
#include "state.h"

#include <math.h>

static const dfn_param_info info[DFN_PARAM_COUNT] = {
#define DFN_PARAM(symbol_, NAME, label_, unit_, min_, max_, def_, help_)                   \
    {.symbol = #symbol_,                                                                   \
     .label = label_,                                                                      \
     .unit = unit_,                                                                        \
     .help = help_,                                                                        \
     .min = (float)(min_),                                                                 \
     .max = (float)(max_),                                                                 \
     .def = (float)(def_)},
#include <dfnet4/params.def>
#undef DFN_PARAM
};

const dfn_param_info *dfn_param_get_info(dfn_param p)
{
    return (unsigned)p < DFN_PARAM_COUNT ? &info[p] : NULL;
}

void dfn_stream_set(dfn_stream *s, dfn_param p, float value)
{
    if ((unsigned)p >= DFN_PARAM_COUNT || isnan(value))
        return;
    if (value < info[p].min)
        value = info[p].min;
    if (value > info[p].max)
        value = info[p].max;
    atomic_store_explicit(&s->param[p], value, memory_order_relaxed);
}

float dfn_stream_get(const dfn_stream *s, dfn_param p)
{
    if ((unsigned)p >= DFN_PARAM_COUNT)
        return 0;
    return atomic_load_explicit(&s->param[p], memory_order_relaxed);
}

void dfn_stream_overload(dfn_stream *s, bool overloaded)
{
    atomic_store_explicit(&s->overloaded, overloaded, memory_order_relaxed);
}

float dfn_stream_meter(const dfn_stream *s, dfn_meter m)
{
    if ((unsigned)m >= DFN_METER_COUNT)
        return 0;
    return atomic_load_explicit(&s->meter[m], memory_order_relaxed);
}

int dfn_stream_latency(const dfn_stream *s) { return s->latency; }
