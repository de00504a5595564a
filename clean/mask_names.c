/* clean/mask_names.c: names of persons, places and organizations, nationalities, titles and ages,
 * from lists and from the words around them.
 *
 * A word with a capital that no list of everyday words knows is a name; lists and its neighbors
 * say of what. Everyday words are taken for names only near an honorific or beside a name. */
#include "clean/mask_token.h"

#include <stdlib.h>
#include <strings.h>

#define PHRASE_MOST 6
#define KEY_ROOM    256

static bool has(const struct token *token, unsigned classes)
{
    return (token->classes & classes) != 0;
}

static struct token *token_at(const struct name_finder *finder, size_t i)
{
    return i < finder->tokens->count ? &finder->tokens->items[i] : NULL;
}

static bool token_is(const struct name_finder *finder, size_t i, const char *word)
{
    const struct token *token = token_at(finder, i);
    if (token == NULL || ((finder->text.data[token->first] | 0x20) != word[0])) return false;
    size_t size = strlen(word);
    return token->end - token->first == size &&
           strncasecmp(finder->text.data + token->first, word, size) == 0;
}

static bool token_is_any(const struct name_finder *finder, size_t i, const char *const *list)
{
    for (; *list != NULL; list++)
        if (token_is(finder, i, *list)) return true;
    return false;
}

/* ---- finds ---- */

static struct str span(const struct name_finder *finder, size_t first, size_t last)
{
    const struct token *tokens = finder->tokens->items;
    return (struct str){finder->text.data + tokens[first].first,
                        tokens[last].end - tokens[first].first};
}

static unsigned phrase_classes(const struct name_finder *finder, size_t first, size_t last)
{
    char key[KEY_ROOM];
    size_t size = mask_words_key(span(finder, first, last), key, sizeof key);
    return mask_words_get(finder->words, (struct str){key, size});
}

enum status name_found(struct name_finder *finder, enum mask_kind kind, size_t first, size_t last,
                       struct err *err)
{
    struct token *tokens = finder->tokens->items;
    for (size_t i = first; i <= last; i++)
        tokens[i].taken = true;
    if (!finder->query->kinds->has[kind] ||
        (phrase_classes(finder, first, last) & WORD_OWN_ALLOWED) != 0)
        return STATUS_OK;
    size_t end = tokens[last].end;
    bool short_form = kind == MASK_TITLE || (tokens[last].classes & WORD_ORGANIZATION) != 0;
    if (short_form && end - tokens[last].first <= 4 && peek(finder->text, end) == '.') end++;
    return mask_hits_add(finder->hits, (struct mask_hit){tokens[first].first, end, kind}, err);
}

/* ---- phrases of lists ---- */

/* The longest phrase from token `i` on that has one of `classes`; its last token. */
static bool phrase_at(const struct name_finder *finder, size_t i, unsigned classes,
                      size_t *ret_last, unsigned *ret_classes)
{
    const struct token_list *tokens = finder->tokens;
    bool found = has(&tokens->items[i], classes);
    *ret_last = i;
    *ret_classes = tokens->items[i].classes;
    if (!has(&tokens->items[i], WORD_STARTS_PHRASE)) return found;
    for (size_t last = i + 1; last < tokens->count && last < i + PHRASE_MOST; last++) {
        const struct token *token = &tokens->items[last];
        if (token->taken || token->gap > GAP_LINE) break;
        unsigned known = phrase_classes(finder, i, last);
        if ((known & classes) == 0) continue;
        found = true;
        *ret_last = last;
        *ret_classes = known;
    }
    return found;
}

static enum status find_own(struct name_finder *finder, struct err *err)
{
    struct token_list *tokens = finder->tokens;
    for (size_t i = 0; i < tokens->count; i++) {
        size_t last;
        unsigned classes;
        if (tokens->items[i].taken || !phrase_at(finder, i, WORD_OWN, &last, &classes)) continue;
        enum mask_kind kind = (classes & WORD_OWN_LISTED) != 0   ? MASK_LISTED
                              : (classes & WORD_OWN_PERSON) != 0 ? MASK_PERSON
                                                                 : MASK_PLACE;
        if ((classes & WORD_OWN_ALLOWED) != 0) {
            for (size_t k = i; k <= last; k++)
                tokens->items[k].taken = true;
        } else {
            TRY(name_found(finder, kind, i, last, err));
        }
        i = last;
    }
    return STATUS_OK;
}

