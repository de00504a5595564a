/* clean/mask_token.h: a text as words and numbers, for what is found by the words around it. */
#ifndef CLEAN_MASK_TOKEN_H
#define CLEAN_MASK_TOKEN_H

#include "clean/mask_find.h"
#include "clean/mask_words.h"

/* What stands between a token and the one before it. */
enum token_gap {
    GAP_NONE,       /* nothing, or the beginning */
    GAP_BLANK,      /* blanks */
    GAP_LINE,       /* one line end with blanks around */
    GAP_COMMA,      /* a comma with blanks */
    GAP_COMMA_LINE, /* a comma with line ends */
    GAP_PERIOD,     /* a period with blanks */
    GAP_OTHER,      /* anything else: quotes, parentheses, blank lines */
};

struct token {
    size_t first, end;
    unsigned classes; /* enum word_class */
    enum token_gap gap;
    bool number;         /* digits only */
    bool mixed;          /* letters and digits */
    bool capital;        /* begins with a capital */
    bool capitals;       /* has no small letter, and more than one place */
    bool initial;        /* one capital */
    bool owned;          /* "'s" follows */
    bool starts;         /* begins a sentence, a line or a quotation */
    bool taken;          /* already found as something */
    unsigned street_end; /* bytes of a street's ending, 0 = none */
};

#define TOKENS_MOST 1024

struct token_list {
    struct token items[TOKENS_MOST];
    size_t count;
};

/* The tokens from *at on, at most TOKENS_MOST, cut between sentences where possible; *at moves
 * behind them. What `hits` cover is taken. */
void mask_tokens(struct str text, const struct mask_words *words, const struct mask_hits *hits,
                 size_t *at, struct token_list *ret);

/* Not known in any way, with letters only and more than one: most likely a name. */
static inline bool token_is_unknown(const struct token *token)
{
    return !token->number && !token->mixed && !token->initial &&
           (token->classes & ~(unsigned)(WORD_STARTS_PHRASE | WORD_STREET_END)) == 0;
}

/* What finds names and places in a list of tokens; hits go to the end of `hits`. */
struct name_finder {
    struct str text;
    const struct mask_query *query;
    const struct mask_words *words;
    struct token_list *tokens;
    struct mask_hits *hits;
};
/* Tokens first ... last are one find; they are taken. Nothing where the kind is not wanted or the
 * text is allowed. */
MUST_CHECK enum status name_found(struct name_finder *finder, enum mask_kind kind, size_t first,
                                  size_t last, struct err *err);
/* Streets, houses and what belongs to them (mask_street.c). */
MUST_CHECK enum status find_addresses(struct name_finder *finder, struct err *err);
/* Phrases of the user's lists, persons, places, organizations, nationalities, titles and ages
 * (mask_names.c). Adds to the finds of the text and puts all in order. */
MUST_CHECK enum status mask_find_names(struct str text, const struct mask_query *query,
                                       struct mask_hits *hits, struct err *err);

#endif
