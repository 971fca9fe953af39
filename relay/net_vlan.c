/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A card that takes VLAN tags off hides them from XDP, which would take another network's frames
 * for the uplink's own. It is told to leave them; a flag of the device's, which stays when relayd
 * goes. The hooks of tc are told of a tag either way.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "../lib/log.h"
#include "dp.h"
#include "net_int.h"

static int device_flags(int fd, const char *device, uint32_t cmd, uint32_t *flags)
{
	struct ethtool_value value = {.cmd = cmd, .data = *flags};
	struct ifreq req = {.ifr_data = (char *)&value};

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", device);
	if (ioctl(fd, SIOCETHTOOL, &req))
		return -errno;
	*flags = value.data;
	return 0;
}

void net_vlan_uplink(const struct net *net)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t flags = 0;
	int r;

	if (fd < 0 || !dp_has_xdp(net->dp) ||
	    device_flags(fd, net->conf.uplink, ETHTOOL_GFLAGS, &flags) ||
	    !(flags & ETH_FLAG_RXVLAN))
		return;
	flags &= ~(uint32_t)ETH_FLAG_RXVLAN;
	r = device_flags(fd, net->conf.uplink, ETHTOOL_SFLAGS, &flags);
	if (r)
		log_warn("uplink %s: it takes VLAN tags off and cannot be told not to (%s): tagged "
			 "frames count as untagged ones, but with xdp: tc",
			 net->conf.uplink, strerror(-r));
	else
		log_info("uplink %s: it leaves VLAN tags on frames from now on", net->conf.uplink);
}
