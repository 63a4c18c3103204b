#pragma once
#include <nss.h>
#include <sys/random.h>
