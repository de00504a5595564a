/* ingest/log_pattern.h: lines of logs taken apart by a pattern.
 *
 * A pattern has a name (common, combined, syslog, syslog5424), or is a regular expression of PCRE2
 * that matches whole lines; its named groups are the columns. Time and memory of a match are
 * limited: a line that takes more does not match. */
#ifndef INGEST_LOG_PATTERN_H
#define INGEST_LOG_PATTERN_H

#include "base/memory.h"
#include "base/str.h"

struct log_pattern;
/* STATUS_USAGE names what is wrong with the expression, and where. */
MUST_CHECK enum status log_pattern_open(struct log_pattern **ret, const char *pattern,
                                        struct err *err);
size_t log_pattern_columns(const struct log_pattern *pattern);
/* Borrowed until close; in the order of the groups. */
const char *log_pattern_name(const struct log_pattern *pattern, size_t column);
void log_pattern_close(struct log_pattern **pattern);

/* Scratch of one thread. */
struct log_matcher;
MUST_CHECK enum status log_matcher_open(struct log_matcher **ret, const struct log_pattern *pattern,
                                        struct err *err);
enum log_match { LOG_MATCHES, LOG_DIFFERS, LOG_TOO_HARD };
/* The columns of a line (UTF-8): data NULL = null. Borrowed from the line or, until the next call,
 * from the matcher. */
enum log_match log_match(struct log_matcher *matcher, struct str line, struct str *ret);
void log_matcher_close(struct log_matcher **matcher);

/* Whether the first bytes of a text are plainly a log: its first line, at least three, and four
 * fifths of them (or lines indented behind them) begin with a moment as logs write it, and no
 * comma, semicolon, tab or bar cuts them all into equally many fields. */
bool looks_like_log(const void *head, size_t size);

#endif
