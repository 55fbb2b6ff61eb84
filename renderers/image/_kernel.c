/* Separable resampling of float planes, for `resample.py`: the inner loops.
 *
 * Vectors are GCC's and Clang's own extension, so that one source serves every processor; on x86-64
 * the loops exist twice and the processor decides at run time. MSVC has neither vector types nor
 * target attributes and takes four lanes from SSE or NEON intrinsics; scalar loops would be slower
 * than fallback.py. The bytes are the same everywhere: see _simd_lanes.h. Work runs without the
 * interpreter's lock.
 */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Define NO_GNU_C to compile MSVC's path with any compiler. */
#if defined(_MSC_VER) && !defined(NO_GNU_C)
#define NO_GNU_C
#endif
/* No fused products, with flags or without; GCC knows only -ffp-contract=off. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

#define AT_ONCE 8 /* as many sums as rows() in _simd_lanes.h has */
#define PANEL 256

struct axis {
    const int32_t *first;
    const float *weights;
    int length, taps;
};

/* A row axis in blocks of as many outputs as a vector has lanes. */
struct blocks {
    int32_t *first;
    float *matrices;
    int count, inputs;
};

#ifdef NO_GNU_C
#if defined(_M_ARM64) || defined(__aarch64__)
#include <arm_neon.h>
typedef float32x4_t vector_4;
static inline vector_4 load_4(const float *from) { return vld1q_f32(from); }
static inline void store_4(float *to, vector_4 values) { vst1q_f32(to, values); }
static inline vector_4 add_scaled_4(vector_4 sum, float factor, vector_4 values)
{
    return vaddq_f32(sum, vmulq_f32(vdupq_n_f32(factor), values));
}
#else
#include <xmmintrin.h>
typedef __m128 vector_4;
static inline vector_4 load_4(const float *from) { return _mm_loadu_ps(from); }
static inline void store_4(float *to, vector_4 values) { _mm_storeu_ps(to, values); }
static inline vector_4 add_scaled_4(vector_4 sum, float factor, vector_4 values)
{
    return _mm_add_ps(sum, _mm_mul_ps(_mm_set1_ps(factor), values));
}
#endif
#endif

#define LANES 4
#define TARGET
#define NAME(what) what##_4
#include "_simd_lanes.h"

#if defined(__x86_64__) && !defined(NO_GNU_C)
#define HAS_WIDE
#define LANES 8
#define TARGET __attribute__((target("avx2")))
#define NAME(what) what##_8
#include "_simd_lanes.h"
#endif

struct loops {
    int lanes;
    void (*down)(const float *, ptrdiff_t, const float *, int, float *, int);
    void (*across)(const float *, ptrdiff_t, const struct blocks *, int, int, float *, ptrdiff_t,
                   int);
    void (*round)(const float *, const float *, uint8_t *, int);
};

static const struct loops BASELINE = {4, down_4, across_4, round_4};
#ifdef HAS_WIDE
static const struct loops WIDE = {8, down_8, across_8, round_8};
#endif

static const struct loops *loops_for(int lanes)
{
#ifdef HAS_WIDE
    if (lanes != 4 && __builtin_cpu_supports("avx2"))
        return &WIDE;
#else
    (void)lanes;
#endif
    return &BASELINE;
}

