#include "neurank/base/shell.h"

#include <string.h>

void nr_shell_word(const char *text, FILE *stream) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-+=./,:@%^";
    if (*text && strspn(text, plain) == strlen(text)) {
        fputs(text, stream);
        return;
    }
    fputc('\'', stream);
    for (const char *c = text; *c; c++) {
        if (*c == '\'') fputs("'\\''", stream);
        else fputc(*c, stream);
    }
    fputc('\'', stream);
}