/* ---- ages ---- */

static int number_of(const struct name_finder *finder, const struct token *token)
{
    int value = 0;
    if (!token->number || token->end - token->first > 3) return -1;
    for (size_t i = token->first; i < token->end; i++)
        value = value * 10 + finder->text.data[i] - '0';
    return value;
}

static bool is_age(const struct name_finder *finder, size_t i)
{
    static const char *const behind[] = {"year", "years", "yr", "yrs", "yo", "y", "month", NULL};
    static const char *const before[] = {"aged", "age", "turned", "turning", "turns", "turn", NULL};
    static const char *const be[] = {"am",   "i'm",   "was",  "is", "are",
                                     "he's", "she's", "were", NULL};
    const struct token *token = token_at(finder, i), *next = token_at(finder, i + 1);
    int value = number_of(finder, token);
    if (value < 1 || value > 119) return false;
    if (next != NULL && next->gap == GAP_BLANK && token_is_any(finder, i + 1, behind)) {
        if (token_is(finder, i + 1, "y") || token_is(finder, i + 1, "yo")) return true;
        return token_is(finder, i + 2, "old") || token_is(finder, i + 2, "of");
    }
    if (next != NULL && token_is(finder, i + 1, "year-old")) return true;
    if (i > 0 && token->gap == GAP_BLANK && token_is_any(finder, i - 1, before)) return true;
    bool ends = next == NULL || next->gap == GAP_PERIOD || next->gap == GAP_COMMA || next->starts ||
                token_is(finder, i + 1, "and") || token_is(finder, i + 1, "now");
    return value > 9 && ends && i > 0 && token->gap == GAP_BLANK &&
           token_is_any(finder, i - 1, be) && (i < 2 || !token_is(finder, i - 2, "it"));
}

static enum status find_ages(struct name_finder *finder, struct err *err)
{
    for (size_t i = 0; i < finder->tokens->count; i++)
        if (!finder->tokens->items[i].taken && is_age(finder, i))
            TRY(name_found(finder, MASK_AGE, i, i, err));
    return STATUS_OK;
}

/* ---- nationalities and titles ---- */

static bool is_nationality(const struct token *token)
{
    /* "polish", "thai": without a capital only words that are nothing else. */
    return has(token, WORD_NATIONALITY) &&
           (token->capital || !has(token, WORD_ENGLISH | WORD_GIVEN | WORD_SURNAME));
}

/* An honorific with a name behind it. */
static bool is_honorific(const struct name_finder *finder, size_t i)
{
    const struct token *token = token_at(finder, i), *next = token_at(finder, i + 1);
    if (!has(token, WORD_HONORIFIC) || next == NULL || next->taken || next->number) return false;
    bool dotted = next->gap == GAP_PERIOD, near = dotted || next->gap == GAP_BLANK;
    if (!near || !next->capital) return dotted && token_is_unknown(next);
    return token->capital || dotted;
}

/* A line, or what stands between commas behind a name, that is a job: "Packager",
 * "Network and computer systems administrator". */
static bool is_job(const struct name_finder *finder, size_t first, size_t last)
{
    const struct token_list *tokens = finder->tokens;
    if (last - first > 5) return false;
    for (size_t i = first; i <= last; i++)
        if (tokens->items[i].taken || tokens->items[i].number) return false;
    return has(&tokens->items[last], WORD_JOB) || has(&tokens->items[first], WORD_JOB);
}

static bool ends_line(const struct name_finder *finder, size_t last)
{
    const struct token *token = token_at(finder, last), *next = token_at(finder, last + 1);
    return next == NULL ||
           memchr(finder->text.data + token->end, '\n', next->first - token->end) != NULL;
}

