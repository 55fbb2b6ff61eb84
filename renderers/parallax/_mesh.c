/* The inner loop of mesh.py: draw layers, each through a warp mesh, onto one plane of a frame.

   One pass over the frame without lookup maps: positions are interpolated between nodes in fixed point
   (16.16), samples bilinearly between neighbours, and the sum is dithered to 8 bits at once. The
   layers' mattes decide for each cell which of them are sampled. Both planes of chroma share their
   positions, and are drawn together. */

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>

/* No fused products, with flags or without; GCC knows only -ffp-contract=off. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

/* Cells have eight by eight pixels: of luma between two nodes, of chroma between every other node. */
enum { CELL = 8, BLOCK = 16, NOISE_ROWS = 64, LEVEL_BITS = 22, OPAQUE = 4096, MOST_LAYERS = 4 };
/* Cells drawn abreast, row by row: reading along the rows of a layer is what caches foresee. */
enum { ABREAST = 64 };

typedef struct {
    const uint8_t *values, *range;
    Py_ssize_t stride, range_columns, readable; /* readable: in bytes, as below */
} matte_t;

typedef struct {
    const int16_t *samples[2]; /* of luma, or of both planes of chroma */
    Py_ssize_t stride, readable; /* readable: bytes of a plane */
    const float *x, *y;          /* of the nodes, in samples of the layer's luma */
    matte_t matte;               /* of all but the background */
} layer_t;

/* A position that moves along a row: 16.16. */
typedef struct {
    int32_t x, y, dx, dy;
} walk_t;

/* 255 levels of 64 units, times 65536, are less than 2^30: headroom for overshoots of filters. */
static inline int32_t sample(const int16_t *samples, Py_ssize_t stride, int32_t x, int32_t y)
{
    const int16_t *at = samples + (Py_ssize_t)(y >> 16) * stride + (x >> 16);
    int32_t across = (x >> 8) & 255, down = (y >> 8) & 255;
    int32_t top = at[0] * 256 + (at[1] - at[0]) * across;
    int32_t bottom = at[stride] * 256 + (at[stride + 1] - at[stride]) * across;
    return top * 256 + (bottom - top) * down;
}

/* 0..OPAQUE */
static inline int32_t opacity(const uint8_t *values, Py_ssize_t stride, int32_t x, int32_t y)
{
    const uint8_t *at = values + (Py_ssize_t)(y >> 16) * stride + (x >> 16);
    int32_t across = (x >> 8) & 255, down = (y >> 8) & 255;
    int32_t top = at[0] * 256 + (at[1] - at[0]) * across;
    int32_t bottom = at[stride] * 256 + (at[stride + 1] - at[stride]) * across;
    return ((top * 256 + (bottom - top) * down) >> 8) * 4113 >> 16;
}

/* One layer along the rows of a cell: x and y at the left and right end of the first row, and their
   change to the row after the last. */
typedef struct {
    const layer_t *layer;
    float ends[4], falls[4];
} strip_t;

/* The positions of a row of a cell; `down` is 0 at its upper nodes and 1 at its lower ones. */
static inline walk_t walk(const strip_t *strip, float down)
{
    float ends[4];
    for (int n = 0; n < 4; n++)
        ends[n] = strip->ends[n] + strip->falls[n] * down;
    walk_t made = {
        (int32_t)(ends[0] * 65536.0f),
        (int32_t)(ends[1] * 65536.0f),
        (int32_t)((ends[2] - ends[0]) * (65536.0f / CELL)),
        (int32_t)((ends[3] - ends[1]) * (65536.0f / CELL)),
    };
    return made;
}

/* From positions in luma to chroma: sample (i, j) is sited at luma column 2i and row 2j + 1/2. */
static inline walk_t halved(walk_t luma)
{
    walk_t made = {luma.x >> 1, (luma.y - 32768) >> 1, luma.dx >> 1, luma.dy >> 1};
    return made;
}

/* A run of pixels along a row of a cell, and the layers visible there, back to front. There is one plane
   of luma, and two of chroma. */
