/* ingest/infer_column.c: nulls, range, few values, repeats and a look for persons, of one column.
 */
#include "ingest/infer.h"

#include "base/memory.h"
#include "columnar/value_text.h"

#include <ctype.h>
#include <stdio.h>

enum status infer_column_open(struct infer_column *column, struct err *err)
{
    return distinct_open(&column->seen, err);
}

void infer_part_release(struct infer_part *part)
{
    memory_free(part->keys);
    part->keys = NULL;
}

void infer_column_close(struct infer_column *column)
{
    distinct_close(&column->seen);
}

/* ---- few values ---- */

static void set_value(struct infer_value *value, struct str text)
{
    value->size = text.size > INFER_TEXT ? INFER_TEXT : text.size;
    if (value->size > 0) memcpy(value->text, text.data, value->size);
    value->text[value->size] = '\0';
}

static void see_value(struct infer_part *part, struct str text)
{
    if (part->value_count > INFER_ALLOWED) return;
    for (size_t i = 0; i < part->value_count; i++)
        if (str_equal(text, (struct str){part->values[i].text, part->values[i].size})) return;
    if (text.size > INFER_TEXT)
        part->value_count = INFER_ALLOWED + 1;
    else
        set_value(&part->values[part->value_count++], text);
}

/* ---- persons ---- */

/* NAME@HOST.NAME */
static bool looks_like_mail(struct str text)
{
    const char *at = memchr(text.data, '@', text.size);
    if (at == NULL || at == text.data || text.size > 254) return false;
    struct str host = {at + 1, text.size - (size_t)(at + 1 - text.data)};
    if (host.size < 4 || memchr(host.data, '@', host.size) != NULL) return false;
    if (memchr(text.data, ' ', text.size) != NULL) return false;
    const char *point = memchr(host.data, '.', host.size);
    return point != NULL && point > host.data && point < host.data + host.size - 2;
}

/* "+49 30 1234567", "(030) 123-4567": mostly digits, with a mark of a telephone number. */
static bool looks_like_phone(struct str text)
{
    size_t digits = 0;
    bool marked = false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool digit = byte >= '0' && byte <= '9';
        if (!digit && (byte == '\0' || strchr("+ ()-/.", byte) == NULL)) return false;
        digits += digit;
        marked = marked || (i == 0 && (byte == '+' || byte == '('));
    }
    return marked && digits >= 7 && digits <= 15;
}

