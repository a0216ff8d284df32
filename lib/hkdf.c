#include "lib/hkdf.h"

#include <assert.h>
#include <string.h>

void
hkdf_extract(const uint8_t *salt, const struct span *ikm, size_t n,
    uint8_t prk[static SHA256_LEN])
{
	/* HMAC pads its key with zeros: the empty salt is a block of them */
	static const uint8_t none[SHA256_LEN];

	hmac_sha256(salt != NULL ? salt : none, ikm, n, prk);
}

void
hkdf_expand(const uint8_t prk[static SHA256_LEN], const struct span *info,
    size_t n, uint8_t *out, size_t size)
{
	struct span run[8];
	uint8_t t[SHA256_LEN], counter = 0;
	size_t done = 0;

	assert(size <= HKDF_MAX && n <= 6);
	for (size_t i = 0; i < n; i++)
		run[i + 1] = info[i];
	while (done < size) {
		size_t take = size - done < sizeof(t) ? size - done : sizeof(t);

		/* T(i) = HMAC(prk, T(i - 1) || info || i), T(0) is empty */
		run[0] = span_of(t, counter == 0 ? 0 : sizeof(t));
		counter++;
		run[n + 1] = span_of(&counter, 1);
		hmac_sha256(prk, run, n + 2, t);
		memcpy(out + done, t, take);
		done += take;
	}
	explicit_bzero(t, sizeof(t));
}