typedef struct {
    strip_t strips[MOST_LAYERS];
    int layers, count, planes;
    float down; /* of the row, as in `walk` */
    const int32_t *noise;
    uint8_t *out[2];
} run_t;

/* Filters overshoot: levels may be slightly outside 0 to 255. */
static inline uint8_t finished(int32_t level)
{
    level >>= LEVEL_BITS;
    return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

typedef void (*loop_t)(const run_t *);

static void loop(const run_t *run)
{
    for (int plane = 0; plane < run->planes; plane++) {
        int32_t levels[CELL];
        for (const strip_t *strip = run->strips; strip < run->strips + run->layers; strip++) {
            const layer_t *layer = strip->layer;
            walk_t over = walk(strip, run->down), at = run->planes > 1 ? halved(over) : over;
            for (int n = 0; n < run->count; n++) {
                int32_t nearer = sample(layer->samples[plane], layer->stride, at.x, at.y);
                int32_t cover = OPAQUE;
                if (strip > run->strips)
                    cover = opacity(layer->matte.values, layer->matte.stride, over.x, over.y);
                if (cover == OPAQUE)
                    levels[n] = nearer;
                else
                    levels[n] += ((nearer - levels[n]) >> 12) * cover;
                at.x += at.dx, at.y += at.dy;
                over.x += over.dx, over.y += over.dy;
            }
        }
        for (int n = 0; n < run->count; n++)
            run->out[plane][n] = finished(levels[n] + run->noise[n]);
    }
}

/* Scalar with MSVC, or if NO_GNU_C is defined. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(NO_GNU_C)
/* The same for eight pixels at a time, bit for bit: all of it is integer arithmetic. */
#include <immintrin.h>
#define WIDE __attribute__((target("avx2"))) static inline

/* `walk`, all four at once. */
WIDE __m128i walk4(const strip_t *strip, float down)
{
    __m128 ends = _mm_add_ps(_mm_loadu_ps(strip->ends),
                             _mm_mul_ps(_mm_loadu_ps(strip->falls), _mm_set1_ps(down)));
    __m128 run = _mm_sub_ps(_mm_movehl_ps(ends, ends), ends);
    __m128i first = _mm_cvttps_epi32(_mm_mul_ps(ends, _mm_set1_ps(65536.0f)));
    __m128i step = _mm_cvttps_epi32(_mm_mul_ps(run, _mm_set1_ps(65536.0f / CELL)));
    return _mm_unpacklo_epi64(first, step);
}

WIDE walk_t stored(__m128i walk)
{
    walk_t made;
    _mm_storeu_si128((__m128i *)&made, walk);
    return made;
}

/* `halved`, all four at once. */
WIDE __m128i halved4(__m128i luma)
{
    return _mm_srai_epi32(_mm_sub_epi32(luma, _mm_setr_epi32(0, 32768, 0, 0)), 1);
}

/* Eight positions of a walk. */
WIDE __m256i places(int32_t first, int32_t step)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_add_epi32(_mm256_set1_epi32(first),
                            _mm256_mullo_epi32(lanes, _mm256_set1_epi32(step)));
}

/* Pairs of 16-bit weights, 256 - f and f, of the fractions of positions. */
WIDE __m256i weights(__m256i x)
{
    __m256i across = _mm256_and_si256(_mm256_srai_epi32(x, 8), _mm256_set1_epi32(255));
    return _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(256), across),
                           _mm256_slli_epi32(across, 16));
}

WIDE __m256i between(__m256i top, __m256i bottom, __m256i y)
{
    __m256i down = _mm256_and_si256(_mm256_srai_epi32(y, 8), _mm256_set1_epi32(255));
    return _mm256_add_epi32(_mm256_slli_epi32(top, 8),
                            _mm256_mullo_epi32(_mm256_sub_epi32(bottom, top), down));
}

WIDE __m256i index_of(__m256i x, __m256i y, Py_ssize_t stride)
{
    return _mm256_add_epi32(
        _mm256_mullo_epi32(_mm256_srai_epi32(y, 16), _mm256_set1_epi32((int)stride)),
        _mm256_srai_epi32(x, 16));
}

