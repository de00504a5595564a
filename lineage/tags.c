/* tags.c: names for versions: what they name, what they named before, which share an entity gets.
 */
#include "lineage/tags.h"

#include "lineage/sql.h"
#include "lineage/version.h"

#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* ---- states ---- */

bool tag_states_equal(const struct tag_state *a, const struct tag_state *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->shares[i].number != b->shares[i].number ||
            a->shares[i].weight != b->shares[i].weight)
            return false;
    return true;
}

char *tag_state_text(const struct tag_state *state, char ret[TAG_STATE_TEXT])
{
    size_t size = 0;

    ret[0] = '\0';
    if (state->count == 1) {
        snprintf(ret, TAG_STATE_TEXT, "%" PRId64, state->shares[0].number);
        return ret;
    }
    for (size_t i = 0; i < state->count && size < TAG_STATE_TEXT; i++)
        size +=
            (size_t)snprintf(ret + size, TAG_STATE_TEXT - size, "%s%" PRId64 ":%" PRId64,
                             i == 0 ? "" : ",", state->shares[i].number, state->shares[i].weight);
    return ret;
}

/* Rows of number and weight. */
static enum status read_state(struct store *store, sqlite3_stmt *rows, struct tag_state *ret,
                              struct err *err)
{
    bool row;

    *ret = (struct tag_state){0};
    for (;;) {
        TRY(sql_next(store, rows, &row, err));
        if (!row) return STATUS_OK;
        if (ret->count == TAG_SHARES)
            return fail(err, STATUS_FAILED, "a tag names more than %d versions", TAG_SHARES);
        ret->shares[ret->count++] = (struct tag_share){.number = sqlite3_column_int64(rows, 0),
                                                       .weight = sqlite3_column_int64(rows, 1)};
    }
}

enum status tag_get(struct store *store, const char *dataset, const char *tag,
                    struct tag_state *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;

    TRY(sql_open(store, &rows, err,
                 "SELECT number, weight FROM tags WHERE dataset = ? AND tag = ? ORDER BY number",
                 "tt", dataset, tag));
    return read_state(store, rows, ret, err);
}

/* ---- history ---- */

/* A state is the rows of one run; the newest first. */
static const char states_sql[] =
    "SELECT h.run_id, max(h.history_key),"
    " group_concat(h.number || ':' || h.weight, ',') AS state, max(h.reason LIKE '" TAG_ROLLED_BACK
    "%')"
    " FROM (SELECT * FROM tag_history WHERE dataset = ?1 AND tag = ?2 AND number IS NOT NULL"
    "       ORDER BY history_key) AS h"
    " GROUP BY h.run_id ORDER BY 2 DESC";

static enum status state_of_run(struct store *store, const char *dataset, const char *tag,
                                const char *run, struct tag_state *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;

    TRY(sql_open(store, &rows, err,
                 "SELECT number, weight FROM tag_history WHERE dataset = ? AND tag = ?"
                 " AND run_id = ? AND number IS NOT NULL ORDER BY number",
                 "ttt", dataset, tag, run));
    return read_state(store, rows, ret, err);
}

/* States that a watch left are not gone back to: `left` holds them, each between semicolons. */
struct walk {
    char present[TAG_STATE_TEXT];
    char newer[TAG_STATE_TEXT]; /* the state that came after the one looked at */
    bool newer_rolled_back;     /* ... because a gate failed */
    struct bytes left;
};

static bool was_left(const struct walk *walk, const char *state)
{
    size_t size = strlen(state);
    const char *at = (const char *)walk->left.data;

    for (size_t i = 0; i + size + 2 <= walk->left.size; i++)
        if (at[i] == ';' && at[i + size + 1] == ';' && memcmp(at + i + 1, state, size) == 0)
            return true;
    return false;
}

/* Looks at one state, newest first: whether it is the one to go back to. */
static enum status look_at(struct walk *walk, const char *state, bool rolled_back, bool *ret_found,
                           struct err *err)
{
    if (walk->newer_rolled_back && strcmp(state, walk->newer) != 0) {
        TRY(bytes_format(&walk->left, err, ";%s;", state));
    }
    *ret_found = strcmp(state, walk->present) != 0 && !was_left(walk, state);
    walk->newer_rolled_back = rolled_back;
    snprintf(walk->newer, sizeof walk->newer, "%s", state);
    return STATUS_OK;
}

enum status tag_before(struct store *store, const char *dataset, const char *tag,
                       struct tag_state *ret, struct err *err)
{
    OWNED(sql_close) sqlite3_stmt *rows = NULL;
    struct walk walk = {.left = bytes_limited(1 << 20)};
    bool row = true, found = false;

    *ret = (struct tag_state){0};
    TRY(sql_open(store, &rows, err, states_sql, "tt", dataset, tag));
    enum status status = sql_next(store, rows, &row, err);
    if (row) snprintf(walk.present, sizeof walk.present, "%s", sql_text(rows, 2));
    while (status == STATUS_OK && row && !found) {
        status = look_at(&walk, sql_text(rows, 2), sqlite3_column_int(rows, 3) != 0, &found, err);
        if (status == STATUS_OK && found)
            status = state_of_run(store, dataset, tag, sql_text(rows, 0), ret, err);
        else if (status == STATUS_OK)
            status = sql_next(store, rows, &row, err);
    }
    bytes_release(&walk.left);
    return status;
}

