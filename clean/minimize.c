/* clean/minimize.c: L-BFGS. */
#include "clean/minimize.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

#define HISTORY    6    /* pairs of steps that stand for the curvature */
#define SUFFICIENT 1e-4 /* share of the promised decrease (Armijo) */
#define HALVINGS   25   /* before a direction is given up */
#define CURVED     1e-10

struct minimizer {
    size_t size;
    int steps, most, halvings;
    double tolerance;
    double *best, *gradient, *direction, *trial;
    double *moves[HISTORY], *bends[HISTORY]; /* differences of points, of gradients */
    double curves[HISTORY];                  /* their products */
    int pairs;                               /* so far; pair i lies at i % HISTORY */
    double value, slope, length;
    bool begun, done;
};

static double dot(const double *a, const double *b, size_t size)
{
    double sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add_times(double *to, const double *from, double times, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] += times * from[i];
}

enum status minimizer_open(struct minimizer **ret, size_t size, const double *start, int most,
                           double tolerance, struct err *err)
{
    struct minimizer *m;
    TRY(NEW(&m, 1, err));
    *ret = m;
    m->size = size;
    m->most = most;
    m->tolerance = tolerance;
    double **parts[] = {&m->best, &m->gradient, &m->direction, &m->trial};
    for (size_t i = 0; i < 4; i++)
        TRY(NEW(parts[i], size, err));
    for (size_t i = 0; i < HISTORY; i++) {
        TRY(NEW(&m->moves[i], size, err));
        TRY(NEW(&m->bends[i], size, err));
    }
    memcpy(m->trial, start, size * sizeof *start);
    return STATUS_OK;
}

void minimizer_close(struct minimizer **ret)
{
    struct minimizer *m = *ret;
    if (m == NULL) return;
    for (size_t i = 0; i < HISTORY; i++) {
        memory_free(m->moves[i]);
        memory_free(m->bends[i]);
    }
    memory_free(m->best);
    memory_free(m->gradient);
    memory_free(m->direction);
    memory_free(m->trial);
    memory_free(m);
    *ret = NULL;
}

const double *minimizer_point(const struct minimizer *m)
{
    return m->done ? m->best : m->trial;
}

bool minimizer_done(const struct minimizer *m)
{
    return m->done;
}

/* The two loops: the inverse of the curvature times the gradient. */
static void turn(struct minimizer *m)
{
    double shares[HISTORY];
    int oldest = m->pairs > HISTORY ? m->pairs - HISTORY : 0;
    for (size_t i = 0; i < m->size; i++)
        m->direction[i] = -m->gradient[i];
    for (int p = m->pairs - 1; p >= oldest; p--) {
        int at = p % HISTORY;
        shares[at] = dot(m->moves[at], m->direction, m->size) / m->curves[at];
        add_times(m->direction, m->bends[at], -shares[at], m->size);
    }
    double scale;
    if (m->pairs > 0) {
        int at = (m->pairs - 1) % HISTORY;
        scale = m->curves[at] / dot(m->bends[at], m->bends[at], m->size);
    } else {
        scale = 1 / fmax(sqrt(dot(m->gradient, m->gradient, m->size)), 1e-300);
    }
    for (size_t i = 0; i < m->size; i++)
        m->direction[i] *= scale;
    for (int p = oldest; p < m->pairs; p++) {
        int at = p % HISTORY;
        double share = dot(m->bends[at], m->direction, m->size) / m->curves[at];
        add_times(m->direction, m->moves[at], shares[at] - share, m->size);
    }
}

static void place_trial(struct minimizer *m)
{
    for (size_t i = 0; i < m->size; i++)
        m->trial[i] = m->best[i] + m->length * m->direction[i];
}

static void set_out(struct minimizer *m)
{
    turn(m);
    m->slope = dot(m->direction, m->gradient, m->size);
    m->length = 1;
    m->halvings = 0;
    if (!(m->slope < 0))
        m->done = true;
    else
        place_trial(m);
}

/* The trial becomes the best point; what was learned on the way there is kept as a pair. */
static void accept(struct minimizer *m, double value, const double *gradient)
{
    int at = m->pairs % HISTORY;
    for (size_t i = 0; m->begun && i < m->size; i++) {
        m->moves[at][i] = m->trial[i] - m->best[i];
        m->bends[at][i] = gradient[i] - m->gradient[i];
    }
    memcpy(m->best, m->trial, m->size * sizeof *m->best);
    memcpy(m->gradient, gradient, m->size * sizeof *m->gradient);
    m->value = value;
    if (!m->begun) return;
    double curve = dot(m->moves[at], m->bends[at], m->size);
    if (curve <= CURVED * dot(m->bends[at], m->bends[at], m->size)) return;
    m->curves[at] = curve;
    m->pairs++;
}

void minimizer_answer(struct minimizer *m, double value, const double *gradient)
{
    if (m->done) return;
    if (m->begun && !(value <= m->value + SUFFICIENT * m->length * m->slope)) {
        m->length /= 2;
        if (++m->halvings > HALVINGS)
            m->done = true;
        else
            place_trial(m);
        return;
    }
    double before = m->value;
    accept(m, value, gradient);
    bool little = m->begun && before - value <= m->tolerance * fabs(value);
    if (m->begun) m->steps++;
    m->begun = true;
    if (m->steps >= m->most || little)
        m->done = true;
    else
        set_out(m);
}
