/* extension_plan.c: what SQLite's planner is told: which constraints leave something out, how many
 * rows stay, and what reading them costs. */
#include "lineage/extension.h"

#include <math.h>
#include <string.h>

SQLITE_EXTENSION_INIT3

/* In SQLite's unit, about one step of a B-tree. */
#define ROWS_UNKNOWN 1000000 /* a guess */
#define COST_OPEN    200.0   /* a file */
#define COST_ROW     1.0
#define COST_VALUE   0.2 /* decompression, and the value to SQLite */

static bool is_comparison(int op)
{
    return op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_GT ||
           op == SQLITE_INDEX_CONSTRAINT_GE || op == SQLITE_INDEX_CONSTRAINT_LT ||
           op == SQLITE_INDEX_CONSTRAINT_LE;
}

static bool is_null_test(int op)
{
    return op == SQLITE_INDEX_CONSTRAINT_ISNULL || op == SQLITE_INDEX_CONSTRAINT_ISNOTNULL;
}

/* A list behind IN would read everything again for each of its members; by rowid that is little. */
static bool is_useful(const struct schema *schema, sqlite3_index_info *plan, int i)
{
    const struct sqlite3_index_constraint *constraint = &plan->aConstraint[i];

    if (!constraint->usable) return false;
    if (constraint->iColumn < 0) return is_comparison(constraint->op);
    if ((size_t)constraint->iColumn >= schema->count) return false;
    if (is_null_test(constraint->op)) return true;
    if (!is_comparison(constraint->op) || sqlite3_vtab_in(plan, i, -1)) return false;
    enum range_kind kind = range_kind_of(&schema->fields[constraint->iColumn]);
    if (kind == RANGE_TEXT || kind == RANGE_TIME)
        return strcmp(sqlite3_vtab_collation(plan, i), "BINARY") == 0;
    return kind != RANGE_NONE;
}

/* ---- how many rows stay ---- */

struct guess {
    double rows, files; /* that are read */
    double share;       /* of their rows that are handed out */
};

/* What stays of a version when a constraint with a known operand is asked. */
static void ask_statistics(const struct extension_data *data, const struct extension_check *check,
                           struct guess *guess)
{
    const struct field *field = &data->schema->fields[check->column];
    double rows = 0, found = 0, files = 0;

    for (size_t i = 0; i < data->count; i++) {
        const struct extension_piece *piece = &data->pieces[i];
        const struct extension_range *range = &piece->ranges[check->column];
        if (extension_excludes(field, range, piece->rows, check)) continue;
        files++;
        rows += (double)piece->rows;
        if (check->op == SQLITE_INDEX_CONSTRAINT_EQ)
            found += (double)piece->rows / (range->distinct > 0 ? (double)range->distinct : 10);
        else if (check->op == SQLITE_INDEX_CONSTRAINT_ISNULL && range->nulls >= 0)
            found += (double)range->nulls;
        else
            found += (double)piece->rows / 2;
    }
    guess->rows = fmin(guess->rows, rows);
    guess->files = fmin(guess->files, files);
    guess->share *= rows > 0 ? found / rows : 0;
}

static void guess_rowid(const struct extension_data *data, int op, struct guess *guess)
{
    bool one = op == SQLITE_INDEX_CONSTRAINT_EQ;
    double batch = data == NULL || data->count == 0 ? 65536 : guess->rows / (double)data->count;

    if (one) guess->rows = fmin(guess->rows, batch);
    if (one) guess->files = 1;
    guess->share *= one ? 1 / fmax(guess->rows, 1) : 0.5;
}

static void guess_constraint(const struct extension_data *data, sqlite3_index_info *plan, int i,
                             struct guess *guess)
{
    const struct sqlite3_index_constraint *constraint = &plan->aConstraint[i];
    struct extension_check check = {constraint->iColumn, constraint->op, NULL};
    bool known = sqlite3_vtab_rhs_value(plan, i, &check.value) == SQLITE_OK && check.value != NULL;

    if (constraint->iColumn < 0) {
        guess_rowid(data, constraint->op, guess);
        /* An integer is compared here as SQLite would: it need not do so again. */
        if (known && sqlite3_value_type(check.value) == SQLITE_INTEGER &&
            !sqlite3_vtab_in(plan, i, -1))
            plan->aConstraintUsage[i].omit = 1;
    } else if (known && data != NULL && data->rows >= 0)
        ask_statistics(data, &check, guess);
    else
        guess->share *= constraint->op == SQLITE_INDEX_CONSTRAINT_EQ ? 0.1 : 0.5;
}

/* ---- the plan ---- */

static int columns_used(const sqlite3_index_info *plan)
{
    return __builtin_popcountll(plan->colUsed);
}

static bool is_in_order(const sqlite3_index_info *plan)
{
    return plan->nOrderBy == 1 && plan->aOrderBy[0].iColumn < 0 && !plan->aOrderBy[0].desc;
}

int extension_plan(const struct extension_data *data, const struct schema *schema, int used,
                   sqlite3_index_info *plan)
{
    sqlite3_str *checks = sqlite3_str_new(NULL);
    bool known = data != NULL && data->rows >= 0;
    struct guess guess = {known ? (double)data->rows : ROWS_UNKNOWN,
                          known ? (double)data->count : 1, 1};
    int before = used, most = used + EXTENSION_CHECKS;

    for (int i = 0; i < plan->nConstraint && used < most; i++) {
        const struct sqlite3_index_constraint *constraint = &plan->aConstraint[i];
        if (plan->aConstraintUsage[i].argvIndex != 0 || !is_useful(schema, plan, i)) continue;
        plan->aConstraintUsage[i].argvIndex = ++used;
        sqlite3_str_appendf(checks, "%d:%d;", constraint->iColumn, (int)constraint->op);
        guess_constraint(data, plan, i, &guess);
        if (constraint->iColumn < 0 && constraint->op == SQLITE_INDEX_CONSTRAINT_EQ)
            plan->idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
    }
    double row = COST_ROW + COST_VALUE * columns_used(plan);
    plan->estimatedCost = COST_OPEN * (1 + guess.files) + guess.rows * row;
    plan->estimatedRows = (sqlite3_int64)ceil(guess.rows * guess.share) + 1;
    plan->orderByConsumed = is_in_order(plan);
    plan->idxStr = sqlite3_str_finish(checks);
    plan->needToFreeIdxStr = 1;
    return used > before && plan->idxStr == NULL ? SQLITE_NOMEM : SQLITE_OK;
}
