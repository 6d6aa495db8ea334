/* sigs.h - every kernel's signature, once: DFN_KERNEL(name, (arguments)). Included several
 * times on purpose (prototypes, table members, table entries), hence no include guard.
 *
 * Rules for every kernel
 *   - arguments: outputs, then inputs, then sizes; sizes are >= 1;
 *   - forward overwrites its outputs, backward ADDS into its outputs; an output of a
 * backward that may be NULL says so;
 *   - arrays are dense, row-major, and do not overlap; complex is a last dimension of 2;
 *   - int indices are enough: no value or weight has more than INT_MAX numbers;
 *   - no allocation, no globals, no errors: the caller has checked everything. */

/* ---- layers ----------------------------------------------------------------------- */

/* matmul.c     c[M][N] = A B, or += with `add`; A is a[M][K], or a[K][M]^T with `at`, B is
 * b[K][N], or b[N][K]^T with `bt`; rows are lda, ldb, ldc numbers apart */
DFN_KERNEL(matmul, (REAL *restrict c, const REAL *restrict a, const REAL *restrict b, int M,
                    int N, int K, int lda, int ldb, int ldc, bool at, bool bt, bool add))

/* matmul_bf16  the same of numbers rounded to bfloat16, unless it is small (matmul.h) */
DFN_KERNEL(matmul_bf16,
           (REAL *restrict c, const REAL *restrict a, const REAL *restrict b, int M, int N,
            int K, int lda, int ldb, int ldc, bool at, bool bt, bool add))

/* gemm.c       products with packed weights (packed.h), N rows of G groups: rows of x and y
 * are ldx and ldy numbers apart. x for bf16 and int8 is made by the two others:
 *              h[N][G][whole units], q likewise, with one scale per row */
DFN_KERNEL(gemm_f32, (REAL *restrict y, const REAL *restrict x, const dfn_packed *w, int N,
                      int ldx, int ldy))
/* gemm_overlap: a kernel of kt frames and few outputs, w is G x I x kt O: sums[N][G][kt][O]
 * move on by one frame, x W + b is added, and y[N][G][O] are the first, which are due */
DFN_KERNEL(gemm_overlap, (REAL *restrict y, REAL *restrict sums, const REAL *restrict x,
                          const dfn_packed *w, int N, int kt))
DFN_KERNEL(gemm_overlap_bf16,
           (REAL *restrict y, REAL *restrict sums, const uint16_t *restrict h,
            const dfn_packed *w, int N, int kt))
DFN_KERNEL(gemm_bf16, (REAL *restrict y, const uint16_t *restrict h, const dfn_packed *w,
                       int N, int ldy))
DFN_KERNEL(gemm_int8, (REAL *restrict y, const int8_t *restrict q,
                       const float *restrict scale, const dfn_packed *w, int N, int ldy))
DFN_KERNEL(round_bf16,
           (uint16_t *restrict h, const REAL *restrict x, int N, int G, int I, int ldx))
DFN_KERNEL(quantize_int8, (int8_t *restrict q, float *restrict scale,
                           const REAL *restrict x, int N, int G, int I, int ldx))

/* activation.c  y[n] = act(x[n]), y and x may be the same array; backward reads x and y.
 * Without `add` it overwrites dx, which then may be dy */
DFN_KERNEL(activation_fwd,
           (REAL * y, const REAL *x, dfn_activation act, REAL alpha, size_t n))
DFN_KERNEL(activation_bwd, (REAL * dx, const REAL *dy, const REAL *x, const REAL *y,
                            dfn_activation act, REAL alpha, bool add, size_t n))

/* ---- convolutions ----------------------------------------------------------------- */

/* conv_window.c  the kt frames x[d] that one output frame sees, NULL for zeros; nc of the C
 *                channels of F bins; windows p[Fo][kt][kf][nc], w[kt][kf][C]; b, dx and dw
 *                may be NULL. narrow: y[N][O] = p[N][K] w[K][O] + b, rows `stride` apart */
DFN_KERNEL(conv_windows, (REAL *restrict p, const REAL *const *x, int nc, int F, int C,
                          int Fo, int kt, int kf, int stride, int pad))
/* y[n][times] = x[n] */
DFN_KERNEL(conv_repeat, (REAL *restrict y, const REAL *restrict x, int n, int times))
DFN_KERNEL(conv_scatter, (REAL *const *dx, const REAL *restrict dp, int nc, int F, int C,
                          int Fo, int kt, int kf, int stride, int pad))
