/* features/main.c: tamis-features: versions of features, and training sets from them. */
#include "features/commands.h"

static const struct command *const subcommands[] = {
    &define_command, &put_command,     &get_command,      &cat_command,      &export_command,
    &join_command,   &lineage_command, &lookup_command,   &log_command,      &diff_command,
    &tag_command,    &promote_command, &exposure_command, &rollback_command, &report_command,
    &verify_command, &rebuild_command, &gc_command,       &forget_command,   NULL,
};

static const struct command features_command = {
    .name = "tamis-features",
    .operands = "COMMAND",
    .summary = "keep versions of features and join them as they were known at a time",
    .examples = "tamis-features define user_activity.yaml\n"
                "tamis-features put user_activity tamis:clean/clicks\n"
                "tamis-features join --spine labels.arrow --view user_activity -o training.arrow\n"
                "tamis-features lineage training.arrow --up -o training.svg",
    .subcommands = subcommands,
};

int main(int argc, char **argv)
{
    return command_main(&features_command, argc, argv);
}