/* ---- moving ---- */

static bool all_digits(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static enum status check_tag(const char *tag, struct err *err)
{
    int64_t time;
    size_t size = strlen(tag);
    bool fine = size > 0 && size < 128 && strpbrk(tag, "@ \t\n") == NULL && !all_digits(tag) &&
                strcmp(tag, "latest") != 0 && strcmp(tag, "new") != 0 &&
                time_parse(str_of(tag), &time, NULL) != STATUS_OK;

    if (fine) return STATUS_OK;
    fail(err, STATUS_USAGE, "\"%s\" cannot be a tag", tag);
    err_hint(err, "digits alone, latest, new and times name versions already; try prod, or v3");
    return STATUS_USAGE;
}

static enum status check_shares(struct store *store, const char *dataset,
                                const struct tag_state *state, struct err *err)
{
    struct version version;
    int64_t sum = 0;

    for (size_t i = 0; i < state->count; i++) {
        char reference[320];
        const struct tag_share *share = &state->shares[i];
        snprintf(reference, sizeof reference, "%s@%" PRId64, dataset, share->number);
        TRY(version_resolve(store, reference, &version, err));
        if (share->weight < 1 || share->weight > 100)
            return fail(err, STATUS_USAGE,
                        "version %" PRId64 " has the weight %" PRId64 ", expected 1 to 100",
                        share->number, share->weight);
        if (i > 0 && share->number <= share[-1].number)
            return fail(err, STATUS_USAGE, "version %" PRId64 " is there twice", share->number);
        sum += share->weight;
    }
    if (sum == 100) return STATUS_OK;
    return fail(err, STATUS_USAGE, "the weights add up to %" PRId64 ", expected 100", sum);
}

static enum status insert_share(struct store *store, struct run *run, const char *dataset,
                                const char *tag, const struct tag_share *share, int64_t now,
                                const char *reason, struct err *err)
{
    TRY(sql_run(store, err,
                "INSERT INTO tags (dataset, tag, number, weight, run_id, set_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                "ttiitu", dataset, tag, share->number, share->weight, run_id(run), now));
    return sql_run(store, err,
                   "INSERT INTO tag_history (dataset, tag, number, weight, set_at, user, run_id,"
                   " reason) SELECT ?1, ?2, ?3, ?4, ?5, user, run_id, ?6 FROM main.runs"
                   " WHERE run_id = ?7",
                   "ttiiutt", dataset, tag, share->number, share->weight, now, reason, run_id(run));
}

/* In the transaction. */
static enum status move(struct store *store, struct run *run, const char *dataset, const char *tag,
                        const struct tag_change *change, bool *ret_moved, struct err *err)
{
    struct tag_state found;
    int64_t now = clock_now();

    TRY(tag_get(store, dataset, tag, &found, err));
    *ret_moved = change->expected == NULL || tag_states_equal(&found, change->expected);
    if (!*ret_moved) return STATUS_OK;
    TRY(sql_run(store, err, "DELETE FROM tags WHERE dataset = ? AND tag = ?", "tt", dataset, tag));
    for (size_t i = 0; i < change->to->count; i++)
        TRY(insert_share(store, run, dataset, tag, &change->to->shares[i], now, change->reason,
                         err));
    return change->also == NULL ? STATUS_OK : change->also(change->context, err);
}

enum status tag_move(struct store *store, struct run *run, const char *dataset, const char *tag,
                     const struct tag_change *change, bool *ret_moved, struct err *err)
{
    TRY(check_tag(tag, err));
    TRY(check_shares(store, dataset, change->to, err));
    TRY(catalog_begin(store, err));
    enum status status = move(store, run, dataset, tag, change, ret_moved, err);
    if (status == STATUS_OK) return catalog_commit(store, err);
    catalog_rollback(store);
    return status;
}

enum status tag_set(struct store *store, struct run *run, const char *dataset, const char *tag,
                    int64_t number, struct err *err)
{
    struct tag_state state = {.shares = {{.number = number, .weight = 100}}, .count = 1};
    bool moved;

    return tag_move(store, run, dataset, tag, &(struct tag_change){.to = &state}, &moved, err);
}

/* ---- which share ---- */

/* In (0, 1), from the first 52 bits of a digest. */
static double draw(const char *dataset, const char *tag, int64_t number, struct str key)
{
    struct digester digester;
    uint64_t bits = 0;

    digester_begin(&digester);
    digester_add_field(&digester, dataset, strlen(dataset));
    digester_add_field(&digester, tag, strlen(tag));
    digester_add_u64(&digester, (uint64_t)number);
    digester_add_field(&digester, key.data, key.size);
    struct digest digest = digester_end(&digester);
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | digest.bytes[i];
    return ((double)(bits >> 12) + 0.5) / (double)(1ULL << 52);
}

int64_t tag_pick(const char *dataset, const char *tag, const struct tag_state *state,
                 struct str key)
{
    int64_t best = state->shares[0].number;
    double best_score = -1;

    if (state->count == 1) return best;
    for (size_t i = 0; i < state->count; i++) {
        const struct tag_share *share = &state->shares[i];
        double score = (double)share->weight / -log(draw(dataset, tag, share->number, key));
        if (score <= best_score) continue;
        best_score = score;
        best = share->number;
    }
    return best;
}
