/* clean/suggest_draft.h: a recipe being drafted, for the files of suggest only. */
#ifndef CLEAN_SUGGEST_DRAFT_H
#define CLEAN_SUGGEST_DRAFT_H

#include "clean/chain.h"
#include "clean/column_facts.h"
#include "clean/suggest_words.h"

/* What the trial of outliers calls its columns: TRIAL_FLAG and TRIAL_FLAG "_column". */
#define TRIAL_FLAG "_suggest_outlier"

struct draft {
    struct chain *chain;        /* the trials, done */
    struct column_facts *facts; /* by column of `schema`; NULL when there was no row */
    struct schema *schema;      /* of what leaves the trial of mask */
    struct bytes *text;
    bool none_yet;      /* no expectation was written */
    char left_out[256]; /* modules with nothing to do */
};

/* The trial of a module, or NULL. */
const struct step *step_of(const struct draft *draft, const char *module);
/* A column of `schema` that came in: what modules add on the way is not drafted for. */
bool is_given(const struct draft *draft, size_t column);
bool is_masked(const struct draft *draft, const char *column);
/* Appends to the text; at most 1 KiB at a time. */
enum status say(struct draft *draft, struct err *err, const char *format, ...) PRINTF_LIKE(3, 4);
void leave_out(struct draft *draft, const char *module);

/* Names with commas between them. */
struct list {
    struct draft *draft;
    size_t count;
};
MUST_CHECK enum status list_name(struct list *list, const char *name, struct err *err);

/* One module each; nothing where it would do nothing. */
MUST_CHECK enum status draft_text(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_missing(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_types(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_standardize(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_images(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_validate(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_deduplicate(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_outliers(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_impute(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_mask(struct draft *draft, struct err *err);
MUST_CHECK enum status draft_normalize(struct draft *draft, struct err *err);

#endif