DFN_KERNEL(conv_narrow_fwd,
           (REAL *restrict y, const REAL *restrict p, const REAL *restrict w,
            const REAL *restrict b, int N, int K, int O, int stride))
DFN_KERNEL(conv_depthwise_fwd, (REAL *restrict y, const REAL *const *x,
                                const REAL *restrict w, const REAL *restrict b, int F,
                                int C, int Fo, int kt, int kf, int stride, int pad))
DFN_KERNEL(conv_depthwise_bwd, (REAL *const *dx, REAL *restrict dw, const REAL *restrict dy,
                                const REAL *const *x, const REAL *restrict w, int F, int C,
                                int Fo, int kt, int kf, int stride, int pad))

/* conv_along.c  the same of frames x[kt] of F rows of G groups, NULL for zeros, without a
 *               kernel along the bins; w[kt][I][G][O], dw[kt][O][G][I]; b may be NULL; with
 *               `add`, y is added to. n frames y[n][F][G][O] see x[0 .. kt - 1], x[1 .. kt], .. */
DFN_KERNEL(conv_along_fwd,
           (REAL *restrict y, const REAL *const *x, const REAL *restrict w,
            const REAL *restrict b, int F, int G, int I, int O, int kt, int n, bool add))
DFN_KERNEL(conv_along_dw, (REAL *restrict dw, const REAL *restrict dy, const REAL *const *x,
                           int F, int G, int I, int O, int kt))

/* avg_pool1d.c  averages of `size` of N positions of C channels, every `hop` */
DFN_KERNEL(avg_pool_fwd, (REAL *restrict y, const REAL *restrict x, int To, int N, int C,
                          int size, int hop, int pad))
DFN_KERNEL(avg_pool_bwd, (REAL *restrict dx, const REAL *restrict dy, int To, int N, int C,
                          int size, int hop, int pad))

/* ---- norms, element-wise, shapes -------------------------------------------------- */

/* add.c, mul.c  y = a + b, y = a b over four axes n with the steps sa, sb of broadcast.h.
 * a and b may be the same array, and so may da and db */
DFN_KERNEL(add_fwd, (REAL *restrict y, const REAL *a, const REAL *b, const int *n,
                     const int *sa, const int *sb))
DFN_KERNEL(add_bwd, (REAL * da, REAL *db, const REAL *restrict dy, const int *n,
                     const int *sa, const int *sb))
DFN_KERNEL(mul_fwd, (REAL *restrict y, const REAL *a, const REAL *b, const int *n,
                     const int *sa, const int *sb))
DFN_KERNEL(mul_bwd, (REAL * da, REAL *db, const REAL *restrict dy, const REAL *a,
                     const REAL *b, const int *n, const int *sa, const int *sb))

/* affine.c     y[n] = alpha x[n] + beta */
DFN_KERNEL(affine_fwd,
           (REAL *restrict y, const REAL *restrict x, REAL alpha, REAL beta, size_t n))
DFN_KERNEL(affine_bwd, (REAL *restrict dx, const REAL *restrict dy, REAL alpha, size_t n))

/* batch_norm.c  statistics of x[N][C] per channel, and y = (x - mean) / sqrt(var + eps) w +
 * b; `relu`: where that is above 0, elsewhere 0. `batch`: mean and var depend on x. dw and db
 * may be NULL. Backward without `add` overwrites dx, which then may be dy */
DFN_KERNEL(batch_norm_stats,
           (REAL *restrict mean, REAL *restrict var, const REAL *restrict x, int N, int C))
DFN_KERNEL(batch_norm_fwd,
           (REAL *restrict y, const REAL *restrict x, const REAL *restrict mean,
            const REAL *restrict var, const REAL *restrict w, const REAL *restrict b,
            REAL eps, bool relu, int N, int C))
DFN_KERNEL(batch_norm_bwd,
           (REAL * dx, REAL *restrict dw, REAL *restrict db, const REAL *dy,
            const REAL *restrict x, const REAL *restrict mean, const REAL *restrict var,
            const REAL *restrict w, const REAL *restrict b, REAL eps, bool batch, bool add,
            bool relu, int N, int C))

/* layer_norm.c  the same along each row of x[N][D]; dw and db may be NULL */
DFN_KERNEL(layer_norm_fwd,
           (REAL *restrict y, const REAL *restrict x, const REAL *restrict w,
            const REAL *restrict b, REAL eps, int N, int D))
DFN_KERNEL(layer_norm_bwd, (REAL *restrict dx, REAL *restrict dw, REAL *restrict db,
                            const REAL *restrict dy, const REAL *restrict x,
                            const REAL *restrict w, REAL eps, int N, int D))