static bool looks_like_address(struct str text)
{
    unsigned parts[4];
    char room[16];
    int used = 0;
    if (text.size < 7 || text.size > 15) return false;
    memcpy(room, text.data, text.size);
    room[text.size] = '\0';
    if (sscanf(room, "%3u.%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2], &parts[3], &used) != 4)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (parts[i] > 255) return false;
    return (size_t)used == text.size;
}

static bool name_has(const char *name, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = name; (at = strcasestr(at, word)) != NULL; at++) {
        bool begins = at == name || !isalpha((unsigned char)at[-1]) ||
                      (islower((unsigned char)at[-1]) && isupper((unsigned char)at[0]));
        bool ends = !isalpha((unsigned char)at[size]) || isupper((unsigned char)at[size]);
        if (begins && ends) return true;
    }
    return false;
}

bool infer_is_personal(const struct infer_column *column, const struct field *field)
{
    static const char *const words[] = {
        "email",     "mail",       "e_mail",      "phone",     "telephone",  "mobile",
        "fax",       "ssn",        "passport",    "iban",      "birth",      "birthday",
        "birthdate", "dob",        "address",     "street",    "surname",    "forename",
        "firstname", "lastname",   "fullname",    "username",  "first_name", "last_name",
        "full_name", "given_name", "family_name", "user_name", "firstName",  "lastName",
        "ip",        "gender",     "nationality",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (name_has(field->name, words[i])) return true;
    return column->sum.texts > 0 && column->sum.looks_personal * 2 > column->sum.texts;
}

/* ---- one batch ---- */

static void see_range(const struct field *field, const struct array *array, int64_t row,
                      struct infer_part *part, int64_t *minimum, int64_t *maximum)
{
    struct scalar value;
    scalar_at(field, array, row, &value);
    if (!part->has_range || scalar_compare(field, &value, &part->minimum) < 0) {
        part->minimum = value;
        *minimum = row;
    }
    if (!part->has_range || scalar_compare(field, &value, &part->maximum) > 0) {
        part->maximum = value;
        *maximum = row;
    }
    part->has_range = true;
}

static enum status see_text(const struct field *field, const struct array *array, int64_t row,
                            struct bytes *scratch, struct infer_part *part, struct err *err)
{
    if (part->value_count > INFER_ALLOWED && part->texts >= 1000) return STATUS_OK;
    scratch->size = 0;
    TRY(value_plain(field, array, row, scratch, err));
    struct str text = {(const char *)scratch->data, scratch->size};
    see_value(part, text);
    if (text.size == 0 || !type_is_text(field->type.id)) return STATUS_OK;
    part->texts++;
    part->looks_personal +=
        looks_like_mail(text) || looks_like_phone(text) || looks_like_address(text);
    return STATUS_OK;
}

static void show_range(const struct field *field, const struct array *array, int64_t minimum,
                       int64_t maximum, struct infer_part *part)
{
    char text[INFER_TEXT];
    if (!part->has_range) return;
    array_value_text(field, array, minimum, text, sizeof text);
    set_value(&part->minimum_text, str_of(text));
    array_value_text(field, array, maximum, text, sizeof text);
    set_value(&part->maximum_text, str_of(text));
}

enum status infer_see(const struct infer_column *column, const struct field *field,
                      const struct array *array, struct infer_part *ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(INT32_MAX);
    bool ordered = scalar_has_order(field), keyed = !atomic_load(&column->repeats);
    int64_t minimum = 0, maximum = 0;
    ret->rows = array->length;
    if (keyed) TRY(NEW(&ret->keys, (size_t)array->length, err));
    for (int64_t row = 0; row < array->length; row++) {
        if (value_is_null(field, array, row)) {
            ret->nulls++;
            continue;
        }
        if (ordered) see_range(field, array, row, ret, &minimum, &maximum);
        TRY(see_text(field, array, row, &scratch, ret, err));
        if (keyed)
            TRY(distinct_key_at(field, array, row, &scratch, &ret->keys[ret->key_count++], err));
    }
    show_range(field, array, minimum, maximum, ret);
    return STATUS_OK;
}

/* ---- all batches ---- */

static enum status add_keys(struct infer_column *column, const struct infer_part *part,
                            struct err *err)
{
    for (size_t i = 0; i < part->key_count && !atomic_load(&column->repeats); i++) {
        if (distinct_find(column->seen, &part->keys[i]) != NULL) {
            atomic_store(&column->repeats, true);
            distinct_close(&column->seen);
        } else {
            TRY(distinct_add(column->seen, &part->keys[i], 0, 1, err));
        }
    }
    return STATUS_OK;
}

enum status infer_add(struct infer_column *column, const struct field *field,
                      const struct infer_part *part, struct err *err)
{
    struct infer_part *sum = &column->sum;
    sum->rows += part->rows;
    sum->nulls += part->nulls;
    sum->texts += part->texts;
    sum->looks_personal += part->looks_personal;
    for (size_t i = 0; i < part->value_count && i < INFER_ALLOWED + 1; i++)
        see_value(sum, (struct str){part->values[i].text, part->values[i].size});
    if (part->value_count > INFER_ALLOWED) sum->value_count = INFER_ALLOWED + 1;
    if (part->has_range &&
        (!sum->has_range || scalar_compare(field, &part->minimum, &sum->minimum) < 0)) {
        sum->minimum = part->minimum;
        sum->minimum_text = part->minimum_text;
    }
    if (part->has_range &&
        (!sum->has_range || scalar_compare(field, &part->maximum, &sum->maximum) > 0)) {
        sum->maximum = part->maximum;
        sum->maximum_text = part->maximum_text;
    }
    sum->has_range = sum->has_range || part->has_range;
    return part->keys == NULL ? STATUS_OK : add_keys(column, part, err);
}
