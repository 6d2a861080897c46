#include "machine.h"

#include <stdio.h>
#include <string.h>

void machine_name(char text[128]) {
    FILE *file = popen("sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1", "r");
    if (!file || !fgets(text, 128, file)) snprintf(text, 128, "unknown machine");
    text[strcspn(text, "\n")] = 0;
    if (file) pclose(file);
}
