// SPDX-License-Identifier: Apache-2.0
#include "oci/trust/key.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/trust/secret.h"

#define MIN_RSA_BITS 2048

struct key {
	char *name;
	EVP_PKEY *pkey;
};

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}
static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}
static void free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static bool is_curve(EVP_PKEY *pkey, const char *curve)
{
	char name[64];

	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) == 1 && streq(name, curve);
}

static bool is_supported(EVP_PKEY *pkey)
{
	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_EC:
		return is_curve(pkey, "prime256v1") || is_curve(pkey, "secp384r1");
	case EVP_PKEY_ED25519:
		return true;
	case EVP_PKEY_RSA:
		return EVP_PKEY_get_bits(pkey) >= MIN_RSA_BITS;
	default:
		return false;
	}
}

static int make(const char *name, EVP_PKEY **pkey, struct key **ret, struct err *err)
{
	if (!is_supported(*pkey)) {
		err_hint(err, "ECDSA with P-256 or P-384, Ed25519, or RSA of %d bits and more",
			 MIN_RSA_BITS);
		return err_set(err, ENOTSUP, "%s: keys of this kind are not supported", name);
	}
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->name = xstrdup(name);
	(*ret)->pkey = steal_ptr(pkey);
	return 0;
}

void key_free(struct key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key->name);
	free(key);
}

const char *key_name(const struct key *key)
{
	return key->name;
}

int key_public(const char *name, const void *pem, size_t len, struct key **ret, struct err *err)
{
	_cleanup_(free_bio) BIO *bio = BIO_new_mem_buf(pem, (int)MIN(len, (size_t)KEY_MAX_BYTES));
	_cleanup_(free_pkey) EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	if (!pkey) {
		err_hint(err, "a PEM file with the label PUBLIC KEY, such as cosign.pub");
		return err_set(err, EBADMSG, "%s is not a public key", name);
	}
	return make(name, &pkey, ret, err);
}

static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

static int open_encrypted(const void *json, size_t len, key_password password, void *ctx,
			  EVP_PKEY **ret, struct err *err)
{
	_cleanup_(wipe) char *word = NULL;
	void *plain = NULL;
	const unsigned char *at;
	size_t plain_len = 0;
	int rc = password(ctx, &word, err);

	if (rc == 0)
		rc = secret_open(json, len, word, &plain, &plain_len, err);
	if (rc)
		return rc;
	at = plain;
	*ret = d2i_AutoPrivateKey(NULL, &at, (long)plain_len);
	explicit_bzero(plain, plain_len);
	free(plain);
	return *ret ? 0 : err_set(err, EBADMSG, "the encrypted data is not a private key");
}

int key_private(const char *name, const void *pem, size_t len, key_password password, void *ctx,
		struct key **ret, struct err *err)
{
	_cleanup_(free_bio) BIO *bio = BIO_new_mem_buf(pem, (int)MIN(len, (size_t)KEY_MAX_BYTES));
	_cleanup_(free_pkey) EVP_PKEY *pkey = NULL;
	char *label = NULL, *header = NULL;
	unsigned char *bytes = NULL;
	const unsigned char *at;
	long bytes_len = 0;
	int rc = 0;

	if (PEM_read_bio(bio, &label, &header, &bytes, &bytes_len) == 1) {
		at = bytes;
		if (secret_is_label(label))
			rc = open_encrypted(bytes, (size_t)bytes_len, password, ctx, &pkey, err);
		else if (has_suffix(label, "PRIVATE KEY") && !strstr(header, "ENCRYPTED"))
			pkey = d2i_AutoPrivateKey(NULL, &at, bytes_len);
		OPENSSL_clear_free(bytes, (size_t)bytes_len);
	}
	OPENSSL_free(label);
	OPENSSL_free(header);
	if (rc < 0) {
		err_wrap(err, "%s", name);
		return rc;
	}
	if (!pkey) {
		err_hint(err, "a PEM file as 'bombus keygen' or 'cosign generate-key-pair' writes");
		return err_set(err, EBADMSG, "%s is not a private key", name);
	}
	return make(name, &pkey, ret, err);
}

