/* base/setting.c: values of settings from text and from YAML, by the rows of one table. */
#include "base/setting.h"
#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_TEXT 64 /* longer is no number a person wrote */

/* ---- names ---- */

const char *nearest_name(struct str word, size_t count,
                         const char *(*name_at)(const void *, size_t), const void *names)
{
    size_t limit = word.size / 3 < 2 ? 2 : word.size / 3;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        struct str name = str_of(name_at(names, i));
        size_t distance = str_distance(word, name, limit);
        size_t longer = word.size > name.size ? word.size : name.size;
        if (distance > limit || 2 * distance >= longer) continue; /* "x" is not a slip for "id" */
        if (distance == 0) return name.data;
        nearest = name.data;
        limit = distance - 1; /* only a strictly nearer one replaces it: first come, first named */
    }
    return nearest;
}

/* "max_rejects" in YAML and "max-rejects" on the command line are one setting. */
static bool same_name(const char *name, struct str word)
{
    size_t i = 0;
    for (; i < word.size && name[i] != '\0'; i++) {
        char a = name[i] == '-' ? '_' : name[i];
        char b = word.data[i] == '-' ? '_' : word.data[i];
        if (a != b) return false;
    }
    return i == word.size && name[i] == '\0';
}

static const struct setting *find_setting(const struct setting *table, struct str word)
{
    for (const struct setting *row = table; row->name != NULL; row++)
        if (row->kind != SETTING_REST && same_name(row->name, word)) return row;
    return NULL;
}

static const struct setting *find_rest(const struct setting *table)
{
    for (const struct setting *row = table; row->name != NULL; row++)
        if (row->kind == SETTING_REST) return row;
    return NULL;
}

bool setting_is_known(const struct setting *table, struct str key)
{
    return find_setting(table, key) != NULL;
}

static size_t count_settings(const struct setting *table)
{
    size_t count = 0;
    while (table[count].name != NULL)
        count++;
    return count;
}

static const char *setting_name_at(const void *table, size_t i)
{
    return ((const struct setting *)table)[i].name;
}

/* ---- choices ---- */

/* Choice `index` of "a|b|c", or false behind the last. */
static bool choice_at(const char *choices, int index, struct str *ret)
{
    const char *from = choices;
    for (int i = 0; from != NULL; i++) {
        const char *bar = strchr(from, '|');
        if (i == index) {
            *ret = (struct str){from, bar == NULL ? strlen(from) : (size_t)(bar - from)};
            return true;
        }
        from = bar == NULL ? NULL : bar + 1;
    }
    return false;
}

int choice_index(const char *choices, struct str text)
{
    struct str choice;
    for (int i = 0; choice_at(choices, i, &choice); i++)
        if (str_equal(choice, text)) return i;
    return -1;
}

char *choice_text(const char *choices, int index, char *ret, size_t room)
{
    struct str choice = {"", 0};
    choice_at(choices, index, &choice);
    snprintf(ret, room, "%.*s", (int)choice.size, choice.data);
    return ret;
}

/* "mean, median or mode" */
static char *choices_sentence(const char *choices, char *ret, size_t room)
{
    size_t used = 0;
    struct str choice, next;
    ret[0] = '\0';
    for (int i = 0; choice_at(choices, i, &choice) && used < room; i++) {
        const char *between = i == 0 ? "" : choice_at(choices, i + 1, &next) ? ", " : " or ";
        int written =
            snprintf(ret + used, room - used, "%s%.*s", between, (int)choice.size, choice.data);
        if (written < 0) break;
        used += (size_t)written;
    }
    return ret;
}

static enum status parse_choice(const struct setting *setting, struct str text, int *ret,
                                struct err *err)
{
    *ret = choice_index(setting->choices, text);
    if (*ret >= 0) return STATUS_OK;

