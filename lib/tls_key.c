/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls_int.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include "addr.h"
#include "file.h"

static int no_password(char *buf UNUSED, int size UNUSED, int writing UNUSED, void *ctx UNUSED)
{
	return -1;
}

int tls_key_load(const char *key_file, EVP_PKEY **ret_key, struct err *err)
{
	__attribute__((cleanup(cleanup_bio))) BIO *bio = NULL;
	AUTO_FREE char *pem = NULL;
	size_t len;
	int r;

	r = file_read(key_file, TLS_MAX_PEM_BYTES, &pem, &len, err);
	if (r)
		return r;
	ERR_clear_error();
	bio = BIO_new_mem_buf(pem, (int)len);
	*ret_key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	explicit_bzero(pem, len);
	if (!*ret_key)
		return tls_err(err, -EINVAL, key_file);
	return 0;
}

int tls_key_pin(const char *key_file, struct tls_pin *ret_pin, struct err *err)
{
	__attribute__((cleanup(cleanup_pkey))) EVP_PKEY *key = NULL;
	unsigned char *spki = NULL;
	bool ok;
	int r, len;

	r = tls_key_load(key_file, &key, err);
	if (r)
		return r;
	len = i2d_PUBKEY(key, &spki);
	ok = len > 0 && EVP_Digest(spki, (size_t)len, ret_pin->sha256, NULL, EVP_sha256(), NULL);
	OPENSSL_free(spki);
	return ok ? 0 : tls_err(err, -EIO, key_file);
}

static int key_write(const char *key_file, EVP_PKEY *key, struct err *err)
{
	/* Secure heap or not, OpenSSL wipes this BIO when it is freed. */
	__attribute__((cleanup(cleanup_bio))) BIO *bio = BIO_new(BIO_s_secmem());
	char *pem;
	long len;

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return tls_err(err, -EIO, key_file);
	len = BIO_get_mem_data(bio, &pem);
	return file_write_atomic(key_file, 0600, pem, (size_t)len, err);
}

static int key_load_or_make(const char *key_file, EVP_PKEY **ret_key, struct err *err)
{
	if (!access(key_file, F_OK))
		return tls_key_load(key_file, ret_key, err);
	if (errno != ENOENT)
		return err_sys(err, -errno, "%s", key_file);
	*ret_key = EVP_EC_gen("P-256");
	if (!*ret_key)
		return tls_err(err, -EIO, key_file);
	return key_write(key_file, *ret_key, err);
}

/* Nobody of ours reads the name; curl and browsers look for it here. */
static bool cert_add_name(X509 *cert, const char *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *entry = GENERAL_NAME_new();
	ASN1_STRING *text = NULL;
	struct addr6 a6;
	struct addr4 a4;
	bool ok;

	if (!parse_addr4(name, &a4)) {
		text = ASN1_STRING_type_new(V_ASN1_OCTET_STRING);
		ok = text && entry && ASN1_STRING_set(text, &a4, sizeof(a4));
	} else if (!parse_addr6(name, &a6)) {
		text = ASN1_STRING_type_new(V_ASN1_OCTET_STRING);
		ok = text && entry && ASN1_STRING_set(text, &a6, sizeof(a6));
	} else {
		text = ASN1_STRING_type_new(V_ASN1_IA5STRING);
		ok = text && entry && ASN1_STRING_set(text, name, -1);
	}
	if (ok) {
		bool dns = ASN1_STRING_type(text) == V_ASN1_IA5STRING;

		GENERAL_NAME_set0_value(entry, dns ? GEN_DNS : GEN_IPADD, text);
		text = NULL;
		ok = names && sk_GENERAL_NAME_push(names, entry) > 0;
	}
	if (ok) {
		entry = NULL;
		ok = X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
	}
	GENERAL_NAME_free(entry);
	ASN1_STRING_free(text);
	GENERAL_NAMES_free(names);
	return ok;
}

/* RFC 5280 section 4.1.2.5: 99991231235959Z means that it does not expire. */
static bool cert_fill(X509 *cert, EVP_PKEY *key, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	unsigned char serial[16];
	BIGNUM *number;
	bool ok;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return false;
	serial[0] &= 0x7f;
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok && X509_set_version(cert, X509_VERSION_3) &&
	       ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20200101000000Z") &&
	       ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "99991231235959Z") &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					  (const unsigned char *)"sidecar relay", -1, -1, 0) &&
	       X509_set_issuer_name(cert, subject) && cert_add_name(cert, name) &&
	       X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256());
}

int tls_key_make(const char *key_file, const char *cert_file, const char *name, struct err *err)
{
	__attribute__((cleanup(cleanup_pkey))) EVP_PKEY *key = NULL;
	__attribute__((cleanup(cleanup_x509))) X509 *cert = NULL;
	__attribute__((cleanup(cleanup_bio))) BIO *bio = NULL;
	bool have_cert = !access(cert_file, F_OK);
	char *pem;
	long len;
	int r;

	ERR_clear_error();
	if (have_cert && access(key_file, F_OK))
		return err_sys(err, -errno, "%s is there, but its key %s", cert_file, key_file);
	r = key_load_or_make(key_file, &key, err);
	if (r || have_cert)
		return r;
	cert = X509_new();
	bio = BIO_new(BIO_s_mem());
	if (!cert || !bio || !cert_fill(cert, key, name) || !PEM_write_bio_X509(bio, cert))
		return tls_err(err, -EIO, cert_file);
	len = BIO_get_mem_data(bio, &pem);
	return file_write_atomic(cert_file, 0644, pem, (size_t)len, err);
}
