/* clean/mask_words.c: what is known of words. */
#include "clean/mask_words.h"

#include "base/input.h"
#include "clean/mask_find.h"

#include <stdio.h>
#include <utf8proc.h>
#include <xxhash.h>

#define KEY_MAXIMUM  256
#define FILE_MAXIMUM ((size_t)64 << 20)

extern const char mask_english[], mask_given[], mask_surnames[], mask_roles[];

struct entry {
    const char *text;
    uint32_t size, classes;
};
struct mask_words {
    struct entry *slots; /* a power of two, at most half full */
    size_t room, count;
    unsigned all; /* classes of any entry */
    struct arena *arena;
};

/* ---- keys ---- */

size_t mask_words_key(struct str text, char *ret, size_t room)
{
    size_t size = 0, at = 0;
    bool blank = false;
    while (at < text.size) {
        utf8proc_int32_t point = (unsigned char)text.data[at];
        utf8proc_ssize_t length = 1;
        if (point >= 0x80)
            length = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                      (utf8proc_ssize_t)(text.size - at), &point);
        if (length <= 0) return 0;
        at += (size_t)length;
        if (point < 0x80 && (is_word((char)point) || point == '-')) { /* most of all text */
            if (size + blank + 1 > room) return 0;
            if (blank) ret[size++] = ' ';
            blank = false;
            ret[size++] = (char)(point >= 'A' && point <= 'Z' ? point + 32 : point);
            continue;
        }
        if (point < 0x80 && !is_word((char)point) && point != '\'' && point != '.' &&
            point != '-' && point != '/') {
            blank = size > 0;
            continue;
        }
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t out = utf8proc_encode_char(utf8proc_tolower(point), bytes);
        if (size + blank + (size_t)out > room) return 0;
        if (blank) ret[size++] = ' ';
        blank = false;
        memcpy(ret + size, bytes, (size_t)out);
        size += (size_t)out;
    }
    return size;
}

/* ---- table ---- */

