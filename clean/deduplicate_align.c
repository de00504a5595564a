/* clean/deduplicate_align.c: whether two pictures show the same, seen on thumbnails. */
#include "clean/deduplicate_align.h"

#include <math.h>
#include <string.h>

#define SIDE       THUMB_SIDE
#define HALF       (SIDE / 2)
#define UNKNOWNS   8    /* six of the map, gain, offset */
#define STEPS      12   /* half of them on the smoother pictures */
#define STEP_MOST  0.1  /* of a parameter in one step */
#define SHIFT_MOST 0.15 /* of a parameter altogether, in half sides */
#define RIDGE      1e-3

struct plane {
    double at[SIDE * SIDE];
};

/* x' = x + p0 + p1 x + p2 y, y' = y + p3 + p4 x + p5 y; x and y run from -1 to 1. */
struct map {
    double p[6];
};

struct sums {
    double n, a, b, aa, bb, ab;
};

/* ---- planes ---- */

static void load(const uint8_t *thumb, bool mirrored, struct plane *ret)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            ret->at[y * SIDE + x] = thumb[y * SIDE + (mirrored ? SIDE - 1 - x : x)];
}

static int inside(int place)
{
    return place < 0 ? 0 : place >= SIDE ? SIDE - 1 : place;
}

/* Binomial 1 2 1 both ways, edges repeated. */
static void smooth(struct plane *plane)
{
    struct plane across;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const double *row = plane->at + y * SIDE;
            across.at[y * SIDE + x] = (row[inside(x - 1)] + 2 * row[x] + row[inside(x + 1)]) / 4;
        }
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            plane->at[y * SIDE + x] =
                (across.at[inside(y - 1) * SIDE + x] + 2 * across.at[y * SIDE + x] +
                 across.at[inside(y + 1) * SIDE + x]) /
                4;
}

/* Value and slope (per unit of -1 ... 1) where the map sends pixel x, y; false outside. */
static bool sample(const struct plane *plane, const struct map *map, int x, int y, double ret[3])
{
    double u = (x + 0.5) / HALF - 1, v = (y + 0.5) / HALF - 1;
    const double *p = map->p;
    double across = (u + p[0] + p[1] * u + p[2] * v + 1) * HALF - 0.5;
    double down = (v + p[3] + p[4] * u + p[5] * v + 1) * HALF - 0.5;
    if (across < 0 || across > SIDE - 1 || down < 0 || down > SIDE - 1) return false;
    int left = across >= SIDE - 1 ? SIDE - 2 : (int)across;
    int top = down >= SIDE - 1 ? SIDE - 2 : (int)down;
    double s = across - left, t = down - top;
    const double *corner = plane->at + top * SIDE + left;
    double a = corner[0], b = corner[1], c = corner[SIDE], d = corner[SIDE + 1];
    ret[0] = a * (1 - s) * (1 - t) + b * s * (1 - t) + c * (1 - s) * t + d * s * t;
    ret[1] = ((b - a) * (1 - t) + (d - c) * t) * HALF;
    ret[2] = ((c - a) * (1 - s) + (d - b) * s) * HALF;
    return true;
}

/* ---- correlation ---- */

static void add(struct sums *sums, double a, double b)
{
    sums->n += 1;
    sums->a += a;
    sums->b += b;
    sums->aa += a * a;
    sums->bb += b * b;
    sums->ab += a * b;
}

static double correlation(const struct sums *s)
{
    double aa = s->aa - s->a * s->a / s->n, bb = s->bb - s->b * s->b / s->n;
    if (s->n < SIDE * SIDE / 2 || aa < 1 || bb < 1) return 0; /* flat, or hardly overlapping */
    return (s->ab - s->a * s->b / s->n) / sqrt(aa * bb);
}

double thumbs_correlate(const uint8_t *a, const uint8_t *b, bool mirrored)
{
    struct sums sums = {0};
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            add(&sums, a[y * SIDE + x], b[y * SIDE + (mirrored ? SIDE - 1 - x : x)]);
    return correlation(&sums);
}

