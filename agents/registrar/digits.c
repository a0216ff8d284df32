#include "agents/registrar/digits.h"

#include <assert.h>
#include <string.h>

char
digits_check(const char *digits, unsigned n)
{
	unsigned sum = 0, rest;

	assert(n == MY_NUMBER_LEN - 1 || n == RESIDENT_CODE_LEN - 1);
	for (unsigned i = 1; i <= n; i++) {
		unsigned p = (unsigned)(digits[n - i] - '0');
		unsigned q = i <= 6 ? i + 1 : i - 5;

		sum += p * q;
	}
	rest = sum % 11;
	return rest <= 1 ? '0' : (char)('0' + 11 - rest);
}

static bool
valid(const char *text, unsigned n)
{
	return strspn(text, "0123456789") == n && text[n] == '\0' &&
	       text[n - 1] == digits_check(text, n - 1);
}

bool
my_number_valid(const char *text)
{
	return valid(text, MY_NUMBER_LEN);
}

bool
resident_code_valid(const char *text)
{
	return valid(text, RESIDENT_CODE_LEN);
}