static int make_blocks(const struct axis *axis, int source, int lanes, struct blocks *blocks)
{
    blocks->count = (axis->length + lanes - 1) / lanes;
    blocks->inputs = 0;
    for (int b = 0; b < blocks->count; b++) {
        int low = INT32_MAX, high = 0;
        for (int n = b * lanes; n < (b + 1) * lanes && n < axis->length; n++) {
            low = axis->first[n] < low ? axis->first[n] : low;
            high = axis->first[n] > high ? axis->first[n] : high;
        }
        if (high - low + axis->taps > blocks->inputs)
            blocks->inputs = high - low + axis->taps;
    }
    size_t size = (size_t)blocks->count * blocks->inputs * lanes;
    blocks->first = malloc(blocks->count * sizeof *blocks->first);
    blocks->matrices = calloc(size, sizeof *blocks->matrices);
    if (!blocks->first || !blocks->matrices)
        return -1;
    for (int b = 0; b < blocks->count; b++) {
        int low = source - blocks->inputs;
        for (int n = b * lanes; n < (b + 1) * lanes && n < axis->length; n++)
            low = axis->first[n] < low ? axis->first[n] : low;
        blocks->first[b] = low;
        float *matrix = blocks->matrices + (size_t)b * blocks->inputs * lanes;
        for (int n = 0; n < lanes && b * lanes + n < axis->length; n++) {
            const float *weights = axis->weights + (size_t)(b * lanes + n) * axis->taps;
            int place = axis->first[b * lanes + n] - low;
            for (int k = 0; k < axis->taps; k++)
                matrix[(place + k) * lanes + n] = weights[k];
        }
    }
    return 0;
}

/* Whether every output is the one input beside the last output's. */
static int is_copy(const struct axis *axis)
{
    if (axis->taps != 1)
        return 0;
    for (int n = 0; n < axis->length; n++)
        if (axis->first[n] != axis->first[0] + n || axis->weights[n] != 1)
            return 0;
    return 1;
}

struct image {
    char *data;
    ptrdiff_t stride;
    int height, width;
};

static int separable(const struct loops *loops, const struct image *source, const struct axis *rows,
                     const struct axis *columns, const struct image *out,
                     const struct image *noise)
{
    struct blocks blocks = {0};
    float *between = NULL, *done = NULL;
    int failed = -1;
    const int copies_rows = is_copy(rows), copies_columns = is_copy(columns);
    const int lanes = copies_columns ? PANEL : loops->lanes;
    const int per_panel = PANEL / lanes;
    const ptrdiff_t source_stride = source->stride / (ptrdiff_t)sizeof(float);
    int widest = PANEL;

    if (!copies_columns) {
        if (make_blocks(columns, source->width, lanes, &blocks))
            goto end;
        for (int b = 0; b < blocks.count; b += per_panel)
            for (int n = b; n < b + per_panel && n < blocks.count; n++) {
                int reach = blocks.first[n] + blocks.inputs - blocks.first[b];
                widest = reach > widest ? reach : widest;
            }
    }
    const int count = copies_columns ? (columns->length + PANEL - 1) / PANEL : blocks.count;
    between = malloc((size_t)AT_ONCE * widest * sizeof *between);
    done = malloc((size_t)AT_ONCE * PANEL * sizeof *done);
    if (!between || !done)
        goto end;

    for (int top = 0; top < rows->length; top += AT_ONCE) {
        const int high = rows->length - top < AT_ONCE ? rows->length - top : AT_ONCE;
        for (int b = 0; b < count; b += per_panel) {
            const int end = b + per_panel < count ? b + per_panel : count;
            const int left = b * lanes;
            const int wide = columns->length - left < PANEL ? columns->length - left : PANEL;
            int begin, reach;
            if (copies_columns) {
                begin = columns->first[0] + left;
                reach = wide;
            } else {
                begin = blocks.first[b];
                reach = 0;
                for (int n = b; n < end; n++)
                    if (blocks.first[n] + blocks.inputs - begin > reach)
                        reach = blocks.first[n] + blocks.inputs - begin;
            }

            const float *part;
            ptrdiff_t stride;
            if (copies_rows) {
                part = (const float *)source->data + rows->first[top] * source_stride + begin;
                stride = source_stride;
            } else {
                for (int n = 0; n < high; n++)
                    loops->down((const float *)source->data +
                                    rows->first[top + n] * source_stride + begin,
                                source_stride, rows->weights + (size_t)(top + n) * rows->taps,
                                rows->taps, between + (size_t)n * widest, reach);
                part = between;
                stride = widest;
            }
            if (!copies_columns) {
                loops->across(part - begin, stride, &blocks, b, end, done, PANEL, high);
                part = done;
                stride = PANEL;
            }
            for (int n = 0; n < high; n++) {
                char *to = out->data + (top + n) * out->stride;
                if (noise)
                    loops->round(part + n * stride,
                                 (const float *)(noise->data +
                                                 (top + n) % noise->height * noise->stride) +
                                     left,
                                 (uint8_t *)to + left, wide);
                else
                    memcpy((float *)to + left, part + n * stride, wide * sizeof(float));
            }
        }
    }
    failed = 0;
end:
    free(blocks.first);
    free(blocks.matrices);
    free(between);
    free(done);
    return failed;
}