static double mapped_correlation(const struct plane *a, const struct plane *b,
                                 const struct map *map)
{
    struct sums sums = {0};
    double value[3];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            if (sample(b, map, x, y, value)) add(&sums, a->at[y * SIDE + x], value[0]);
    return correlation(&sums);
}

/* ---- alignment ---- */

/* Solves the symmetric system in place (Gauss with pivots); false when it has no solution. */
static bool solve(double m[UNKNOWNS][UNKNOWNS + 1])
{
    for (int k = 0; k < UNKNOWNS; k++) {
        int pivot = k;
        for (int i = k + 1; i < UNKNOWNS; i++)
            if (fabs(m[i][k]) > fabs(m[pivot][k])) pivot = i;
        if (fabs(m[pivot][k]) < 1e-12) return false;
        for (int j = k; j <= UNKNOWNS; j++) {
            double swap = m[k][j];
            m[k][j] = m[pivot][j];
            m[pivot][j] = swap;
        }
        for (int i = 0; i < UNKNOWNS; i++) {
            if (i == k) continue;
            double factor = m[i][k] / m[k][k];
            for (int j = k; j <= UNKNOWNS; j++)
                m[i][j] -= factor * m[k][j];
        }
    }
    for (int k = 0; k < UNKNOWNS; k++)
        m[k][UNKNOWNS] /= m[k][k];
    return true;
}

/* Normal equations of gain x b(map) + offset + change of the map = a. */
static void equations(const struct plane *a, const struct plane *b, const struct map *map,
                      double m[UNKNOWNS][UNKNOWNS + 1])
{
    memset(m, 0, sizeof(double) * UNKNOWNS * (UNKNOWNS + 1));
    for (int k = 0; k < UNKNOWNS; k++)
        m[k][k] = RIDGE;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            double value[3];
            if (!sample(b, map, x, y, value)) continue;
            double u = (x + 0.5) / HALF - 1, v = (y + 0.5) / HALF - 1;
            double row[UNKNOWNS + 1] = {value[1],           value[1] * u, value[1] * v, value[2],
                                        value[2] * u,       value[2] * v, value[0],     1,
                                        a->at[y * SIDE + x]};
            for (int i = 0; i < UNKNOWNS; i++)
                for (int j = i; j <= UNKNOWNS; j++)
                    m[i][j] += row[i] * row[j];
        }
    for (int i = 0; i < UNKNOWNS; i++)
        for (int j = 0; j < i; j++)
            m[i][j] = m[j][i];
}

static double held(double value, double most)
{
    return value < -most ? -most : value > most ? most : value;
}

static void improve(const struct plane *a, const struct plane *b, struct map *map)
{
    double m[UNKNOWNS][UNKNOWNS + 1];
    equations(a, b, map, m);
    if (!solve(m)) return;
    double gain = fabs(m[6][UNKNOWNS]) < 0.05 ? 0.05 : m[6][UNKNOWNS];
    for (int k = 0; k < 6; k++)
        map->p[k] = held(map->p[k] + held(m[k][UNKNOWNS] / gain, STEP_MOST), SHIFT_MOST);
}

static double align(const struct plane *a, const struct plane *b, const struct plane *smoother_a,
                    const struct plane *smoother_b)
{
    struct map map = {{0}};
    for (int step = 0; step < STEPS; step++) {
        bool coarse = step < STEPS / 2;
        improve(coarse ? smoother_a : a, coarse ? smoother_b : b, &map);
    }
    return mapped_correlation(a, b, &map);
}

double thumbs_align(const uint8_t *a, const uint8_t *b, bool mirrored)
{
    struct plane fine_a, fine_b, smoother_a, smoother_b;
    load(a, false, &fine_a);
    load(b, mirrored, &fine_b);
    smooth(&fine_a);
    smooth(&fine_b);
    smoother_a = fine_a;
    smoother_b = fine_b;
    smooth(&smoother_a);
    smooth(&smoother_b);
    double to_a = align(&fine_a, &fine_b, &smoother_a, &smoother_b);
    double to_b = align(&fine_b, &fine_a, &smoother_b, &smoother_a);
    return to_a > to_b ? to_a : to_b;
}
