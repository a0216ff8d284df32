/* renkei: one command for staff, policy officers, auditors and operators. */
#include "agents/cli/cli.h"

#include <locale.h>
#include <stddef.h>

static const struct cli_command commands[] = {
    {"policy", cmd_policy, "the law as data", "法令のデータ"},
    {"explain", cmd_explain, "is it lawful, and why", "適法かどうかと理由"},
    {"log", cmd_log, "verify, count and export the log",
	"ログの検証・集計・書き出し"},
    {NULL, NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
	setlocale(LC_ALL, "C.UTF-8");
	return cli_dispatch("renkei", commands, argc, argv);
}
