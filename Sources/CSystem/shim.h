#pragma once
#include <nss.h>
#include <spawn.h>
#include <sys/random.h>
#include <sys/types.h>

// The C library hides these unless _GNU_SOURCE is defined, which Swift's own view of it does without.
int pipe2(int ends[2], int flags);
int pidfd_open(pid_t process, unsigned int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