/* Where eight samples lie, each with its right neighbour. Four neighbours in a row and their right ones
   nearly always lie in sixteen bytes: a load and a shuffle replace four of a gather's loads. */
typedef struct {
    Py_ssize_t first, fifth;
    __m256i index, pick, pair, y;
    int is_near;
} spots_t;

/* Whether eight positions lie in one row, at most `reach` samples apart. */
static inline int is_near(walk_t at, int32_t reach)
{
    return at.y >> 16 == (at.y + 7 * at.dy) >> 16 && (uint32_t)at.dx <= (uint32_t)reach << 16;
}

/* For each position, its distance in samples from the first one of its half, in all four bytes. */
WIDE __m256i steps8(__m256i x)
{
    const __m256i copies = _mm256_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12,
                                            0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12);
    __m256i whole = _mm256_srai_epi32(x, 16);
    return _mm256_shuffle_epi8(_mm256_sub_epi32(whole, _mm256_shuffle_epi32(whole, 0)), copies);
}

/* `bytes` of a sample, and the number of `readable` bytes of a plane. */
WIDE spots_t spots8(walk_t at, Py_ssize_t stride, int bytes, Py_ssize_t readable)
{
    __m256i x = places(at.x, at.dx), y = places(at.y, at.dy);
    spots_t made;
    Py_ssize_t row = (Py_ssize_t)(at.y >> 16) * stride;
    made.pair = weights(x), made.y = y;
    made.first = row + (at.x >> 16), made.fifth = row + ((at.x + 4 * at.dx) >> 16);
    made.is_near = is_near(at, bytes == 2 ? 2 : 4) &&
                   (made.fifth + stride) * bytes + 16 <= readable;
    if (!made.is_near)
        made.index = index_of(x, y, stride);
    else if (bytes == 2) {
        __m256i steps = steps8(x);
        made.pick = _mm256_add_epi8(_mm256_add_epi8(steps, steps), _mm256_set1_epi32(0x03020100));
    } else /* As words: the high bytes are zero. */
        made.pick = _mm256_add_epi8(steps8(x), _mm256_set1_epi32((int)0x80018000));
    return made;
}

WIDE __m256i halves(const void *low, const void *high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)),
                                   _mm_loadu_si128(high), 1);
}

WIDE __m256i samples8(const layer_t *layer, int plane, const spots_t *at)
{
    const int16_t *samples = layer->samples[plane], *under = samples + layer->stride;
    __m256i top, bottom;
    if (at->is_near) {
        top = _mm256_shuffle_epi8(halves(samples + at->first, samples + at->fifth), at->pick);
        bottom = _mm256_shuffle_epi8(halves(under + at->first, under + at->fifth), at->pick);
    } else {
        top = _mm256_i32gather_epi32((const int *)samples, at->index, 2);
        bottom = _mm256_i32gather_epi32((const int *)under, at->index, 2);
    }
    return between(_mm256_madd_epi16(top, at->pair), _mm256_madd_epi16(bottom, at->pair), at->y);
}

WIDE __m256i opacities8(const matte_t *matte, walk_t over)
{
    const __m256i spread = _mm256_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1,
                                            0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1);
    const uint8_t *values = matte->values, *under = values + matte->stride;
    spots_t at = spots8(over, matte->stride, 1, matte->readable);
    __m256i top, bottom, pick = spread;
    if (at.is_near) {
        top = halves(values + at.first, values + at.fifth);
        bottom = halves(under + at.first, under + at.fifth);
        pick = at.pick;
    } else {
        /* Positions keep two samples away from the last row, so that no load goes past the end. */
        top = _mm256_i32gather_epi32((const int *)values, at.index, 1);
        bottom = _mm256_i32gather_epi32((const int *)under, at.index, 1);
    }
    top = _mm256_madd_epi16(_mm256_shuffle_epi8(top, pick), at.pair);
    bottom = _mm256_madd_epi16(_mm256_shuffle_epi8(bottom, pick), at.pair);
    __m256i cover = _mm256_srai_epi32(between(top, bottom, at.y), 8);
    return _mm256_srai_epi32(_mm256_mullo_epi32(cover, _mm256_set1_epi32(4113)), 16);
}

