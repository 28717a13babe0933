/*
 * Prints in the place of a tool, as fast as it is read: what a gateway does to bulk output can only be seen beside a tool
 * that costs nothing itself. Of its arguments it understands "-p N" (how many MiB) and "-r" (a write a line, otherwise
 * 64 KiB at once).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 64, LINES = 1024 };

static int put(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(1, bytes, size);
        if (written <= 0)
            return 1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Of "256", and of "T:256", as a canonical command has it. */
static long number_of(const char *text)
{
    return atol(strncmp(text, "T:", 2) == 0 ? text + 2 : text);
}

int main(int count, char **arguments)
{
    static char block[LINE * LINES + 1];
    long mebibytes = 1, number = 0;
    int by_line = 0;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--version") == 0)
            return puts("spout, in the place of Nmap version 7.93") < 0;
        if (strcmp(arguments[i], "-r") == 0)
            by_line = 1;
        if (strncmp(arguments[i], "-p", 2) == 0)
            mebibytes = number_of(arguments[i][2] ? arguments[i] + 2 : i + 1 < count ? arguments[i + 1] : "");
    }

    for (long i = 0; i < mebibytes * (1 << 20) / (LINE * LINES); i++) {
        for (int line = 0; line < LINES; line++)
            sprintf(block + line * LINE, "%012ld 22/tcp open ssh: each line says it in 64 bytes....\n", number++);
        for (int line = 0; by_line && line < LINES; line++)
            if (put(block + line * LINE, LINE))
                return 1;
        if (!by_line && put(block, LINE * LINES))
            return 1;
    }
    return 0;
}