/* Buffers */

static int get_image(PyObject *object, Py_buffer *view, int flags, struct image *image,
                     const char *format)
{
    if (PyObject_GetBuffer(object, view, flags | PyBUF_STRIDES | PyBUF_FORMAT))
        return -1;
    if (view->ndim != 2 || strcmp(view->format, format) || view->strides[1] != view->itemsize ||
        view->shape[0] > INT32_MAX || view->shape[1] > INT32_MAX) {
        PyErr_Format(PyExc_ValueError, "need rows of type '%s'", format);
        return -1;
    }
    *image = (struct image){view->buf, view->strides[0], (int)view->shape[0], (int)view->shape[1]};
    return 0;
}

static int get_axis(PyObject *first, PyObject *weights, Py_buffer *views, struct axis *axis,
                    int source)
{
    struct image values;
    if (PyObject_GetBuffer(first, &views[0], PyBUF_CONTIG_RO | PyBUF_FORMAT) ||
        get_image(weights, &views[1], PyBUF_SIMPLE, &values, "f"))
        return -1;
    *axis = (struct axis){views[0].buf, (const float *)values.data, values.height, values.width};
    if (strcmp(views[0].format, "i") || views[0].len != axis->length * (Py_ssize_t)sizeof(int32_t) ||
        values.stride != axis->taps * (ptrdiff_t)sizeof(float) || axis->taps < 1) {
        PyErr_SetString(PyExc_ValueError, "an axis is int32 places and float32 rows of weights");
        return -1;
    }
    for (int n = 0; n < axis->length; n++)
        if (axis->first[n] < 0 || axis->first[n] > source - axis->taps) {
            PyErr_SetString(PyExc_ValueError, "an axis reaches beyond its source");
            return -1;
        }
    return 0;
}

static PyObject *py_separable(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *source, *row_first, *row_weights, *column_first, *column_weights, *out, *noise;
    int lanes;
    Py_buffer views[7] = {0};
    struct image from, to, dither;
    struct axis rows, columns;
    int failed = -1;
    if (!PyArg_ParseTuple(args, "OOOOOOOi", &source, &row_first, &row_weights, &column_first,
                          &column_weights, &out, &noise, &lanes))
        return NULL;
    const int is_dithered = noise != Py_None;
    if (get_image(source, &views[0], PyBUF_SIMPLE, &from, "f") ||
        get_axis(row_first, row_weights, &views[1], &rows, from.height) ||
        get_axis(column_first, column_weights, &views[3], &columns, from.width) ||
        get_image(out, &views[5], PyBUF_WRITABLE, &to, is_dithered ? "B" : "f") ||
        (is_dithered && get_image(noise, &views[6], PyBUF_SIMPLE, &dither, "f")))
        goto end;
    if (to.height != rows.length || to.width != columns.length ||
        (is_dithered && (dither.width < to.width || dither.height < 1))) {
        PyErr_SetString(PyExc_ValueError, "the output is not as large as its axes");
        goto end;
    }
    const struct loops *loops = loops_for(lanes);
    Py_BEGIN_ALLOW_THREADS
    failed = separable(loops, &from, &rows, &columns, &to, is_dithered ? &dither : NULL);
    Py_END_ALLOW_THREADS
    if (failed)
        PyErr_NoMemory();
end:
    for (int n = 0; n < 7; n++)
        PyBuffer_Release(&views[n]);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"separable", py_separable, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_kernel", "Inner loops of resampling.", 0, METHODS, NULL, NULL, NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModule_Create(&MODULE);
}
