/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The true api role beside a kernel that is only remembered: api_relay RELAYD CONFIG starts
 * "relayd --role api" with all that the supervisor would hand it, and plays the net role. Prints
 * "port N" once the role serves, then obeys lines on standard input, each answered by a line: those
 *of fake_kernel.h, and
 *
 *	stop				SIGTERM, and wait
 *	kill				SIGKILL, and wait
 *	start				the role again, with the configuration file as it is now;
 *					"no" when it ends at once
 *	replica stop|kill|start		the same for the replica role, of state.mode: tmpfs; start
 *					without "replica" starts it too, and first
 *	power				SIGKILL to both at once, and wait
 *
 * End of input ends both.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "fake_kernel.h"
#include "relay/listen.h"
#include "relay/role.h"
#include "relay/supervisor_dirs.h"

#define LINE_LEN 256

static struct conf conf;
static const char *relayd, *conf_path;
static int tls_fd = -1, ctl_fd = -1, net_fd = -1;
static pid_t child, replica;

static void die(const char *what)
{
	fprintf(stderr, "api_relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void api_gone(void)
{
	fake_kernel_stop();
	close(net_fd);
	net_fd = -1;
}

static void child_main(char *what, const int fds[], const int numbers[], size_t n)
{
	char role[] = "--role", name[] = "relayd", verbose[] = "-v";
	char *args[] = {name, role, what, getenv("VERBOSE") ? verbose : NULL, NULL};
	int high[8];

	/* First out of the way, then to their places. */
	for (size_t i = 0; i < n; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 20);
	for (size_t i = 0; i < n; i++)
		dup2(high[i], numbers[i]);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execv(relayd, args);
	_exit(127);
}

/* The database is back, or the role has ended. */
static int start_replica(void)
{
	static const int numbers[] = {MSG_FD_CONF, ROLE_FD_READY};
	char what[] = "replica", byte;
	int ready[2], conf_fd, r;
	struct err err;

	if (role_conf_fd(&conf, &conf_fd, &err) || pipe2(ready, O_CLOEXEC))
		die("descriptors");
	replica = fork();
	if (!replica)
		child_main(what, (int[]){conf_fd, ready[1]}, numbers, 2);
	close(conf_fd);
	close(ready[1]);
	r = read(ready[0], &byte, 1) == 1 ? 0 : -1;
	close(ready[0]);
	if (r) {
		waitpid(replica, NULL, 0);
		replica = 0;
	}
	return r;
}

static int start(void)
{
	static const int numbers[] = {MSG_FD, MSG_FD_TLS, MSG_FD_CTL, MSG_FD_CONF, ROLE_FD_READY};
	char what[] = "api", byte;
	int pair[2], ready[2], conf_fd;
	struct err err;

	if (conf_load(conf_path, &conf, &err) || supervisor_dirs_make(&conf, &err) ||
	    supervisor_database(&conf, &err) || role_conf_fd(&conf, &conf_fd, &err)) {
		fprintf(stderr, "api_relay: %s\n", err.text);
		return -1;
	}
	if (conf.state_mode == CONF_STATE_TMPFS && !replica && start_replica())
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ||
	    pipe2(ready, O_CLOEXEC))
		die("descriptors");
	child = fork();
	if (!child)
		child_main(what, (int[]){pair[1], tls_fd, ctl_fd, conf_fd, ready[1]}, numbers, 5);
	close(pair[1]);
	close(ready[1]);
	close(conf_fd);
	net_fd = pair[0];
	fake_kernel_start(net_fd, &conf);
	for (;;) {
		struct pollfd fds[] = {{net_fd, POLLIN, 0}, {ready[0], POLLIN, 0}};
		struct msg msg;

		if (poll(fds, 2, 20000) <= 0)
			die("the api role does not start");
		while (!msg_recv(net_fd, &msg))
			fake_kernel_msg(&msg);
		if (fds[1].revents)
			break;
	}
	if (read(ready[0], &byte, 1) != 1) {
		waitpid(child, NULL, 0);
		child = 0;
		api_gone();
	}
	close(ready[0]);
	return child ? 0 : -1;
}

static int stop_replica(int signal)
{
	int status = -1;

	if (replica <= 0)
		return -1;
	kill(replica, signal);
	/* As the supervisor: a Litestream that hangs is killed. */
	for (int i = 0; i < 500 && !waitpid(replica, &status, WNOHANG); i++)
		poll(NULL, 0, 20);
	if (!kill(replica, SIGKILL))
		waitpid(replica, &status, 0);
	replica = 0;
	return status;
}

static int stop(int signal)
{
	int status = -1;

	if (child <= 0)
		return -1;
	kill(child, signal);
	for (int i = 0; i < 500 && !waitpid(child, &status, WNOHANG); i++) {
		struct pollfd fd = {net_fd, POLLIN, 0};
		struct msg msg;

		/* Its last requests are answered still. */
		poll(&fd, 1, 20);
		while (!msg_recv(net_fd, &msg))
			fake_kernel_msg(&msg);
	}
	api_gone();
	child = 0;
	return status;
}

static void obey(char *words[], size_t n)
{
	if (fake_kernel_obey(words, n))
		return;
	if (!strcmp(words[0], "stop") || !strcmp(words[0], "kill")) {
		printf("%d\n", stop(words[0][0] == 's' ? SIGTERM : SIGKILL));
	} else if (!strcmp(words[0], "replica") && n == 2) {
		if (!strcmp(words[1], "start"))
			puts(start_replica() ? "no" : "ok");
		else
			printf("%d\n", stop_replica(words[1][0] == 's' ? SIGTERM : SIGKILL));
	} else if (!strcmp(words[0], "power")) {
		if (replica > 0)
			kill(replica, SIGKILL);
		stop(SIGKILL);
		stop_replica(SIGKILL);
		puts("ok");
	} else if (!strcmp(words[0], "start")) {
		puts(start() ? "no" : "ok");
	} else {
		puts("unknown");
	}
}

static void on_line(char *line)
{
	char *words[FAKE_KERNEL_WORDS], *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(line, " \n", &save); w && n < FAKE_KERNEL_WORDS;
	     w = strtok_r(NULL, " \n", &save))
		words[n++] = w;
	if (n)
		obey(words, n);
	fflush(stdout);
}