/* softmax.c    y[N][D] = softmax of each row of x; backward reads y */
DFN_KERNEL(softmax_fwd, (REAL *restrict y, const REAL *restrict x, int N, int D))
DFN_KERNEL(softmax_bwd, (REAL *restrict dx, const REAL *restrict dy, const REAL *restrict y,
                         int N, int D))

/* ---- along time: recurrent, state space, attention -------------------------------- */

/* gru.c        one frame: y[H] from h[H] and both halves' sums gx, gh[3H]; gates[4H] keeps
 * what backward needs and may be NULL. Backward adds into dh and overwrites dgx and dgh. */
DFN_KERNEL(gru_gates_fwd, (REAL *restrict y, REAL *restrict gates, const REAL *restrict gx,
                           const REAL *restrict gh, const REAL *restrict h, int H))
DFN_KERNEL(gru_gates_bwd, (REAL *restrict dgx, REAL *restrict dgh, REAL *restrict dh,
                           const REAL *restrict dy, const REAL *restrict gates,
                           const REAL *restrict h, int H))

/* selective_scan.c  T frames: y[T][M], h[N][M] moves on; rate[N][M] = exp(A_log) / ln 2 */
DFN_KERNEL(scan_fwd,
           (REAL *restrict y, REAL *restrict h, const REAL *restrict u,
            const REAL *restrict delta, const REAL *restrict b, const REAL *restrict c,
            const REAL *restrict rate, const REAL *restrict d, int T, int M, int N))
/* the same T frames backwards, from h before them; dh[N][M] moves back. drate[N][M] (of
 * A_log) and dd may be NULL; du and ddelta, and db and dc, may be one array. work: the
 * larger of 2 T N M and 256 (T + 17) numbers */
DFN_KERNEL(scan_bwd,
           (REAL * du, REAL *ddelta, REAL *db, REAL *dc, REAL *restrict drate,
            REAL *restrict dd, REAL *restrict dh, REAL *restrict work,
            const REAL *restrict dy, const REAL *restrict h, const REAL *restrict u,
            const REAL *restrict delta, const REAL *restrict b, const REAL *restrict c,
            const REAL *restrict rate, const REAL *restrict d, int T, int M, int N))

/* attention.c  one query and one key or value of `heads` heads of `width` numbers:
 * s[heads] = scale q.k, y += p[heads] v; backward of both. dq and dk may be one array
 * (self-attention) */
DFN_KERNEL(attention_score, (REAL *restrict s, const REAL *restrict q,
                             const REAL *restrict k, REAL scale, int heads, int width))
DFN_KERNEL(attention_mix, (REAL *restrict y, const REAL *restrict p, const REAL *restrict v,
                           int heads, int width))
DFN_KERNEL(attention_score_bwd,
           (REAL * dq, REAL *dk, const REAL *restrict ds, const REAL *restrict q,
            const REAL *restrict k, REAL scale, int heads, int width))
DFN_KERNEL(attention_mix_bwd,
           (REAL *restrict dp, REAL *restrict dv, const REAL *restrict dy,
            const REAL *restrict p, const REAL *restrict v, int heads, int width))

/* weighted_sum.c  y[n] = sum over k < n_in of p[k] x[k][n]; backward of one input */
DFN_KERNEL(weighted_sum_fwd, (REAL *restrict y, const REAL *const *x,
                              const REAL *restrict p, int n_in, size_t n))
DFN_KERNEL(weighted_sum_bwd, (REAL *restrict dx, REAL *restrict dp, const REAL *restrict dy,
                              const REAL *restrict x, const REAL *restrict p, size_t n))

/* ---- spectra ---------------------------------------------------------------------- */

/* erb_gain.c   y[f] = g[band of f] x[f]; one frame, sum of widths[E] bins; dx may be NULL
 */
DFN_KERNEL(erb_gain_fwd, (REAL *restrict y, const REAL *restrict x, const REAL *restrict g,
                          const int *widths, int E))
DFN_KERNEL(erb_gain_bwd,
           (REAL *restrict dx, REAL *restrict dg, const REAL *restrict dy,
            const REAL *restrict x, const REAL *restrict g, const int *widths, int E))

/* deep_filter.c  y[f] = sum_k c[f bin_step + k tap_step] x[k][f]; one frame, one group; x
 * and dx are `order` pointers to frames, the newest last; dx may be NULL */
DFN_KERNEL(deep_filter_fwd, (REAL *restrict y, const REAL *restrict c, const REAL *const *x,
                             int bins, int order, int bin_step, int tap_step))
