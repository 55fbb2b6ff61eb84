/* The inner loop of mesh.py: two layers of a picture, each through a mesh, onto one plane of a frame.

   One pass over the frame and no table of maps: places are interpolated between nodes in fixed point
   (16.16), samples bilinearly between neighbours, and the sum is dithered to 8 bits at once. The
   front layer's matte decides for each cell whether one layer is sampled or both. */

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>

/* Cells are of eight pixels each way: of luma from a node to the next, of chroma to the one after it. */
enum { CELL = 8, BLOCK = 16, NOISE_ROWS = 64, LEVEL_BITS = 22 };

typedef struct {
    const int16_t *samples;
    Py_ssize_t stride;
    const float *x, *y; /* of the nodes, in samples of the layer's luma */
} layer_t;

typedef struct {
    const uint8_t *values, *range;
    Py_ssize_t stride, range_columns;
} matte_t;

/* A place that moves along a row: 16.16. */
typedef struct {
    int32_t x, y, dx, dy;
} walk_t;

/* 255 levels of 64 units, times 65536, are less than 2^30: room enough for what overshoots. */
static inline int32_t sample(const int16_t *samples, Py_ssize_t stride, int32_t x, int32_t y)
{
    const int16_t *at = samples + (Py_ssize_t)(y >> 16) * stride + (x >> 16);
    int32_t across = (x >> 8) & 255, down = (y >> 8) & 255;
    int32_t top = at[0] * 256 + (at[1] - at[0]) * across;
    int32_t bottom = at[stride] * 256 + (at[stride + 1] - at[stride]) * across;
    return top * 256 + (bottom - top) * down;
}

/* 0..4096 */
static inline int32_t opacity(const uint8_t *values, Py_ssize_t stride, int32_t x, int32_t y)
{
    const uint8_t *at = values + (Py_ssize_t)(y >> 16) * stride + (x >> 16);
    int32_t across = (x >> 8) & 255, down = (y >> 8) & 255;
    int32_t top = at[0] * 256 + (at[1] - at[0]) * across;
    int32_t bottom = at[stride] * 256 + (at[stride + 1] - at[stride]) * across;
    return ((top * 256 + (bottom - top) * down) >> 8) * 4112 >> 16;
}

/* The places of a row of a cell, `down` of the way from its upper nodes to its lower ones.
   `right` and `below` lead from a node to those at the cell's other corners. */
static inline walk_t walk(const layer_t *layer, Py_ssize_t node, int right, Py_ssize_t below,
                          float down)
{
    const float *x = layer->x + node, *y = layer->y + node;
    float left_x = x[0] + (x[below] - x[0]) * down, left_y = y[0] + (y[below] - y[0]) * down;
    float right_x = x[right] + (x[below + right] - x[right]) * down;
    float right_y = y[right] + (y[below + right] - y[right]) * down;
    walk_t made = {
        (int32_t)(left_x * 65536.0f),
        (int32_t)(left_y * 65536.0f),
        (int32_t)((right_x - left_x) * (65536.0f / CELL)),
        (int32_t)((right_y - left_y) * (65536.0f / CELL)),
    };
    return made;
}

/* From places in luma to those in chroma: sample (i, j) lies at luma column 2i and row 2j + 1/2. */
static inline walk_t halved(walk_t luma)
{
    walk_t made = {luma.x >> 1, (luma.y - 32768) >> 1, luma.dx >> 1, luma.dy >> 1};
    return made;
}

/* A run of pixels along a row of a cell. */
typedef struct {
    const layer_t *back, *front;
    const matte_t *matte;
    walk_t behind, before, over;
    int count;
    const int32_t *noise;
    uint8_t *out;
} run_t;

/* Filters overshoot: levels may lie beyond 0 and 255 by some. */
static inline uint8_t finished(int32_t level)
{
    level >>= LEVEL_BITS;
    return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

static void one_layer(const run_t *run)
{
    walk_t at = run->behind;
    for (int n = 0; n < run->count; n++) {
        int32_t level = sample(run->back->samples, run->back->stride, at.x, at.y);
        run->out[n] = finished(level + run->noise[n]);
        at.x += at.dx;
        at.y += at.dy;
    }
}

static void both_layers(const run_t *run)
{
    walk_t behind = run->behind, before = run->before, over = run->over;
    for (int n = 0; n < run->count; n++) {
        int32_t level = sample(run->back->samples, run->back->stride, behind.x, behind.y);
        int32_t nearer = sample(run->front->samples, run->front->stride, before.x, before.y);
        int32_t cover = opacity(run->matte->values, run->matte->stride, over.x, over.y);
        level += ((nearer - level) >> 12) * cover;
        run->out[n] = finished(level + run->noise[n]);
        behind.x += behind.dx, behind.y += behind.dy;
        before.x += before.dx, before.y += before.dy;
        over.x += over.dx, over.y += over.dy;
    }
}

typedef struct {
    void (*one)(const run_t *);
    void (*both)(const run_t *);
} loops_t;

static const loops_t BASELINE = {one_layer, both_layers};

#if defined(__x86_64__) && defined(__GNUC__)
/* The same for eight pixels at a time, to the bit: all of it is arithmetic of whole numbers. */
#include <immintrin.h>
#define WIDE __attribute__((target("avx2"))) static inline

/* Eight places of a walk. */
WIDE __m256i places(int32_t first, int32_t step)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_add_epi32(_mm256_set1_epi32(first),
                            _mm256_mullo_epi32(lanes, _mm256_set1_epi32(step)));
}

