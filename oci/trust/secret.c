// SPDX-License-Identifier: Apache-2.0
#include "oci/trust/secret.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/base64.h"
#include "base/dynlib.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/format/json.h"

#define SODIUM_LIBRARY "libsodium.so.23"
#define SODIUM_PACKAGE "libsodium23"
#define SALT_BYTES 32
#define NONCE_BYTES crypto_secretbox_NONCEBYTES
#define MAX_CIPHERTEXT (64u << 10)

#define SCRYPT_N 65536 /* of the keys that are written */
#define SCRYPT_R 8
#define SCRYPT_P 1
/* What N = 131072 needs, and a little more. A key that asks for more is refused. */
#define SCRYPT_MAX_BYTES (256u << 20)

bool secret_is_label(const char *label)
{
	return streq(label, SECRET_PEM_LABEL) || streq(label, "ENCRYPTED COSIGN PRIVATE KEY");
}

static __typeof__(&crypto_secretbox_open_easy) box_open;
static __typeof__(&crypto_secretbox_easy) box_seal;
static __typeof__(&randombytes_buf) random_bytes;

static int load_sodium(struct err *err)
{
	__typeof__(&sodium_init) init = NULL;
	const struct dynlib_symbol symbols[] = {
		{ "sodium_init", &init },
		{ "crypto_secretbox_open_easy", &box_open },
		{ "crypto_secretbox_easy", &box_seal },
		{ "randombytes_buf", &random_bytes },
	};
	int rc = dynlib_open(NULL, SODIUM_LIBRARY, SODIUM_PACKAGE, "cannot use an encrypted key",
			     symbols, ARRAY_LEN(symbols), err);

	if (rc == 0 && init() < 0)
		rc = err_set(err, EIO, "libsodium cannot be used");
	return rc;
}

struct sealed {
	uint64_t n, r, p;
	unsigned char salt[SALT_BYTES], nonce[NONCE_BYTES];
	size_t salt_len;
	unsigned char *box;
	size_t box_len;
};

static void sealed_release(struct sealed *s)
{
	free(s->box);
}

static int damaged(struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "the encrypted key is damaged: %s", what);
}

static int get_bytes(const json_t *object, const char *key, void *dst, size_t room, size_t *ret_len,
		     struct err *err)
{
	const char *text = NULL;
	int rc = json_get_text(object, key, &text, err);

	if (rc == 0 && (!text || base64_decode(dst, room, text, ret_len) < 0))
		rc = damaged(err, key);
	return rc;
}

static bool is_named(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, "name"));

	return text && streq(text, name);
}

static int parse_sealed(const json_t *json, struct sealed *s, struct err *err)
{
	const json_t *kdf = json_object_get(json, "kdf"), *params = json_object_get(kdf, "params");
	const json_t *cipher = json_object_get(json, "cipher");
	size_t nonce_len = 0;
	int rc;

	if (!is_named(kdf, "scrypt") || !is_named(cipher, "nacl/secretbox"))
		return err_set(err, ENOTSUP,
			       "the key is encrypted by neither scrypt nor nacl/secretbox");
	rc = json_get_size(params, "N", &s->n, err);
	if (rc == 0)
		rc = json_get_size(params, "r", &s->r, err);
	if (rc == 0)
		rc = json_get_size(params, "p", &s->p, err);
	if (rc == 0)
		rc = get_bytes(kdf, "salt", s->salt, sizeof(s->salt), &s->salt_len, err);
	if (rc == 0)
		rc = get_bytes(cipher, "nonce", s->nonce, sizeof(s->nonce), &nonce_len, err);
	if (rc == 0 && nonce_len != sizeof(s->nonce))
		rc = damaged(err, "nonce");
	s->box = xmalloc(MAX_CIPHERTEXT);
	if (rc == 0)
		rc = get_bytes(json, "ciphertext", s->box, MAX_CIPHERTEXT, &s->box_len, err);
	if (rc == 0 && s->box_len < crypto_secretbox_MACBYTES)
		rc = damaged(err, "ciphertext");
	return rc;
}

static int derive(const struct sealed *s, const char *password,
		  unsigned char key[crypto_secretbox_KEYBYTES], struct err *err)
{
	if (s->n < 2 || s->n & (s->n - 1) || s->r > 32 || s->p > 16 ||
	    EVP_PBE_scrypt(password, strlen(password), s->salt, s->salt_len, s->n, s->r, s->p,
			   SCRYPT_MAX_BYTES, key, crypto_secretbox_KEYBYTES) != 1)
		return damaged(err, "scrypt's parameters are out of range");
	return 0;
}

int secret_open(const void *bytes, size_t len, const char *password, void **ret, size_t *ret_len,
		struct err *err)
{
	_cleanup_(sealed_release) struct sealed s = { 0 };
	unsigned char key[crypto_secretbox_KEYBYTES];
	_cleanup_json_ json_t *json = NULL;
	unsigned char *plain;
	int rc = json_parse("the encrypted key", bytes, len, &json, err);

	if (rc == 0)
		rc = parse_sealed(json, &s, err);
	if (rc == 0)
		rc = load_sodium(err);
	if (rc == 0)
		rc = derive(&s, password, key, err);
	if (rc < 0)
		return rc;
	plain = xmalloc(s.box_len);
	rc = box_open(plain, s.box, s.box_len, s.nonce, key);
	explicit_bzero(key, sizeof(key));
	if (rc != 0) {
		free(plain);
		return err_set(err, EACCES, "the password does not open the key");
	}
	*ret = plain;
	*ret_len = s.box_len - crypto_secretbox_MACBYTES;
	return 0;
}

static json_t *bytes_json(const void *bytes, size_t len)
{
	_cleanup_free_ char *text = xmalloc(BASE64_ROOM(len));

	return json_stringn(text, base64_encode(text, bytes, len));
}

static char *sealed_json(const struct sealed *s)
{
	_cleanup_json_ json_t *json =
		json_pack("{s{sss{sIsIsI}so}s{ssso}so}", "kdf", "name", "scrypt", "params", "N",
			  (json_int_t)s->n, "r", (json_int_t)s->r, "p", (json_int_t)s->p, "salt",
			  bytes_json(s->salt, s->salt_len), "cipher", "name", "nacl/secretbox",
			  "nonce", bytes_json(s->nonce, sizeof(s->nonce)), "ciphertext",
			  bytes_json(s->box, s->box_len));

	return json_text(json);
}

int secret_seal(const void *plain, size_t len, const char *password, char **ret, struct err *err)
{
	_cleanup_(sealed_release) struct sealed s = {
		.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P, .salt_len = SALT_BYTES
	};
	unsigned char key[crypto_secretbox_KEYBYTES];
	int rc = load_sodium(err);

	if (rc < 0)
		return rc;
	random_bytes(s.salt, sizeof(s.salt));
	random_bytes(s.nonce, sizeof(s.nonce));
	rc = derive(&s, password, key, err);
	if (rc < 0)
		return rc;
	s.box_len = len + crypto_secretbox_MACBYTES;
	s.box = xmalloc(s.box_len);
	box_seal(s.box, plain, len, s.nonce, key);
	explicit_bzero(key, sizeof(key));
	*ret = sealed_json(&s);
	return 0;
}
