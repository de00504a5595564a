/* ingest/log_pattern.c: lines of logs taken apart by a pattern. */
#include "ingest/log_pattern.h"

#include "base/clock.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#define MATCH_LIMIT     1000000 /* steps of one match */
#define MATCH_HEAP_KIB  16384
#define PATTERN_COLUMNS 1000

/* ---- patterns with a name ---- */

#define QUOTED(group) "\"(?<" group ">(?:[^\"\\\\]|\\\\.)*+)\""
#define REQUEST                                                                                    \
    "\"(?<request>(?:(?<method>[A-Z]{1,20}) (?<path>(?:[^ \"\\\\]|\\\\.)*+)(?: "                   \
    "(?<protocol>[A-Z]+/[0-9.]+))?(?=\"))"                                                         \
    "|(?:[^\"\\\\]|\\\\.)*+)\""
#define COMMON                                                                                     \
    "(?<host>\\S+) (?<ident>\\S+) (?<user>.+?) \\[(?<time>[^\\]]+)\\] " REQUEST                    \
    " (?<status>\\d{3}|-) (?<bytes>\\d+|-)"

static const struct named {
    const char *name, *expression;
    bool dash;   /* "-" stands for nothing */
    bool apache; /* its time is 10/Oct/2000:13:55:36 -0700 */
} patterns[] = {
    /* httpd.apache.org/docs/2.4/logs.html */
    {"common", COMMON, true, true},
    {"combined", COMMON " " QUOTED("referer") " " QUOTED("user_agent"), true, true},
    /* RFC 3164, section 4; there is no year */
    {"syslog",
     "(?:<(?<priority>\\d{1,3})>)?(?<time>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d) "
     "(?<host>\\S+) "
     "(?<program>[^\\s:\\[]+)(?:\\[(?<pid>\\d+)\\])?: ?(?<message>.*)",
     false, false},
    /* RFC 5424, section 6 */
    {"syslog5424",
     "<(?<priority>\\d{1,3})>(?<version>\\d{1,2}) (?<time>\\S+) (?<host>\\S+) (?<program>\\S+) "
     "(?<pid>\\S+) (?<message_id>\\S+) "
     "(?<data>-|(?:\\[[^\\]\"]*+(?:\"(?:[^\"\\\\]|\\\\.)*+\"[^\\]\"]*+)*\\])+)(?: (?<message>.*))?",
     true, false},
};

struct log_pattern {
    pcre2_code *code;
    bool dash, apache;
    size_t count;
    const char **names;
    uint32_t *groups;
    struct arena *arena;
};

/* ---- compiling ---- */

static enum status compile(struct log_pattern *pattern, const char *expression, struct err *err)
{
    int code;
    PCRE2_SIZE at;
    uint32_t options =
        PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL;
    pattern->code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
    if (pattern->code == NULL) {
        PCRE2_UCHAR reason[128];
        pcre2_get_error_message(code, reason, sizeof reason);
        (void)fail(err, STATUS_USAGE, "option --pattern: at character %zu: %s", (size_t)at + 1,
                   (const char *)reason);
        err_hint(err, "a name (common, combined, syslog, syslog5424) or a PCRE2 expression");
        return STATUS_USAGE;
    }
    (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE); /* slower without */
    return STATUS_OK;
}

/* The named groups in the order of their numbers. */
static enum status name_columns(struct log_pattern *pattern, struct err *err)
{
    uint32_t count, size;
    PCRE2_SPTR table;
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &table);
    if (count == 0) {
        (void)fail(err, STATUS_USAGE, "option --pattern: found no named group");
        err_hint(err, "name what is to be a column: (?<status>\\d+)");
        return STATUS_USAGE;
    }
    if (count > PATTERN_COLUMNS)
        return fail(err, STATUS_USAGE, "option --pattern: found %u groups, expected at most %d",
                    count, PATTERN_COLUMNS);
    TRY(NEW(&pattern->names, count, err));
    TRY(NEW(&pattern->groups, count, err));
    for (uint32_t i = 0; i < count; i++, table += size) {
        uint32_t group = (uint32_t)table[0] << 8 | table[1];
        size_t place = pattern->count;
        for (; place > 0 && pattern->groups[place - 1] > group; place--) {
            pattern->groups[place] = pattern->groups[place - 1];
            pattern->names[place] = pattern->names[place - 1];
        }
        const char *name = (const char *)table + 2;
        pattern->groups[place] = group;
        pattern->names[place] = arena_text(pattern->arena, name, strlen(name));
        if (pattern->names[place] == NULL) return fail_memory(err, strlen(name));
        pattern->count++;
    }
    return STATUS_OK;
}