int key_generate(struct key **ret, struct err *err)
{
	_cleanup_(free_pkey) EVP_PKEY *pkey = EVP_EC_gen("P-256");

	return pkey ? make("the new key", &pkey, ret, err)
		    : err_set(err, EIO, "OpenSSL cannot make a key");
}

void key_id_bytes(const struct key *key, unsigned char ret[32])
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);

	SHA256(der, len < 0 ? 0 : (size_t)len, ret);
	OPENSSL_free(der);
}

void key_id(const struct key *key, char ret[KEY_ID_ROOM])
{
	unsigned char bytes[32];

	key_id_bytes(key, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static bool verify_with(EVP_PKEY *pkey, const EVP_MD *hash, const void *message, size_t len,
			const void *signature, size_t signature_len)
{
	_cleanup_(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();

	return context && EVP_DigestVerifyInit(context, NULL, hash, NULL, pkey) == 1 &&
	       EVP_DigestVerify(context, signature, signature_len, message, len) == 1;
}

static const EVP_MD *hash_of(EVP_PKEY *pkey)
{
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519)
		return NULL;
	return is_curve(pkey, "secp384r1") ? EVP_sha384() : EVP_sha256();
}

bool key_verify(const struct key *key, const void *message, size_t len, const void *signature,
		size_t signature_len)
{
	const EVP_MD *hash = hash_of(key->pkey);

	/* Older versions of cosign use SHA-256 with every curve. */
	return verify_with(key->pkey, hash, message, len, signature, signature_len) ||
	       (hash && EVP_MD_get_type(hash) == NID_sha384 &&
		verify_with(key->pkey, EVP_sha256(), message, len, signature, signature_len));
}

int key_sign(const struct key *key, const void *message, size_t len, void **ret, size_t *ret_len,
	     struct err *err)
{
	_cleanup_(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
	_cleanup_free_ void *signature = NULL;
	size_t room = 0;

	if (!context ||
	    EVP_DigestSignInit(context, NULL, hash_of(key->pkey), NULL, key->pkey) != 1 ||
	    EVP_DigestSign(context, NULL, &room, message, len) != 1)
		return err_set(err, EIO, "%s: OpenSSL cannot sign with this key", key->name);
	signature = xmalloc(room);
	if (EVP_DigestSign(context, signature, &room, message, len) != 1)
		return err_set(err, EIO, "%s: OpenSSL cannot sign with this key", key->name);
	*ret = steal_ptr(&signature);
	*ret_len = room;
	return 0;
}

static char *bio_text(BIO *bio)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(bio, &bytes);

	return xstrndup(bytes, len < 0 ? 0 : (size_t)len);
}

char *key_public_pem(const struct key *key)
{
	_cleanup_(free_bio) BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PUBKEY(bio, key->pkey);
	return bio_text(bio);
}

/* PKCS #8 in DER; the caller clears it. */
static unsigned char *private_der(const struct key *key, size_t *ret_len)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
	unsigned char *der = NULL;
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;

	PKCS8_PRIV_KEY_INFO_free(info);
	*ret_len = len < 0 ? 0 : (size_t)len;
	return len < 0 ? NULL : der;
}

int key_private_pem(const struct key *key, const char *password, char **ret, struct err *err)
{
	_cleanup_(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	_cleanup_free_ char *json = NULL;
	size_t len = 0;
	unsigned char *der = private_der(key, &len);
	int rc;

	if (!der)
		return err_set(err, EINVAL, "%s is a public key", key->name);
	rc = secret_seal(der, len, password, &json, err);
	OPENSSL_clear_free(der, len);
	if (rc < 0)
		return rc;
	PEM_write_bio(bio, SECRET_PEM_LABEL, "", (unsigned char *)json, (long)strlen(json));
	*ret = bio_text(bio);
	return 0;
}
