/* The inner loops of viterbi_advance.py (scores of a lattice) and mfcc.py (noise), by frames.
 *
 * The same operations on the same kinds of floats as in NumPy there, so every score, and every choice
 * between equal ones, is the same. Work runs without the interpreter's lock.
 */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* No fused products, with flags or without; GCC knows only -ffp-contract=off. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

/* In the order of the arguments; of each, its dimensions and the size of an item. */
enum {
    NODE, STATE, OTHER, AGE,                  /* scores and frames in each state, updated in place */
    FIRST, LAST, SOURCE, TARGET, ENTERING,    /* of each arc */
    LOOP, LINGER, STEP, COLUMNS,              /* of each state */
    JOINTS, SKIP,                             /* of each joint */
    LEAVING, SCORES, OUTSIDE,                 /* what leaving the script costs; of each frame */
    STEPPED, BACK, ENTERED,                   /* results */
    COUNT
};
static const char SHAPES[COUNT][2] = {
    {1, 4}, {1, 4}, {2, 4}, {1, 4}, {1, 8}, {1, 8}, {1, 8}, {1, 8}, {1, 4}, {1, 4}, {1, 4},
    {1, 4}, {1, 8}, {1, 8}, {1, 4}, {2, 4}, {2, 4}, {2, 4}, {2, 1}, {2, 4}, {3, 1},
};
enum { KINDS = 2, SKIPPED = -2, LONG_STATE = 10 };
static const int32_t OUTSIDE_ARC[KINDS] = {-1, -3}; /* unscripted speech, and a filler */

typedef struct {
    Py_ssize_t frames, nodes, states, arcs, joints, senones;
    void *at[COUNT];
} search_t;

static void enter_states(const search_t *search, float *enter)
{
    const float *state = search->at[STATE], *step = search->at[STEP], *node = search->at[NODE];
    const float *entering = search->at[ENTERING];
    const int64_t *first = search->at[FIRST], *source = search->at[SOURCE];
    for (Py_ssize_t n = 1; n < search->states; n++)
        enter[n] = state[n - 1] + step[n - 1];
    for (Py_ssize_t arc = 0; arc < search->arcs; arc++)
        enter[first[arc]] = node[source[arc]] - entering[arc];
}

static void advance_states(const search_t *search, Py_ssize_t frame, const float *enter,
                           float *emission)
{
    float *state = search->at[STATE];
    int32_t *age = search->at[AGE];
    const float *loop = search->at[LOOP], *linger = search->at[LINGER];
    const float *scores = (const float *)search->at[SCORES] + frame * search->senones;
    const int64_t *columns = search->at[COLUMNS];
    uint8_t *stepped = (uint8_t *)search->at[STEPPED] + frame * search->states;
    for (Py_ssize_t n = 0; n < search->states; n++)
        emission[n] = scores[columns[n]];
    for (Py_ssize_t n = 0; n < search->states; n++) {
        float stay = state[n] + loop[n] - (age[n] >= LONG_STATE ? linger[n] : 0.0f);
        float come = enter[n];
        stepped[n] = come > stay;
        age[n] = come > stay ? 1 : age[n] + 1;
        state[n] = (come > stay ? come : stay) + emission[n];
    }
}

/* Speech outside the script, from the nodes of the frame before. */
static void advance_outside(const search_t *search, Py_ssize_t frame)
{
    const float *node = search->at[NODE];
    const int64_t *joints = search->at[JOINTS];
    for (int kind = 0; kind < KINDS; kind++) {
        float *other = (float *)search->at[OTHER] + kind * search->joints;
        float leaving = ((const float *)search->at[LEAVING])[kind];
        float heard = ((const float *)search->at[OUTSIDE])[kind * search->frames + frame];
        uint8_t *entered =
            (uint8_t *)search->at[ENTERED] + (kind * search->frames + frame) * search->joints;
        for (Py_ssize_t n = 0; n < search->joints; n++) {
            float begin = node[joints[n]] - leaving;
            entered[n] = begin > other[n];
            other[n] = (begin > other[n] ? begin : other[n]) + heard;
        }
    }
}

