/* What the tables say. */
#include "table.h"

#include <string.h>

_Static_assert(OPTION_COUNT <= 64, "bits of nr_options.given");

const char *nr_command_name(nr_command command) {
    return nr_commands[command].name;
}

nr_command nr_command_find(const char *name) {
    int k = 0;
    while (k < NR_COMMAND_COUNT && strcmp(nr_commands[k].name, name) != 0) k++;
    return (nr_command)k;
}

const char *nr_option_argument(const option_row *row, char text[ARGUMENT_TEXT]) {
    const option_value *value = &row->value;
    snprintf(text, ARGUMENT_TEXT, "%s", value->placeholder ? value->placeholder : "");
    for (size_t i = 0, used = 0; i < value->n_words; i++)
        used += (size_t)snprintf(text + used, ARGUMENT_TEXT - used, "%s%s",
                                 i ? "|" : "", value->words[i]);
    return text;
}

bool nr_option_field(nr_command command, option_id option, field_row *out) {
    const request_row *request = &nr_request_rows[command];
    for (size_t k = 0; k < request->n_parts; k++) {
        const field_part *part = &request->parts[k];
        for (size_t i = 0; i < part->n; i++) {
            if (part->rows[i].option != option) continue;
            *out = part->rows[i];
            out->offset += part->offset;
            if (out->given != NO_FIELD) out->given += part->offset;
            return true;
        }
    }
    return false;
}

bool nr_command_has(nr_command command, option_id option) {
    field_row field;
    return option == OPTION_HELP || nr_option_field(command, option, &field);
}

option_id nr_option_find(nr_command command, const char *text, const char **value) {
    *value = NULL;
    if (strcmp(text, "-o") == 0) text = "--output";
    if (strcmp(text, "-h") == 0) text = "--help";
    if (strncmp(text, "--", 2) != 0) return OPTION_COUNT;
    size_t length = strcspn(text + 2, "=");
    if (text[2 + length]) *value = text + 2 + length + 1;
    for (option_id i = 0; i < OPTION_COUNT; i++)
        if (strlen(nr_option_table[i].name) == length &&
            memcmp(nr_option_table[i].name, text + 2, length) == 0 &&
            nr_command_has(command, i))
            return i;
    return OPTION_COUNT;
}

bool nr_option_given(const nr_options *options, option_id option) {
    return options->given >> option & 1;
}
