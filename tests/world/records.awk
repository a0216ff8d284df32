# Synthetic records as a business system would write them: CSV by a layout.
#
#	awk -v seed=N [-v canary=1] -f records.awk layout.tsv mapping.tsv people.txt
#
# people.txt: one local number a line. Same seed and person, same record. The
# values are made up from a small generator and mean nothing. With -v canary=1
# one amount a person has thirteen digits, for tests that look for it.
BEGIN {
	FS = "\t"
	letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
}

# Files in order: kinds by item code, then columns, then people.
FNR == 1 { file++ }
/^#/ { next }
file == 1 && $3 != "code" { kind[$3] = $6 }
file == 2 && $1 != "column" {
	columns++
	name[columns] = $1
	target[columns] = $2
	empty[columns] = $3
}
file == 3 {
	if (!headed)
		header()
	row($1)
}

function header(i) {
	for (i = 1; i <= columns; i++)
		printf "%s%s", name[i], (i < columns ? "," : "\r\n")
	headed = 1
}

# A number in 0..n-1, next of this person's sequence.
function draw(n) {
	state = (state * 16807) % 2147483647
	return int(state / 7) % n
}

function start(person, i) {
	state = seed + 1
	for (i = 1; i <= length(person); i++)
		state = (state * 131 + \
		    index(letters, substr(person, i, 1))) % 2147483646 + 1
	for (i = 0; i < 5; i++)
		draw(2)
	marked = 0
}

function row(person, i) {
	start(person)
	for (i = 1; i <= columns; i++)
		printf "%s%s", value(i, person), (i < columns ? "," : "\r\n")
}

function value(i, person, t) {
	t = target[i]
	if (t == "person") return person
	if (t == "fiscal_year") return "2026"
	if (t == "version") return "1"
	if (t == "as_of") return "2026-06-01T09:00"
	if (t == "published_until") return "2027-05-31"
	if (t == "no_auto_answer" || t == "non_disclosure") return "0"
	return content(kind[t], name[i], empty[i])
}

function content(k, column, when_empty) {
	# half of what may be empty is: the layout then says why
	if (when_empty != "refuse" && draw(2))
		return ""
	if (k == "amount") return amount()
	if (k == "count") return draw(6)
	if (k == "flag") return draw(2)
	if (k == "year") return "2026"
	if (k == "month") return sprintf("20%02d-%02d", 10 + draw(15), 1 + draw(12))
	if (k == "date") return sprintf("20%02d-%02d-%02d", 10 + draw(15),
	    1 + draw(12), 1 + draw(28))
	if (column == "保険者番号") return sprintf("01%06d", draw(999999))
	if (column == "番号") return sprintf("%07d%06d", draw(9999999), draw(999999))
	if (column == "枝番") return sprintf("%02d", draw(90))
	if (k == "code") return sprintf("%04d", draw(10000))
	return "見本" draw(10000)
}

# As a canary, a record's first amount is its person's alone.
function amount() {
	if (marked || !canary)
		return draw(9000000)
	marked = 1
	return sprintf("1%06d%06d", draw(999999), draw(999999))
}