    char all[512];
    choices_sentence(setting->choices, all, sizeof all);
    struct str nearest = {NULL, 0}, choice;
    size_t limit = text.size / 3 < 2 ? 2 : text.size / 3;
    for (int i = 0; choice_at(setting->choices, i, &choice); i++) {
        size_t distance = str_distance(text, choice, limit);
        if (distance > limit || 2 * distance >= choice.size) continue;
        nearest = choice;
        limit = distance == 0 ? 0 : distance - 1;
    }
    if (nearest.data == NULL)
        return fail(err, STATUS_USAGE, "found \"%.*s\", expected %s", (int)text.size, text.data,
                    all);
    return fail(err, STATUS_USAGE, "found \"%.*s\", expected %s, did you mean \"%.*s\"?",
                (int)text.size, text.data, all, (int)nearest.size, nearest.data);
}

/* ---- numbers ---- */

/* A NUL-terminated copy for strtoll and strtod, which need one; false when it cannot be a number.
 */
static bool number_text(struct str text, char ret[NUMBER_TEXT])
{
    if (text.size == 0 || text.size >= NUMBER_TEXT || memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(ret, text.data, text.size);
    ret[text.size] = '\0';
    /* strtod takes hexadecimal, infinity and leading blanks, which nobody means here. */
    return strspn(ret, "+-.0123456789eE") == text.size;
}

/* 33554432 bytes as "32M"; other settings as they are. */
static char *bound_text(const struct setting *setting, double bound, char ret[NUMBER_TEXT])
{
    const char *units[] = {"", "K", "M", "G", "T"};
    size_t unit = 0;
    while (setting->kind == SETTING_SIZE && bound >= 1024 && unit < 4) {
        bound /= 1024;
        unit++;
    }
    snprintf(ret, NUMBER_TEXT, "%.15g%s", bound, units[unit]);
    return ret;
}

static enum status check_range(const struct setting *setting, double value, struct str text,
                               struct err *err)
{
    if (setting->minimum == setting->maximum) return STATUS_OK;
    if (value >= setting->minimum && value <= setting->maximum) return STATUS_OK;
    char minimum[NUMBER_TEXT], maximum[NUMBER_TEXT];
    bound_text(setting, setting->minimum, minimum);
    bound_text(setting, setting->maximum, maximum);
    if (value < setting->minimum)
        return fail(err, STATUS_USAGE, "found %.*s, expected at least %s", (int)text.size,
                    text.data, minimum);
    return fail(err, STATUS_USAGE, "found %.*s, expected at most %s", (int)text.size, text.data,
                maximum);
}

static enum status parse_int(const struct setting *setting, struct str text, int64_t *ret,
                             struct err *err)
{
    char copy[NUMBER_TEXT], *end = copy;
    errno = 0;
    long long value = number_text(text, copy) ? strtoll(copy, &end, 10) : 0;
    if (end == copy || *end != '\0')
        return fail(err, STATUS_USAGE, "found \"%.*s\", expected a whole number", (int)text.size,
                    text.data);
    if (errno == ERANGE) return fail(err, STATUS_USAGE, "%s is beyond 64 bits", copy);
    TRY(check_range(setting, (double)value, text, err));
    *ret = value;
    return STATUS_OK;
}

static enum status parse_real(const struct setting *setting, struct str text, double *ret,
                              struct err *err)
{
    char copy[NUMBER_TEXT], *end = copy;
    double value = number_text(text, copy) ? strtod(copy, &end) : 0;
    if (end == copy || *end != '\0' || !isfinite(value))
        return fail(err, STATUS_USAGE, "found \"%.*s\", expected a number", (int)text.size,
                    text.data);
    TRY(check_range(setting, value, text, err));
    *ret = value;
    return STATUS_OK;
}

/* "64K", "256M", "1G", "2T", "4096"; also "256MiB" and "256MB", all powers of 1024. */
static enum status parse_size(const struct setting *setting, struct str text, uint64_t *ret,
                              struct err *err)
{
    char copy[NUMBER_TEXT];
    size_t digits = 0;
    while (digits < text.size && isdigit((unsigned char)text.data[digits]))
        digits++;
    const char *unit = "KMGT";
    struct str suffix = {text.data + digits, text.size - digits};
    unsigned shift = 0;
    if (suffix.size > 0) {
        const char *at = strchr(unit, toupper((unsigned char)suffix.data[0]));
        if (at != NULL && *at != '\0') {
            shift = 10 * (unsigned)(at - unit + 1);
            suffix = (struct str){suffix.data + 1, suffix.size - 1};
        }
    }
    bool known = suffix.size == 0 || str_is(suffix, "B") || (shift > 0 && str_is(suffix, "iB"));
    if (!known || !number_text((struct str){text.data, digits}, copy))
        return fail(err, STATUS_USAGE, "found \"%.*s\", expected a size like 64K, 256M or 1G",
                    (int)text.size, text.data);
    errno = 0;
    uint64_t value = strtoull(copy, NULL, 10);
    if (errno == ERANGE || value > (UINT64_MAX >> shift))
        return fail(err, STATUS_USAGE, "%.*s is beyond 64 bits", (int)text.size, text.data);
    TRY(check_range(setting, (double)(value << shift), text, err));
    *ret = value << shift;
    return STATUS_OK;
}

static enum status parse_flag(struct str text, bool *ret, struct err *err)
{
    int index = choice_index("false|true|no|yes|off|on", text);
    if (index < 0)
        return fail(err, STATUS_USAGE, "found \"%.*s\", expected true or false", (int)text.size,
                    text.data);
    *ret = index % 2 == 1;
    return STATUS_OK;
}

/* ---- texts ---- */

static enum status copy_text(struct str text, struct arena *arena, const char **ret,
                             struct err *err)
{
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        return fail(err, STATUS_USAGE, "holds a NUL byte");
    char *copy = arena_text(arena, text.size == 0 ? "" : text.data, text.size);
    if (copy == NULL) return fail_memory(err, text.size + 1);
    *ret = copy;
    return STATUS_OK;
}

/* The arena cannot grow in place: the list is copied at each power of two. */
static enum status append_text(struct text_list *list, struct str text, struct arena *arena,
                               struct err *err)
{
    const char *copy = NULL;
    TRY(copy_text(text, arena, &copy, err));
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count == 0 ? 1 : 2 * list->count;
        const char **items = arena_get(arena, room, sizeof *items);
        if (items == NULL) return fail_memory(err, room * sizeof *items);
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = copy;
    return STATUS_OK;
}

/* ---- one value ---- */

enum status setting_from_text(const struct setting *setting, struct str text, void *config,
                              struct arena *arena, struct err *err)
{
    void *place = (char *)config + setting->offset;
    switch (setting->kind) {
    case SETTING_FLAG: return parse_flag(text, place, err);
    case SETTING_INT: return parse_int(setting, text, place, err);
    case SETTING_REAL: return parse_real(setting, text, place, err);
    case SETTING_SIZE: return parse_size(setting, text, place, err);
    case SETTING_TEXT: return copy_text(text, arena, place, err);
    case SETTING_CHOICE: return parse_choice(setting, text, place, err);
    case SETTING_TEXTS: return append_text(place, text, arena, err);
    case SETTING_TIME: {
        struct maybe_time *time = place;
        TRY(time_parse(text, &time->microseconds, err));
        time->given = true;
        return STATUS_OK;
    }
    case SETTING_TREE:
    case SETTING_REST:
        return fail(err, STATUS_USAGE, "found \"%.*s\", expected a map or a list", (int)text.size,
                    text.data);
    }
    return fail(err, STATUS_USAGE, "has no kind");
}

enum status settings_default(const struct setting *table, void *config, struct arena *arena,
                             struct err *err)
{
    for (const struct setting *row = table; row->name != NULL; row++) {
        if (row->fallback == NULL) continue;
        enum status status = setting_from_text(row, str_of(row->fallback), config, arena, err);
        if (status != STATUS_OK)
            return fail_within(err, status, "default of setting \"%s\"", row->name);
    }
    return STATUS_OK;
}

/* ---- YAML ---- */

static bool is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->text.size == 0 || str_is(node->text, "~") || str_is(node->text, "null"));
}

