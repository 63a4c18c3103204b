// Measures the time from spawn to exit of programs. Each round runs every program once, in a new random order.
//
// usage: spawn ROUNDS < plan > samples.tsv
//
// A line of the plan: name, path, status, calls, DATABASE_URL, the program and its arguments, separated by tabs.
//   status  the expected exit status
//   calls   a folder with one file for each round, named by the round's number: a line with the caller's token, which
//           may be empty, a line with a text that the response must contain, and the program's input
// A line of the samples: name, path, nanoseconds, maximum resident KiB. Round 0 is a warm-up and is not counted.
//
// This program is small on purpose: until a child calls exec, its resident memory is that of its parent.

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PROGRAMS = 256, MAX_ARGUMENTS = 8, MAX_VARIABLES = 256, MAX_TEXT = 8192, MAX_BYTES = 1 << 16 };

struct program {
    char *name, *path, *calls, *url, *arguments[MAX_ARGUMENTS + 1];
    int status;
};

extern char **environ;
static struct program programs[MAX_PROGRAMS];
static int program_count;
static int input, output, errors;
static char *variables[MAX_VARIABLES + 3];
static char url[MAX_TEXT], token[MAX_TEXT], expected[MAX_TEXT];
static char **token_variable;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("spawn: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static void read_plan(void) {
    static char line[MAX_TEXT];
    while (fgets(line, sizeof line, stdin)) {
        if (program_count == MAX_PROGRAMS) fail("the plan is too long");
        struct program *program = &programs[program_count++];
        char *rest = strdup(line), *fields[5];
        rest[strcspn(rest, "\n")] = 0;
        for (int i = 0; i < 5; i++) {
            if (!(fields[i] = strsep(&rest, "\t"))) fail("a line of the plan is too short");
        }
        program->name = fields[0];
        program->path = fields[1];
        program->status = atoi(fields[2]);
        program->calls = fields[3];
        program->url = fields[4];
        for (int i = 0; rest; i++) {
            if (i == MAX_ARGUMENTS) fail("a line of the plan is too long");
            program->arguments[i] = strsep(&rest, "\t");
        }
        if (!program->arguments[0]) fail("a line of the plan names no program");
    }
    if (program_count == 0) fail("the plan is empty");
}

static void prepare(void) {
    // Input and output of the programs are files in memory.
    input = memfd_create("input", MFD_CLOEXEC);
    output = memfd_create("output", MFD_CLOEXEC);
    errors = memfd_create("errors", MFD_CLOEXEC);
    if (input < 0 || output < 0 || errors < 0) fail("memfd_create");
    int count = 0;
    for (char **variable = environ; *variable && count < MAX_VARIABLES; variable++) {
        if (strncmp(*variable, "NOFX_TOKEN=", 11) != 0 && strncmp(*variable, "DATABASE_URL=", 13) != 0) {
            variables[count++] = *variable;
        }
    }
    variables[count] = url;
    token_variable = &variables[count + 1];
}

// Sets the input, the environment variables and the expected response of a round.
static void take_call(const struct program *program, int round) {
    static char path[MAX_TEXT], bytes[MAX_BYTES];
    snprintf(path, sizeof path, "%s/%d", program->calls, round);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = read(file, bytes, sizeof bytes - 1);
    if (count < 1 || count == sizeof bytes - 1) fail("no call in %s, or one that is too long", path);
    close(file);
    bytes[count] = 0;
    char *rest = bytes, *caller = strsep(&rest, "\n"), *words = strsep(&rest, "\n");
    if (!rest) fail("%s is too short", path);
    snprintf(url, sizeof url, "DATABASE_URL=%s", program->url);
    snprintf(token, sizeof token, "NOFX_TOKEN=%s", caller);
    *token_variable = *caller ? token : NULL;
    snprintf(expected, sizeof expected, "%s", words);
    count -= rest - bytes;
    if (ftruncate(input, 0) || pwrite(input, rest, (size_t)count, 0) != count) fail("no input");
    if (ftruncate(output, 0) || ftruncate(errors, 0)) fail("ftruncate");
    lseek(input, 0, SEEK_SET);
    lseek(output, 0, SEEK_SET);
    lseek(errors, 0, SEEK_SET);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// A response is correct if it contains the expected text and consists of one line.
static void check(const struct program *program, int round, int status) {
    static char answer[MAX_BYTES];
    ssize_t count = pread(output, answer, sizeof answer - 1, 0);
    answer[count < 0 ? 0 : count] = 0;
    char *end = strchr(answer, '\n');
    if (WIFEXITED(status) && WEXITSTATUS(status) == program->status && strstr(answer, expected) && end && !end[1]) return;
    static char words[1 << 12];
    count = pread(errors, words, sizeof words - 1, 0);
    words[count < 0 ? 0 : count] = 0;
    fail(
        "%s (%s), round %d, ended with status 0x%x; answer: %s\n%s", program->name, program->path, round, status, answer,
        words
    );
}

static void call(const struct program *program, int round) {
    take_call(program, round);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    pid_t child;
    int status;
    struct rusage usage;
    int64_t start = now();
    if (posix_spawn(&child, program->arguments[0], &actions, NULL, program->arguments, variables) != 0) {
        fail("cannot start %s", program->arguments[0]);
    }
    if (wait4(child, &status, 0, &usage) != child) fail("wait4");
    int64_t end = now();
    posix_spawn_file_actions_destroy(&actions);
    check(program, round, status);
    if (round > 0) {
        printf("%s\t%s\t%lld\t%ld\n", program->name, program->path, (long long)(end - start), usage.ru_maxrss);
    }
}

int main(int count, char **arguments) {
    if (count != 2) fail("usage: spawn ROUNDS < plan > samples.tsv");
    read_plan();
    prepare();
    int order[MAX_PROGRAMS];
    for (int i = 0; i < program_count; i++) order[i] = i;
    uint64_t random = 88172645463325252ULL;
    for (int round = 0; round <= atoi(arguments[1]); round++) {
        for (int i = program_count - 1; i > 0; i--) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            int other = random % (i + 1), kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        for (int i = 0; i < program_count; i++) call(&programs[order[i]], round);
    }
    return 0;
}
