/* SPDX-License-Identifier: GPL-2.0-only */
/* Every handler of the route table, by the file that has it. */
#ifndef RELAY_API_HANDLERS_H
#define RELAY_API_HANDLERS_H

#include "api_route.h"

/* api_health.c */
api_handler api_health_get;
/* api_peer.c */
api_handler api_peer_post, api_peer_delete, api_peer_list;
/* api_psk.c */
api_handler api_psk_offer, api_psk_commit;
/* api_rotate.c */
api_handler api_rotate_begin, api_rotate_commit, api_rotate_drop;
/* api_machine.c */
api_handler api_machine_post, api_relay_get;

/* api_status.c, api_container.c, api_canary.c, api_audit.c */
api_handler api_status_get, api_container_get, api_canary_get, api_audit_list;
/* api_admin_token.c */
api_handler api_admin_token_post, api_admin_token_list, api_admin_token_delete;

/* api_device_flow.c, api_device_approve.c */
api_handler api_device_authorize, api_device_token, api_device_lookup, api_device_approve;

/* api_backup.c */
api_handler api_ctl_backup;
/* api_metrics.c */
api_handler api_metrics_get;
/* api_web.c, api_openapi.c, api_page.c */
api_handler api_web_get, api_openapi_get, api_page_get, api_page_canary, api_page_canary_text;

/* relayctl's: api_ctl.c */
api_handler api_ctl_status, api_ctl_drops, api_ctl_join;
/* api_ctl_event.c */
api_handler api_ctl_events;
/* api_ctl_usage.c */
api_handler api_ctl_usage;
/* api_ctl_peer.c */
api_handler api_ctl_peer_list, api_ctl_peer_show, api_ctl_peer_delete;
/* api_ctl_machine.c */
api_handler api_ctl_machine_list, api_ctl_machine_show, api_ctl_machine_release;
/* api_pin.c */
api_handler api_ctl_pin_list, api_ctl_pin_roll;
/* api_token.c */
api_handler api_token_post, api_token_list, api_token_delete;
/* api_account.c */
api_handler api_account_list, api_account_set;

/* api_audit.c */
api_handler api_ctl_audit_list;

#endif
