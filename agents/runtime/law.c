#include "agents/runtime/law.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/text.h"

#define SIGNATURES_MAX 16384

/* What is being read, beside what is held. */
struct reading {
	const struct law_sources *from;
	struct law law;
	uint64_t newest; /* among the sources */
	struct fault *f;
};

static bool
same(const struct policy *a, const struct policy *b)
{
	return memcmp(policy_hash(a), policy_hash(b), POLICY_HASH_LEN) == 0;
}

/* In its place; the same version twice is kept once. Takes *p over. */
static enum err
version_put(struct reading *r, struct policy *p, const char *dir)
{
	struct law *l = &r->law;
	uint64_t version = policy_version(p);
	size_t at = l->n;
	enum err e = ERR_NONE;

	if (version > r->newest)
		r->newest = version;
	while (at > 0 && policy_version(l->held[at - 1]) > version)
		at--;
	if (at > 0 && policy_version(l->held[at - 1]) == version) {
		if (!same(l->held[at - 1], p))
			e = fault_set(r->f, ERR_POLICY_VERSION, dir, 0,
			    "another policy bears the same version");
		policy_free(p);
		return e;
	}
	if (l->n == LAW_VERSIONS_MAX) {
		policy_free(p);
		return fault_set(
		    r->f, ERR_TOO_LONG, dir, 0, "too many versions");
	}
	memmove(
	    &l->held[at + 1], &l->held[at], (l->n - at) * sizeof(l->held[0]));
	l->held[at] = p;
	l->n++;
	return ERR_NONE;
}

static enum err
signatures_check(struct reading *r, const struct policy *p, const char *path)
{
	struct bundle b = {.kind = "policy", .version = policy_version(p)};
	struct buf signatures = {0};
	enum err e = file_read(path, SIGNATURES_MAX, &signatures);

	memcpy(b.hash, policy_hash(p), HASH_LEN);
	if (e != ERR_NONE)
		fault_set(r->f, e, path, 0, "%s", err_sentence(e));
	else
		e = bundle_check(r->from->officers, &b, buf_span(&signatures),
		    r->from->now_ms, BUNDLE_OFFICERS, r->f);
	buf_free(&signatures);
	return e;
}

static enum err
version_read(struct reading *r, const char *dir, const char *signatures)
{
	struct policy *p = NULL;
	struct buf why = {0};
	char text[150];
	enum err e = policy_open(dir, &p, &why);

	if (e != ERR_NONE) {
		text_clean(buf_span(&why), text, sizeof(text));
		fault_set(r->f, e, dir, 0, "%s", text);
	}
	buf_free(&why);
	if (e == ERR_NONE)
		e = signatures_check(r, p, signatures);
	if (e != ERR_NONE) {
		policy_free(p);
		return e;
	}
	return version_put(r, p, dir);
}

static enum err
folder_read(struct reading *r)
{
	const char *folder = r->from->versions;
	DIR *d = opendir(folder);
	struct dirent *entry;
	enum err e = ERR_NONE;

	if (d == NULL)
		return fault_set(
		    r->f, ERR_FILE, folder, 0, "%s", strerror(errno));
	while (e == ERR_NONE && (entry = readdir(d)) != NULL) {
		char dir[4400], signatures[4410];
		size_t n = strlen(entry->d_name);

		if (entry->d_name[0] == '.' ||
		    (n > 4 && strcmp(entry->d_name + n - 4, ".sig") == 0))
			continue;
		snprintf(dir, sizeof(dir), "%s/%s", folder, entry->d_name);
		snprintf(signatures, sizeof(signatures), "%s.sig", dir);
		e = version_read(r, dir, signatures);
	}
	closedir(d);
	return e;
}

/* What was held and is not among the sources stays. */
static enum err
held_keep(struct reading *r, struct law *old)
{
	uint64_t newest = old->n > 0 ? policy_version(law_newest(old)) : 0;
	enum err e = ERR_NONE;

	if (r->newest < newest)
		return fault_set(r->f, ERR_POLICY_VERSION, r->from->dir, 0,
		    "older than the version held");
	for (size_t i = 0; i < old->n; i++)
		for (size_t k = 0; k < r->law.n; k++)
			if (policy_version(old->held[i]) ==
				policy_version(r->law.held[k]) &&
			    !same(old->held[i], r->law.held[k]))
				return fault_set(r->f, ERR_POLICY_VERSION,
				    r->from->dir, 0,
				    "another policy bears a version held");
	if (r->law.n + old->n > LAW_VERSIONS_MAX)
		return fault_set(
		    r->f, ERR_TOO_LONG, r->from->dir, 0, "too many versions");
	while (e == ERR_NONE && old->n > 0)
		e = version_put(r, old->held[--old->n], r->from->dir);
	return e;
}

enum err
law_load(struct law *law, const struct law_sources *from, struct fault *f)
{
	struct reading r = {.from = from, .f = f};
	enum err e = version_read(&r, from->dir, from->signatures);

	if (e == ERR_NONE && from->versions != NULL)
		e = folder_read(&r);
	if (e == ERR_NONE)
		e = held_keep(&r, law);
	if (e != ERR_NONE) {
		law_fini(&r.law);
		return e;
	}
	*law = r.law;
	return ERR_NONE;
}

void
law_fini(struct law *law)
{
	for (size_t i = 0; i < law->n; i++)
		policy_free(law->held[i]);
	law->n = 0;
}

const struct policy *
law_find(const struct law *law, const uint8_t hash[static POLICY_HASH_LEN])
{
	for (size_t i = law->n; i > 0; i--)
		if (memcmp(policy_hash(law->held[i - 1]), hash,
			POLICY_HASH_LEN) == 0)
			return law->held[i - 1];
	return NULL;
}

const struct policy *
law_newest(const struct law *law)
{
	return law->held[law->n - 1];
}