static void advance_nodes(const search_t *search, Py_ssize_t frame)
{
    float *node = search->at[NODE];
    int32_t *back = (int32_t *)search->at[BACK] + frame * search->nodes;
    const float *state = search->at[STATE], *step = search->at[STEP], *skip = search->at[SKIP];
    const int64_t *last = search->at[LAST], *target = search->at[TARGET];
    const int64_t *joints = search->at[JOINTS];
    for (Py_ssize_t n = 0; n < search->nodes; n++)
        node[n] = -INFINITY;
    for (Py_ssize_t arc = 0; arc < search->arcs; arc++) {
        float leave = state[last[arc]] + step[last[arc]];
        if (leave >= node[target[arc]]) {
            node[target[arc]] = leave;
            back[target[arc]] = (int32_t)arc;
        }
    }
    for (int kind = 0; kind < KINDS; kind++) {
        const float *other = (const float *)search->at[OTHER] + kind * search->joints;
        for (Py_ssize_t n = 0; n < search->joints; n++)
            if (other[n] > node[joints[n]]) {
                node[joints[n]] = other[n];
                back[joints[n]] = OUTSIDE_ARC[kind];
            }
    }
    float best = -INFINITY;
    for (Py_ssize_t n = 0; n < search->joints; n++) {
        float own = node[joints[n]] + skip[n];
        if (best > own) {
            node[joints[n]] = best - skip[n];
            back[joints[n]] = SKIPPED;
        } else {
            best = own;
        }
    }
}

static int is_below(const Py_buffer *numbers, Py_ssize_t limit)
{
    const int64_t *at = numbers->buf;
    for (Py_ssize_t n = 0; n < numbers->shape[0]; n++)
        if (at[n] < 0 || at[n] >= limit)
            return 0;
    return 1;
}

static int has(const Py_buffer *buffer, Py_ssize_t rows, Py_ssize_t columns)
{
    return buffer->shape[0] == rows && (buffer->ndim < 2 || buffer->shape[1] == columns);
}

/* Whether the buffers go together, so that no access is out of bounds. */
static int fits(const Py_buffer *of, search_t *search)
{
    for (int n = 0; n < COUNT; n++) {
        if (of[n].ndim != SHAPES[n][0] || of[n].itemsize != SHAPES[n][1])
            return 0;
        search->at[n] = of[n].buf;
    }
    Py_ssize_t frames = search->frames = of[SCORES].shape[0];
    Py_ssize_t senones = search->senones = of[SCORES].shape[1];
    Py_ssize_t nodes = search->nodes = of[NODE].shape[0];
    Py_ssize_t states = search->states = of[STATE].shape[0];
    Py_ssize_t arcs = search->arcs = of[FIRST].shape[0];
    Py_ssize_t joints = search->joints = of[JOINTS].shape[0];
    return has(&of[OTHER], KINDS, joints) && has(&of[AGE], states, 0) && has(&of[LAST], arcs, 0) &&
           has(&of[SOURCE], arcs, 0) && has(&of[TARGET], arcs, 0) && has(&of[ENTERING], arcs, 0) &&
           has(&of[LOOP], states, 0) && has(&of[LINGER], states, 0) &&
           has(&of[STEP], states, 0) && has(&of[COLUMNS], states, 0) &&
           has(&of[SKIP], joints, 0) && has(&of[LEAVING], KINDS, 1) &&
           has(&of[OUTSIDE], KINDS, frames) && has(&of[STEPPED], frames, states) &&
           has(&of[BACK], frames, nodes) && has(&of[ENTERED], KINDS, frames) &&
           of[ENTERED].shape[2] == joints && is_below(&of[FIRST], states) &&
           is_below(&of[LAST], states) && is_below(&of[SOURCE], nodes) &&
           is_below(&of[TARGET], nodes) && is_below(&of[COLUMNS], senones) &&
           is_below(&of[JOINTS], nodes);
}

static PyObject *advance(PyObject *self, PyObject *args)
{
    Py_buffer buffers[COUNT] = {{0}};
    search_t search;
    float *scratch = NULL;
    int is_good = 0, count = 0;
    (void)self;
    if (PyTuple_Size(args) != COUNT) {
        PyErr_Format(PyExc_TypeError, "advance takes %d arrays", COUNT);
        return NULL;
    }
    for (; count < COUNT; count++) {
        int is_written = count <= AGE || count >= STEPPED;
        int flags = PyBUF_C_CONTIGUOUS | (is_written ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(PyTuple_GetItem(args, count), &buffers[count], flags))
            break;
    }
    if (count == COUNT && !fits(buffers, &search)) {
        PyErr_SetString(PyExc_ValueError, "arrays of shapes that do not go together");
    } else if (count == COUNT) {
        scratch = malloc((2 * (size_t)search.states + 1) * sizeof(float));
        if (scratch) {
            is_good = 1;
            Py_BEGIN_ALLOW_THREADS
            for (Py_ssize_t frame = 0; frame < search.frames; frame++) {
                enter_states(&search, scratch);
                advance_states(&search, frame, scratch, scratch + search.states);
                advance_outside(&search, frame);
                advance_nodes(&search, frame);
            }
            Py_END_ALLOW_THREADS
            free(scratch);
        } else {
            PyErr_NoMemory();
        }
    }
    for (int n = 0; n < count; n++)
        PyBuffer_Release(&buffers[n]);
    if (!is_good)
        return NULL;
    Py_RETURN_NONE;
}

