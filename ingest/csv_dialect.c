/* ingest/csv_dialect.c: what kind of CSV a file is, as far as it is not given: delimiter, quote and
 * escape (csv_shape.c), width, titles and header (csv_header.c), found in a sample. */
#include "ingest/csv_sample.h"

/* ---- what is no CSV of ours ---- */

static enum status refuse_wide_text(const uint8_t *sample, size_t size, struct err *err)
{
    size_t zeros[2] = {0, 0}, seen = size < 512 ? size : 512;
    for (size_t i = 0; i < seen; i++)
        zeros[i & 1] += sample[i] == 0;
    bool mark = size >= 2 && ((sample[0] == 0xff && sample[1] == 0xfe) ||
                              (sample[0] == 0xfe && sample[1] == 0xff));
    bool wide = seen >= 8 && (zeros[0] * 3 > seen || zeros[1] * 3 > seen);
    if (!mark && !wide) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "found UTF-16 or UTF-32 text, expected UTF-8");
    err_hint(err, "name it: --encoding utf-16 (iconv -l has all names)");
    return STATUS_FAILED;
}

/* A header in another encoding would be a reject like any record, and the table without names. */
static enum status refuse_other_encoding(const struct csv_sample *sample,
                                         const struct csv_head *head, const uint8_t *text,
                                         struct err *err)
{
    size_t last = head->rows > 0 ? head->body - 1 : head->first;
    if (head->first >= sample->row_count) return STATUS_OK;
    size_t at = sample->rows[head->first].at;
    if (utf8_valid(text + at, sample->rows[last].end - at)) return STATUS_OK;
    (void)fail(err, STATUS_FAILED, "the first record is not UTF-8");
    err_hint(err, "name the encoding: --encoding NAME (iconv -l has all names)");
    return STATUS_FAILED;
}

/* Bytes of the lines that are to be skipped. */
static enum status skip_lines(int64_t lines, const uint8_t *text, size_t size, bool whole,
                              struct csv_dialect *ret, struct err *err)
{
    for (; ret->preface_lines < lines && ret->preface < size; ret->preface_lines++) {
        struct csv_record line;
        if (!csv_record_first_line(text + ret->preface, size - ret->preface, whole, &line))
            return fail(err, STATUS_FAILED, "line %lld does not end within %zu bytes",
                        (long long)ret->preface_lines + 1, size);
        ret->preface += line.end;
    }
    return STATUS_OK;
}

/* A given header says how wide the table is, unless most records say otherwise. */
static size_t width_of(const struct source_options *options, const struct csv_sample *sample)
{
    size_t alike, width = csv_sample_width(sample, &alike), rows = 0, first = 0;
    for (size_t i = sample->row_count; i-- > 0;) {
        if (sample->rows[i].skipped) continue;
        first = sample->rows[i].count;
        rows++;
    }
    if (options->header != HEADER_YES || rows == 0) return width;
    return alike >= 3 && alike * 3 >= rows * 2 ? width : first;
}

