/* base/document.h: a report as a tree of named things, written as one HTML page or as one JSON
 * document. Both writers walk the same tree, so the two say the same.
 *
 * A document has sections; a section has facts, alerts, tables, charts, pictures and items (one for
 * each of many like things: columns). Every thing has a key, its name in JSON. The page needs
 * nothing from elsewhere: its style and its drawings (SVG 1.1) are inside, there is no script, and
 * a content security policy forbids to load anything. It reads in light and dark, on paper, on a
 * telephone, by keyboard and aloud (WCAG 2.2 AA: landmarks, headings in order, captions, row and
 * column headers, drawings with title and description, contrast).
 *
 * All texts are copied. One thread. */
#ifndef BASE_DOCUMENT_H
#define BASE_DOCUMENT_H

#include "base/chart.h"
#include "base/str.h"

#include <stdint.h>

/* ---- values ---- */

enum cell_kind {
    CELL_EMPTY, /* not known; null */
    CELL_COUNT,
    CELL_NUMBER, /* not finite: shown as text, null in JSON */
    CELL_SHARE,  /* 0 ... 1, shown in percent */
    CELL_TEXT,
    CELL_CODE, /* a text shown in a fixed-width font: digests, commands, values */
};
enum tone { TONE_PLAIN, TONE_GOOD, TONE_NOTE, TONE_WARN, TONE_BAD };

struct cell {
    enum cell_kind kind;
    int64_t count;
    double number;
    struct str text;
    enum tone tone; /* shown beside the text, never by color alone */
};
static inline struct cell cell_count(int64_t count)
{
    return (struct cell){.kind = CELL_COUNT, .count = count};
}
static inline struct cell cell_number(double number)
{
    return (struct cell){.kind = CELL_NUMBER, .number = number};
}
static inline struct cell cell_share(double share)
{
    return (struct cell){.kind = CELL_SHARE, .number = share};
}
static inline struct cell cell_part(int64_t part, int64_t whole)
{
    return whole == 0 ? (struct cell){0} : cell_share((double)part / (double)whole);
}
static inline struct cell cell_text(const char *text)
{
    return (struct cell){.kind = text == NULL ? CELL_EMPTY : CELL_TEXT, .text = str_of(text)};
}
static inline struct cell cell_code(struct str text)
{
    return (struct cell){.kind = text.data == NULL ? CELL_EMPTY : CELL_CODE, .text = text};
}
static inline struct cell cell_toned(struct cell cell, enum tone tone)
{
    cell.tone = tone;
    return cell;
}

/* ---- building ---- */

struct document;
MUST_CHECK enum status document_open(struct document **ret, const char *kind, struct str title,
                                     struct err *err);
/* One line under the title, and the verdict beside it. */
MUST_CHECK enum status document_lead(struct document *document, struct str lead, struct str verdict,
                                     enum tone tone, struct err *err);
/* Begins a section; ends the one before. */
MUST_CHECK enum status document_section(struct document *document, const char *key,
                                        const char *title, struct err *err);
/* Begins an item of the section, which can be folded: title, and a few words beside it. Ends at the
 * next item or section. */
MUST_CHECK enum status document_item(struct document *document, struct str title, struct str note,
                                     bool folded, struct err *err);
MUST_CHECK enum status document_paragraph(struct document *document, const char *key,
                                          const char *text, struct err *err);
MUST_CHECK enum status document_fact(struct document *document, const char *key, const char *label,
                                     struct cell cell, struct err *err);
MUST_CHECK enum status document_alert(struct document *document, enum tone tone, struct str text,
                                      struct err *err);

struct document_column {
    const char *key, *label;
    bool bar; /* shares: a bar behind the number */
};
/* The cells of its rows follow by document_row, `count` each; the first heads the row. */
MUST_CHECK enum status document_table(struct document *document, const char *key,
                                      const char *caption, const struct document_column *columns,
                                      size_t count, struct err *err);
MUST_CHECK enum status document_row(struct document *document, const struct cell *cells,
                                    struct err *err);
MUST_CHECK enum status document_histogram(struct document *document, const char *key,
                                          const struct chart_histogram *histogram, struct err *err);
MUST_CHECK enum status document_matrix(struct document *document, const char *key,
                                       const struct chart_matrix *matrix, struct err *err);
/* Only drawn: the table beside it says the same. */
MUST_CHECK enum status document_flow(struct document *document, const struct chart_flow *flow,
                                     struct err *err);
/* A drawing made elsewhere, as SVG: only drawn too. */
MUST_CHECK enum status document_drawing(struct document *document, const char *caption,
                                        const struct bytes *svg, struct err *err);
/* A picture of the contact sheet `key`; adjoining ones stand side by side. No bytes: a blank one.
 * In JSON as a data: address. */
MUST_CHECK enum status document_picture(struct document *document, const char *key,
                                        const char *media_type, const void *data, size_t size,
                                        struct str title, struct str note, struct err *err);
void document_close(struct document **document);

/* ---- writing ---- */

MUST_CHECK enum status document_html(const struct document *document, struct bytes *ret,
                                     struct err *err);
MUST_CHECK enum status document_json(const struct document *document, struct bytes *ret,
                                     struct err *err);

#endif