static bool begins_line(const struct name_finder *finder, size_t first)
{
    const struct token *token = token_at(finder, first);
    size_t at = token->first;
    while (at > 0 && finder->text.data[at - 1] == ' ')
        at--;
    return at > 0 && finder->text.data[at - 1] == '\n';
}

static enum status find_jobs(struct name_finder *finder, struct err *err)
{
    for (size_t first = 0; first < finder->tokens->count; first++) {
        if (!begins_line(finder, first)) continue;
        size_t last = first;
        while (!ends_line(finder, last))
            last++;
        if (is_job(finder, first, last)) TRY(name_found(finder, MASK_TITLE, first, last, err));
    }
    return STATUS_OK;
}

/* A phrase of the list of places, or one word of it without a capital that is nothing else. */
static bool is_place(const struct name_finder *finder, size_t i, size_t *ret_last)
{
    unsigned classes;
    const struct token *token = token_at(finder, i);
    if (!phrase_at(finder, i, WORD_PLACE, ret_last, &classes)) return false;
    bool plain = has(token, WORD_ENGLISH | WORD_GIVEN | WORD_SURNAME | WORD_STOP);
    return *ret_last > i ? token->capital || !plain : !token->capital && !plain;
}

static enum status find_marks(struct name_finder *finder, struct err *err)
{
    for (size_t i = 0; i < finder->tokens->count; i++) {
        size_t last;
        const struct token *token = &finder->tokens->items[i];
        if (token->taken) continue;
        if (is_place(finder, i, &last)) {
            TRY(name_found(finder, MASK_PLACE, i, last, err));
            i = last;
        } else if (is_nationality(token)) {
            TRY(name_found(finder, MASK_NATIONALITY, i, i, err));
        } else if (finder->query->kinds->has[MASK_DATE] && token->capital &&
                   has(token, WORD_WEEKDAY)) {
            TRY(name_found(finder, MASK_DATE, i, i, err));
        }
    }
    return STATUS_OK;
}

/* ---- after "my name is" ---- */

static bool is_introduced(const struct name_finder *finder, size_t i)
{
    if (i == 0 || token_at(finder, i)->gap != GAP_BLANK) return false;
    static const char *const verbs[] = {"named", "nicknamed", NULL};
    if (token_is_any(finder, i - 1, verbs)) return true;
    if (i < 2) return false;
    static const char *const links[] = {"is", "was", "me", NULL};
    static const char *const names[] = {"name",  "surname", "nickname", "call",
                                        "calls", "called",  NULL};
    return token_is_any(finder, i - 1, links) && token_is_any(finder, i - 2, names);
}

/* "my name is vitoria", "her maiden name is Key". */
static enum status find_introduced(struct name_finder *finder, struct err *err)
{
    for (size_t i = 0; i < finder->tokens->count; i++) {
        const struct token *token = token_at(finder, i);
        if (token->taken || token->number || token->mixed || !is_introduced(finder, i)) continue;
        bool small = !token->capital &&
                     (has(token, WORD_ENGLISH | WORD_STOP) || token->end - token->first < 3);
        if (small || has(token, WORD_HONORIFIC | WORD_STOP)) continue;
        size_t last = i;
        for (const struct token *next; (next = token_at(finder, last + 1)) != NULL; last++)
            if (next->taken || next->number || next->gap != GAP_BLANK ||
                next->capital != token->capital || has(next, WORD_STOP | WORD_ENGLISH))
                break;
        TRY(name_found(finder, MASK_PERSON, i, last, err));
    }
    return STATUS_OK;
}

/* ---- runs of words with capitals ---- */

