/* OpenSSL's keys behind signkey, dhkey, cert and authority; not for others. */
#ifndef LIB_PKEY_H
#define LIB_PKEY_H

#include "lib/bytes.h"
#include "lib/err.h"

#define PKEY_POINT_LEN 65

struct evp_pkey_st;

/*
 * A private key from an unencrypted PEM file that only its owner may read.
 * ERR_FILE, or ERR_KEY where it holds none. Frees with pkey_free.
 */
enum err pkey_read(const char *path, struct evp_pkey_st **out);
/* PKCS#8 PEM, mode 0600. */
enum err pkey_write(struct evp_pkey_st *k, const char *path);
/* SubjectPublicKeyInfo in PEM, mode 0644; and from one. */
enum err pkey_write_public(struct evp_pkey_st *k, const char *path);
enum err pkey_read_public(const char *path, struct evp_pkey_st **out);
void pkey_free(struct evp_pkey_st *k);

/* P-256 on a named curve, and nothing else. */
bool pkey_is_p256(const struct evp_pkey_st *k);
enum err pkey_new_p256(struct evp_pkey_st **out);
/* ERR_KEY unless on the curve, uncompressed and not infinity. */
enum err pkey_from_point(
    const uint8_t point[static PKEY_POINT_LEN], struct evp_pkey_st **out);
/* Big-endian; ERR_KEY unless 0 < scalar < the group's order. */
enum err pkey_from_scalar(struct span scalar, struct evp_pkey_st **out);
/* The public point, always uncompressed; ERR_KEY unless P-256. */
enum err pkey_point(
    const struct evp_pkey_st *k, uint8_t point[static PKEY_POINT_LEN]);

#endif
