/* base/secret.h: keys and passwords that a process holds.
 *
 * What is held stays out of cores in two ways: the process leaves none and cannot be looked into by
 * others of its user, and the pages of what we hold ourselves are marked not to be dumped, for who
 * takes a core nevertheless (gcore as root). Who holds a secret wipes it (sodium_memzero). */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

/* From now on the process holds a secret, perhaps in memory of a library: no core (RLIMIT_CORE 0),
 * not dumpable (PR_SET_DUMPABLE 0). May be called again, by any thread. */
void secret_held(void);
/* secret_held(), and the pages of these bytes are left out of dumps. They stay so. */
void secret_hide(const void *bytes, size_t size);

#endif