WIDE void finish8(__m256i level, const int32_t *noise, uint8_t *out)
{
    __m256i grain = _mm256_loadu_si256((const __m256i *)noise);
    __m256i levels = _mm256_srai_epi32(_mm256_add_epi32(level, grain), LEVEL_BITS);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(levels),
                                    _mm256_extracti128_si256(levels, 1));
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
}

/* From the front layer to the first opaque one: most of a matte is clear or opaque, and occluded layers
   are not sampled. */
__attribute__((target("avx2"))) static void loop8(const run_t *run)
{
    if (run->count != 8) {
        loop(run);
        return;
    }
    const __m256i opaque = _mm256_set1_epi32(OPAQUE);
    const layer_t *seen[MOST_LAYERS];
    spots_t spots[MOST_LAYERS];
    __m256i covers[MOST_LAYERS];
    int count = 0, is_whole = 0;
    for (int n = run->layers - 1; n >= 0 && !is_whole; n--) {
        const layer_t *layer = run->strips[n].layer;
        __m128i over = walk4(&run->strips[n], run->down);
        if (n > 0) {
            __m256i cover = opacities8(&layer->matte, stored(over));
            if (_mm256_testz_si256(cover, cover))
                continue;
            covers[count] = cover;
            is_whole = _mm256_movemask_epi8(_mm256_cmpeq_epi32(cover, opaque)) == -1;
        }
        seen[count] = layer;
        spots[count++] = spots8(stored(run->planes > 1 ? halved4(over) : over), layer->stride, 2,
                                layer->readable);
    }
    for (int plane = 0; plane < run->planes; plane++) {
        __m256i level = samples8(seen[count - 1], plane, &spots[count - 1]);
        for (int n = count - 2; n >= 0; n--) {
            __m256i nearer = samples8(seen[n], plane, &spots[n]);
            __m256i apart = _mm256_srai_epi32(_mm256_sub_epi32(nearer, level), 12);
            __m256i mixed = _mm256_add_epi32(level, _mm256_mullo_epi32(apart, covers[n]));
            level = _mm256_blendv_epi8(mixed, nearer, _mm256_cmpeq_epi32(covers[n], opaque));
        }
        finish8(level, run->noise, run->out[plane]);
    }
}

static loop_t fastest(void) { return __builtin_cpu_supports("avx2") ? loop8 : loop; }
#else
static loop_t fastest(void) { return loop; }
#endif

static inline float least(float a, float b) { return a < b ? a : b; }
static inline float most(float a, float b) { return a > b ? a : b; }

/* -1: the matte is clear over the whole cell; 1: opaque; 0: neither. */
static int cover_of(const layer_t *layer, Py_ssize_t node, int right_node, Py_ssize_t below)
{
    const matte_t *matte = &layer->matte;
    const float *x = layer->x + node, *y = layer->y + node;
    Py_ssize_t across = right_node, corner = below + right_node;
    float left = least(least(x[0], x[across]), least(x[below], x[corner]));
    float right = most(most(x[0], x[across]), most(x[below], x[corner]));
    float top = least(least(y[0], y[across]), least(y[below], y[corner]));
    float bottom = most(most(y[0], y[across]), most(y[below], y[corner]));
    uint8_t low = 255, high = 0;
    for (int row = (int)top / BLOCK; row <= (int)bottom / BLOCK; row++) {
        const uint8_t *range = matte->range + 2 * (row * matte->range_columns + (int)left / BLOCK);
        for (int column = (int)left / BLOCK; column <= (int)right / BLOCK; column++, range += 2) {
            low = range[0] < low ? range[0] : low;
            high = range[1] > high ? range[1] : high;
        }
        if (low != 255 && high != 0)
            return 0;
    }
    return low == 255 ? 1 : high == 0 ? -1 : 0;
}

/* Set up a layer between the nodes of a cell; `right` and `below` are offsets to the other nodes. */
static void lay(strip_t *strip, const layer_t *layer, Py_ssize_t node, int right, Py_ssize_t below)
{
    const float *x = layer->x + node, *y = layer->y + node;
    float upper[4] = {x[0], y[0], x[right], y[right]};
    float lower[4] = {x[below], y[below], x[below + right], y[below + right]};
    strip->layer = layer;
    for (int n = 0; n < 4; n++)
        strip->ends[n] = upper[n], strip->falls[n] = lower[n] - upper[n];
}

