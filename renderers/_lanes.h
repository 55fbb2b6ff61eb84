/* The loops of _kernel.c for vectors of LANES floats; included once for each width.
 *
 * Every sum runs over its terms in the same order whatever LANES is, and no product is fused with a
 * sum, so all widths give the same bytes.
 */

typedef float NAME(vector) __attribute__((vector_size(LANES * sizeof(float))));

TARGET static inline NAME(vector) NAME(load)(const float *from)
{
    NAME(vector) values;
    memcpy(&values, from, sizeof values);
    return values;
}

TARGET static inline void NAME(store)(float *to, NAME(vector) values)
{
    memcpy(to, &values, sizeof values);
}

/* One row of an axis: out[x] = sum over k of weights[k] * from[k * stride + x]. */
TARGET static void NAME(down)(const float *from, ptrdiff_t stride, const float *weights, int taps,
                              float *out, int length)
{
    int x = 0;
    for (; x + 4 * LANES <= length; x += 4 * LANES) {
        NAME(vector) sums[4] = {0};
        for (int k = 0; k < taps; k++) {
            const float *source = from + k * stride + x;
            for (int n = 0; n < 4; n++)
                sums[n] += weights[k] * NAME(load)(source + n * LANES);
        }
        for (int n = 0; n < 4; n++)
            NAME(store)(out + x + n * LANES, sums[n]);
    }
    for (; x < length; x++) {
        float sum = 0;
        for (int k = 0; k < taps; k++)
            sum += weights[k] * from[k * stride + x];
        out[x] = sum;
    }
}

/* LANES outputs of each of `count` rows from `inputs` samples that they share: a small dense matrix
 * product. `count` is a constant where this is inlined. */
TARGET static inline __attribute__((always_inline)) void
NAME(block)(const float *from, ptrdiff_t stride, const float *matrix, int inputs, float *out,
            ptrdiff_t out_stride, const int count)
{
    NAME(vector) sums[AT_ONCE] = {0};
    for (int j = 0; j < inputs; j++) {
        NAME(vector) column = NAME(load)(matrix + j * LANES);
        for (int n = 0; n < count; n++)
            sums[n] += from[n * stride + j] * column;
    }
    for (int n = 0; n < count; n++)
        NAME(store)(out + n * out_stride, sums[n]);
}

/* Blocks `begin` to `end` of `count` rows; `from` is the plane's first column. */
TARGET static void NAME(across)(const float *from, ptrdiff_t stride, const struct blocks *blocks,
                                int begin, int end, float *out, ptrdiff_t out_stride, int count)
{
    for (int b = begin; b < end; b++, out += LANES) {
        const float *matrix = blocks->matrices + (ptrdiff_t)b * blocks->inputs * LANES;
        const float *source = from + blocks->first[b];
        if (count == AT_ONCE) {
            NAME(block)(source, stride, matrix, blocks->inputs, out, out_stride, AT_ONCE);
            continue;
        }
        for (int n = 0; n < count; n++)
            NAME(block)(source + n * stride, stride, matrix, blocks->inputs, out + n * out_stride,
                        out_stride, 1);
    }
}

/* Dithered rounding to 8 bits. */
TARGET static void NAME(round)(const float *from, const float *noise, uint8_t *out, int length)
{
    for (int x = 0; x < length; x++) {
        float level = from[x] + noise[x];
        level = level > 0 ? level : 0;
        level = level < 255 ? level : 255;
        out[x] = (uint8_t)(int)level;
    }
}

#undef LANES
#undef TARGET
#undef NAME
