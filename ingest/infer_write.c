/* ingest/infer_write.c: what was seen of a column as lines of a contract.
 *
 * What may well be otherwise tomorrow (ranges, a few values of a few records) is written behind a
 * "#": a contract must not refuse the next night's data for being the next night's. */
#include "ingest/infer.h"

#include <inttypes.h>

#define ROWS_EACH 20   /* of each value before a set of values is believed */
#define ROWS_KEY  1000 /* without a repeat before a column is believed to be a key */

/* A plain word that YAML reads as a text. */
static bool is_plain(struct str text)
{
    static const char *const others[] = {"null", "true", "false", "yes", "no",
                                         "on",   "off",  "y",     "n"};
    if (text.size == 0 || text.size > 60) return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
        bool inside = (byte >= '0' && byte <= '9') || byte == '.' || byte == '-';
        if (!letter && (i == 0 || !inside)) return false;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (text.size == strlen(others[i]) && strncasecmp(text.data, others[i], text.size) == 0)
            return false;
    return true;
}

/* Two or three bytes that YAML does not take as they are (YAML 1.2, 5.1): how many, and what they
 * stand for. */
static size_t unprintable(struct str text, unsigned *ret)
{
    const uint8_t *at = (const uint8_t *)text.data;
    *ret = at[0];
    if (at[0] < 0x20 || at[0] == 0x7f) return 1;
    if (text.size >= 2 && at[0] == 0xc2 && at[1] < 0xa0) {
        *ret = at[1];
        return 2;
    }
    if (text.size < 3) return 0;
    *ret = (unsigned)(at[0] & 15) << 12 | (unsigned)(at[1] & 63) << 6 | (at[2] & 63);
    bool strange = *ret == 0x2028 || *ret == 0x2029 || *ret == 0xfeff || *ret >= 0xfffe;
    return (at[0] & 0xf0) == 0xe0 && strange ? 3 : 0;
}

static enum status add_quoted(struct bytes *ret, struct str text, struct err *err)
{
    TRY(bytes_append(ret, "\"", 1, err));
    for (size_t i = 0; i < text.size;) {
        unsigned character;
        size_t size = unprintable((struct str){text.data + i, text.size - i}, &character);
        if (size > 0) {
            TRY(bytes_format(ret, err, "\\u%04x", character));
        } else {
            if (text.data[i] == '"' || text.data[i] == '\\') TRY(bytes_append(ret, "\\", 1, err));
            TRY(bytes_append(ret, text.data + i, 1, err));
            size = 1;
        }
        i += size;
    }
    return bytes_append(ret, "\"", 1, err);
}

static enum status add_word(struct bytes *ret, struct str text, struct err *err)
{
    return is_plain(text) ? bytes_append(ret, text.data, text.size, err)
                          : add_quoted(ret, text, err);
}

/* A name longer than a simple key may be takes the other form of a key. */
static enum status add_name(struct bytes *ret, const char *name, struct err *err)
{
    bool simple = strlen(name) <= 120;
    TRY(bytes_append_text(ret, simple ? "  " : "  ? ", err));
    TRY(add_word(ret, str_of(name), err));
    return bytes_append_text(ret, simple ? ":\n" : "\n  :\n", err);
}

/* Whether a contract can say this type, and means the same by it. */
static bool can_be_said(const struct field *field, const char *text)
{
    struct field parsed;
    if (field_type_parse(str_of(text), &parsed, NULL) != STATUS_OK || !scalar_knows(&parsed))
        return false;
    parsed.name = field->name;
    return field_equal(&parsed, field) && metadata_get(&field->metadata, "tamis:json").data == NULL;
}

/* A column without a value is text for want of anything else. */
static enum status write_type(const struct infer_column *column, const struct field *field,
                              struct bytes *ret, struct err *err)
{
    char text[128];
    field_type_text(field, text, sizeof text);
    bool known = column->sum.nulls < column->sum.rows || field->type.id != TYPE_UTF8;
    TRY(bytes_append_text(ret,
                          known && can_be_said(field, text) ? "    type: " : "    # type: ", err));
    TRY(add_word(ret, str_of(text), err));
    return bytes_append_text(ret, "\n", err);
}

static bool is_key(const struct infer_column *column, const struct field *field)
{
    enum type_id id = field->type.id;
    int64_t values = column->sum.rows - column->sum.nulls;
    size_t size = strlen(field->name);
    bool named = size >= 2 && strcasecmp(field->name + size - 2, "id") == 0;
    return (type_is_integer(id) || type_is_text(id)) && (named || values >= ROWS_KEY);
}

static enum status write_unique(const struct infer_column *column, const struct field *field,
                                struct bytes *ret, struct err *err)
{
    int64_t values = column->sum.rows - column->sum.nulls;
    if (values < 2 || atomic_load(&column->repeats)) return STATUS_OK;
    return bytes_append_text(
        ret, is_key(column, field) ? "    unique: true\n" : "    # unique: true\n", err);
}

static enum status write_values(const struct infer_column *column, const struct field *field,
                                struct bytes *ret, struct err *err)
{
    const struct infer_part *sum = &column->sum;
    bool few = sum->value_count >= 1 && sum->value_count <= INFER_ALLOWED;
    int64_t values = sum->rows - sum->nulls;
    if (!few || !type_is_text(field->type.id)) return STATUS_OK;
    for (size_t i = 0; i < sum->value_count; i++)
        if (memchr(sum->values[i].text, '\0', sum->values[i].size) != NULL) return STATUS_OK;
    bool believed = values >= ROWS_EACH * (int64_t)sum->value_count;
    if (!believed && values < 2 * (int64_t)sum->value_count) return STATUS_OK;
    TRY(bytes_append_text(ret, believed ? "    allowed: [" : "    # allowed: [", err));
    for (size_t i = 0; i < sum->value_count; i++) {
        if (i > 0) TRY(bytes_append_text(ret, ", ", err));
        TRY(add_word(ret, (struct str){sum->values[i].text, sum->values[i].size}, err));
    }
    return bytes_append_text(ret, "]\n", err);
}

enum status infer_write(const struct infer_column *column, const struct field *field,
                        struct bytes *ret, struct err *err)
{
    const struct infer_part *sum = &column->sum;
    TRY(add_name(ret, field->name, err));
    TRY(write_type(column, field, ret, err));
    if (sum->rows > 0 && sum->nulls == 0)
        TRY(bytes_append_text(ret, "    nullable: false\n", err));
    else
        TRY(bytes_format(ret, err, "    # %" PRId64 " of %" PRId64 " have no value\n", sum->nulls,
                         sum->rows));
    TRY(write_unique(column, field, ret, err));
    if (infer_is_personal(column, field))
        return bytes_append_text(ret, "    personal: true\n", err);
    if (sum->has_range)
        TRY(bytes_format(ret, err, "    # min: %s\n    # max: %s\n", sum->minimum_text.text,
                         sum->maximum_text.text));
    return write_values(column, field, ret, err);
}