/* The word alone looks like a name. */
static bool looks_like_name(const struct name_finder *finder, size_t i)
{
    const struct token *token = token_at(finder, i), *next = token_at(finder, i + 1);
    if (token->taken || token->number || token->mixed || !token->capital || token->initial)
        return false;
    if (has(token, WORD_STOP | WORD_HONORIFIC | WORD_UNIT)) return false;
    if (token->capitals && token->end - token->first <= 4 && !has(token, WORD_GIVEN | WORD_PLACE))
        return false; /* an abbreviation */
    if (token_is_unknown(token)) return true;
    if (!has(token, WORD_ENGLISH)) return has(token, WORD_GIVEN | WORD_SURNAME | WORD_PLACE);
    if (has(token, WORD_PLACE)) return !token->starts;
    if (!has(token, WORD_GIVEN)) return false;
    return !token->starts || (next != NULL && next->gap == GAP_BLANK && next->capital) ||
           token->owned;
}

/* The run goes on with token `i`: "van der Berg", "J.", "Hughes". */
static bool continues_run(const struct name_finder *finder, size_t i)
{
    const struct token *token = token_at(finder, i), *before = token_at(finder, i - 1),
                       *next = token_at(finder, i + 1);
    if (token == NULL || token->taken || before->owned) return false;
    bool near = token->gap == GAP_BLANK || (token->gap == GAP_PERIOD && before->initial);
    if (!near || token->number || token->mixed) return false;
    if (token->initial)
        return next != NULL && next->capital && (next->gap == GAP_BLANK || next->gap == GAP_PERIOD);
    const struct token *third = token_at(finder, i + 2);
    bool leads = next != NULL && next->gap == GAP_BLANK &&
                 (next->capital || (has(next, WORD_PARTICLE) && third != NULL &&
                                    third->gap == GAP_BLANK && third->capital)); /* van der Berg */
    if (has(token, WORD_PARTICLE) && leads) return !has(token, WORD_ENGLISH) || !token->capital;
    if (!token->capital || has(token, WORD_STOP)) return false;
    if (!has(token, WORD_ENGLISH)) return true;
    if (before->initial || (has(before, WORD_GIVEN) && !has(before, WORD_ENGLISH))) return true;
    return has(token, WORD_GIVEN | WORD_SURNAME | WORD_ORGANIZATION);
}

/* Everyday words with capitals belong to an organization that ends or begins with its word. */
static bool is_title_case(const struct token *token)
{
    return token != NULL && !token->taken && token->capital && !token->number &&
           !has(token, WORD_STOP) && !token->starts;
}

enum place_hint { HINT_NONE, HINT_WEAK, HINT_STRONG };

static enum place_hint place_hint(const struct name_finder *finder, size_t first)
{
    if (first == 0) return HINT_NONE;
    const struct token *token = token_at(finder, first), *before = token_at(finder, first - 1);
    if (token->gap != GAP_BLANK || before->taken) return HINT_NONE;
    if (has(before, WORD_PLACE_STRONG)) return HINT_STRONG;
    return has(before, WORD_PLACE_BEFORE) ? HINT_WEAK : HINT_NONE;
}

static bool works_there(const struct name_finder *finder, size_t first)
{
    static const char *const jobs[] = {"work",     "works", "working", "worked", "employed",
                                       "employee", "job",   "career",  NULL};
    static const char *const links[] = {"for", "at", "by", "with", "of", NULL};
    if (first >= 1 &&
        (token_is(finder, first - 1, "joined") || token_is(finder, first - 1, "called")))
        return true;
    return first >= 2 && token_is_any(finder, first - 1, links) &&
           token_is_any(finder, first - 2, jobs);
}

static bool any_in_run(const struct name_finder *finder, size_t first, size_t last,
                       unsigned classes)
{
    for (size_t i = first; i <= last; i++)
        if (has(token_at(finder, i), classes)) return true;
    return false;
}

