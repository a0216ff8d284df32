/*
 * Print COUNT loopback TCP ports that nobody uses, one a line.
 *
 *	freeport COUNT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static int
port_print(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
		perror("freeport");
		return 1;
	}
	/* the socket stays open until we end, so that no port comes twice */
	printf("%u\n", ntohs(a.sin_port));
	return 0;
}

int
main(int argc, char *argv[])
{
	int count = argc == 2 ? atoi(argv[1]) : 0;

	if (count < 1 || count > 100) {
		fprintf(stderr, "usage: freeport COUNT\n");
		return 2;
	}
	while (count-- > 0)
		if (port_print() != 0)
			return 1;
	return 0;
}
