/* networks.c - the forms of networks that streams are tested with. */
#include "play.h"

#define DFNET4(name_, more)                                                                \
    {                                                                                      \
        name_, { .kind = "deepfilternet4", .config = TINY_DFNET4 more }                    \
    }
const play_network play_networks[] = {
    {"dfnet3, no lookahead", {.lookahead = 0}},
    {"dfnet3, lookahead 8", {.lookahead = 8}},
    DFNET4("dfnet4, mamba", ""),
    DFNET4("dfnet4, gru, no voice head", "backbone = gru\nvad_head = false\n"),
    DFNET4("dfnet4, lookahead 3 and 1", "conv_lookahead = 3\n[df]\ndf_lookahead = 1\n"),
    DFNET4("dfnet4, gains only", "use_df = false\nconv_lookahead = 1\n"),
    DFNET4("dfnet4, complex gain", "[df]\ndf_order = 1\n"),
    DFNET4("dfnet4, an order per group", "use_multi_res_df = true\n"),
    DFNET4("dfnet4, orders with learnt weights",
           "use_multi_res_df = true\ndf_resolution_weights = true\n"),
    DFNET4("dfnet4, adaptive order", "adaptive_order = true\nadaptive_order_max = 5\n"),
    DFNET4("dfnet4, phase branch", "use_phase_branch = true\nfusion_type = attention\n"),
    DFNET4("dfnet4, time branch", "use_time_branch = true\n"),
    DFNET4("dfnet4, both branches, lookahead 2",
           "use_time_branch = true\nuse_phase_branch = true\nfusion_type = attention\n"
           "conv_lookahead = 2\n[df]\ndf_lookahead = 2\n"),
    {NULL, {.lookahead = 0}},
};
