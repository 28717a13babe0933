/*
 * Prints in the place of a tool, as fast as it is read: what a gateway does to output can only be seen beside a tool that
 * costs nothing itself. Of its arguments it understands "-p N" (how many MiB) and what each write is: 64 KiB of lines
 * unless told otherwise, a line ("-r"), 4 KiB of numbers as seq prints them ("--open"), 64 KiB that nothing can make
 * smaller ("--reason").
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 64, LINES = 1024, BLOCK = LINE * LINES, PAGE = 4096, DIGITS = 12 };

static char block[BLOCK];

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

/* Adds one to a number in decimal that ends before "end". */
static void next(char *end)
{
    while (*--end == '9')
        *end = '0';
    ++*end;
}

static int lines(long blocks, size_t at_once)
{
    static char line[LINE + 1] = "000000000000 22/tcp open ssh: each line says it in 64 bytes....\n";
    for (long i = 0; i < blocks; i++) {
        for (char *to = block; to < block + BLOCK; to += LINE, next(line + DIGITS))
            memcpy(to, line, LINE);
        for (size_t at = 0; at < BLOCK; at += at_once)
            if (put(block + at, at_once))
                return 1;
    }
    return 0;
}

static int numbers(long pages)
{
    static char digits[] = "\n000000000001\n";
    char *end = digits + DIGITS + 1, *first = end - 1;
    size_t held = 0;
    for (long done = 0; done < pages;) {
        size_t length = (size_t)(end - first) + 1;
        memcpy(block + held, first, length);
        held += length;
        next(end);
        if (first[-1] == '1')
            first--;
        if (held < PAGE)
            continue;
        if (put(block, PAGE))
            return 1;
        memmove(block, block + PAGE, held -= PAGE);
        done++;
    }
    return 0;
}

static int noise(long blocks)
{
    uint64_t state = 1;
    for (long i = 0; i < blocks; i++) {
        for (char *to = block; to < block + BLOCK; to += sizeof state) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            memcpy(to, &state, sizeof state);
        }
        if (put(block, BLOCK))
            return 1;
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
    long bytes = 1 << 20;
    const char *what = "";
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--version") == 0)
            return puts("spout, in the place of Nmap version 7.93") < 0;
        if (strcmp(arguments[i], "-r") == 0 || strcmp(arguments[i], "--open") == 0 || strcmp(arguments[i], "--reason") == 0)
            what = arguments[i];
        if (strncmp(arguments[i], "-p", 2) == 0)
            bytes = number_of(arguments[i][2] ? arguments[i] + 2 : i + 1 < count ? arguments[i + 1] : "") << 20;
    }

    if (strcmp(what, "--open") == 0)
        return numbers(bytes / PAGE);
    if (strcmp(what, "--reason") == 0)
        return noise(bytes / BLOCK);
    return lines(bytes / BLOCK, strcmp(what, "-r") == 0 ? LINE : BLOCK);
}
