/* The loops of _kernel.c for vectors of LANES floats; included once for each width.
 *
 * Every sum runs over its terms in the same order whatever LANES is, and no product is fused with a
 * sum, so all widths give the same bytes.
 */

#ifndef NO_GNU_C
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

TARGET static inline NAME(vector)
NAME(add_scaled)(NAME(vector) sum, float factor, NAME(vector) values)
{
    return sum + factor * values;
}
#endif

/* One row of an axis: out[x] = sum over k of weights[k] * from[k * stride + x]. */
TARGET static void NAME(down)(const float *from, ptrdiff_t stride, const float *weights, int taps,
                              float *out, int length)
{
    int x = 0;
    for (; x + 4 * LANES <= length; x += 4 * LANES) {
        NAME(vector) a = {0}, b = {0}, c = {0}, d = {0};
        for (int k = 0; k < taps; k++) {
            const float *source = from + k * stride + x;
            a = NAME(add_scaled)(a, weights[k], NAME(load)(source));
            b = NAME(add_scaled)(b, weights[k], NAME(load)(source + LANES));
            c = NAME(add_scaled)(c, weights[k], NAME(load)(source + 2 * LANES));
            d = NAME(add_scaled)(d, weights[k], NAME(load)(source + 3 * LANES));
        }
        NAME(store)(out + x, a);
        NAME(store)(out + x + LANES, b);
        NAME(store)(out + x + 2 * LANES, c);
        NAME(store)(out + x + 3 * LANES, d);
    }
    for (; x < length; x++) {
        float sum = 0;
        for (int k = 0; k < taps; k++)
            sum += weights[k] * from[k * stride + x];
        out[x] = sum;
    }
}

/* LANES outputs of a row from `inputs` samples. */
TARGET static void NAME(row)(const float *from, const float *matrix, int inputs, float *out)
{
    NAME(vector) sum = {0};
    for (int j = 0; j < inputs; j++)
        sum = NAME(add_scaled)(sum, from[j], NAME(load)(matrix + j * LANES));
    NAME(store)(out, sum);
}

/* LANES outputs of each of AT_ONCE rows from `inputs` samples that they share: a small dense matrix
 * product. The sums have names, since not every compiler keeps an array of them in registers. */
TARGET static void NAME(rows)(const float *from, ptrdiff_t stride, const float *matrix, int inputs,
                              float *out, ptrdiff_t out_stride)
{
    NAME(vector) a = {0}, b = {0}, c = {0}, d = {0}, e = {0}, f = {0}, g = {0}, h = {0};
    for (int j = 0; j < inputs; j++) {
        const float *source = from + j;
        NAME(vector) column = NAME(load)(matrix + j * LANES);
        a = NAME(add_scaled)(a, source[0], column);
        b = NAME(add_scaled)(b, source[stride], column);
        c = NAME(add_scaled)(c, source[2 * stride], column);
        d = NAME(add_scaled)(d, source[3 * stride], column);
        e = NAME(add_scaled)(e, source[4 * stride], column);
        f = NAME(add_scaled)(f, source[5 * stride], column);
        g = NAME(add_scaled)(g, source[6 * stride], column);
        h = NAME(add_scaled)(h, source[7 * stride], column);
    }
    NAME(store)(out, a);
    NAME(store)(out + out_stride, b);
    NAME(store)(out + 2 * out_stride, c);
    NAME(store)(out + 3 * out_stride, d);
    NAME(store)(out + 4 * out_stride, e);
    NAME(store)(out + 5 * out_stride, f);
    NAME(store)(out + 6 * out_stride, g);
    NAME(store)(out + 7 * out_stride, h);
}

/* Blocks `begin` to `end` of `count` rows; `from` is the plane's first column. */
TARGET static void NAME(across)(const float *from, ptrdiff_t stride, const struct blocks *blocks,
                                int begin, int end, float *out, ptrdiff_t out_stride, int count)
{
    for (int b = begin; b < end; b++, out += LANES) {
        const float *matrix = blocks->matrices + (ptrdiff_t)b * blocks->inputs * LANES;
        const float *source = from + blocks->first[b];
        if (count == AT_ONCE) {
            NAME(rows)(source, stride, matrix, blocks->inputs, out, out_stride);
            continue;
        }
        for (int n = 0; n < count; n++)
            NAME(row)(source + n * stride, matrix, blocks->inputs, out + n * out_stride);
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
