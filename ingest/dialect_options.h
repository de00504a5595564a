/* ingest/dialect_options.h: how a CSV file is written, the same rows for every command that reads
 * one: tamis-ingest itself, infer, plan and record. */
#ifndef INGEST_DIALECT_OPTIONS_H
#define INGEST_DIALECT_OPTIONS_H

#include "ingest/ingest.h"

/* Rows of an option table; `base` is where the struct ingest_args lies in the command's own. */
#define DIALECT_OPTIONS(base)                                                                      \
    {.name = "delimiter",                                                                          \
     .kind = SETTING_TEXT,                                                                         \
     .offset = (base) + offsetof(struct ingest_args, delimiter),                                   \
     .argument = "TEXT",                                                                           \
     .help =                                                                                       \
         "between fields: up to 8 bytes, or comma, semicolon, tab, bar, space; found by default"}, \
        {.name = "quote",                                                                          \
         .kind = SETTING_TEXT,                                                                     \
         .offset = (base) + offsetof(struct ingest_args, quote),                                   \
         .argument = "CHARACTER",                                                                  \
         .help = "around fields: one character, or none; found by default"},                       \
        {.name = "escape",                                                                         \
         .kind = SETTING_TEXT,                                                                     \
         .offset = (base) + offsetof(struct ingest_args, escape),                                  \
         .argument = "CHARACTER",                                                                  \
         .help =                                                                                   \
             "makes a quote or delimiter behind it an ordinary one: one character, backslash or "  \
             "none; found by default"},                                                            \
        {.name = "comment",                                                                        \
         .kind = SETTING_TEXT,                                                                     \
         .offset = (base) + offsetof(struct ingest_args, comment),                                 \
         .argument = "CHARACTER",                                                                  \
         .help = "lines that begin with it are no records"},                                       \
        {.name = "skip-rows",                                                                      \
         .kind = SETTING_INT,                                                                      \
         .offset = (base) + offsetof(struct ingest_args, skip_rows),                               \
         .fallback = "-1",                                                                         \
         .minimum = -1,                                                                            \
         .maximum = 1000000,                                                                       \
         .argument = "N",                                                                          \
         .help = "lines in front of the header that are no part of the table; -1: found"},         \
    {                                                                                              \
        .name = "header", .kind = SETTING_TEXT,                                                    \
        .offset = (base) + offsetof(struct ingest_args, header), .fallback = "auto",               \
        .argument = "auto|yes|no|N",                                                               \
        .help = "records that hold the names: found, one, none, or N whose texts are joined"       \
    }

#endif
