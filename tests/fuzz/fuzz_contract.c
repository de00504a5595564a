/* tests/fuzz/fuzz_contract.c: any bytes as a contract: refused by place, or columns that are found
 * by their names. */
#include "ingest/contract.h"
#include "within.h"

#include <stdlib.h>

static enum status read_contract(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(contract_close) struct contract *contract = NULL;
    TRY(contract_load(&contract, fuzz_path(data, size), DRIFT_AS_WRITTEN, err));
    for (size_t i = 0; i < contract->count; i++)
        if (contract_find(contract, str_of(contract->columns[i].name)) == NULL) abort();
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_within(read_contract, data, size);
}