static enum status find_width(const struct source_options *options, const struct csv_sample *sample,
                              size_t size, struct csv_dialect *ret, struct err *err)
{
    if (sample->end == 0 && options->skip_rows > 0)
        return fail(err, STATUS_FAILED, "found no line behind the %lld of --skip-rows",
                    (long long)options->skip_rows);
    if (sample->end == 0)
        return fail(err, STATUS_FAILED, "the first record does not end within %zu bytes", size);
    ret->fields = width_of(options, sample);
    if (ret->fields == 0)
        return fail(err, STATUS_FAILED, "the header has a quote in the wrong place");
    size_t most = (size_t)options->column_limit;
    if (ret->fields > most) {
        (void)fail(err, STATUS_FAILED, "found more than %zu columns", most);
        err_hint(err, "--max-columns N takes more");
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

/* Puts header, titles and blank lines in front of the records into the preface. */
static enum status set_preface(const struct csv_sample *sample, const struct csv_head *head,
                               struct csv_dialect *ret, struct err *err)
{
    for (size_t row = head->first; row < head->body; row++)
        if (sample->rows[row].fault)
            return fail(err, STATUS_FAILED, "the first record cannot be read as a header");
    ret->header = head->rows > 0;
    for (size_t row = 0; ret->header && row < head->body; row++) {
        ret->preface_lines += sample->rows[row].lines;
        ret->titles +=
            row < head->first && (!sample->rows[row].skipped || sample->rows[row].comment);
    }
    if (ret->header) ret->preface += sample->rows[head->body - 1].end;
    return STATUS_OK;
}

struct sample_text {
    const uint8_t *data;
    size_t size;
    bool whole;
};

static enum status read_table(const struct source_options *options, const struct sample_text *text,
                              struct csv_dialect *ret, struct csv_sample *ret_table,
                              struct err *err)
{
    TRY(csv_shape_find(options, text->data, text->size, text->whole, ret, err));
    return csv_sample_read(ret_table, ret, text->data, text->size, text->whole, CSV_SAMPLE_ROWS,
                           err);
}

/* Whether lines with a hash in front are no rows: most of them have another width. */
static bool hashes_are_comments(const struct csv_sample *table, const struct csv_dialect *dialect,
                                const struct sample_text *text)
{
    size_t alike, width = csv_sample_width(table, &alike), rows = 0, others = 0;
    struct csv_dialect plain = *dialect;
    plain.comment = 0;
    for (size_t i = 0; i < table->row_count; i++) {
        const struct csv_sample_row *row = &table->rows[i];
        struct csv_record record;
        if (!row->comment) continue;
        rows++;
        (void)csv_record_find(&plain, text->data + row->at, row->end - row->at, true, &record);
        others += record.fault != CSV_FINE || record.fields != width;
    }
    return width > 1 && alike > 1 && others * 2 > rows;
}

/* Comments must not decide what the table is. Found ones stay records, which are rejected, so that
 * no row is taken for one; a given --comment skips them. */
static enum status leave_comments_out(const struct source_options *options,
                                      const struct sample_text *text, struct csv_dialect *ret,
                                      struct csv_sample *ret_table, struct err *err)
{
    OWNED(csv_sample_close) struct csv_sample table = {0};
    struct csv_dialect dialect = *ret;
    bool hashes =
        text->size > 0 && (text->data[0] == '#' || memmem(text->data, text->size, "\n#", 2));
    if (!hashes || options->comment != 0) return STATUS_OK;
    dialect.comment = '#';
    TRY(read_table(options, text, &dialect, &table, err));
    if (!hashes_are_comments(&table, &dialect, text)) return STATUS_OK;
    csv_sample_close(ret_table);
    *ret_table = table;
    table = (struct csv_sample){0};
    *ret = dialect;
    ret->comment = 0;
    return STATUS_OK;
}

enum status csv_dialect_find(const struct source_options *options, const uint8_t *sample,
                             size_t size, bool whole, struct arena *arena, struct csv_dialect *ret,
                             const char ***ret_names, struct err *err)
{
    OWNED(csv_sample_close) struct csv_sample table = {0};
    *ret = (struct csv_dialect){
        .comment = (uint8_t)options->comment,
        .pads = options->pad_ragged,
    };
    TRY(refuse_wide_text(sample, size, err));
    if (size >= 3 && memcmp(sample, "\xef\xbb\xbf", 3) == 0) ret->preface = 3;
    if (size == ret->preface) return STATUS_OK; /* a table without columns */
    TRY(skip_lines(options->skip_rows, sample, size, whole, ret, err));
    const struct sample_text text = {sample + ret->preface, size - ret->preface, whole};
    TRY(read_table(options, &text, ret, &table, err));
    TRY(leave_comments_out(options, &text, ret, &table, err));
    TRY(find_width(options, &table, text.size, ret, err));
    struct csv_head head = csv_head_find(options, &table, ret->fields);
    if (options->header != HEADER_NO) TRY(refuse_other_encoding(&table, &head, text.data, err));
    TRY(csv_head_names(&table, &head, ret, arena, ret_names, err));
    return set_preface(&table, &head, ret, err);
}