/* Set up the layers visible in a cell, back to front; return their number. */
static int seen_in(strip_t *strips, const layer_t *layers, int count, Py_ssize_t node, int right,
                   Py_ssize_t below)
{
    const layer_t *shown[MOST_LAYERS];
    int seen = 0;
    for (const layer_t *layer = layers + count - 1; layer >= layers; layer--) {
        int cover = layer > layers ? cover_of(layer, node, right, below) : 1;
        if (cover >= 0)
            shown[seen++] = layer;
        if (cover > 0)
            break;
    }
    for (int n = 0; n < seen; n++)
        lay(&strips[n], shown[seen - 1 - n], node, right, below);
    return seen;
}

static void draw_planes(uint8_t *out, Py_ssize_t height, Py_ssize_t width, const layer_t *layers,
                        int count, const int32_t *noise, Py_ssize_t columns, int is_chroma,
                        loop_t draw_run)
{
    const int nodes = is_chroma ? 2 : 1;
    const Py_ssize_t below = nodes * columns;
    run_t runs[ABREAST];
    for (Py_ssize_t top = 0; top < height; top += CELL) {
        int rows = height - top < CELL ? (int)(height - top) : CELL;
        for (Py_ssize_t left = 0; left < width; left += ABREAST * CELL) {
            int cells = 0;
            for (Py_ssize_t at = left; at < width && cells < ABREAST; at += CELL) {
                run_t *run = &runs[cells++];
                Py_ssize_t node = (top / CELL * columns + at / CELL) * nodes;
                run->layers = seen_in(run->strips, layers, count, node, nodes, below);
                run->count = width - at < CELL ? (int)(width - at) : CELL;
                run->planes = nodes;
            }
            for (int row = 0; row < rows; row++) {
                float down = is_chroma ? (row + 0.25f) / CELL : (float)row / CELL;
                for (int cell = 0; cell < cells; cell++) {
                    run_t *run = &runs[cell];
                    Py_ssize_t at = left + cell * CELL;
                    run->out[0] = out + (top + row) * width + at;
                    run->out[1] = run->out[0] + (nodes - 1) * height * width;
                    run->down = down;
                    run->noise = noise + (top + row) % NOISE_ROWS * width + at;
                    draw_run(run);
                }
            }
        }
    }
}

/* Arguments: a frame's plane or planes, their dither, and four buffers for each layer. */
enum { SAMPLES, NODES, MATTE, RANGE, OF_LAYER };
enum { OUT, DITHER, LAYERS, BUFFERS = LAYERS + MOST_LAYERS * OF_LAYER };

static int is_shaped(const Py_buffer *buffer, int dimensions, Py_ssize_t size)
{
    return buffer->obj && buffer->ndim == dimensions && buffer->itemsize == size;
}

/* Whether the buffers are as mesh.py makes them, so that no access is out of bounds. */
static int fits(const Py_buffer *buffers, int count, int is_chroma)
{
    const int nodes = is_chroma ? 2 : 1;
    const Py_buffer *out = &buffers[OUT], *dither = &buffers[DITHER];
    if (!is_shaped(out, 3, 1) || out->shape[0] != nodes || !is_shaped(dither, 2, 4) ||
        dither->shape[0] != NOISE_ROWS || dither->shape[1] != out->shape[2])
        return 0;
    for (int n = 0; n < count; n++) {
        const Py_buffer *of = buffers + LAYERS + n * OF_LAYER, *first = buffers + LAYERS;
        if (!is_shaped(of + SAMPLES, 3, 2) || of[SAMPLES].shape[0] != nodes ||
            !is_shaped(of + NODES, 3, 4) || of[NODES].shape[0] != 2 ||
            (of[NODES].shape[1] - 1) / nodes * CELL < out->shape[1] ||
            (of[NODES].shape[2] - 1) / nodes * CELL < out->shape[2] ||
            of[NODES].shape[2] != first[NODES].shape[2])
            return 0;
        if (n > 0 && (!is_shaped(of + MATTE, 2, 1) || !is_shaped(of + RANGE, 3, 1) ||
                      of[RANGE].shape[2] != 2 ||
                      of[RANGE].shape[0] * BLOCK < of[MATTE].shape[0] ||
                      of[RANGE].shape[1] * BLOCK < of[MATTE].shape[1]))
            return 0;
    }
    return 1;
}

