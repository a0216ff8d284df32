/* P-256 keys that agree on secrets: sealing keys and HPKE keys. */
#ifndef LIB_DHKEY_H
#define LIB_DHKEY_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/signkey.h"

#define POINT_LEN 65 /* uncompressed: 0x04 || x || y */
#define DH_LEN 32    /* the x coordinate */

struct dhkey;

/*
 * A private P-256 key from an unencrypted PKCS#8 PEM file. ERR_FILE: cannot
 * be read; ERR_KEY: holds no P-256 key. The caller frees *out.
 */
enum err dhkey_open(const char *path, struct dhkey **out);
enum err dhkey_generate(struct dhkey **out);
/* From the 32-byte scalar, big-endian. ERR_KEY: zero or out of range. */
enum err dhkey_from_scalar(struct span scalar, struct dhkey **out);
enum err dhkey_write(const struct dhkey *k, const char *path);
void dhkey_free(struct dhkey *k);

/* The public point (65 bytes) and its key id (16 bytes), borrowed. */
const uint8_t *dhkey_point(const struct dhkey *k);
const uint8_t *dhkey_id(const struct dhkey *k);

/* ERR_KEY unless the 65 bytes are an uncompressed point of P-256. */
enum err point_check(const uint8_t point[static POINT_LEN]);
/* The public point in a PEM file (SubjectPublicKeyInfo): read, write. */
enum err point_open(const char *path, uint8_t point[static POINT_LEN]);
enum err point_write(const uint8_t point[static POINT_LEN], const char *path);

/*
 * ECDH: the x coordinate of own scalar times peer's point. The point is
 * validated here, always. ERR_KEY for a bad one. The caller wipes `out`.
 */
enum err dhkey_agree(const struct dhkey *own,
    const uint8_t peer[static POINT_LEN], uint8_t out[static DH_LEN]);

#endif