enum status log_pattern_open(struct log_pattern **ret, const char *text, struct err *err)
{
    OWNED(log_pattern_close) struct log_pattern *pattern = NULL;
    TRY(NEW(&pattern, 1, err));
    TRY(arena_open(&pattern->arena, err));
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (strcmp(text, patterns[i].name) == 0) {
            text = patterns[i].expression;
            pattern->dash = patterns[i].dash;
            pattern->apache = patterns[i].apache;
            break;
        }
    TRY(compile(pattern, text, err));
    TRY(name_columns(pattern, err));
    *ret = pattern;
    pattern = NULL;
    return STATUS_OK;
}

size_t log_pattern_columns(const struct log_pattern *pattern)
{
    return pattern->count;
}

const char *log_pattern_name(const struct log_pattern *pattern, size_t column)
{
    return pattern->names[column];
}

void log_pattern_close(struct log_pattern **pattern)
{
    struct log_pattern *p = *pattern;
    if (p == NULL) return;
    pcre2_code_free(p->code);
    memory_free(p->names);
    memory_free(p->groups);
    arena_close(&p->arena);
    memory_free(p);
    *pattern = NULL;
}

/* ---- matching ---- */

struct log_matcher {
    const struct log_pattern *pattern;
    pcre2_match_data *data;
    pcre2_match_context *context;
    char time[32];
};

enum status log_matcher_open(struct log_matcher **ret, const struct log_pattern *pattern,
                             struct err *err)
{
    OWNED(log_matcher_close) struct log_matcher *matcher = NULL;
    TRY(NEW(&matcher, 1, err));
    matcher->pattern = pattern;
    matcher->data = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    if (matcher->data == NULL || matcher->context == NULL) return fail_memory(err, 256);
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    pcre2_set_heap_limit(matcher->context, MATCH_HEAP_KIB);
    *ret = matcher;
    matcher = NULL;
    return STATUS_OK;
}

void log_matcher_close(struct log_matcher **matcher)
{
    if (*matcher == NULL) return;
    pcre2_match_data_free((*matcher)->data);
    pcre2_match_context_free((*matcher)->context);
    memory_free(*matcher);
    *matcher = NULL;
}

/* 10/Oct/2000:13:55:36 -0700 as 2000-10-10T13:55:36-07:00; false when it is none. */
static bool iso_time(struct log_matcher *matcher, struct str *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char copy[32], name[4], zone[6];
    int day, year, hour, minute, second, end = 0;
    if (text->size != 26) return false;
    memcpy(copy, text->data, text->size);
    copy[text->size] = '\0';
    if (sscanf(copy, "%2d/%3[A-Za-z]/%4d:%2d:%2d:%2d %5[-+0-9]%n", &day, name, &year, &hour,
               &minute, &second, zone, &end) != 7 ||
        end != 26 || strlen(name) != 3 || strlen(zone) != 5)
        return false;
    const char *found = strstr(months, name);
    int month = found == NULL || (found - months) % 3 != 0 ? 0 : (int)(found - months) / 3 + 1;
    if (!civil_exists(year, month, day) || hour > 23 || minute > 59 || second > 59) return false;
    int size =
        snprintf(matcher->time, sizeof matcher->time, "%04d-%02d-%02dT%02d:%02d:%02d%.3s:%.2s",
                 year, month, day, hour, minute, second, zone, zone + 3);
    *text = (struct str){matcher->time, (size_t)size};
    return size == 25;
}

/* False when what a group holds is not what the pattern means. */
static bool column_text(struct log_matcher *matcher, size_t column, struct str line,
                        const PCRE2_SIZE *places, struct str *ret)
{
    const struct log_pattern *pattern = matcher->pattern;
    uint32_t group = pattern->groups[column];
    PCRE2_SIZE begin = places[2 * group], end = places[2 * group + 1];
    *ret = (struct str){NULL, 0};
    if (begin == PCRE2_UNSET || end < begin) return true; /* a lookahead with \K ends in front */
    if (pattern->dash && end - begin == 1 && line.data[begin] == '-') return true;
    *ret = (struct str){line.data + begin, end - begin};
    if (!pattern->apache || strcmp(pattern->names[column], "time") != 0) return true;
    return iso_time(matcher, ret);
}

enum log_match log_match(struct log_matcher *matcher, struct str line, struct str *ret)
{
    const struct log_pattern *pattern = matcher->pattern;
    if (line.size == 0) line.data = "";
    int code = pcre2_match(pattern->code, (PCRE2_SPTR)line.data, line.size, 0, PCRE2_NO_UTF_CHECK,
                           matcher->data, matcher->context);
    if (code < 0) return code == PCRE2_ERROR_NOMATCH ? LOG_DIFFERS : LOG_TOO_HARD;
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(matcher->data);
    for (size_t i = 0; i < pattern->count; i++)
        if (!column_text(matcher, i, line, places, &ret[i])) return LOG_DIFFERS;
    return LOG_MATCHES;
}
