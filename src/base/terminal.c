#include "neurank/base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "neurank/base/text.h"

enum { USUAL_COLUMNS = 80, COLUMNS_MAX = 10000 };

static size_t columns_of(int file) {
    struct winsize size;
    const char *text = getenv("COLUMNS");
    uint64_t given;
    if (text && nr_parse_u64(text, &given) && given > 0 && given < COLUMNS_MAX)
        return (size_t)given;
    bool known = ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : USUAL_COLUMNS;
}

nr_page nr_page_of(FILE *stream) {
    nr_page page = {0};
    int file = fileno(stream);
    const char *none = getenv("NO_COLOR"), *kind = getenv("TERM");
    if (file < 0 || isatty(file) != 1) return page;
    page.columns = columns_of(file);
    page.colour = !(none && *none) && kind && strcmp(kind, "dumb") != 0;
    return page;
}