static struct entry *slot_of(struct entry *slots, size_t room, struct str key)
{
    size_t at = XXH3_64bits(key.data, key.size) & (room - 1);
    while (slots[at].text != NULL &&
           !(slots[at].size == key.size && memcmp(slots[at].text, key.data, key.size) == 0))
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static enum status grow(struct mask_words *words, struct err *err)
{
    size_t room = words->room == 0 ? 1024 : words->room * 2;
    struct entry *slots;
    TRY(NEW(&slots, room, err));
    for (size_t i = 0; i < words->room; i++)
        if (words->slots[i].text != NULL)
            *slot_of(slots, room, (struct str){words->slots[i].text, words->slots[i].size}) =
                words->slots[i];
    memory_free(words->slots);
    words->slots = slots;
    words->room = room;
    return STATUS_OK;
}

static enum status put(struct mask_words *words, struct str key, unsigned classes, bool copy,
                       struct err *err)
{
    if (words->count * 2 >= words->room) TRY(grow(words, err));
    struct entry *entry = slot_of(words->slots, words->room, key);
    words->all |= classes;
    if (entry->text == NULL) {
        const char *text = copy ? arena_text(words->arena, key.data, key.size) : key.data;
        if (text == NULL) return fail_memory(err, key.size);
        *entry = (struct entry){text, (uint32_t)key.size, 0};
        words->count++;
    }
    entry->classes |= classes;
    return STATUS_OK;
}

enum status mask_words_add(struct mask_words *words, struct str text, unsigned class,
                           struct err *err)
{
    char key[KEY_MAXIMUM];
    size_t size = mask_words_key(text, key, sizeof key);
    if (size == 0) return STATUS_OK;
    TRY(put(words, (struct str){key, size}, class, true, err));
    const char *blank = memchr(key, ' ', size);
    if (blank == NULL) return STATUS_OK;
    return put(words, (struct str){key, (size_t)(blank - key)}, WORD_STARTS_PHRASE, true, err);
}

unsigned mask_words_get(const struct mask_words *words, struct str key)
{
    if (words->room == 0 || key.size == 0) return 0;
    return slot_of(words->slots, words->room, key)->classes;
}

bool mask_words_has_own(const struct mask_words *words)
{
    return (words->all & WORD_OWN) != 0;
}

/* ---- English endings ---- */

static bool is_english_stem(const struct mask_words *words, struct str key, size_t cut,
                            const char *more)
{
    char stem[KEY_MAXIMUM];
    size_t size = key.size - cut, add = strlen(more);
    if (size < 2 || size + add > sizeof stem) return false;
    memcpy(stem, key.data, size);
    memcpy(stem + size, more, add);
    if ((mask_words_get(words, (struct str){stem, size + add}) & WORD_ENGLISH) != 0) return true;
    /* stopped, running */
    return size > 3 && stem[size - 1] == stem[size - 2] &&
           (mask_words_get(words, (struct str){stem, size - 1}) & WORD_ENGLISH) != 0;
}

static bool has_ending(struct str key, const char *ending)
{
    size_t size = strlen(ending);
    return key.size > size && memcmp(key.data + key.size - size, ending, size) == 0;
}

static bool is_english(const struct mask_words *words, struct str key)
{
    static const struct {
        const char *ending, *more;
    } rules[] = {{"s", ""},     {"es", ""},   {"ed", ""},   {"ed", "e"},   {"ing", ""},
                 {"ing", "e"},  {"ly", ""},   {"ies", "y"}, {"ied", "y"},  {"d", ""},
                 {"er", ""},    {"er", "e"},  {"ers", ""},  {"ers", "e"},  {"est", ""},
                 {"est", "e"},  {"ness", ""}, {"able", ""}, {"able", "e"}, {"ment", ""},
                 {"ments", ""}, {"ings", ""}, {"ings", "e"}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (has_ending(key, rules[i].ending) &&
            is_english_stem(words, key, strlen(rules[i].ending), rules[i].more))
            return true;
    return false;
}

unsigned mask_words_look_up(const struct mask_words *words, struct str key)
{
    unsigned classes = mask_words_get(words, key);
    if ((classes & ~(unsigned)WORD_STARTS_PHRASE) == 0 && is_english(words, key))
        classes |= WORD_ENGLISH;
    return classes;
}

size_t mask_words_street_end(const struct mask_words *words, struct str key)
{
    for (size_t size = key.size < 10 ? key.size : 10; size >= 3; size--)
        if ((mask_words_get(words, (struct str){key.data + key.size - size, size}) &
             WORD_STREET_END) != 0)
            return size;
    return 0;
}

/* ---- built-in lists ---- */

static enum status add_words(struct mask_words *words, const char *list, unsigned class,
                             struct err *err)
{
    while (*list != '\0') {
        size_t size = strcspn(list, " \n");
        if (size > 0) TRY(put(words, (struct str){list, size}, class, false, err));
        list += size + (list[size] != '\0');
    }
    return STATUS_OK;
}

static unsigned class_of_role(struct str role)
{
    static const struct {
        const char *name;
        unsigned class;
    } roles[] = {{"nationality", WORD_NATIONALITY},
                 {"country", WORD_PLACE},
                 {"place", WORD_PLACE},
                 {"honorific", WORD_HONORIFIC},
                 {"particle", WORD_PARTICLE},
                 {"organization", WORD_ORGANIZATION},
                 {"street", WORD_STREET},
                 {"street_end", WORD_STREET_END},
                 {"unit", WORD_UNIT},
                 {"military", WORD_MILITARY},
                 {"address_before", WORD_ADDRESS_BEFORE},
                 {"place_before", WORD_PLACE_BEFORE},
                 {"place_strong", WORD_PLACE_STRONG},
                 {"not_place", WORD_NOT_PLACE},
                 {"job", WORD_JOB},
                 {"weekday", WORD_WEEKDAY},
                 {"stop", WORD_STOP}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (str_is(role, roles[i].name)) return roles[i].class;
    return 0;
}

/* A word of a role; _ stands for a blank. */
static enum status add_role_word(struct mask_words *words, struct str word, unsigned class,
                                 struct err *err)
{
    char text[KEY_MAXIMUM];
    if (word.size > sizeof text) return STATUS_OK;
    for (size_t i = 0; i < word.size; i++)
        text[i] = word.data[i] == '_' ? ' ' : word.data[i];
    return mask_words_add(words, (struct str){text, word.size}, class, err);
}

static enum status add_roles(struct mask_words *words, const char *list, struct err *err)
{
    for (const char *line = list; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        const char *colon = memchr(line, ':', size);
        if (*line != '#' && colon != NULL) {
            unsigned class = class_of_role((struct str){line, (size_t)(colon - line)});
            for (const char *at = colon + 1; at < line + size;) {
                size_t length = strcspn(at, " \n");
                TRY(add_role_word(words, (struct str){at, length}, class, err));
                at += length + 1;
            }
        }
        line += size + (line[size] == '\n');
    }
    return STATUS_OK;
}

static enum status add_built_in(struct mask_words *words, struct err *err)
{
    TRY(add_words(words, mask_english, WORD_ENGLISH, err));
    TRY(add_words(words, mask_given, WORD_GIVEN, err));
    TRY(add_words(words, mask_surnames, WORD_SURNAME, err));
    return add_roles(words, mask_roles, err);
}

enum status mask_words_open(struct mask_words **ret, bool built_in, struct err *err)
{
    OWNED(mask_words_close) struct mask_words *words;
    TRY(NEW(&words, 1, err));
    TRY(arena_open(&words->arena, err));
    if (built_in) TRY(add_built_in(words, err));
    *ret = words;
    words = NULL;
    return STATUS_OK;
}

/* ---- lists of one's own ---- */

static enum status read_file(const char *path, struct bytes *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    TRY(input_open(&input, path, err));
    for (;;) {
        size_t size;
        TRY(bytes_reserve(ret, 1 << 16, err));
        TRY(input_read(input, ret->data + ret->size, 1 << 16, &size, err));
        ret->size += size;
        if (size == 0) return STATUS_OK;
    }
}

enum status mask_words_add_file(struct mask_words *words, const char *path, unsigned class,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes content = bytes_limited(FILE_MAXIMUM);
    TRY(read_file(path, &content, err));
    struct str rest = {(const char *)content.data, content.size};
    while (rest.size > 0) {
        const char *end = memchr(rest.data, '\n', rest.size);
        size_t size = end == NULL ? rest.size : (size_t)(end - rest.data);
        struct str line = str_trim((struct str){rest.data, size});
        if (line.size > 0 && line.data[0] != '#') TRY(mask_words_add(words, line, class, err));
        size += end != NULL;
        rest = (struct str){rest.data + size, rest.size - size};
    }
    return STATUS_OK;
}

void mask_words_close(struct mask_words **words)
{
    if (*words == NULL) return;
    arena_close(&(*words)->arena);
    memory_free((*words)->slots);
    memory_free(*words);
    *words = NULL;
}