/* Pairs of 16-bit weights, 256 - f and f, of the fractions of places. */
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

WIDE __m256i samples8(const layer_t *layer, walk_t at)
{
    __m256i x = places(at.x, at.dx), y = places(at.y, at.dy), pair = weights(x);
    __m256i index = index_of(x, y, layer->stride);
    /* Each load takes a sample and the one to its right. */
    __m256i top = _mm256_i32gather_epi32((const int *)layer->samples, index, 2);
    __m256i bottom = _mm256_i32gather_epi32((const int *)(layer->samples + layer->stride), index, 2);
    return between(_mm256_madd_epi16(top, pair), _mm256_madd_epi16(bottom, pair), y);
}

WIDE __m256i opacities8(const matte_t *matte, walk_t at)
{
    const __m256i spread = _mm256_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1,
                                            0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1);
    __m256i x = places(at.x, at.dx), y = places(at.y, at.dy), pair = weights(x);
    __m256i index = index_of(x, y, matte->stride);
    /* Places keep two samples away from the last row, so no load goes past the end. */
    __m256i top = _mm256_i32gather_epi32((const int *)matte->values, index, 1);
    __m256i bottom = _mm256_i32gather_epi32((const int *)(matte->values + matte->stride), index, 1);
    top = _mm256_madd_epi16(_mm256_shuffle_epi8(top, spread), pair);
    bottom = _mm256_madd_epi16(_mm256_shuffle_epi8(bottom, spread), pair);
    __m256i cover = _mm256_srai_epi32(between(top, bottom, y), 8);
    return _mm256_srai_epi32(_mm256_mullo_epi32(cover, _mm256_set1_epi32(4112)), 16);
}

WIDE void finish8(__m256i level, const run_t *run)
{
    __m256i grain = _mm256_loadu_si256((const __m256i *)run->noise);
    __m256i levels = _mm256_srai_epi32(_mm256_add_epi32(level, grain), LEVEL_BITS);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(levels),
                                    _mm256_extracti128_si256(levels, 1));
    _mm_storel_epi64((__m128i *)run->out, _mm_packus_epi16(words, words));
}

__attribute__((target("avx2"))) static void one_layer8(const run_t *run)
{
    if (run->count == 8)
        finish8(samples8(run->back, run->behind), run);
    else
        one_layer(run);
}

__attribute__((target("avx2"))) static void both_layers8(const run_t *run)
{
    if (run->count != 8) {
        both_layers(run);
        return;
    }
    __m256i level = samples8(run->back, run->behind), nearer = samples8(run->front, run->before);
    __m256i cover = opacities8(run->matte, run->over);
    __m256i apart = _mm256_srai_epi32(_mm256_sub_epi32(nearer, level), 12);
    finish8(_mm256_add_epi32(level, _mm256_mullo_epi32(apart, cover)), run);
}

static const loops_t EIGHT = {one_layer8, both_layers8};

static const loops_t *fastest(void) { return __builtin_cpu_supports("avx2") ? &EIGHT : &BASELINE; }
#else
static const loops_t *fastest(void) { return &BASELINE; }
#endif

static inline float least(float a, float b) { return a < b ? a : b; }
static inline float most(float a, float b) { return a > b ? a : b; }

