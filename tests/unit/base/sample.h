/* tests/unit/base/sample.h: a command with subcommands, for the tests of parser, help and main. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include "base/command.h"

#include <stdio.h>

struct sample_args {
    const char *recipe;
    struct text_list steps;
    int mode;
    int64_t count;
    bool sure;
};

static const struct setting sample_options[] = {
    {"recipe", SETTING_TEXT, offsetof(struct sample_args, recipe), .letter = 'r',
     .argument = "FILE", .help = "the recipe"},
    {"step", SETTING_TEXTS, offsetof(struct sample_args, steps), .letter = 'm', .argument = "STEP",
     .help = "one step as words"},
    {"on_fail", SETTING_CHOICE, offsetof(struct sample_args, mode),
     .choices = "flag|null|fix|reject", .fallback = "flag", .help = "what to do with it"},
    {"count", SETTING_INT, offsetof(struct sample_args, count), .minimum = 1, .maximum = 10,
     .fallback = "3", .help = "how many"},
    {"sure", SETTING_FLAG, offsetof(struct sample_args, sure), .fallback = "true",
     .help = "be sure"},
    {0}};

enum status sample_run(struct invocation *invocation, struct err *err);

static const struct command sample_put = {.name = "put",
                                          .operands = "VIEW [FILE]",
                                          .summary = "store a version",
                                          .options = sample_options,
                                          .args_bytes = sizeof(struct sample_args),
                                          .operands_minimum = 1,
                                          .operands_maximum = 2,
                                          .run = sample_run,
                                          .common_without = "json|explain"};
static const struct command sample_log = {
    .name = "log", .summary = "list versions", .run = sample_run};
static const struct command *const sample_subcommands[] = {&sample_put, &sample_log, NULL};

/* Like tamis-clean: does something by itself and has subcommands. */
static const struct command sample_clean = {
    .name = "tamis-sample",
    .operands = "[INPUT]",
    .summary = "do as a sample does",
    .details = "Reads one. Writes two.\n\n  kept as\n  it is -- \\fBsafe\\fR\n\n.Not a macro, and "
               "words that go on and on and on until the line has to be broken somewhere.",
    .examples = "tamis-sample -m 'impute columns=age' x.arrow\ntamis-sample put v",
    .options = sample_options,
    .args_bytes = sizeof(struct sample_args),
    .subcommands = sample_subcommands,
    .operands_maximum = 1,
    .run = sample_run};

/* Like tamis-features: only subcommands. */
static const struct command sample_features = {
    .name = "tamis-only", .summary = "hold subcommands", .subcommands = sample_subcommands};

#endif