static enum mask_kind kind_of_run(const struct name_finder *finder, size_t first, size_t last)
{
    size_t phrase_last;
    unsigned classes;
    bool honorific = first > 0 && is_honorific(finder, first - 1);
    if (honorific) return MASK_PERSON;
    if (any_in_run(finder, first, last, WORD_ORGANIZATION) && last > first)
        return MASK_ORGANIZATION;
    if (works_there(finder, first)) return MASK_ORGANIZATION;
    bool place =
        phrase_at(finder, first, WORD_PLACE, &phrase_last, &classes) && phrase_last >= last;
    enum place_hint hint = place_hint(finder, first);
    bool given = any_in_run(finder, first, last, WORD_GIVEN) || token_at(finder, last)->owned;
    for (size_t i = first; i <= last; i++)
        given = given || token_at(finder, i)->initial;
    if (place && (!given || hint != HINT_NONE)) return MASK_PLACE;
    if (hint == HINT_STRONG && !given) return MASK_PLACE;
    if (hint == HINT_WEAK && first == last && !given) return MASK_PLACE;
    return MASK_PERSON;
}

/* "Clean Power Finance", "Climate Corporation": capitals up to the word of an organization. */
static bool organization_at(const struct name_finder *finder, size_t first, size_t *ret_last)
{
    bool found = false;
    for (size_t i = first; i < first + 6; i++) {
        const struct token *token = token_at(finder, i);
        if (token == NULL || token->taken || !token->capital || token->number ||
            (i > first && token->gap != GAP_BLANK && token->gap != GAP_COMMA) ||
            has(token, WORD_STOP | WORD_HONORIFIC))
            break;
        if (i > first && token->gap == GAP_COMMA && !has(token, WORD_ORGANIZATION)) break;
        if (i > first && has(token, WORD_ORGANIZATION)) {
            *ret_last = i;
            found = true;
        }
    }
    return found;
}

/* "Davis, Reynolds and Williamson", "Weeks-Rivas". */
static size_t partners_end(const struct name_finder *finder, size_t last)
{
    const struct token *second = token_at(finder, last + 1);
    if (second == NULL || second->gap != GAP_COMMA || !looks_like_name(finder, last + 1))
        return last;
    const struct token *link = token_at(finder, last + 2), *third = token_at(finder, last + 3);
    if (link == NULL || third == NULL || link->gap != GAP_BLANK ||
        !token_is(finder, last + 2, "and") || third->gap != GAP_BLANK || !third->capital ||
        third->taken)
        return last;
    return last + 3;
}

/* Three names are one firm where one thing is expected: "from A, B and C", a line of its own. */
static bool stands_for_one(const struct name_finder *finder, size_t first, size_t last)
{
    const struct token *next = token_at(finder, last + 1);
    return works_there(finder, first) || place_hint(finder, first) != HINT_NONE ||
           (begins_line(finder, first) && ends_line(finder, last)) ||
           (next != NULL && next->gap == GAP_BLANK && has(next, WORD_ORGANIZATION));
}

static size_t run_end(const struct name_finder *finder, size_t first)
{
    size_t last = first, phrase_last;
    unsigned classes;
    while (continues_run(finder, last + 1))
        last++;
    if (phrase_at(finder, first, WORD_PLACE, &phrase_last, &classes) && phrase_last > last)
        last = phrase_last;
    return last;
}

/* Left of a place or an organization: "Southern Tunisia" stays, "New Zealand" is a phrase. */
static enum status find_run(struct name_finder *finder, size_t *i, struct err *err)
{
    size_t first = *i, last;
    struct token *token = token_at(finder, first);
    if (!token->starts && token->capital && organization_at(finder, first, &last)) {
        *i = last;
        return name_found(finder, MASK_ORGANIZATION, first, last, err);
    }
    bool honorific = first > 0 && is_honorific(finder, first - 1);
    bool works = !token->starts && is_title_case(token) && works_there(finder, first);
    if (!honorific && !works && !looks_like_name(finder, first)) return STATUS_OK;
    last = run_end(finder, first);
    if (works)
        while (is_title_case(token_at(finder, last + 1)) &&
               token_at(finder, last + 1)->gap == GAP_BLANK)
            last++;
    enum mask_kind kind = kind_of_run(finder, first, last);
    size_t partners = partners_end(finder, last);
    if (partners > last && first == last && stands_for_one(finder, first, partners)) {
        kind = MASK_ORGANIZATION;
        last = partners;
    }
    *i = last;
    return name_found(finder, kind, first, last, err);
}

