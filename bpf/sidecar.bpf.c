// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data plane, one object so that all hooks share one set of maps and constants.
 *
 *	uplink -> uplink_xdp | uplink_tc -> uplink_in -> wg_out -> tunnel
 *	uplink <- uplink_out <- (VRF, unless plain) <- wg_in <- tunnel
 */
#include "include/abi_check.h"
#include "hook_uplink_xdp.h"
#include "hook_uplink_tc.h"
#include "hook_uplink_in.h"
#include "hook_uplink_out.h"
#include "hook_wg_in.h"
#include "hook_wg_out.h"
#include "hook_announce.h"

char LICENSE[] SEC("license") = "GPL";