DFN_KERNEL(deep_filter_bwd, (REAL *restrict dc, REAL *const *dx, const REAL *restrict dy,
                             const REAL *restrict c, const REAL *const *x, int bins,
                             int order, int bin_step, int tap_step))

/* erb_feature.c, unit_norm.c  one frame; s[] is the running mean, moved on. Backward: ds in
 * is the gradient of s after the frame, out of s before it; unit_norm reads s after it */
DFN_KERNEL(erb_feature_fwd, (REAL *restrict y, REAL *restrict s, const REAL *restrict x,
                             const int *widths, int E, REAL alpha))
DFN_KERNEL(erb_feature_bwd, (REAL *restrict dx, REAL *restrict ds, const REAL *restrict dy,
                             const REAL *restrict x, const int *widths, int E, REAL alpha))
DFN_KERNEL(unit_norm_fwd,
           (REAL *restrict y, REAL *restrict s, const REAL *restrict x, int n, REAL alpha))
DFN_KERNEL(unit_norm_bwd,
           (REAL *restrict dx, REAL *restrict ds, const REAL *restrict dy,
            const REAL *restrict x, const REAL *restrict s, int n, REAL alpha))

/* complex_*.c  element-wise on n complex numbers. a and b may be the same array, and so may
 * da and db; sign is 1, or -1 to conjugate b */
DFN_KERNEL(complex_mul_fwd,
           (REAL *restrict y, const REAL *a, const REAL *b, REAL sign, size_t n))
DFN_KERNEL(complex_mul_bwd, (REAL * da, REAL *db, const REAL *restrict dy, const REAL *a,
                             const REAL *b, REAL sign, size_t n))
DFN_KERNEL(complex_abs_fwd, (REAL *restrict y, const REAL *restrict x, size_t n))
DFN_KERNEL(complex_abs_bwd, (REAL *restrict dx, const REAL *restrict dy,
                             const REAL *restrict x, const REAL *restrict y, size_t n))
DFN_KERNEL(complex_compress_fwd,
           (REAL *restrict y, const REAL *restrict x, REAL g, size_t n))
DFN_KERNEL(complex_compress_bwd, (REAL *restrict dx, const REAL *restrict dy,
                                  const REAL *restrict x, REAL g, size_t n))
DFN_KERNEL(complex_unit_fwd, (REAL *restrict y, const REAL *restrict x, REAL e, size_t n))
DFN_KERNEL(complex_unit_bwd, (REAL *restrict dx, const REAL *restrict dy,
                              const REAL *restrict x, REAL e, size_t n))

/* spectral_error.c  what separates two complex spectra of n bins, compressed by g as in
 * complex_compress: e[3] = sums of squares of magnitudes where y has more than s, of those
 * where it has less, and of complex differences. dy, which may be NULL: the gradient of
 * c[0] e[0] + c[1] e[1] + c[2] e[2] is added */
DFN_KERNEL(spectral_error,
           (REAL *restrict e, REAL *restrict dy, const REAL *restrict y,
            const REAL *restrict s, const REAL *restrict c, REAL g, size_t n))

/* the same of real transforms of 2n samples of frames side by side, whose complex transforms
 * y, s[n][2][DFN_LANES] have their number k in place[k] (0 in 0), bins 0 .. `bins` - 1 of n + 1;
 * w[n / 2 + 1][2] are exp(-pi j k / n). With `grad`, y becomes what gives the gradient of the
 * samples when it is transformed back, see lanes.h */
DFN_KERNEL(lanes_error,
           (REAL *restrict e, REAL *restrict y, const REAL *restrict s, const int *place,
            const REAL *w, const REAL *c, REAL g, int n, int bins, bool grad))

/* lanes.c      transforms of up to 16 frames side by side, see lanes.h. gather:
 * y[n][DFN_LANES] = w[n] times the frames of n of x, `hop` apart, and 0 in the lanes left
 * over; scatter: x += its transpose, of y[n] with rows 2i and 2i + 1 exchanged */
DFN_KERNEL(lanes_gather, (REAL *restrict y, const REAL *restrict x, const REAL *restrict w,
                          int n, int hop, int lanes))
DFN_KERNEL(lanes_scatter, (REAL *restrict x, const REAL *restrict y, const REAL *restrict w,
                           int n, int hop, int lanes))
/* one pass of complex x[blocks][radix][m][2][DFN_LANES], in place, w[m][radix - 1][2], or its
 * transpose */
DFN_KERNEL(lanes_pass, (REAL *restrict x, const REAL *restrict w, int radix, int m,
                        int blocks, bool back))