/* A postal code behind a place: "New Zealand 57006". */
static enum status find_codes(struct name_finder *finder, struct err *err)
{
    struct token *tokens = finder->tokens->items;
    for (size_t h = 0, i = 1; i < finder->tokens->count; i++) {
        const struct token *token = &tokens[i];
        size_t size = token->end - token->first;
        if (token->taken || !token->number || size < 4 || size > 6 || token->gap != GAP_BLANK)
            continue;
        for (h = 0; h < finder->hits->count; h++)
            if (finder->hits->items[h].kind == MASK_PLACE &&
                finder->hits->items[h].end == tokens[i - 1].end && ends_line(finder, i))
                break;
        if (h < finder->hits->count) TRY(name_found(finder, MASK_ADDRESS, i, i, err));
    }
    return STATUS_OK;
}

static enum status find_runs(struct name_finder *finder, struct err *err)
{
    for (size_t i = 0; i < finder->tokens->count; i++) {
        if (finder->tokens->items[i].taken) continue;
        if (is_honorific(finder, i)) {
            size_t name = i + 1;
            TRY(find_run(finder, &name, err));
            TRY(name_found(finder, MASK_TITLE, i, i, err));
            i = name;
        } else {
            TRY(find_run(finder, &i, err));
        }
    }
    return STATUS_OK;
}

/* ---- names without capitals ---- */

/* "patricia desrosiers": a given name that is nothing else, and an unknown word. */
static enum status find_small(struct name_finder *finder, struct err *err)
{
    for (size_t i = 0; i + 1 < finder->tokens->count; i++) {
        const struct token *token = token_at(finder, i), *next = token_at(finder, i + 1);
        if (token->taken || next->taken || token->capital || next->gap != GAP_BLANK) continue;
        if (!has(token, WORD_GIVEN) || has(token, WORD_ENGLISH | WORD_STOP)) continue;
        if (next->end - next->first < 3 || next->capital ||
            !(token_is_unknown(next) ||
              (has(next, WORD_SURNAME) && !has(next, WORD_ENGLISH | WORD_STOP))))
            continue;
        TRY(name_found(finder, MASK_PERSON, i, i + 1, err));
    }
    return STATUS_OK;
}

/* ---- all ---- */

static int by_place(const void *a, const void *b)
{
    const struct mask_hit *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static bool wants_built_in(const struct mask_query *query)
{
    for (enum mask_kind kind = MASK_PERSON; kind < MASK_LISTED; kind++)
        if (query->kinds->has[kind]) return true;
    return false;
}

static enum status find_in_tokens(struct name_finder *finder, struct err *err)
{
    if (mask_words_has_own(finder->words)) TRY(find_own(finder, err));
    if (!wants_built_in(finder->query)) return STATUS_OK;
    TRY(find_ages(finder, err));
    TRY(find_addresses(finder, err));
    TRY(find_jobs(finder, err));
    TRY(find_marks(finder, err));
    TRY(find_introduced(finder, err));
    TRY(find_runs(finder, err));
    TRY(find_small(finder, err));
    return find_codes(finder, err);
}

enum status mask_find_names(struct str text, const struct mask_query *query, struct mask_hits *hits,
                            struct err *err)
{
    struct mask_hits patterns = *hits; /* those before the names, in order */
    if (hits->tokens == NULL) TRY(NEW(&hits->tokens, 1, err));
    struct token_list *tokens = hits->tokens;
    struct name_finder finder = {text, query, query->words, tokens, hits};
    for (size_t at = 0; at < text.size;) {
        patterns.items = hits->items;
        mask_tokens(text, query->words, &patterns, &at, tokens);
        TRY(find_in_tokens(&finder, err));
    }
    if (hits->count > patterns.count)
        qsort(hits->items, hits->count, sizeof *hits->items, by_place);
    return STATUS_OK;
}
