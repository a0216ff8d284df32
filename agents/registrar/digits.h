/* Check digits of My Numbers (個人番号) and resident codes (住民票コード). */
#ifndef AGENTS_REGISTRAR_DIGITS_H
#define AGENTS_REGISTRAR_DIGITS_H

#include <stdbool.h>

#define MY_NUMBER_LEN 12
#define RESIDENT_CODE_LEN 11

/*
 * The digit that follows the n (10 or 11) ASCII digits before it:
 * 11 - (sum of Pn * Qn mod 11), 0 where the remainder is 0 or 1; Pn counted
 * from the lowest digit, Qn = n + 1 up to the sixth and n - 5 from there
 * (Rule Art. 5). For resident codes the minister sets the formula; that it is
 * the same is our reading of published samples, so nobody but the registrar
 * relies on it.
 */
char digits_check(const char *digits, unsigned n);

/* Exactly 12 (11) ASCII digits, the last of them the check digit. */
bool my_number_valid(const char *text);
bool resident_code_valid(const char *text);

#endif