static const char *kind_name(const struct yaml_node *node)
{
    return node->kind == YAML_LIST ? "a list" : node->kind == YAML_MAP ? "a map" : "one value";
}

static enum status texts_from_yaml(const struct setting *row, const struct yaml_node *value,
                                   struct text_list *list, struct arena *arena, struct err *err)
{
    *list = (struct text_list){0}; /* what is written replaces the default */
    if (value->kind == YAML_SCALAR) return append_text(list, value->text, arena, err);
    if (value->kind == YAML_MAP)
        return fail_at(value, err, "setting \"%s\": found a map, expected a list", row->name);
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml_node *item = value->items[i];
        if (item->kind != YAML_SCALAR || is_null(item))
            return fail_at(item, err, "setting \"%s\": found %s, expected a text", row->name,
                           is_null(item) ? "nothing" : kind_name(item));
        TRY(append_text(list, item->text, arena, err));
    }
    return STATUS_OK;
}

static enum status value_from_yaml(const struct setting *row, const struct yaml_node *value,
                                   void *config, struct arena *arena, struct err *err)
{
    void *place = (char *)config + row->offset;
    bool chosen = row->kind == SETTING_CHOICE && choice_index(row->choices, value->text) >= 0;
    if (is_null(value) && !chosen) /* on_fail: null is a word, not nothing */
        return fail_at(value, err, "setting \"%s\" has no value", row->name);
    if (row->kind == SETTING_TREE) {
        memcpy(place, &value, sizeof value);
        return STATUS_OK;
    }
    if (row->kind == SETTING_TEXTS) return texts_from_yaml(row, value, place, arena, err);
    if (value->kind != YAML_SCALAR)
        return fail_at(value, err, "setting \"%s\": found %s, expected one value", row->name,
                       kind_name(value));
    enum status status = setting_from_text(row, value->text, config, arena, err);
    if (status == STATUS_USAGE)
        return fail_within(err, status, "line %d, column %d: setting \"%s\"", value->line,
                           value->column, row->name);
    return status;
}