/* The power of bands, and what it is made up of, each updated in place. */
enum { MEL, POWER, NOISE, FLOOR, PEAK, GAINS, NOISE_COUNT };

/* Towards a value: up slowly, down fast. */
static double track(double value, double towards)
{
    return value + (towards >= value ? 0.001 : 0.5) * (towards - value);
}

static void suppress_frame(double *const *of, Py_ssize_t bands, const double *mel, double *gains)
{
    double *power = of[POWER], *noise = of[NOISE], *floor = of[FLOOR], *peak = of[PEAK];
    for (Py_ssize_t n = 0; n < bands; n++) {
        power[n] += 0.3 * (mel[n] - power[n]);
        noise[n] = track(noise[n], power[n]);
        double signal = power[n] - noise[n] > 1.0 ? power[n] - noise[n] : 1.0;
        floor[n] = track(floor[n], signal);
        peak[n] *= 0.85;
        double masked = signal < 0.85 * peak[n] ? 0.2 * peak[n] : signal;
        if (signal > peak[n])
            peak[n] = signal;
        gains[n] = (masked > floor[n] ? masked : floor[n]) / (power[n] > 1e-9 ? power[n] : 1e-9);
    }
}

static PyObject *suppress(PyObject *self, PyObject *args)
{
    Py_buffer buffers[NOISE_COUNT] = {{0}};
    int is_good = 0, count = 0;
    (void)self;
    if (PyTuple_Size(args) != NOISE_COUNT) {
        PyErr_Format(PyExc_TypeError, "suppress takes %d arrays", NOISE_COUNT);
        return NULL;
    }
    for (; count < NOISE_COUNT; count++) {
        int flags = PyBUF_C_CONTIGUOUS | (count == MEL ? 0 : PyBUF_WRITABLE);
        if (PyObject_GetBuffer(PyTuple_GetItem(args, count), &buffers[count], flags))
            break;
    }
    if (count == NOISE_COUNT) {
        double *of[NOISE_COUNT];
        const Py_buffer *mel = &buffers[MEL];
        is_good = mel->ndim == 2;
        for (int n = 0; is_good && n < NOISE_COUNT; n++) {
            int is_whole = n == MEL || n == GAINS;
            of[n] = buffers[n].buf;
            is_good = buffers[n].itemsize == sizeof(double) &&
                      buffers[n].ndim == (is_whole ? 2 : 1) &&
                      buffers[n].shape[0] == mel->shape[is_whole ? 0 : 1] &&
                      (!is_whole || buffers[n].shape[1] == mel->shape[1]);
        }
        if (is_good) {
            Py_ssize_t frames = mel->shape[0], bands = mel->shape[1];
            Py_BEGIN_ALLOW_THREADS
            for (Py_ssize_t frame = 0; frame < frames; frame++)
                suppress_frame(of, bands, of[MEL] + frame * bands, of[GAINS] + frame * bands);
            Py_END_ALLOW_THREADS
        } else {
            PyErr_SetString(PyExc_ValueError, "arrays of shapes that do not go together");
        }
    }
    for (int n = 0; n < count; n++)
        PyBuffer_Release(&buffers[n]);
    if (!is_good)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"suppress", suppress, METH_VARARGS, "suppress(mel, power, noise, floor, peak, gains)"},
    {"advance", advance, METH_VARARGS,
     "advance(node, state, other, age, first, last, source, target, entering, loop, linger, step,\n"
     "        columns, joints, skip, leaving, scores, outside, stepped, back, entered)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_loops", "The inner loops of viterbi_advance.py and mfcc.py.", -1,
    METHODS, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__loops(void) { return PyModule_Create(&MODULE); }