static void listen_somewhere(void)
{
	struct endpoint where = {.family = AF_INET, .v4 = {{127, 0, 0, 1}}};
	struct sockaddr_in in4;
	socklen_t len = sizeof(in4);
	struct err err;

	if (conf_load(conf_path, &conf, &err) || supervisor_dirs_make(&conf, &err) ||
	    listen_tls(&where, &tls_fd, &err) || listen_ctl(&conf, &ctl_fd, &err)) {
		fprintf(stderr, "api_relay: %s\n", err.text);
		exit(1);
	}
	if (getsockname(tls_fd, (struct sockaddr *)&in4, &len))
		die("getsockname");
	if (start())
		exit(1);
	printf("port %u\n", ntohs(in4.sin_port));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[LINE_LEN];

	if (argc != 3)
		return 2;
	relayd = argv[1];
	conf_path = argv[2];
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdin, NULL, _IONBF, 0);
	listen_somewhere();
	for (;;) {
		struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {net_fd, POLLIN, 0}};
		struct msg msg;
		int r = 0;

		if (poll(fds, 2, -1) < 0)
			die("poll");
		while (net_fd >= 0 && !(r = msg_recv(net_fd, &msg)))
			fake_kernel_msg(&msg);
		if (net_fd >= 0 && r == -ECONNRESET) {
			fprintf(stderr, "api_relay: the api role ended by itself\n");
			api_gone();
		}
		if (fds[0].revents) {
			if (!fgets(line, sizeof(line), stdin))
				break;
			on_line(line);
		}
	}
	stop(SIGTERM);
	stop_replica(SIGTERM);
	return 0;
}
