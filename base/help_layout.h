/* base/help_layout.h: lines of help, shared by the screen of --help and the pages of --help-all. */
#ifndef BASE_HELP_LAYOUT_H
#define BASE_HELP_LAYOUT_H

#include "base/help.h"

/* Words of `text` from `column` on, broken before `width`; following lines begin at `indent`. */
MUST_CHECK enum status help_wrapped(struct bytes *ret, struct str text, size_t column,
                                    size_t indent, size_t width, struct err *err);
/* Paragraphs are filled; one that begins with a blank keeps its lines. */
MUST_CHECK enum status help_paragraphs(struct bytes *ret, const char *text, size_t width,
                                       struct err *err);
/* A term on the left, its description on the right. */
MUST_CHECK enum status help_entry(struct bytes *ret, const char *term, const char *text,
                                  size_t width, struct err *err);
/* The entry of one option, or of one setting of YAML. */
MUST_CHECK enum status help_setting(struct bytes *ret, const struct setting *setting,
                                    enum spelling spelling, size_t width, struct err *err);
/* "Usage: tamis-features put [OPTION...] VIEW", and the same with a subcommand. */
MUST_CHECK enum status help_usage(const struct command *command, const char *path,
                                  struct bytes *ret, struct err *err);

#endif
