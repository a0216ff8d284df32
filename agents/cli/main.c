/* renkei: one command for staff, policy officers, auditors and operators. */
#include "agents/cli/cli.h"

#include <locale.h>
#include <stddef.h>

static const struct cli_command commands[] = {
    {"inquire", cmd_inquire, "ask another body about a person",
	"他の機関に照会する"},
    {"records", cmd_records, "this agency's exchange records",
	"自機関の情報提供等記録"},
    {"pending", cmd_pending, "what waits for an official",
	"職員の判断を待つ照会"},
    {"code", cmd_code, "acquire link codes", "符号を取得する"},
    {"import", cmd_import, "replica records from a CSV file",
	"副本をCSVから登録する"},
    {"status", cmd_status, "how an agent is", "エージェントの状態"},
    {"policy", cmd_policy, "the law as data", "法令のデータ"},
    {"explain", cmd_explain, "is it lawful, and why", "適法かどうかと理由"},
    {"log", cmd_log, "verify, count and export the log",
	"ログの検証・集計・書き出し"},
    {"audit", cmd_audit, "what an auditor may see", "監査"},
    {"errors", cmd_errors, "what every code means", "コードの意味"},
    {NULL, NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
	setlocale(LC_ALL, "C.UTF-8");
	return cli_dispatch("renkei", commands, argc, argv);
}