static layer_t layer_of(const Py_buffer *of)
{
    const float *x = of[NODES].buf;
    const int16_t *samples = of[SAMPLES].buf;
    Py_ssize_t stride = of[SAMPLES].shape[2];
    Py_ssize_t size = of[SAMPLES].shape[1] * stride;
    layer_t made = {{samples, samples + size}, stride, size * 2, x,
                    x + of[NODES].shape[1] * of[NODES].shape[2], {0}};
    if (of[MATTE].obj) {
        made.matte.values = of[MATTE].buf, made.matte.stride = of[MATTE].shape[1];
        made.matte.readable = of[MATTE].shape[0] * of[MATTE].shape[1];
        made.matte.range = of[RANGE].buf, made.matte.range_columns = of[RANGE].shape[1];
    }
    return made;
}

/* Fill in the buffers of the layers, back to front; return the number of layers, or -1. */
static int layers_from(PyObject *tuple, Py_buffer *buffers)
{
    Py_ssize_t count = PyTuple_Size(tuple);
    if (count < 1 || count > MOST_LAYERS) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_ValueError, "%zd layers; 1 to %d are drawn", count, MOST_LAYERS);
        return -1;
    }
    for (Py_ssize_t n = 0; n < count; n++) {
        PyObject *objects[OF_LAYER];
        if (!PyArg_ParseTuple(PyTuple_GetItem(tuple, n), "OOOO", &objects[SAMPLES],
                              &objects[NODES], &objects[MATTE], &objects[RANGE]))
            return -1;
        for (int k = 0; k < OF_LAYER; k++)
            if (objects[k] != Py_None &&
                PyObject_GetBuffer(objects[k], &buffers[n * OF_LAYER + k], PyBUF_C_CONTIGUOUS))
                return -1;
    }
    return (int)count;
}

static PyObject *draw(PyObject *self, PyObject *args)
{
    PyObject *out, *dither, *tuple;
    Py_buffer buffers[BUFFERS] = {{0}};
    int is_chroma, is_plain, is_good = 0;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO!Opp", &out, &PyTuple_Type, &tuple, &dither, &is_chroma,
                          &is_plain))
        return NULL;
    if (PyObject_GetBuffer(out, &buffers[OUT], PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) == 0 &&
        PyObject_GetBuffer(dither, &buffers[DITHER], PyBUF_C_CONTIGUOUS) == 0) {
        int count = layers_from(tuple, buffers + LAYERS);
        if (count > 0 && fits(buffers, count, is_chroma)) {
            layer_t layers[MOST_LAYERS];
            for (int n = 0; n < count; n++)
                layers[n] = layer_of(buffers + LAYERS + n * OF_LAYER);
            is_good = 1;
            Py_BEGIN_ALLOW_THREADS
            draw_planes(buffers[OUT].buf, buffers[OUT].shape[1], buffers[OUT].shape[2], layers,
                        count, buffers[DITHER].buf, buffers[LAYERS + NODES].shape[2], is_chroma,
                        is_plain ? loop : fastest());
            Py_END_ALLOW_THREADS
        } else if (count > 0) {
            PyErr_SetString(PyExc_ValueError, "buffers of shapes that do not go together");
        }
    }
    for (int n = 0; n < BUFFERS; n++)
        if (buffers[n].obj)
            PyBuffer_Release(&buffers[n]);
    if (!is_good)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"draw", draw, METH_VARARGS,
     "draw(out, ((samples, nodes, matte, range), ...), noise, is_chroma, is_plain)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_mesh", "The inner loop of mesh.py.", -1, METHODS, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__mesh(void) { return PyModule_Create(&MODULE); }