static enum status fail_unknown(const struct setting *table, const struct yaml_node *key,
                                struct err *err)
{
    const char *nearest = nearest_name(key->text, count_settings(table), setting_name_at, table);
    if (nearest == NULL)
        return fail_at(key, err, "unknown setting \"%.*s\"", (int)key->text.size, key->text.data);
    return fail_at(key, err, "unknown setting \"%.*s\", did you mean \"%s\"?", (int)key->text.size,
                   key->text.data, nearest);
}

/* Two spellings of one setting ("on_fail", "on-fail") are the same key twice. */
static enum status check_once(const struct setting *row, const struct yaml_node *map, size_t i,
                              struct err *err)
{
    for (size_t j = 0; j < i; j++)
        if (same_name(row->name, map->keys[j]->text))
            return fail_at(map->keys[i], err, "setting \"%s\" is given twice, first on line %d",
                           row->name, map->keys[j]->line);
    return STATUS_OK;
}

enum status settings_from_yaml(const struct setting *table, const struct yaml_node *map,
                               void *config, struct arena *arena, struct err *err)
{
    TRY(settings_default(table, config, arena, err));
    if (map == NULL || is_null(map)) return STATUS_OK;
    if (map->kind != YAML_MAP)
        return fail_at(map, err, "found %s, expected a map of settings", kind_name(map));
    for (size_t i = 0; i < map->count; i++) {
        const struct setting *row = find_setting(table, map->keys[i]->text);
        const struct setting *rest = row == NULL ? find_rest(table) : NULL;
        if (rest != NULL) {
            memcpy((char *)config + rest->offset, &map, sizeof map);
            continue;
        }
        if (row == NULL) return fail_unknown(table, map->keys[i], err);
        TRY(check_once(row, map, i, err));
        TRY(value_from_yaml(row, map->items[i], config, arena, err));
    }
    return STATUS_OK;
}
