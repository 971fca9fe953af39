/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's half of the layout check; sidecar.bpf.c is the kernel's. */
#include "../bpf/include/abi_check.h"
