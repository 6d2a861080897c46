/* Words for a shell. */
#ifndef NEURANK_BASE_SHELL_H
#define NEURANK_BASE_SHELL_H

#include <stdio.h>

/* One word, quoted where it has to be. */
void nr_shell_word(const char *text, FILE *stream);

#endif
