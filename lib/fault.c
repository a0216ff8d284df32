#include "lib/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err
fault_set(struct fault *f, enum err e, const char *file, unsigned line,
    const char *fmt, ...)
{
	size_t n = strlen(file);
	va_list ap;

	if (f == NULL)
		return e;
	/* the end of a path tells more than its beginning */
	if (n >= sizeof(f->file))
		file += n - sizeof(f->file) + 1;
	snprintf(f->file, sizeof(f->file), "%s", file);
	f->line = line;
	va_start(ap, fmt);
	vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
	return e;
}

const char *
fault_text(const struct fault *f, char *out, size_t n)
{
	if (f->line > 0)
		snprintf(out, n, "%s:%u: %s", f->file, f->line, f->what);
	else
		snprintf(out, n, "%s: %s", f->file, f->what);
	return out;
}