/* -1: the matte is empty over the whole cell; 1: opaque; 0: neither. */
static int cover_of(const layer_t *front, const matte_t *matte, Py_ssize_t node, int right_node,
                    Py_ssize_t below)
{
    const float *x = front->x + node, *y = front->y + node;
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

static void draw_plane(uint8_t *out, Py_ssize_t height, Py_ssize_t width, const layer_t *back,
                       const layer_t *front, const matte_t *matte, const int32_t *noise,
                       Py_ssize_t columns, int is_chroma, const loops_t *loops)
{
    const int nodes = is_chroma ? 2 : 1;
    const Py_ssize_t below = nodes * columns;
    run_t run = {.back = back, .front = front, .matte = matte};
    for (Py_ssize_t top = 0; top < height; top += CELL) {
        int rows = height - top < CELL ? (int)(height - top) : CELL;
        for (Py_ssize_t left = 0; left < width; left += CELL) {
            Py_ssize_t node = (top / CELL * columns + left / CELL) * nodes;
            int cover = front ? cover_of(front, matte, node, nodes, below) : -1;
            run.count = width - left < CELL ? (int)(width - left) : CELL;
            run.back = cover > 0 ? front : back;
            for (int row = 0; row < rows; row++) {
                float down = is_chroma ? (row + 0.25f) / CELL : (float)row / CELL;
                run.out = out + (top + row) * width + left;
                run.noise = noise + (top + row) % NOISE_ROWS * width + left;
                run.behind = walk(run.back, node, nodes, below, down);
                if (cover == 0)
                    run.before = run.over = walk(front, node, nodes, below, down);
                if (is_chroma)
                    run.behind = halved(run.behind), run.before = halved(run.before);
                (cover == 0 ? loops->both : loops->one)(&run);
            }
        }
    }
}

enum { OUT, BACK, BACK_NODES, FRONT, FRONT_NODES, MATTE, RANGE, DITHER, BUFFERS };

static const struct {
    int dimensions;
    Py_ssize_t size;
} SHAPES[BUFFERS] = {{2, 1}, {2, 2}, {3, 4}, {2, 2}, {3, 4}, {2, 1}, {3, 1}, {2, 4}};

/* Whether the buffers are as mesh.py makes them, so that no access is out of bounds. */
static int fits(const Py_buffer *buffers, int has_front, int is_chroma)
{
    const int nodes = is_chroma ? 2 : 1;
    for (int n = 0; n < BUFFERS; n++)
        if (buffers[n].obj &&
            (buffers[n].ndim != SHAPES[n].dimensions || buffers[n].itemsize != SHAPES[n].size))
            return 0;
    for (int n = BACK_NODES; n <= FRONT_NODES; n += FRONT_NODES - BACK_NODES)
        if (buffers[n].shape[0] != 2 ||
            (buffers[n].shape[1] - 1) / nodes * CELL < buffers[OUT].shape[0] ||
            (buffers[n].shape[2] - 1) / nodes * CELL < buffers[OUT].shape[1] ||
            buffers[n].shape[2] != buffers[BACK_NODES].shape[2])
            return 0;
    if (has_front && (!buffers[MATTE].obj || !buffers[RANGE].obj || buffers[RANGE].shape[2] != 2 ||
                      buffers[RANGE].shape[0] * BLOCK < buffers[MATTE].shape[0] ||
                      buffers[RANGE].shape[1] * BLOCK < buffers[MATTE].shape[1]))
        return 0;
    return buffers[DITHER].shape[0] == NOISE_ROWS &&
           buffers[DITHER].shape[1] == buffers[OUT].shape[1];
}

static layer_t layer_of(const Py_buffer *samples, const Py_buffer *nodes)
{
    const float *x = nodes->buf;
    layer_t made = {samples->buf, samples->shape[1], x, x + nodes->shape[1] * nodes->shape[2]};
    return made;
}

static PyObject *draw(PyObject *self, PyObject *args)
{
    PyObject *objects[BUFFERS];
    Py_buffer buffers[BUFFERS] = {{0}};
    int is_chroma, is_plain, is_good = 1;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOOOOOOOpp", &objects[0], &objects[1], &objects[2], &objects[3],
                          &objects[4], &objects[5], &objects[6], &objects[7], &is_chroma,
                          &is_plain))
        return NULL;
    for (int n = 0; n < BUFFERS && is_good; n++) {
        int flags = n == OUT ? PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS : PyBUF_C_CONTIGUOUS;
        if (objects[n] != Py_None)
            is_good = PyObject_GetBuffer(objects[n], &buffers[n], flags) == 0;
    }
    int has_front = buffers[FRONT].obj != NULL;
    if (is_good && !fits(buffers, has_front, is_chroma)) {
        PyErr_SetString(PyExc_ValueError, "buffers of shapes that do not go together");
        is_good = 0;
    }
    if (is_good) {
        layer_t back = layer_of(&buffers[BACK], &buffers[BACK_NODES]), front = back;
        matte_t matte = {0};
        if (has_front) {
            front = layer_of(&buffers[FRONT], &buffers[FRONT_NODES]);
            matte.values = buffers[MATTE].buf, matte.stride = buffers[MATTE].shape[1];
            matte.range = buffers[RANGE].buf, matte.range_columns = buffers[RANGE].shape[1];
        }
        Py_BEGIN_ALLOW_THREADS
        draw_plane(buffers[OUT].buf, buffers[OUT].shape[0], buffers[OUT].shape[1], &back,
                   has_front ? &front : NULL, &matte, buffers[DITHER].buf,
                   buffers[BACK_NODES].shape[2], is_chroma, is_plain ? &BASELINE : fastest());
        Py_END_ALLOW_THREADS
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
     "draw(out, back, back_nodes, front, front_nodes, matte, range, noise, is_chroma, is_plain)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_mesh", "The inner loop of mesh.py.", -1, METHODS, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__mesh(void) { return PyModule_Create(&MODULE); }
